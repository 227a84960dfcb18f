package dev.nightjar.pipelines.task;

import java.io.Serializable;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How long, and how many, answers are kept for another use.
 *
 * @param daysMaxOrNull age at which an answer is used no more, in days; null for no limit
 * @param megabytesMaxOrNull size of the namespace's answers and vectors above which those are
 *     dropped that save least; null for no limit
 * @param documentsDaysMaxOrNull days after the end of a night when its documents are forgotten;
 *     null for never
 */
public record RetentionSpec(
    @Nullable Integer daysMaxOrNull,
    @Nullable Integer megabytesMaxOrNull,
    @Nullable Integer documentsDaysMaxOrNull)
    implements Serializable {
  /** Everything is kept. */
  public static final RetentionSpec UNLIMITED = new RetentionSpec(null, null, null);

  /** When the oldest answer that may still be used was written. */
  public Instant writtenAfter(Instant now) {
    return daysMaxOrNull == null ? Instant.EPOCH : now.minus(Duration.ofDays(daysMaxOrNull));
  }

  /** Before when a night must have ended for its documents to be forgotten, if ever. */
  public Optional<Instant> forgottenBefore(Instant now) {
    return Optional.ofNullable(documentsDaysMaxOrNull)
        .map(days -> now.minus(Duration.ofDays(days)));
  }

  /** The size limit in bytes, if there is one. */
  public Optional<Long> bytesMax() {
    return Optional.ofNullable(megabytesMaxOrNull).map(megabytes -> megabytes * 1_000_000L);
  }
}
