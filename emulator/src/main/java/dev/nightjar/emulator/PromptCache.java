package dev.nightjar.emulator;

import java.time.Clock;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Which prompt prefixes are warm. Kept in memory: a provider promises nothing about them either.
 * Thread-safe.
 */
final class PromptCache {
  private final ConcurrentHashMap<String, Long> warmUntilMillis = new ConcurrentHashMap<>();
  private final Clock clock;

  PromptCache(Clock clock) {
    this.clock = clock;
  }

  /**
   * Whether a prefix is warm; it is warm afterwards in any case.
   *
   * @param prefix model and text of the prefix
   * @param secondsToLive from this use on
   */
  boolean touch(String prefix, long secondsToLive) {
    long now = clock.millis();
    Long until = warmUntilMillis.put(prefix, now + secondsToLive * 1000);
    return until != null && until >= now;
  }
}
