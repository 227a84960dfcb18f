package dev.nightjar.pipelines.validate;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.StoredAttempt;
import dev.nightjar.pipelines.task.TaskSpec;
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
   * The tier to ask after an answer that is paid for and will not do.
   *
   * @param code why it will not
   * @return empty if nothing is left to try, or would do no better
   */
  public static Optional<TierSpec> afterAnswer(
      TaskSpec task, StoredAttempt attempt, ErrorCode code) {
    return switch (code) {
      case ANSWER_INVALID -> higher(task.tiers(), attempt, 0);
      // A tier that allows no more would cut it, too.
      case ANSWER_TRUNCATED ->
          higher(task.tiers(), attempt, task.tier(attempt.tier()).outputTokensMax() + 1);
      case ANSWER_CONTEXT_FULL -> afterTooLong(task.tiers(), attempt);
      case ANSWER_PAUSED -> again(task.tiers(), attempt);
      // Another model may refuse, too, and is paid for that.
      case ANSWER_REFUSED, ANSWER_FILTERED ->
          task.escalatesRefusals() ? higher(task.tiers(), attempt, 0) : Optional.empty();
      // What could not be judged may be good: another tier's answer would be judged no better.
      default -> Optional.empty();
    };
  }

  /**
   * The tier to ask, with more of the document, after an answer that quotes what is not there: one
   * up.
   *
   * @param longer the attempt with the longer prompt
   */
  public static Optional<TierSpec> afterMisquote(TaskSpec task, StoredAttempt longer) {
    return higher(task.tiers(), longer, 0);
  }

  /**
   * Its own tier, where none is left above. Ends, for each time there is much more of the document.
   *
   * @param longer the attempt with the longer prompt
   */
  public static Optional<TierSpec> againWithMore(TaskSpec task, StoredAttempt longer) {
    return Optional.of(task.tier(longer.tier())).filter(tier -> tier.fits(longer.promptTokens()));
  }

  /** The tier of a request that was not executed, as long as that may be tried. */
  public static Optional<TierSpec> again(List<TierSpec> tiers, StoredAttempt attempt) {
    return attempt.attemptsAtTier() < ATTEMPTS_PER_TIER_MAX
        ? tiers.stream().filter(tier -> tier.name().equals(attempt.tier())).findFirst()
        : Optional.empty();
  }

  /**
   * The next tier up that a prompt fits.
   *
   * @param outputTokensMin the least that it must allow an answer
   */
  private static Optional<TierSpec> higher(
      List<TierSpec> tiers, StoredAttempt attempt, int outputTokensMin) {
    return tiers.stream()
        .dropWhile(tier -> !tier.name().equals(attempt.tier()))
        .skip(1)
        .filter(tier -> tier.outputTokensMax() >= outputTokensMin)
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
