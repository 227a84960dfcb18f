package dev.nightjar.cachestore;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** What marks for providers' prompt caches have shown. Thread-safe. */
public interface PromptCacheStore {

  /**
   * What marks of one way have shown in one night.
   *
   * @param mark the provider's name for the way
   * @param nightsAgo how old it is; 0 for less than half a day
   * @param served requests that were served a prefix which an earlier batch had written
   * @param findable requests that could have been
   */
  record Shown(String mark, int nightsAgo, long served, long findable) {}

  /**
   * A submission that was marked.
   *
   * @param mark the provider's name for the way
   * @param held whether the rest waited for it
   * @param sinceEnd how long ago it had ended, if it has, and was billed for the cache
   */
  record Tried(String mark, boolean held, Optional<Duration> sinceEnd) {}

  /**
   * One tier of a namespace, before its requests are packed.
   *
   * @param waiting requests that wait to be packed
   * @param tried marked submissions of the runs that wait, in order
   * @param savedUsd what marks have saved in this tier in thirty days; below 0 if they have lost
   * @param waited the share of the time between the run's start and its deadline that has passed
   */
  record Standing(int waiting, List<Tried> tried, BigDecimal savedUsd, double waited) {}

  /** Whether a provider has refused marks at a model in the last thirty days. */
  boolean areRefused(String provider, String model);

  /** How a tier stands. */
  Standing standing(long namespaceId, String tier);

  /**
   * What all ways of marking have shown at a model in the last thirty nights, in all tasks of the
   * tenant.
   */
  List<Shown> shown(String provider, String model);
}
