package dev.nightjar.cachestore;

import java.util.Optional;

/**
 * How the requests of a submission mark what they share for the provider's prompt cache, and how
 * many of those that wait are packed so.
 *
 * @param mark the provider's name for the way, as a time to live; empty for no mark
 * @param wave 1 if its requests write what they share, 2 or more if they may find it written; 0
 *     without a mark
 * @param holds whether the rest of the tier waits until the submission has ended
 * @param requestsMax how many requests are packed at most
 * @param markBytes by how many bytes of UTF-8 a mark lengthens a request
 */
public record CacheMarking(
    Optional<String> mark, int wave, boolean holds, int requestsMax, int markBytes) {

  /** Nothing is marked, and everything is packed. */
  public static final CacheMarking NONE =
      new CacheMarking(Optional.empty(), 0, false, Integer.MAX_VALUE, 0);

  public CacheMarking {
    if (mark.isPresent() != (wave > 0) || (holds && mark.isEmpty()) || requestsMax < 1) {
      throw new IllegalArgumentException("a mark has a wave, and only what is marked holds");
    }
  }

  /** Everything that waits goes with a mark that earlier requests have written. */
  public static CacheMarking all(String mark, int markBytes) {
    return new CacheMarking(Optional.of(mark), 2, false, Integer.MAX_VALUE, markBytes);
  }

  /** One request goes, and writes what the others share. */
  public static CacheMarking primer(String mark, int markBytes) {
    return new CacheMarking(Optional.of(mark), 1, true, 1, markBytes);
  }

  /** A few go, and show whether they find what was written. */
  public static CacheMarking probe(String mark, int requestsMax, int markBytes) {
    return new CacheMarking(Optional.of(mark), 2, true, requestsMax, markBytes);
  }
}
