package dev.nightjar.cachestore;

import java.io.Serializable;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What was found near a text, and what was decided on it.
 *
 * @param itemKey the text
 * @param source the neighbour whose answer was or would be borrowed, if one is near
 * @param score its vote, in [0, 1]; the cosine where the task sets the threshold itself
 * @param threshold least score for a hit; {@link ReuseBounds#NEVER} without evidence
 * @param errorBoundOrNull Clopper and Pearson's bound on wrong hits in the evidence at hand: it
 *     describes, the promise is the threshold's
 * @param decision what became of it
 * @param vetoOrNull the guard that refused
 * @param isSampled whether what becomes of it is evidence: it is asked, or its leader, for its
 *     score is below the threshold or for it was drawn, and no guard would have kept it from being
 *     a hit
 * @param policy digest of what decides and compares; evidence of another policy does not count
 */
public record SemanticLookup(
    String itemKey,
    Optional<Neighbour> source,
    double score,
    double threshold,
    @Nullable Double errorBoundOrNull,
    Decision decision,
    @Nullable String vetoOrNull,
    boolean isSampled,
    String policy)
    implements Serializable {

  /** Decisions. */
  public enum Decision {
    /** The neighbour's answer is used. */
    HIT,
    /** It could have been used, but the text is asked to see whether it would have been right. */
    SHADOW,
    /** Nothing is near enough: the text is asked. */
    MISS,
    /** Near enough, but a guard saw a difference that matters: the text is asked. */
    VETOED
  }
}
