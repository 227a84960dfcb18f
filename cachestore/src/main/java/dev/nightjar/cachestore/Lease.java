package dev.nightjar.cachestore;

import java.time.Duration;
import java.time.Instant;

/**
 * A claim on a submission.
 *
 * @param owner names this claim and no other: every transition is refused to whoever holds an older
 *     name
 * @param until when others may take the submission over, unless it is renewed before
 */
public record Lease(String owner, Instant until) implements java.io.Serializable {
  /** The longest that commands take; one of twice that was taken before the clock was set back. */
  public static final Duration MAX = Duration.ofMinutes(10);

  public Lease {
    if (owner.isBlank()) {
      throw new IllegalArgumentException("a lease needs an owner");
    }
  }
}
