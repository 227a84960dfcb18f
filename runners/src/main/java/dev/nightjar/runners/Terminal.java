package dev.nightjar.runners;

import java.io.PrintWriter;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Locale;

/** How commands write numbers. */
final class Terminal {
  private Terminal() {}

  /** Whether what is printed goes to a terminal that shows dimmed text: the launcher says so. */
  static boolean highlights() {
    return Boolean.getBoolean("nightjar.highlights");
  }

  /** Dollars with all their digits. */
  static String exact(BigDecimal usd) {
    BigDecimal stripped = usd.stripTrailingZeros();
    return (stripped.scale() < 0 ? stripped.setScale(0) : stripped).toPlainString();
  }

  /** Dollars to read: six digits, a millionth. */
  static String usd(BigDecimal usd) {
    return String.format(Locale.ROOT, "%,.6f", usd.setScale(6, RoundingMode.HALF_EVEN));
  }

  static String count(long number) {
    return String.format(Locale.ROOT, "%,d", number);
  }

  static void heading(PrintWriter out, String text) {
    out.println();
    out.println(text);
    out.println("-".repeat(text.length()));
  }
}
