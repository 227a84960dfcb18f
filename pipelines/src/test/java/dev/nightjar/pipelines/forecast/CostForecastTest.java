package dev.nightjar.pipelines.forecast;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.nightjar.cachestore.Forecast;
import dev.nightjar.cachestore.ForecastStore.Night;
import dev.nightjar.cachestore.ForecastStore.Outcome;
import dev.nightjar.cachestore.ForecastStore.Reuse;
import dev.nightjar.cachestore.ForecastStore.Work;
import dev.nightjar.pipelines.model.Provider;
import dev.nightjar.pipelines.task.TierSpec;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CostForecastTest {
  private static final List<TierSpec> TIERS = List.of(tier("small"), tier("large"));
  private static final int REQUESTS = 400;
  private static final int PROMPT_TOKENS = REQUESTS * 100;

  private static TierSpec tier(String name) {
    return new TierSpec(
        name,
        Provider.OPENAI,
        "model-" + name,
        150,
        Integer.MAX_VALUE,
        Integer.MAX_VALUE,
        null,
        TierSpec.Api.CHAT,
        TierSpec.StructuredOutput.SCHEMA);
  }

  /** 400 prompts of 100 tokens; small costs 0.1 and 0.5 a million in batches, large 1 and 5. */
  private static final List<Work> WORK =
      List.of(
          new Work(
              0,
              0,
              REQUESTS,
              PROMPT_TOKENS,
              PROMPT_TOKENS * 2e-6,
              PROMPT_TOKENS * 0.2e-6,
              PROMPT_TOKENS * 0.1e-6,
              REQUESTS * 1e-6,
              REQUESTS * 0.5e-6),
          new Work(
              0,
              1,
              REQUESTS,
              PROMPT_TOKENS,
              PROMPT_TOKENS * 2e-6,
              PROMPT_TOKENS * 2e-6,
              PROMPT_TOKENS * 1e-6,
              REQUESTS * 10e-6,
              REQUESTS * 5e-6));

  private static final Map<Outcome, Reuse> REUSE =
      Map.of(
          Outcome.ASKED, new Reuse(REQUESTS, 2 * PROMPT_TOKENS * 2e-6, REQUESTS * 10e-6, 0, 0),
          Outcome.EXACT_HIT, new Reuse(100, 100 * 100 * 2e-6, 100 * 10e-6, 100 * 10e-6 * 30, 100),
          Outcome.FOLLOWER, new Reuse(50, 50 * 100 * 2e-6, 50 * 10e-6, 0, 0),
          Outcome.FAILED, new Reuse(2, 2 * 100 * 2e-6, 2 * 10e-6, 0, 0));

  private static Forecast forecast(List<Night> nights) {
    return CostForecast.of(TIERS, WORK, REUSE, nights, null, BigDecimal.ONE, 7);
  }

  private static Night night(
      int number, String tier, long answers, double rejected, double output) {
    return new Night(
        "night-" + number,
        tier,
        answers,
        Math.round(answers * rejected),
        Math.round(answers * output),
        1,
        1);
  }

  private static List<Night> steady(int count) {
    List<Night> nights = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      nights.add(night(i, "small", 1_000, 0.05, 40));
      nights.add(night(i, "large", 50, 0, 40));
    }
    return nights;
  }

  @Test
  void manyLikeNightsLeadToTheirOwnCost() {
    Forecast forecast = forecast(steady(20));
    double expected =
        PROMPT_TOKENS * 0.1e-6
            + REQUESTS * 0.5e-6 * 40
            + 0.05 * (PROMPT_TOKENS * 1e-6 + REQUESTS * 5e-6 * 40);
    assertThat(forecast.nights()).isEqualTo(20);
    assertThat(forecast.expectedUsd().doubleValue()).isCloseTo(expected, within(expected * 0.06));
    assertThat(forecast.tiers()).hasSize(2);
    assertThat(forecast.tiers().get(0).requests()).isEqualTo(REQUESTS);
    assertThat(forecast.tiers().get(1).requests()).isCloseTo(REQUESTS * 0.05, within(3.0));
    assertThat(forecast.asked()).isEqualTo(REQUESTS);
    assertThat(forecast.items()).isEqualTo(552);
  }

  @Test
  void theStepsLeadFromTheBaselineToWhatIsExpectedAndHitsAreNoEstimate() {
    Forecast forecast = forecast(steady(5));
    assertThat(forecast.savedUsd()).hasSize(11);
    assertThat(forecast.savedUsd().stream().reduce(forecast.baselineUsd(), BigDecimal::subtract))
        .isEqualByComparingTo(forecast.expectedUsd());
    assertThat(forecast.savedUsd().get(1).doubleValue())
        .as("exact hits: whole documents and the answers that are stored")
        .isCloseTo(100 * 100 * 2e-6 + 100 * 10e-6 * 30, within(1e-9));
    assertThat(forecast.savedUsd().get(4).doubleValue())
        .as("retrieval leaves half of each prompt out")
        .isCloseTo(PROMPT_TOKENS * 2e-6, within(1e-9));
    assertThat(forecast.savedUsd().get(9)).as("escalation costs").isNegative();
  }

  @Test
  void withoutHistoryTheIntervalIsWideAndNarrowsWithEachNightButNotBelowTheirSpread() {
    double none = width(forecast(List.of()));
    double one = width(forecast(steady(1)));
    double five = width(forecast(steady(5)));
    double twenty = width(forecast(steady(20)));
    assertThat(none).isGreaterThan(3);
    assertThat(one).isLessThan(none);
    assertThat(five).isLessThan(one);
    assertThat(twenty).isLessThan(five);
    List<Night> unsteady = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      unsteady.add(night(i, "small", 1_000, i % 2 == 0 ? 0.01 : 0.2, i % 2 == 0 ? 20 : 60));
      unsteady.add(night(i, "large", 50, 0, 40));
    }
    assertThat(width(forecast(unsteady))).isGreaterThan(2 * twenty);
  }

  private static double width(Forecast forecast) {
    return forecast.highUsd().doubleValue() / forecast.lowUsd().doubleValue();
  }

  @Test
  void theSameEvidenceGivesTheSameForecast() {
    assertThat(forecast(steady(3))).isEqualTo(forecast(steady(3)));
  }

  @Test
  void aNightWithNothingToAskCostsNothing() {
    Forecast forecast =
        CostForecast.of(
            TIERS,
            List.of(),
            Map.of(Outcome.EXACT_HIT, new Reuse(10, 0.5, 0.001, 0.25, 10)),
            steady(2),
            200,
            BigDecimal.ZERO,
            1);
    assertThat(forecast.expectedUsd()).isZero();
    assertThat(forecast.highUsd()).isZero();
    assertThat(forecast.baselineUsd()).isEqualByComparingTo("0.75");
    assertThat(forecast.tiers()).isEmpty();
  }

  /** Models drift from night to night by amounts that the forecast is not told. */
  @Test
  void inNineOfTenNightsTheCostLiesInTheInterval() {
    Random random = new Random(20_261_127);
    int covered = 0;
    int nights = 0;
    for (int task = 0; task < 40; task++) {
      double rejectedUsually = Math.log(0.02 + 0.25 * random.nextDouble());
      double outputUsually = Math.log(10 + 60 * random.nextDouble());
      List<Night> before = new ArrayList<>();
      for (int number = 0; number < 8; number++) {
        Forecast forecast = forecast(before);
        double rejected = Math.min(0.9, Math.exp(rejectedUsually + random.nextGaussian() * 0.3));
        double output = Math.exp(outputUsually + random.nextGaussian() * 0.15);
        double ratio = Math.exp(random.nextGaussian() * 0.02);
        long rejections = 0;
        for (int i = 0; i < REQUESTS; i++) {
          rejections += random.nextDouble() < rejected ? 1 : 0;
        }
        double share = rejections / (double) REQUESTS;
        double cost =
            ratio * PROMPT_TOKENS * 0.1e-6
                + REQUESTS * 0.5e-6 * output
                + share * (ratio * PROMPT_TOKENS * 1e-6 + REQUESTS * 5e-6 * output);
        nights++;
        covered +=
            forecast.lowUsd().doubleValue() <= cost && cost <= forecast.highUsd().doubleValue()
                ? 1
                : 0;
        before.add(
            new Night(
                "night-" + number,
                "small",
                REQUESTS,
                rejections,
                Math.round(REQUESTS * output),
                ratio,
                ratio));
        if (rejections > 0) {
          before.add(
              new Night(
                  "night-" + number,
                  "large",
                  rejections,
                  0,
                  Math.round(rejections * output),
                  ratio,
                  ratio));
        }
      }
    }
    assertThat(covered / (double) nights).isBetween(0.90, 1.0);
  }

  @Test
  void aPredictiveStartsAtItsPriorAndFollowsTheNights() {
    assertThat(Predictive.of(2, 0.5, List.of()).location()).isEqualTo(2);
    Predictive after = Predictive.of(2, 0.5, List.of(4.0, 4.0, 4.0));
    assertThat(after.location()).isEqualTo(3.5); // the prior counts as one night
    assertThat(after.freedom()).isEqualTo(6);
    // (3 * 0.25 + 1 * 3 / 4 * 4) / 6 * (1 + 1 / 4), by the formulas of the paper.
    assertThat(after.scale()).isCloseTo(Math.sqrt((0.75 + 3) / 6 * 1.25), within(1e-12));
  }

  @Test
  void aForecastThatDoesNotAddUpIsRefused() {
    assertThatThrownBy(
            () ->
                new Forecast(
                    0,
                    1,
                    1,
                    BigDecimal.TEN,
                    List.of(BigDecimal.ONE),
                    BigDecimal.TEN,
                    BigDecimal.ONE,
                    BigDecimal.TEN,
                    BigDecimal.TEN,
                    List.of()))
        .hasMessageContaining("USD off");
  }
}
