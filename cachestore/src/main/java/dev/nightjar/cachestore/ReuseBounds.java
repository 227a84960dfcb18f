package dev.nightjar.cachestore;

import java.io.Serializable;
import java.time.Instant;

/**
 * Which entries may still be used. An entry that was asked for itself is only bound by its age; one
 * that borrowed another text's answer must also have been let in by bounds at least as strict as
 * today's, so that a task whose threshold rose does not keep what the lower one let in.
 *
 * @param similarityMin least cosine of an answer that was borrowed by cosine at a threshold set by
 *     the task
 * @param jaccardMin the same for long texts, which are compared by their shingles
 * @param scoreMin least vote of an answer that was borrowed at a learnt threshold
 * @param writtenAfter older entries have expired
 */
public record ReuseBounds(
    double similarityMin, double jaccardMin, double scoreMin, Instant writtenAfter)
    implements Serializable {
  /** Larger than any cosine or vote. */
  public static final double NEVER = 2;

  /** Borrowed answers down to a cosine, of any age. */
  public static ReuseBounds similarity(double similarityMin) {
    return new ReuseBounds(similarityMin, NEVER, NEVER, Instant.EPOCH);
  }
}
