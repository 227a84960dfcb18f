package dev.nightjar.cachestore;

import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/**
 * The threshold that a run uses.
 *
 * @param threshold least vote for a hit, in [0, 1]; {@link ReuseBounds#NEVER} without evidence
 * @param policy digest of what decides and compares
 * @param maxError largest share of wrong hits that the task allows
 * @param confidence with which that holds
 * @param errorBoundOrNull bound on the share of wrong hits in the evidence (Clopper and Pearson)
 * @param shadowShare share of lookups asked whatever their score, in (0, 1]
 * @param evidence how many verified lookups are behind it
 * @param driftFound whether older evidence was dropped because errors had become more frequent
 */
public record LearntThreshold(
    double threshold,
    String policy,
    double maxError,
    double confidence,
    @Nullable Double errorBoundOrNull,
    double shadowShare,
    int evidence,
    boolean driftFound)
    implements Serializable {}
