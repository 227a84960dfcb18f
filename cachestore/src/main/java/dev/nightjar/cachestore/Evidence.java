package dev.nightjar.cachestore;

import java.io.Serializable;

/**
 * What became of one sampled lookup.
 *
 * @param score the vote
 * @param threshold the least vote for a hit at that time
 * @param isRight whether the neighbour's answer equals the one the text itself got
 * @param isRepeat whether it was right and shares a paid answer with others of its run, one of
 *     which counts already or was wrong: copies of a text stand or fall together
 */
public record Evidence(double score, double threshold, boolean isRight, boolean isRepeat)
    implements Serializable {}
