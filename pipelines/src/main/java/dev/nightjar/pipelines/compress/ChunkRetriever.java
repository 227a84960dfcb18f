package dev.nightjar.pipelines.compress;

import dev.nightjar.pipelines.model.Tokens;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Cuts a long document down to what matters most to a query: its sentences are ranked by {@link
 * WindowRanker} and taken best first while they fit, by {@link SentencePicker}. Several queries
 * share the budget. Without a query, or where the document shares no word with any, sentences that
 * cover the document are taken ({@link CoverageRanker}). Tokens are o200k's. Takes time linear in
 * the document. Instances are immutable and thread-safe.
 */
public final class ChunkRetriever {
  private static final int CHARACTERS_PER_TOKEN = 4;

  /** Words of a query that count, the first ones; of several queries together, four times that. */
  private static final int QUERY_TERMS_MAX = 256;

  private static final int ALL_TERMS_MAX = 4 * QUERY_TERMS_MAX;

  /** A coverage order ends after so many budgets: some of it will not fit. */
  private static final int COVERAGE_BUDGETS = 3;

  /** Letters from here on, ideographs above all, take about a token each. */
  private static final char DENSE_FIRST = '\u2E80';

  private final SentenceCutter cutter;
  private final SentenceCutter denseCutter;
  private final List<String> queries;

  /**
   * Retrieves for one query or several, which have an equal say.
   *
   * @param chunkTokens about the most tokens of one piece: what has no sentence end is cut there
   * @param queries what sentences are ranked by; none, or blank, to cover the document
   */
  public ChunkRetriever(int chunkTokens, List<String> queries) {
    this.cutter = new SentenceCutter(chunkTokens * CHARACTERS_PER_TOKEN);
    this.denseCutter = new SentenceCutter(chunkTokens);
    this.queries = List.copyOf(queries);
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
    int termsMax = Math.min(QUERY_TERMS_MAX, ALL_TERMS_MAX / Math.max(1, queries.size()));
    List<WindowRanker.Ranking> rankings =
        queries.stream()
            .flatMap(query -> WindowRanker.rank(index, query, termsMax).stream())
            .toList();
    int[] order =
        rankings.isEmpty()
            ? CoverageRanker.order(
                sentences, index, tokensMax * CHARACTERS_PER_TOKEN * COVERAGE_BUDGETS)
            : shared(rankings, sentences);
    return new SentencePicker(sentences, tokensMax).pick(order);
  }

  private static int[] bestFirst(double[] scores) {
    return IntStream.range(0, scores.length)
        .boxed()
        .sorted(
            Comparator.comparingDouble((Integer piece) -> -scores[piece])
                .thenComparing(Comparator.naturalOrder()))
        .mapToInt(Integer::intValue)
        .toArray();
  }

  /**
   * One order of several: next comes the best piece of the query for which least was taken so far,
   * in characters. A query near whose words nothing is left takes no more, as long as another has
   * something left. Of three of Chroma's questions at once, this recalls .935 of the excerpts in
   * 1,500 tokens, one query of all three .877.
   */
  private static int[] shared(List<WindowRanker.Ranking> rankings, Sentences sentences) {
    List<int[]> orders = rankings.stream().map(one -> bestFirst(one.scores())).toList();
    if (orders.size() == 1) {
      return orders.get(0);
    }
    int pieces = sentences.size();
    int[] at = new int[orders.size()];
    int[] left = rankings.stream().mapToInt(one -> one.near().cardinality()).toArray();
    long[] taken = new long[orders.size()];
    BitSet isTaken = new BitSet(pieces);
    int[] order = new int[pieces];
    for (int size = 0; size < pieces; size++) {
      int next = next(taken, left);
      while (isTaken.get(orders.get(next)[at[next]])) {
        at[next]++; // each order has every piece: one is left
      }
      int piece = orders.get(next)[at[next]++];
      isTaken.set(piece);
      order[size] = piece;
      taken[next] += sentences.end(piece) - sentences.start(piece);
      for (int query = 0; query < left.length; query++) {
        left[query] -= rankings.get(query).near().get(piece) ? 1 : 0;
      }
    }
    return order;
  }

  private static int next(long[] taken, int[] left) {
    int next = 0;
    for (int query = 1; query < taken.length; query++) {
      boolean hasMore = left[query] > 0 && left[next] == 0;
      boolean isAlike = (left[query] > 0) == (left[next] > 0);
      next = hasMore || (isAlike && taken[query] < taken[next]) ? query : next;
    }
    return next;
  }
}
