package dev.nightjar.cachestore;

import java.util.Locale;

/** Where a submission stands. */
public enum SubmissionState {
  /** Its attempts are chosen; the provider knows nothing. */
  PLANNED,
  /** The provider may or may not know it: ask before creating. */
  CREATING,
  /** The provider works on it. */
  IN_PROGRESS,
  /** The provider is done; results wait to be collected. */
  ENDED,
  /** Every attempt in it is settled. */
  COLLECTED,
  /** The provider refused it as a whole. */
  FAILED;

  /** The name in the database. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Parses a {@link #label}. */
  public static SubmissionState ofLabel(String label) {
    return valueOf(label.toUpperCase(Locale.ROOT));
  }
}
