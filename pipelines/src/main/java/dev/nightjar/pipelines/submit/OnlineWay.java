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

  /** Flex takes up to a quarter of an hour by its pages, and promises nothing. */
  private static final Duration FLEX_WAIT_MAX = Duration.ofHours(1);

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
   * @param turns how many answers are waited for one after the other until all are there
   */
  static List<OnlineWay> meeting(TierSpec tier, Duration left, int turns) {
    boolean openAi = tier.provider() == Provider.OPENAI;
    List<OnlineWay> ways = new ArrayList<>();
    for (OnlineWay way : values()) {
      boolean isSold =
          switch (way) {
            case FLEX -> hasFlex(tier);
            case WITHIN_8H, WITHIN_2H -> openAi && tier.api() == TierSpec.Api.RESPONSES;
            case STANDARD -> true;
          };
      // What is fetched later is worked on all at once.
      Duration takes = isFetched(tier) ? way.takesMax : way.takesMax.multipliedBy(turns);
      boolean isInTime = way == STANDARD || left.compareTo(takes.plus(MARGIN)) >= 0;
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

  /** Whether answers have a name by which they can be fetched, whoever asked. */
  private static boolean isFetched(TierSpec tier) {
    return tier.provider() == Provider.OPENAI && tier.api() == TierSpec.Api.RESPONSES;
  }

  /**
   * How long an answer on an open connection is waited for. A slow one is paid for, so it is not
   * cut as long as the deadline allows.
   *
   * @param left until the deadline, when it is asked
   * @param otherwise how long one at the list price is waited for
   */
  Duration waitMax(Duration left, Duration otherwise) {
    if (this != FLEX) {
      return otherwise;
    }
    Duration until = left.minus(MARGIN);
    return longer(until.compareTo(FLEX_WAIT_MAX) < 0 ? until : FLEX_WAIT_MAX, otherwise);
  }

  /**
   * How long whoever asked may still be waiting, for one way after the other.
   *
   * @param left until the deadline, when it was asked
   * @param otherwise how long an answer at the list price is waited for
   * @param call how long a call is that only has a response created
   */
  static Duration patience(TierSpec tier, Duration left, Duration otherwise, Duration call) {
    if (isFetched(tier)) { // once it has a name it is fetched by whoever comes
      return otherwise.plus(call.multipliedBy(values().length));
    }
    return hasFlex(tier) ? FLEX.waitMax(left, otherwise).plus(otherwise) : otherwise;
  }

  private static Duration longer(Duration one, Duration other) {
    return one.compareTo(other) > 0 ? one : other;
  }
}
