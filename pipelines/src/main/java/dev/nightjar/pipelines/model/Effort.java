package dev.nightjar.pipelines.model;

import java.util.Locale;

/** How much a model reasons before it answers, from least to most. Reasoning is paid as output. */
public enum Effort {
  NONE(0),
  MINIMAL(128),
  LOW(1_024),
  MEDIUM(4_096),
  HIGH(16_384),
  XHIGH(32_768),
  MAX(65_536);

  private final int tokensRoom;

  Effort(int tokensRoom) {
    this.tokensRoom = tokensRoom;
  }

  /** The effort of a label. */
  public static Effort ofLabel(String label) {
    return valueOf(label.toUpperCase(Locale.ROOT));
  }

  /** As tasks and providers write it. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * How many tokens an output limit should leave for reasoning, so that most answers come whole: a
   * rule of thumb, for no provider publishes a number.
   */
  public int tokensRoom() {
    return tokensRoom;
  }
}
