package dev.nightjar.pipelines.compress;

import java.util.Arrays;
import java.util.Comparator;
import java.util.PriorityQueue;

/**
 * Orders a document's pieces so that each beginning of the order covers the document well: the
 * greedy maximisation of a submodular function (Lin and Bilmes 2011) that adds up, over terms, how
 * often the document uses one times a concave function of how much of it is covered, and over
 * stretches of the document the square root of what is taken from each. Gains are per character, so
 * long pieces are not favoured. Evaluated lazily (Minoux 1978). Stateless and thread-safe.
 */
final class CoverageRanker {
  /** Stretches that each shall be heard. */
  private static final int STRETCHES = 20;

  /** Terms in more than this share of the pieces tell nothing about a piece. */
  private static final double COMMON = 0.5;

  /** A heading or a fragment costs as much as so many characters. */
  private static final int COST_MIN = 60;

  private CoverageRanker() {}

  private record Candidate(int piece, double gain, int round) {}

  /**
   * Positions of the pieces, best first; those that would come when the limit is reached are left
   * out.
   *
   * @param charactersMax UTF-16 units after which the order may end
   */
  static int[] order(Sentences sentences, TermIndex index, int charactersMax) {
    int pieces = sentences.size();
    double[] weights = weights(index);
    double[] uncovered = weights.clone();
    double[] heard = new double[STRETCHES];
    PriorityQueue<Candidate> queue =
        new PriorityQueue<>(
            Comparator.comparingDouble((Candidate c) -> -c.gain()).thenComparing(Candidate::piece));
    for (int piece = 0; piece < pieces; piece++) {
      queue.add(new Candidate(piece, gain(sentences, index, piece, uncovered, heard), 0));
    }
    int[] order = new int[pieces];
    int size = 0;
    long characters = 0;
    while (!queue.isEmpty() && characters < charactersMax) {
      Candidate best = queue.remove();
      if (best.round() < size) {
        queue.add(
            new Candidate(
                best.piece(), gain(sentences, index, best.piece(), uncovered, heard), size));
        continue;
      }
      order[size++] = best.piece();
      characters += sentences.end(best.piece()) - sentences.start(best.piece());
      for (int term : index.terms(best.piece())) {
        uncovered[term] /= 2;
        heard[stretch(best.piece(), pieces)] += weights[term];
      }
    }
    return Arrays.copyOf(order, size);
  }

  private static double[] weights(TermIndex index) {
    int[] pieces = new int[index.vocabulary()];
    int[] last = new int[index.vocabulary()];
    for (int piece = 0; piece < index.pieces(); piece++) {
      for (int term : index.terms(piece)) {
        if (last[term] != piece + 1) {
          last[term] = piece + 1;
          pieces[term]++;
        }
      }
    }
    double[] weights = new double[pieces.length];
    for (int term = 0; term < weights.length; term++) {
      boolean tells = pieces[term] > 1 && pieces[term] <= Math.max(2, COMMON * index.pieces());
      weights[term] = tells ? Math.log(pieces[term]) : 0;
    }
    return weights;
  }

  private static double gain(
      Sentences sentences, TermIndex index, int piece, double[] uncovered, double[] heard) {
    double gain = 0;
    for (int term : index.terms(piece)) {
      gain += uncovered[term];
    }
    double already = heard[stretch(piece, sentences.size())];
    double spread = Math.sqrt(already + gain) - Math.sqrt(already);
    int cost = Math.max(COST_MIN, sentences.end(piece) - sentences.start(piece));
    return (gain + spread) / cost;
  }

  private static int stretch(int piece, int pieces) {
    return (int) ((long) piece * STRETCHES / pieces);
  }
}
