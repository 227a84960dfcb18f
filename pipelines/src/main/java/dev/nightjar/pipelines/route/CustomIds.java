package dev.nightjar.pipelines.route;

import java.util.List;
import java.util.regex.Pattern;

/** Names of attempts at their provider. */
public final class CustomIds {
  private static final int KEY_DIGITS = 40;

  private static final Pattern ONE = Pattern.compile("nj_[0-9a-f]{" + KEY_DIGITS + "}_[0-9]{1,9}");

  private static final Pattern QUOTED = Pattern.compile("\"(" + ONE.pattern() + ")\"");

  private CustomIds() {}

  /** The names, in quotes, that a text holds. */
  public static List<String> in(String text) {
    return QUOTED.matcher(text).results().map(found -> found.group(1)).toList();
  }

  /** Whether a name could be an attempt's. */
  public static boolean isOne(String name) {
    return ONE.matcher(name).matches();
  }

  /**
   * The name of an attempt: 160 bits of the item key and the attempt's number. The same attempt has
   * the same name on every machine and after every crash; it matches {@code [A-Za-z0-9_-]{1,64}},
   * the narrowest rule among the providers.
   */
  public static String of(String itemKey, int attemptNumber) {
    if (attemptNumber < 1) {
      throw new IllegalArgumentException("attemptNumber must be > 0, but was " + attemptNumber);
    }
    return "nj_" + itemKey.substring(0, KEY_DIGITS) + "_" + attemptNumber;
  }
}
