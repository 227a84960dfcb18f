package dev.nightjar.runners;

import java.time.Clock;
import java.time.Duration;

/** The clock of this machine, which all commands go by. */
final class MachineClock {
  /** How far it shall be ahead, for a benchmark that sets the clock of a machine's half. */
  private static final String AHEAD = "nightjar.clock.ahead.seconds";

  private MachineClock() {}

  static Clock utc() {
    return Clock.offset(Clock.systemUTC(), Duration.ofSeconds(Long.getLong(AHEAD, 0)));
  }
}
