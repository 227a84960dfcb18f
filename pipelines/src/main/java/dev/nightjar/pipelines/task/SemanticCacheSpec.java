package dev.nightjar.pipelines.task;

import java.io.Serializable;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * When answers of similar texts are used again: from a cosine that the task sets, or from a vote
 * that is learnt so that errors keep within a bound. Exactly one of the two is set.
 *
 * @param similarityMinOrNull least cosine to the nearest text
 * @param maxErrorOrNull largest share of wrong hits, in (0, 0.5]
 * @param confidence with which that is kept, in [0.5, 1)
 * @param shadowShare least share of look-ups that are asked whatever their score, in (0, 1]
 */
public record SemanticCacheSpec(
    @Nullable Double similarityMinOrNull,
    @Nullable Double maxErrorOrNull,
    double confidence,
    double shadowShare)
    implements Serializable {

  /** The bound on errors, if the threshold is learnt. */
  public Optional<Double> maxError() {
    return Optional.ofNullable(maxErrorOrNull);
  }
}
