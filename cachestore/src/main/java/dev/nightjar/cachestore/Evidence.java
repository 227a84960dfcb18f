package dev.nightjar.cachestore;

import java.io.Serializable;

/**
 * What became of one sampled lookup.
 *
 * @param score the vote
 * @param threshold the least vote for a hit at that time
 * @param isRight whether the neighbour's answer equals the one the text itself got
 */
public record Evidence(double score, double threshold, boolean isRight) implements Serializable {}
