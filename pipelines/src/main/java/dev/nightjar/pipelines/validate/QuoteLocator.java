package dev.nightjar.pipelines.validate;

import java.util.Optional;
import java.util.TreeSet;

/**
 * Finds quotes in one document: as they stand, else by letters and digits alone, so that case,
 * white space, hyphenation and punctuation do not matter, else with one word changed, left out or
 * put in (of ideographs, up to four in a row). Of several places the first is given.
 *
 * <p>One word is found by three pieces of the quote, of which one at least is untouched: each place
 * of a piece is extended both ways until it differs, and past one word it has to agree to the
 * quote's end. At most 20,000 places of a piece are tried, so time is linear in the document. The
 * document is folded once. Immutable and thread-safe.
 */
public final class QuoteLocator {
  private static final int PIECES = 3;
  private static final int STRIDE = 1_024;
  private static final int PLACES_MAX = 20_000;

  /** A changed word longer than this is no word. */
  private static final int CHANGED_MAX = 40;

  private static final int IDEOGRAPHS_CHANGED_MAX = 4;

  /**
   * So many words have to stand unchanged beside a changed one: four common words in a row may
   * stand in a long document by chance.
   */
  private static final int UNCHANGED_MIN = 5;

  private static final int UNCHANGED_IDEOGRAPHS_MIN = 8;

  private final String document;
  private final FoldedText text;

  /** Code points before every {@link #STRIDE}th UTF-16 unit. */
  private final int[] codePoints;

  /** Prepares a document. */
  public QuoteLocator(String document) {
    this.document = document;
    this.text = FoldedText.of(document);
    this.codePoints = new int[document.length() / STRIDE + 1];
    for (int i = 1; i < codePoints.length; i++) {
      codePoints[i] = codePoints[i - 1] + countedFrom(document, (i - 1) * STRIDE, i * STRIDE);
    }
  }

  /** A pair that the end cuts counts where it begins. */
  private static int countedFrom(String text, int from, int to) {
    int count = 0;
    for (int at = from; at < to; at++) {
      boolean secondOfAPair =
          at > 0
              && Character.isLowSurrogate(text.charAt(at))
              && Character.isHighSurrogate(text.charAt(at - 1));
      count += secondOfAPair ? 0 : 1;
    }
    return count;
  }

  /**
   * Where a quote stands.
   *
   * @param start of its first code point in the document, from 0
   * @param end of the first code point after it
   * @param text the document's own words there
   * @param isExact whether they are the quote's, to the letter
   */
  public record Place(int start, int end, String text, boolean isExact) {}

  /** Where a quote stands, if it does; a quote without a letter or digit does only as it is. */
  public Optional<Place> locate(String quote) {
    if (quote.isEmpty()) {
      return Optional.empty();
    }
    for (int at = document.indexOf(quote); at >= 0; at = document.indexOf(quote, at + 1)) {
      if (!cutsANumber(at, at + quote.length())) {
        return Optional.of(place(at, at + quote.length(), true));
      }
    }
    FoldedText asked = FoldedText.of(quote);
    if (asked.length() == 0) {
      return Optional.empty();
    }
    for (int folded = text.folded().indexOf(asked.folded());
        folded >= 0;
        folded = text.folded().indexOf(asked.folded(), folded + 1)) {
      if (!cutsANumber(text.start(folded), text.end(folded + asked.length() - 1))) {
        return Optional.of(place(quote, asked, folded, folded + asked.length()));
      }
    }
    boolean isLong =
        asked.isIdeograph(0)
            ? asked.length() >= UNCHANGED_IDEOGRAPHS_MIN + IDEOGRAPHS_CHANGED_MAX
            : asked.countWords() > UNCHANGED_MIN;
    return isLong ? near(quote, asked) : Optional.empty();
  }

  /** Whether a number goes on beyond a place: "5 %" does not stand in "25 %". */
  private boolean cutsANumber(int start, int end) {
    return goesOn(start - 1, -1, start) || goesOn(end, 1, end - 1);
  }

  private boolean goesOn(int outside, int step, int inside) {
    if (outside < 0
        || outside >= document.length()
        || !Character.isDigit(document.charAt(inside))) {
      return false;
    }
    char next = document.charAt(outside);
    int beyond = outside + step;
    boolean isBetweenDigits =
        (next == '.' || next == ',')
            && beyond >= 0
            && beyond < document.length()
            && Character.isDigit(document.charAt(beyond));
    return Character.isDigit(next) || isBetweenDigits;
  }

