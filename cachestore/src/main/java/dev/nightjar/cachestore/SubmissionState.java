package dev.nightjar.cachestore;

import java.util.Locale;

/**
 * Where a submission stands. Which state may follow which is in the table {@code
 * submission_transitions}, and the database refuses every other change.
 */
public enum SubmissionState {
  /** Its attempts are chosen; the provider knows nothing. */
  PLANNED,
  /** Its requests are on their way to the provider's file store; nothing can be billed yet. */
  UPLOADING,
  /** The provider may or may not know it: ask before creating. */
  CREATING,
  /** The provider works on it. */
  IN_PROGRESS,
  /** The provider is done; results wait to be collected. */
  ENDED,
  /** Every attempt in it is settled. */
  COLLECTED,
  /** The provider refused it as a whole; every attempt is settled. */
  FAILED,
  /** Its time at the provider ran out; what was done is charged and kept. */
  EXPIRED,
  /** Withdrawn before it was sent, or cancelled at the provider; what was done is charged. */
  CANCELLED;

  /** The name in the database. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Parses a {@link #label}. */
  public static SubmissionState ofLabel(String label) {
    return valueOf(label.toUpperCase(Locale.ROOT));
  }

  /** Whether something is left to do. */
  public boolean isOpen() {
    return switch (this) {
      case PLANNED, UPLOADING, CREATING, IN_PROGRESS, ENDED -> true;
      case COLLECTED, FAILED, EXPIRED, CANCELLED -> false;
    };
  }
}
