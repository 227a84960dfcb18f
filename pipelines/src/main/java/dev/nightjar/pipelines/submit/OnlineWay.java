package dev.nightjar.pipelines.submit;

import dev.nightjar.pipelines.model.ModelTraits;
import dev.nightjar.pipelines.model.Provider;
import dev.nightjar.pipelines.task.TierSpec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * How a single request can be asked, from the cheapest way to the dearest. Which of them a provider
 * sells for a model is told by its refusal, which costs nothing; what an answer is charged for it
 * says itself, and the table {@code price_factors}.
 */
enum OnlineWay {
  /** At the batch price, slowly, and only where there is room. */
  FLEX(Duration.ofMinutes(15)),
  /** OpenAI's background answers within eight hours, at three fifths. */
  WITHIN_8H(Duration.ofHours(8)),
  /** OpenAI's background answers within two hours, at seven tenths. */
  WITHIN_2H(Duration.ofHours(2)),
  /** At the list price, at once. */
  STANDARD(Duration.ZERO);

  /** For what is asked another way after all, and for reading and writing. */
  private static final Duration MARGIN = Duration.ofMinutes(10);

  private final Duration takesMax;

  OnlineWay(Duration takesMax) {
    this.takesMax = takesMax;
  }

  /** How long an answer may take, by what its provider says. */
  Duration takesMax() {
    return takesMax;
  }

  /**
   * The ways to ask that meet a deadline, the cheapest first; the last is always the standard one.
   *
   * @param left until the deadline
   */
  static List<OnlineWay> meeting(TierSpec tier, Duration left) {
    boolean openAi = tier.provider() == Provider.OPENAI;
    List<OnlineWay> ways = new ArrayList<>();
    for (OnlineWay way : values()) {
      boolean isSold =
          switch (way) {
            case FLEX -> hasFlex(tier);
            case WITHIN_8H, WITHIN_2H -> openAi && tier.api() == TierSpec.Api.RESPONSES;
            case STANDARD -> true;
          };
      boolean isInTime = way == STANDARD || left.compareTo(way.takesMax.plus(MARGIN)) >= 0;
      if (isSold && isInTime) {
        ways.add(way);
      }
    }
    return ways;
  }

  private static boolean hasFlex(TierSpec tier) {
    return (tier.provider() == Provider.OPENAI || tier.provider() == Provider.GEMINI)
        && tier.traits().filter(ModelTraits::flex).isPresent();
  }

  /**
   * How long an answer of a tier is waited for by whoever asked: a flex answer takes its time.
   *
   * @param otherwise how long one at the list price is
   */
  static Duration patience(TierSpec tier, Duration otherwise) {
    // A response in the background is looked for later by whoever comes.
    return hasFlex(tier) && tier.api() != TierSpec.Api.RESPONSES
        ? longer(FLEX.takesMax, otherwise)
        : otherwise;
  }

  static Duration longer(Duration one, Duration other) {
    return one.compareTo(other) > 0 ? one : other;
  }
}
