package dev.nightjar.cachestore;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * The secrets in this process's environment, and how they are kept out of what people read:
 * screens, logs, the database, exceptions of libraries, which quote a header that they refuse.
 * Immutable and thread-safe.
 */
public final class Secrets {
  private static final String REDACTED = "[redacted]";

  /** Shorter ones stand in ordinary text, and are no secrets. */
  private static final int CHARS_MIN = 8;

  private static final Secrets OF_THIS_PROCESS = new Secrets(System.getenv());

  /** Each in all forms that it may be written in, the longest first. */
  private final List<String> forms;

  /**
   * The secrets among some environment variables, by their names. A word of letters is none to
   * keep.
   */
  public Secrets(Map<String, String> environment) {
    List<String> all = new ArrayList<>();
    environment.forEach(
        (name, value) -> {
          if (name.matches("PGPASSWORD|[A-Z_]+_API_KEY|[A-Z_]+_SECRET_ACCESS_KEY|[A-Z_]+_TOKEN")) {
            addForms(value, all);
          }
        });
    all.sort(Comparator.comparingInt(String::length).reversed());
    forms = List.copyOf(all);
  }

  private static void addForms(String value, List<String> all) {
    // Whoever refuses a line break quotes the rest; whoever escapes it, all.
    List<String> written = new ArrayList<>(List.of(value, value.strip()));
    written.addAll(List.of(value.split("[\\p{Cntrl}\\s]+")));
    written.add(value.replace("\r", "\\r").replace("\n", "\\n").replace("\t", "\\t"));
    for (String form : written) {
      if (form.length() >= CHARS_MIN && !form.matches("[a-z]+")) { // a word, in every other line
        all.add(form);
        // As it stands in a stream of bytes.
        all.add(new String(form.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1));
        all.add(URLEncoder.encode(form, StandardCharsets.UTF_8));
        all.add(Base64.getEncoder().encodeToString(form.getBytes(StandardCharsets.UTF_8)));
      }
    }
  }

  /** Those of this process. */
  public static Secrets ofThisProcess() {
    return OF_THIS_PROCESS;
  }

  /** A text without any of them. */
  public String redacted(String text) {
    String redacted = text;
    for (String form : forms) {
      redacted = redacted.replace(form, REDACTED);
    }
    return redacted;
  }

  /** A text without any secret of this process. */
  public static String redact(String text) {
    return OF_THIS_PROCESS.redacted(text);
  }
}
