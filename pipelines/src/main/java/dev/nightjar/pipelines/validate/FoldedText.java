package dev.nightjar.pipelines.validate;

import java.text.Normalizer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * A text as quotes are compared: letters, marks and digits only, decomposed (NFKD) and lower-case,
 * each with the place it came from. White space, hyphens, quotation marks and other punctuation are
 * left out, but for a point or comma between digits and a minus before one. Immutable.
 */
final class FoldedText {
  private static final int ARABIC_TATWEEL = 0x640;
  private static final int ASCII_MAX = 0x7F;

  /** No code point has a longer form: the longest is an Arabic ligature's, of 18. */
  private static final int FORM_MAX = 32;

  private final String folded;
  private final int[] starts;
  private final int[] ends;
  private final int[] words;

  private FoldedText(String folded, int[] starts, int[] ends, int[] words) {
    this.folded = folded;
    this.starts = starts;
    this.ends = ends;
    this.words = words;
  }

  static FoldedText of(String text) {
    Map<Integer, String> forms = new HashMap<>();
    StringBuilder folded = new StringBuilder(text.length());
    int[] starts = new int[text.length() + FORM_MAX];
    int[] ends = new int[starts.length];
    int[] words = new int[starts.length];
    int word = 0;
    int next;
    for (int at = 0; at < text.length(); at = next) {
      int codePoint = text.codePointAt(at);
      next = at + Character.charCount(codePoint);
      boolean ideograph = Character.isIdeographic(codePoint);
      if (Character.isWhitespace(codePoint) || ideograph) {
        word++;
      }
      if (!isKept(text, at, codePoint)) {
        continue;
      }
      if (folded.length() + FORM_MAX > starts.length) {
        int length = starts.length * 2 + FORM_MAX;
        starts = Arrays.copyOf(starts, length);
        ends = Arrays.copyOf(ends, length);
        words = Arrays.copyOf(words, length);
      }
      int from = folded.length();
      if (codePoint <= ASCII_MAX) {
        folded.append((char) Character.toLowerCase(codePoint));
      } else {
        folded.append(form(codePoint, forms));
      }
      Arrays.fill(starts, from, folded.length(), at);
      Arrays.fill(ends, from, folded.length(), next);
      Arrays.fill(words, from, folded.length(), word);
    }
    return new FoldedText(folded.toString(), starts, ends, words);
  }

  private static boolean isKept(String text, int at, int codePoint) {
    if (codePoint == ARABIC_TATWEEL) {
      return false;
    }
    int type = Character.getType(codePoint);
    if (Character.isLetterOrDigit(codePoint)
        || type == Character.NON_SPACING_MARK
        || type == Character.COMBINING_SPACING_MARK
        || type == Character.OTHER_SYMBOL
        || type == Character.LETTER_NUMBER) {
      return true;
    }
    if (codePoint == ' ' || type == Character.CONTROL) {
      return false;
    }
    boolean digitNext = at + 1 < text.length() && Character.isDigit(text.charAt(at + 1));
    if (codePoint == '.' || codePoint == ',') {
      return digitNext && at > 0 && Character.isDigit(text.charAt(at - 1));
    }
    return (codePoint == '-' || codePoint == '−')
        && digitNext
        && (at == 0 || Character.isWhitespace(text.charAt(at - 1)));
  }

  private static String form(int codePoint, Map<Integer, String> forms) {
    return forms.computeIfAbsent(
        codePoint,
        point ->
            Normalizer.normalize(
                Character.toString(Character.toLowerCase(point)), Normalizer.Form.NFKD));
  }

  String folded() {
    return folded;
  }

  int length() {
    return folded.length();
  }

  /** Where a folded character came from, in UTF-16 units. */
  int start(int at) {
    return starts[at];
  }

  int end(int at) {
    return ends[at];
  }

  /** How many characters of the word that goes on here are left; at the end none. */
  int restOfWord(int at) {
    int to = at;
    while (to < length() && words[to] == words[at]) {
      to++;
    }
    return to - at;
  }

  /** How many characters of the word that ends before here come before. */
  int beginOfWord(int at) {
    int from = at;
    while (from > 0 && words[from - 1] == words[at - 1]) {
      from--;
    }
    return at - from;
  }

  /** Whether a stretch begins where a word does and ends where one does. */
  boolean isWhole(int from, int to) {
    return (from == 0 || words[from - 1] != words[from])
        && (to == length() || words[to - 1] != words[to]);
  }

  int countWords() {
    int count = 0;
    for (int at = 0; at < length(); at++) {
      count += at == 0 || words[at] != words[at - 1] ? 1 : 0;
    }
    return count;
  }

  boolean isIdeograph(int at) {
    return Character.isIdeographic(folded.charAt(at));
  }
}
