package dev.nightjar.cachestore;

import java.util.Locale;

/** How a provider ended a batch. */
public enum Ending {
  /** It worked through all of it. */
  COMPLETED,
  /** Its time ran out; part of it may have been done. */
  EXPIRED,
  /** It was cancelled; part of it may have been done. */
  CANCELLED,
  /** It was refused as a whole: nothing was done, nothing is billed. */
  FAILED;

  /** The name in the database. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Parses a {@link #label}. */
  public static Ending ofLabel(String label) {
    return valueOf(label.toUpperCase(Locale.ROOT));
  }
}
