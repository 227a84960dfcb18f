package dev.nightjar.cachestore;

import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/**
 * The threshold that a run uses.
 *
 * @param threshold least vote for a hit, in [0, 1]; {@link ReuseBounds#NEVER} without evidence
 * @param policy digest of what decides and compares
 * @param bound what the task allows
 * @param errorBoundOrNull bound on the share of wrong outcomes in the evidence (Clopper and
 *     Pearson)
 * @param shadowShare share of would-be hits asked all the same, in (0, 1]
 * @param evidence how many verified lookups are behind it
 * @param driftFound whether older evidence was dropped because errors had become more frequent
 */
public record LearntThreshold(
    double threshold,
    String policy,
    ErrorBound bound,
    @Nullable Double errorBoundOrNull,
    double shadowShare,
    int evidence,
    boolean driftFound)
    implements Serializable {}
