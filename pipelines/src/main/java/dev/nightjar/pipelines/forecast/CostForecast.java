package dev.nightjar.pipelines.forecast;

import dev.nightjar.cachestore.Forecast;
import dev.nightjar.cachestore.ForecastStore.Night;
import dev.nightjar.cachestore.ForecastStore.Outcome;
import dev.nightjar.cachestore.ForecastStore.Reuse;
import dev.nightjar.cachestore.ForecastStore.Work;
import dev.nightjar.pipelines.task.TierSpec;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.apache.commons.math3.random.RandomGenerator;
import org.apache.commons.math3.random.Well19937c;
import org.jspecify.annotations.Nullable;

/**
 * Works out what a planned night will cost, and how sure that is.
 *
 * <p>What is decided is counted: hits, copies, followers, the tokens of every prompt. Three things
 * of each tier are not known before it is asked: how the provider counts input, how long answers
 * are, and how many will not do and go up a tier. Each is taken from what the tier did on earlier
 * nights of the task, as the {@linkplain Predictive predictive distribution} of its logarithm (of
 * the odds, for the last). {@value #DRAWS} nights are drawn from them, with the chance in which
 * answers fail on top, and the middle {@value #COVERAGE} of their costs is the stated interval.
 * Without any earlier night the spread is that of the prior: an answer then has a third of its
 * limit, give or take a factor of two, and one in ten will not do, give or take a factor of three.
 *
 * <p>These are estimates, in floating point; sums of money that was spent never are. Stateless.
 */
public final class CostForecast {
  /** How many earlier nights are looked at. */
  public static final int NIGHTS_MAX = 20;

  private static final int DRAWS = 4_000;
  private static final double COVERAGE = 0.95;
  private static final int USD_DIGITS = 12;

  private static final double INPUT_SPREAD = 0.1;
  private static final double OUTPUT_SHARE = 1 / 3.0;
  private static final double OUTPUT_SPREAD = 0.7;
  private static final double REJECTED_SHARE = 0.1;
  private static final double REJECTED_SPREAD = 1.1;

  /** Of the lengths of single answers, against their mean: a night of few is less sure. */
  private static final double ANSWER_VARIATION = 0.7;

  private CostForecast() {}

  /** What one tier does. */
  private record Behaviour(
      Predictive inputTokens, Predictive inputUsd, Predictive output, Predictive rejected) {}

  /** One way the night may go, by tier. */
  private record Scenario(
      double[] tokensRatio, double[] usdRatio, double[] output, double[] rejected) {}

