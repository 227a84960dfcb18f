package dev.nightjar.cachestore;

import java.io.Serializable;

/**
 * A miss that was elected to be asked.
 *
 * @param itemKey its key
 * @param attemptNumber number of the attempt to plan, from 1, counted over all runs
 */
public record Leader(String itemKey, int attemptNumber) implements Serializable {}
