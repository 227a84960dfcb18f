package dev.nightjar.runners;

import java.time.Duration;

/** How a night waits between two looks at its providers, and how it learns that it shall stop. */
interface Pause {

  /** Waits; returns early if the night shall stop. */
  void sleep(Duration duration) throws InterruptedException;

  /** Whether the night shall stop as soon as what is in hand is finished. */
  boolean stopRequested();
}
