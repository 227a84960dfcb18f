package dev.nightjar.cachestore;

import java.util.Locale;

/** How an attempt is asked; decides its price. */
public enum AttemptMode {
  /** In a provider batch, at the batch price. */
  BATCH,
  /** One request at a time, at the list price: no batches there, or no time for them. */
  ONLINE;

  /** The name in the database. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Parses a {@link #label}. */
  public static AttemptMode ofLabel(String label) {
    return valueOf(label.toUpperCase(Locale.ROOT));
  }
}
