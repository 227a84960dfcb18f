package dev.nightjar.pipelines.task;

import dev.nightjar.cachestore.ErrorBound;
import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/**
 * When answers of similar texts are used again: from a cosine that the task sets, or from a vote
 * that is learnt so that errors keep within a bound. Exactly one of the two is set.
 *
 * @param similarityMinOrNull least cosine to the nearest text
 * @param boundOrNull how often answers may be wrong, if the threshold is learnt
 * @param shadowShare least share of would-be hits that are asked all the same, in (0, 1]
 */
public record SemanticCacheSpec(
    @Nullable Double similarityMinOrNull, @Nullable ErrorBound boundOrNull, double shadowShare)
    implements Serializable {}
