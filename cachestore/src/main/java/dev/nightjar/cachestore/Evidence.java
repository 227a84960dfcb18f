package dev.nightjar.cachestore;

import java.io.Serializable;

/**
 * What became of one sampled lookup.
 *
 * @param score the vote
 * @param threshold the least vote for a hit at that time
 * @param isRight whether the neighbour's answer equals the one the text itself got
 * @param isCopy whether it shares a paid answer with one that was handed over before:
 *     near-duplicates of a night stand or fall together
 * @param isDisputed whether of those that share its paid answer any was wrong
 */
public record Evidence(
    double score, double threshold, boolean isRight, boolean isCopy, boolean isDisputed)
    implements Serializable {}