  /**
   * Forecasts a night.
   *
   * @param tiers the task's, from the cheapest
   * @param work the first requests, priced at each tier from their own up
   * @param reuse how items get their answers
   * @param nights what the tiers did before
   * @param uncappedOutputTokens how long an answer would be that nobody asks to be short, or null
   * @param worstCaseUsd most that the first requests can cost
   * @param seed of the draws
   */
  public static Forecast of(
      List<TierSpec> tiers,
      List<Work> work,
      Map<Outcome, Reuse> reuse,
      List<Night> nights,
      @Nullable Integer uncappedOutputTokens,
      BigDecimal worstCaseUsd,
      long seed) {
    List<Behaviour> behaviours = tiers.stream().map(tier -> behaviour(tier, nights)).toList();
    Scenario expected = scenario(tiers, behaviours, Predictive::location);
    Flow flow = new Flow(tiers.size(), work, expected, null);
    double uncapped = Math.max(flow.outputOfAnAnswer(), orZero(uncappedOutputTokens));

    List<BigDecimal> saved = new ArrayList<>();
    double baseline = reuse.values().stream().mapToDouble(part -> baseline(part, uncapped)).sum();
    saved.add(
        usd(
            baseline(reuse.get(Outcome.COPY), uncapped)
                + baseline(reuse.get(Outcome.ELSEWHERE), uncapped)));
    saved.add(usd(baseline(reuse.get(Outcome.EXACT_HIT), uncapped)));
    saved.add(usd(baseline(reuse.get(Outcome.SEMANTIC_HIT), uncapped)));
    saved.add(usd(baseline(reuse.get(Outcome.FOLLOWER), uncapped)));
    double whole = baseline(reuse.get(Outcome.ASKED), uncapped);
    Reuse asked = reuse.get(Outcome.ASKED);
    double baselineOutput = asked == null ? 0 : asked.baselineOutputUsd() * uncapped;
    // From the whole document at the dearest tier down to what is paid, step by step.
    double[] steps = {
      whole,
      flow.baselineInputUsd + baselineOutput,
      flow.answeredListInputUsd + uncapped * flow.answeredListOutputUsd,
      flow.answeredListInputPaidUsd + uncapped * flow.answeredListOutputUsd,
      flow.answeredListInputPaidUsd + flow.answeredListOutputPaidUsd,
      flow.answeredUsd,
      flow.totalUsd
    };
    for (int i = 1; i < steps.length; i++) {
      saved.add(usd(steps[i - 1]).subtract(usd(steps[i])));
    }
    BigDecimal failing = usd(baseline(reuse.get(Outcome.FAILED), uncapped));
    saved.add(failing);
    BigDecimal expectedUsd = usd(flow.totalUsd);
    BigDecimal baselineUsd = saved.stream().reduce(expectedUsd, BigDecimal::add);
    if (baselineUsd.subtract(usd(baseline)).abs().compareTo(new BigDecimal("0.000001")) > 0) {
      throw new IllegalStateException(
          "the steps come to " + baselineUsd + " USD, the items to " + baseline);
    }

    double[] costs = draw(tiers, work, behaviours, seed);
    return new Forecast(
        (int) nights.stream().map(Night::runId).distinct().count(),
        reuse.values().stream().mapToLong(Reuse::items).sum(),
        asked == null ? 0 : asked.items(),
        baselineUsd,
        saved,
        expectedUsd,
        usd(quantile(costs, (1 - COVERAGE) / 2)).min(expectedUsd),
        usd(quantile(costs, (1 + COVERAGE) / 2)).max(expectedUsd),
        worstCaseUsd,
        flow.tiers(tiers));
  }

  private static double orZero(@Nullable Integer value) {
    return value == null ? 0 : value;
  }

  private static BigDecimal usd(double value) {
    return BigDecimal.valueOf(value).setScale(USD_DIGITS, RoundingMode.HALF_EVEN);
  }

  /** What items would cost unoptimised; answers that are not known yet as long as the others. */
  private static double baseline(@Nullable Reuse part, double uncapped) {
    if (part == null) {
      return 0;
    }
    double unknown = part.items() == 0 ? 0 : (part.items() - part.known()) / (double) part.items();
    return part.baselineInputUsd()
        + part.knownOutputUsd()
        + part.baselineOutputUsd() * unknown * uncapped;
  }

  private static Behaviour behaviour(TierSpec tier, List<Night> nights) {
    List<Night> own = nights.stream().filter(night -> night.tier().equals(tier.name())).toList();
    return new Behaviour(
        Predictive.of(0, INPUT_SPREAD, values(own, night -> Math.log(night.inputTokensRatio()))),
        Predictive.of(0, INPUT_SPREAD, values(own, night -> Math.log(night.inputUsdRatio()))),
        Predictive.of(
            Math.log(Math.max(1, tier.outputTokensMax() * OUTPUT_SHARE)),
            OUTPUT_SPREAD,
            values(
                own,
                night -> Math.log(Math.max(1, night.outputTokens() / (double) night.answers())))),
        Predictive.of(
            logit(REJECTED_SHARE),
            REJECTED_SPREAD,
            // Half a rejection more and less: none among few says little.
            values(own, night -> logit((night.rejected() + 0.5) / (night.answers() + 1)))));
  }

  private static List<Double> values(List<Night> nights, ToDoubleFunction<Night> value) {
    return nights.stream().mapToDouble(value).filter(Double::isFinite).boxed().toList();
  }

  private static double logit(double share) {
    return Math.log(share / (1 - share));
  }

  private static Scenario scenario(
      List<TierSpec> tiers, List<Behaviour> behaviours, ToDoubleFunction<Predictive> value) {
    int count = tiers.size();
    Scenario scenario =
        new Scenario(new double[count], new double[count], new double[count], new double[count]);
    for (int tier = 0; tier < count; tier++) {
      Behaviour behaviour = behaviours.get(tier);
      scenario.tokensRatio[tier] = Math.exp(value.applyAsDouble(behaviour.inputTokens()));
      scenario.usdRatio[tier] = Math.exp(value.applyAsDouble(behaviour.inputUsd()));
      scenario.output[tier] =
          Math.min(
              tiers.get(tier).outputTokensMax(), Math.exp(value.applyAsDouble(behaviour.output())));
      scenario.rejected[tier] = 1 / (1 + Math.exp(-value.applyAsDouble(behaviour.rejected())));
    }
    return scenario;
  }

