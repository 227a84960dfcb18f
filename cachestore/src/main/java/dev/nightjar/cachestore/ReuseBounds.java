package dev.nightjar.cachestore;

import java.io.Serializable;
import java.time.Instant;

/**
 * Which entries may still be used. An entry that was asked for itself is only bound by its age; one
 * that borrowed another text's answer must have been let in by today's rules, at bounds at least as
 * strict as today's: a task that tightens either does not keep what the looser ones let in.
 *
 * @param similarityMin least cosine of an answer that a follower got from its leader
 * @param jaccardMin the same for long texts, which are compared by their shingles
 * @param followerPolicy digest of the rules for followers
 * @param scoreMin least score of an answer that was borrowed from the cache
 * @param semanticPolicy digest of the rules for that
 * @param writtenAfter older entries have expired
 */
public record ReuseBounds(
    double similarityMin,
    double jaccardMin,
    String followerPolicy,
    double scoreMin,
    String semanticPolicy,
    Instant writtenAfter)
    implements Serializable {
  /** Larger than any cosine or vote. */
  public static final double NEVER = 2;

  /** Only what was asked for itself, of any age. */
  public static final ReuseBounds OWN_ANSWERS =
      new ReuseBounds(NEVER, NEVER, "", NEVER, "", Instant.EPOCH);
}
