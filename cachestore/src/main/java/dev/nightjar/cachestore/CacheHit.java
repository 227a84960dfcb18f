package dev.nightjar.cachestore;

import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/**
 * A cached answer found for an item key.
 *
 * @param itemKey the key that was looked up
 * @param sourceKey the key whose attempt produced the answer
 * @param similarity cosine between the two texts, 1 for an exact hit
 * @param scoreOrNull what a neighbour's answer was let in at, in [0, 1]; null for an exact hit
 * @param policyOrNull digest of the rules that let it in; null for an exact hit
 */
public record CacheHit(
    String itemKey,
    String sourceKey,
    double similarity,
    @Nullable Double scoreOrNull,
    @Nullable String policyOrNull)
    implements Serializable {

  /** The key itself was found. */
  public static CacheHit exact(String itemKey, String sourceKey, double similarity) {
    return new CacheHit(itemKey, sourceKey, similarity, null, null);
  }

  /** Whether the key itself was found, rather than a neighbour. */
  public boolean exact() {
    return scoreOrNull == null;
  }
}
