package dev.nightjar.cachestore;

import java.io.Serializable;

/**
 * A cached answer found for an item key.
 *
 * @param itemKey the key that was looked up
 * @param sourceKey the key whose attempt produced the answer
 * @param similarity cosine between the two texts, 1 for an exact hit
 * @param exact whether the key itself was found, rather than a neighbour
 */
public record CacheHit(String itemKey, String sourceKey, double similarity, boolean exact)
    implements Serializable {}
