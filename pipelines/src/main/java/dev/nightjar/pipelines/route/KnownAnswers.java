package dev.nightjar.pipelines.route;

import dev.nightjar.cachestore.Embedding;

/**
 * A text that was drawn and asked at every tier.
 *
 * @param vector of the text
 * @param agreement of each tier, cheapest first, how far its answer is what it should be, in [0,
 *     1]; 0 if it had none
 * @param reference the same of the reference; 1 where answers are compared with the reference's
 * @param lot which of the lots the text falls into, from 0, by a draw that knows nothing of it
 */
public record KnownAnswers(
    String text, Embedding vector, double[] agreement, double reference, int lot) {
  public KnownAnswers {
    agreement = agreement.clone();
  }

  @Override
  public double[] agreement() {
    return agreement.clone();
  }
}
