package dev.nightjar.pipelines.compress;

import dev.nightjar.pipelines.model.Tokens;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Cuts a long document down to what matters most to a query: its sentences are ranked by {@link
 * WindowRanker} and taken best first while they fit, by {@link SentencePicker}. Without a query, or
 * where the document shares no word with it, sentences that cover the document are taken ({@link
 * CoverageRanker}). Tokens are o200k's. Takes time linear in the document. Instances are immutable
 * and thread-safe.
 */
public final class ChunkRetriever {
  private static final int CHARACTERS_PER_TOKEN = 4;

  /** A coverage order ends after so many budgets: some of it will not fit. */
  private static final int COVERAGE_BUDGETS = 3;

  /** Letters from here on, ideographs above all, take about a token each. */
  private static final char DENSE_FIRST = '\u2E80';

  private final SentenceCutter cutter;
  private final SentenceCutter denseCutter;
  private final String query;

  /**
   * Retrieves for one query.
   *
   * @param chunkTokens about the most tokens of one piece: what has no sentence end is cut there
   * @param query what sentences are ranked by; blank to cover the document
   */
  public ChunkRetriever(int chunkTokens, String query) {
    this.cutter = new SentenceCutter(chunkTokens * CHARACTERS_PER_TOKEN);
    this.denseCutter = new SentenceCutter(chunkTokens);
    this.query = query;
  }

  /**
   * The document, or the part of it that fits.
   *
   * @param tokensMax most tokens of the result
   */
  public String shorten(String document, int tokensMax) {
    return excerpt(document, tokensMax).text();
  }

  /**
   * The same with its place in the document.
   *
   * @param tokensMax most tokens of the text
   */
  public Excerpt excerpt(String document, int tokensMax) {
    if (Tokens.fits(document, tokensMax)) {
      return new Excerpt(
          document, List.of(new Excerpt.Span(0, document.codePointCount(0, document.length()))));
    }
    long dense = document.chars().filter(c -> c >= DENSE_FIRST).count();
    Sentences sentences = (dense * 2 > document.length() ? denseCutter : cutter).cut(document);
    TermIndex index = TermIndex.of(sentences);
    double[] scores = WindowRanker.scores(index, query);
    int[] order =
        scores.length == 0
            ? CoverageRanker.order(
                sentences, index, tokensMax * CHARACTERS_PER_TOKEN * COVERAGE_BUDGETS)
            : IntStream.range(0, scores.length)
                .boxed()
                .sorted(
                    Comparator.comparingDouble((Integer piece) -> -scores[piece])
                        .thenComparing(Comparator.naturalOrder()))
                .mapToInt(Integer::intValue)
                .toArray();
    return new SentencePicker(sentences, tokensMax).pick(order);
  }
}
