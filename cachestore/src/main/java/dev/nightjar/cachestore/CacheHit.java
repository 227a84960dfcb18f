package dev.nightjar.cachestore;

import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/**
 * A cached answer found for an item key.
 *
 * @param itemKey the key that was looked up
 * @param sourceKey the key whose attempt produced the answer
 * @param similarity cosine between the two texts, 1 for an exact hit
 * @param score the vote at which it was let in, in [0, 1]; null unless the threshold is learnt
 * @param exact whether the key itself was found, rather than a neighbour
 */
public record CacheHit(
    String itemKey, String sourceKey, double similarity, @Nullable Double score, boolean exact)
    implements Serializable {

  /** The key itself was found. */
  public static CacheHit exact(String itemKey, String sourceKey, double similarity) {
    return new CacheHit(itemKey, sourceKey, similarity, null, true);
  }
}