  private static double[] draw(
      List<TierSpec> tiers, List<Work> work, List<Behaviour> behaviours, long seed) {
    RandomGenerator random = new Well19937c(seed);
    double[] costs = new double[DRAWS];
    for (int i = 0; i < DRAWS; i++) {
      Scenario scenario = scenario(tiers, behaviours, predictive -> predictive.draw(random));
      costs[i] = new Flow(tiers.size(), work, scenario, random).totalUsd;
    }
    Arrays.sort(costs);
    return costs;
  }

  private static double quantile(double[] sorted, double share) {
    return sorted[(int) Math.min(sorted.length - 1, Math.round(share * (sorted.length - 1)))];
  }

  /** A night that goes one way: requests go up from tier to tier, fewer at each. */
  private static final class Flow {
    private final double[] requests;
    private final double[] inputTokens;
    private final double[] outputTokens;
    private final double[] usd;
    private final Scenario scenario;
    private double totalUsd;
    private double answers;
    private double answerTokens;
    private double answeredUsd;
    private double baselineInputUsd;
    private double answeredListInputUsd;
    private double answeredListInputPaidUsd;
    private double answeredListOutputUsd;
    private double answeredListOutputPaidUsd;

    Flow(int tierCount, List<Work> work, Scenario scenario, @Nullable RandomGenerator random) {
      this.scenario = scenario;
      this.requests = new double[tierCount];
      this.inputTokens = new double[tierCount];
      this.outputTokens = new double[tierCount];
      this.usd = new double[tierCount];
      double share = 1; // of the requests that began together, how many come to this tier
      for (Work at : work) {
        int tier = at.tier();
        if (tier == at.firstTier()) {
          share = 1;
          baselineInputUsd += at.baselineInputUsd();
        }
        if (share == 0) {
          continue; // none came so far
        }
        double asked = at.requests() * share;
        double output = scenario.output[tier];
        double rejected = scenario.rejected[tier];
        if (random != null) {
          output *= Math.max(0, 1 + random.nextGaussian() * ANSWER_VARIATION / Math.sqrt(asked));
          double deviation = Math.sqrt(rejected * (1 - rejected) / asked);
          rejected = Math.min(1, Math.max(0, rejected + random.nextGaussian() * deviation));
        }
        boolean last = tier == tierCount - 1;
        double answered = share * (last ? 1 : 1 - rejected);
        double inputUsd = scenario.usdRatio[tier] * at.inputUsd();
        double outputUsd = output * at.outputUsd();
        requests[tier] += asked;
        inputTokens[tier] += share * scenario.tokensRatio[tier] * at.promptTokens();
        outputTokens[tier] += asked * output;
        usd[tier] += share * (inputUsd + outputUsd);
        totalUsd += share * (inputUsd + outputUsd);
        answers += at.requests() * answered;
        answerTokens += at.requests() * answered * output;
        answeredUsd += answered * (inputUsd + outputUsd);
        answeredListInputUsd += answered * at.listInputUsd();
        answeredListInputPaidUsd += answered * scenario.usdRatio[tier] * at.listInputUsd();
        answeredListOutputUsd += answered * at.listOutputUsd();
        answeredListOutputPaidUsd += answered * output * at.listOutputUsd();
        share *= last ? 0 : rejected;
      }
    }

    double outputOfAnAnswer() {
      return answers == 0 ? 0 : answerTokens / answers;
    }

    List<Forecast.Tier> tiers(List<TierSpec> specs) {
      List<Forecast.Tier> asked = new ArrayList<>();
      for (int tier = 0; tier < requests.length; tier++) {
        if (requests[tier] > 0) {
          TierSpec spec = specs.get(tier);
          asked.add(
              new Forecast.Tier(
                  spec.name(),
                  spec.provider().label(),
                  spec.model(),
                  requests[tier],
                  inputTokens[tier],
                  outputTokens[tier],
                  scenario.rejected[tier],
                  usd(usd[tier])));
        }
      }
      return asked;
    }
  }
}
