package dev.nightjar.pipelines.model;

import java.time.Duration;
import java.util.Arrays;

/** How long a provider's prompt cache is asked to keep what a request marks. */
public enum CacheTtl {
  /** Anthropic's short one. */
  MINUTES_5("5m", Duration.ofMinutes(5), false),
  /** OpenAI's short one. */
  MINUTES_30("30m", Duration.ofMinutes(30), false),
  /** Anthropic's long one. */
  HOUR_1("1h", Duration.ofHours(1), true),
  /** OpenAI's long one. */
  HOURS_12("12h", Duration.ofHours(12), true);

  private final String label;
  private final Duration duration;
  private final boolean isLong;

  CacheTtl(String label, Duration duration, boolean isLong) {
    this.label = label;
    this.duration = duration;
    this.isLong = isLong;
  }

  /** As both providers spell it. */
  public String label() {
    return label;
  }

  /** How long that is, from its last use on. */
  public Duration duration() {
    return duration;
  }

  /** Whether a write costs the price of long ones. */
  public boolean isLong() {
    return isLong;
  }

  /**
   * By its label.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static CacheTtl ofLabel(String label) {
    return Arrays.stream(values())
        .filter(ttl -> ttl.label.equals(label))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no time to live " + label));
  }
}
