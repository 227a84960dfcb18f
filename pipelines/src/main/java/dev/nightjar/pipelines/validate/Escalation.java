package dev.nightjar.pipelines.validate;

import dev.nightjar.cachestore.StoredAttempt;
import dev.nightjar.pipelines.task.TierSpec;
import java.util.List;
import java.util.Optional;

/**
 * Decides what is asked after an attempt that did not answer. An answer that will not do goes one
 * tier up: the same model would likely err again. A request that was not executed is asked again at
 * its own tier, three times in all, then fails: a quota or an outage must not turn into spend on a
 * dearer model. Stateless and thread-safe.
 */
public final class Escalation {
  static final int ATTEMPTS_PER_TIER_MAX = 3;

  private Escalation() {}

  /**
   * The tier to ask next.
   *
   * @param tiers from cheapest to dearest
   * @param executed whether the model answered, only not well enough
   * @param truncated whether its answer was cut off at the tier's limit: a tier that allows no more
   *     would cut it, too
   * @return empty if nothing is left to try
   */
  public static Optional<TierSpec> next(
      List<TierSpec> tiers, StoredAttempt attempt, boolean executed, boolean truncated) {
    int at = 0;
    while (at < tiers.size() && !tiers.get(at).name().equals(attempt.tier())) {
      at++;
    }
    if (!executed) {
      return attempt.attemptsAtTier() < ATTEMPTS_PER_TIER_MAX && at < tiers.size()
          ? Optional.of(tiers.get(at))
          : Optional.empty();
    }
    if (at >= tiers.size()) {
      return Optional.empty();
    }
    int cutAt = tiers.get(at).outputTokensMax();
    return tiers.subList(at + 1, tiers.size()).stream()
        .filter(tier -> !truncated || tier.outputTokensMax() > cutAt)
        .filter(tier -> tier.fits(attempt.promptTokens()))
        .findFirst();
  }

  /**
   * The tier to ask after a model found a request too long: one that is said to take more. Of tiers
   * of which nothing is said none is: each would cost more, and might refuse it, too.
   */
  public static Optional<TierSpec> afterTooLong(List<TierSpec> tiers, StoredAttempt attempt) {
    int refusedBy =
        tiers.stream()
            .filter(tier -> tier.name().equals(attempt.tier()))
            .mapToInt(TierSpec::contextTokensMax)
            .findFirst()
            .orElse(Integer.MAX_VALUE);
    return tiers.stream()
        .dropWhile(tier -> !tier.name().equals(attempt.tier()))
        .skip(1)
        .filter(tier -> tier.contextTokensMax() != Integer.MAX_VALUE)
        .filter(tier -> refusedBy == Integer.MAX_VALUE || tier.contextTokensMax() > refusedBy)
        .filter(tier -> tier.fits(attempt.promptTokens()))
        .findFirst();
  }
}
