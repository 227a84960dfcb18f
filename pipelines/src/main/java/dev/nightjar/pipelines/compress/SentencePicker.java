package dev.nightjar.pipelines.compress;

import dev.nightjar.pipelines.model.Tokens;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Deque;
import java.util.List;

/**
 * Takes pieces of a document in the order of their rank as long as they fit a budget of tokens, and
 * writes them in document order with a mark at each gap. A table row brings its table's first row.
 * What does not fit is passed over for what does. The budget is checked on the text as it is
 * written, not on the sum of its parts. Not thread-safe: one picker serves one document.
 */
final class SentencePicker {
  /** Stands where text was left out; two tokens. */
  static final String GAP = "\n…\n";

  private static final int UNCOUNTED = -1;

  /** So many pieces in a row that do not fit end the picking: little is left of the budget. */
  private static final int MISSES_MAX = 60;

  /** No token has more UTF-16 units than this on average over a sentence. */
  private static final int CHARACTERS_PER_TOKEN_MAX = 40;

  private final Sentences sentences;
  private final int tokensMax;
  private final int gapTokens = Tokens.count(GAP);
  private final int[] tokens;
  private final BitSet chosen = new BitSet();
  private final Deque<Integer> picks = new ArrayDeque<>();
  private int used;

  SentencePicker(Sentences sentences, int tokensMax) {
    this.sentences = sentences;
    this.tokensMax = tokensMax;
    this.tokens = new int[sentences.size()];
    Arrays.fill(tokens, UNCOUNTED);
  }

  /**
   * The best excerpt that fits.
   *
   * @param order positions of pieces, best first
   */
  Excerpt pick(int[] order) {
    used = 2 * gapTokens; // before the first and after the last
    fill(order);
    Excerpt excerpt = written();
    int spare = tokensMax - Tokens.count(excerpt.text());
    if (spare > 0) { // parts joined take fewer tokens than one by one
      used = tokensMax - spare;
      fill(order);
      excerpt = written();
    }
    while (!picks.isEmpty() && Tokens.count(excerpt.text()) > tokensMax) {
      chosen.clear(picks.removeLast());
      excerpt = written();
    }
    // A budget below the mark's own length holds nothing.
    return Tokens.count(excerpt.text()) > tokensMax ? new Excerpt("", List.of()) : excerpt;
  }

  private void fill(int[] order) {
    int misses = 0;
    for (int piece : order) {
      if (chosen.get(piece)) {
        continue;
      }
      int header = sentences.tableHeaderOf(piece);
      boolean bringsHeader = header != Sentences.NONE && !chosen.get(header);
      int cost = cost(piece) + (bringsHeader ? cost(header) : 0);
      if (used + cost <= tokensMax) {
        if (bringsHeader) {
          take(header);
        }
        take(piece);
        used += cost;
        misses = 0;
      } else if (++misses == MISSES_MAX) {
        return;
      }
    }
  }

  private void take(int piece) {
    chosen.set(piece);
    picks.addLast(piece);
  }

  private int cost(int piece) {
    boolean meetsBefore = piece > 0 && chosen.get(piece - 1);
    boolean meetsNext = chosen.get(piece + 1);
    int gaps = 1 - (meetsBefore ? 1 : 0) - (meetsNext ? 1 : 0);
    return tokens(piece) + gaps * gapTokens;
  }

  private int tokens(int piece) {
    if (tokens[piece] == UNCOUNTED) {
      int length = sentences.end(piece) - sentences.start(piece);
      tokens[piece] =
          length > (long) tokensMax * CHARACTERS_PER_TOKEN_MAX
              ? length // too long whatever it holds: not worth counting
              : Tokens.count(sentences.text(piece));
    }
    return tokens[piece];
  }

  private Excerpt written() {
    StringBuilder text = new StringBuilder();
    List<Excerpt.Span> spans = new ArrayList<>();
    String document = sentences.document();
    int written = 0;
    for (int from = chosen.nextSetBit(0); from >= 0; from = chosen.nextSetBit(from)) {
      int next = chosen.nextClearBit(from);
      int start = sentences.start(from);
      int end = sentences.end(next - 1);
      boolean isLast = end == document.length();
      while (!isLast && end > start && Character.isWhitespace(document.charAt(end - 1))) {
        end--; // the gap's line break stands for it
      }
      if (sentences.start(from) > written) {
        text.append(GAP);
      }
      if (end > start) {
        text.append(document, start, end);
        spans.add(
            new Excerpt.Span(
                sentences.codePointStart(from),
                sentences.codePointStart(from) + document.codePointCount(start, end)));
      }
      written = sentences.end(next - 1);
      from = next;
    }
    if (written < document.length()) {
      text.append(GAP);
    }
    return new Excerpt(text.toString(), spans);
  }
}