  private Optional<Place> near(String quote, FoldedText asked) {
    for (int piece = 0; piece < PIECES; piece++) {
      int from = asked.length() * piece / PIECES;
      int to = asked.length() * (piece + 1) / PIECES;
      String needle = asked.folded().substring(from, to);
      int places = 0;
      for (int at = text.folded().indexOf(needle);
          at >= 0 && places < PLACES_MAX;
          at = text.folded().indexOf(needle, at + 1)) {
        int[] span = aligned(asked, from, to, at);
        if (span.length > 0 && text.isWhole(span[0], span[1])) {
          return Optional.of(place(quote, asked, span[0], span[1]));
        }
        places++;
      }
    }
    return Optional.empty();
  }

  /** From where to where the quote stands if its piece stands at a place; empty if nowhere. */
  private int[] aligned(FoldedText asked, int from, int to, int at) {
    int left = 0;
    while (left < from && at - left > 0 && same(asked, from - left - 1, at - left - 1)) {
      left++;
    }
    int right = to;
    int end = at + to - from;
    while (right < asked.length() && end < text.length() && same(asked, right, end)) {
      right++;
      end++;
    }
    int start = at - left;
    int head = from - left; // what of the quote is not matched before
    if (head == 0) {
      int found = tail(asked, right, end);
      return found < 0 ? new int[0] : new int[] {start, found};
    }
    if (right < asked.length()) {
      return new int[0]; // differs on both sides
    }
    int found = head(asked, head, start);
    return found < 0 ? new int[0] : new int[] {found, end};
  }

  private boolean same(FoldedText asked, int ofQuote, int ofText) {
    return asked.folded().charAt(ofQuote) == text.folded().charAt(ofText);
  }

  /** Where the quote ends if from here on it differs in one word, or -1. */
  private int tail(FoldedText asked, int ofQuote, int ofText) {
    int rest = ofText < text.length() ? text.restOfWord(ofText) : 0;
    for (int skipped : skips(asked, ofQuote, asked.restOfWord(ofQuote))) {
      for (int passed : skips(text, ofText, rest)) {
        int length = asked.length() - ofQuote - skipped;
        boolean changes = skipped + passed > 0 && ofText + passed + length <= text.length();
        if (changes
            && length >= 0
            && text.folded()
                .regionMatches(ofText + passed, asked.folded(), ofQuote + skipped, length)) {
          return ofText + passed + length;
        }
      }
    }
    return -1;
  }

  /** Where the quote starts if up to here it differs in one word, or -1. */
  private int head(FoldedText asked, int ofQuote, int ofText) {
    int begin = ofText > 0 ? text.beginOfWord(ofText) : 0;
    for (int skipped : skips(asked, ofQuote - 1, asked.beginOfWord(ofQuote))) {
      for (int passed : skips(text, ofText - 1, begin)) {
        int length = ofQuote - skipped;
        int start = ofText - passed - length;
        if (skipped + passed > 0
            && length >= 0
            && start >= 0
            && text.folded().regionMatches(start, asked.folded(), 0, length)) {
          return start;
        }
      }
    }
    return -1;
  }

  /** How much may be left out at a place: the word that stands there, first, or nothing. */
  private static Iterable<Integer> skips(FoldedText of, int at, int word) {
    TreeSet<Integer> lengths = new TreeSet<>();
    lengths.add(0);
    if (word <= CHANGED_MAX) {
      lengths.add(word);
    }
    if (at >= 0 && at < of.length() && of.isIdeograph(at)) {
      for (int length = 1; length <= IDEOGRAPHS_CHANGED_MAX; length++) {
        lengths.add(length);
      }
    }
    return lengths.descendingSet();
  }

  private Place place(String quote, FoldedText asked, int from, int to) {
    int start = text.start(from);
    int end = to > from ? text.end(to - 1) : start;
    // Punctuation that the quote and the document share at an edge belongs to the quote.
    int before = asked.start(0);
    while (before > 0
        && start > 0
        && quote.codePointBefore(before) == document.codePointBefore(start)) {
      int length = Character.charCount(quote.codePointBefore(before));
      before -= length;
      start -= length;
    }
    int after = asked.end(asked.length() - 1);
    while (after < quote.length()
        && end < document.length()
        && quote.codePointAt(after) == document.codePointAt(end)) {
      int length = Character.charCount(quote.codePointAt(after));
      after += length;
      end += length;
    }
    return place(start, end, false);
  }

  private Place place(int start, int end, boolean isExact) {
    int stride = start / STRIDE;
    int first = codePoints[stride] + countedFrom(document, stride * STRIDE, start);
    return new Place(
        first,
        first + document.codePointCount(start, end),
        document.substring(start, end),
        isExact);
  }
}
