package dev.nightjar.pipelines.model;

import java.text.Normalizer;

/** Forms of texts. */
public final class Texts {
  /**
   * Longest run of marks that is put in order, as in Unicode's stream-safe format (UAX 15): no
   * language needs more, and ordering takes the square of it, 111 s for 65,536.
   */
  private static final int MARKS_MAX = 30;

  private Texts() {}

  /** The text in Unicode's form C, runs of more than {@value #MARKS_MAX} marks as they stand. */
  public static String composed(String text) {
    StringBuilder composed = null;
    int from = 0; // of what is to be composed
    int marks = 0;
    int marksFrom = 0;
    for (int i = 0; i <= text.length(); ) {
      int c = i < text.length() ? text.codePointAt(i) : ' ';
      if (isMark(c)) {
        marksFrom = marks == 0 ? i : marksFrom;
        marks++;
      } else {
        if (marks > MARKS_MAX) {
          composed = composed == null ? new StringBuilder(text.length()) : composed;
          composed.append(form(text.substring(from, marksFrom))).append(text, marksFrom, i);
          from = i;
        }
        marks = 0;
      }
      i += Character.charCount(c);
    }
    return composed == null ? form(text) : composed.append(form(text.substring(from))).toString();
  }

  private static String form(String text) {
    return Normalizer.isNormalized(text, Normalizer.Form.NFC)
        ? text
        : Normalizer.normalize(text, Normalizer.Form.NFC);
  }

  /** How many characters two texts have in common from their start. */
  public static int sharedStart(String one, String other) {
    int end = Math.min(one.length(), other.length());
    int at = 0;
    while (at < end && one.charAt(at) == other.charAt(at)) {
      at++;
    }
    return at;
  }

  /** Whether a text begins with another that is not blank, and does not end with it. */
  public static boolean goesOnAfter(String head, String text) {
    return !head.isBlank() && text.length() > head.length() && text.startsWith(head);
  }

  /** Whether a character belongs to the one before it. */
  public static boolean isMark(int c) {
    return switch (Character.getType(c)) {
      case Character.NON_SPACING_MARK, Character.COMBINING_SPACING_MARK, Character.ENCLOSING_MARK ->
          true;
      default -> false;
    };
  }
}
