package dev.nightjar.cachestore;

import java.math.BigDecimal;
import java.util.List;

/**
 * What a run is expected to cost, before anything of it is sent. USD throughout.
 *
 * @param nights earlier nights of the task that it was learnt from; without any it rests on
 *     assumptions, and its interval is wide
 * @param items documents that are to get an answer
 * @param asked those with a request of their own
 * @param baselineUsd what they would cost unoptimised
 * @param savedUsd what each mechanism is expected to save, in the order of {@code
 *     savings_waterfall}; the baseline less all of them is {@code expectedUsd}
 * @param expectedUsd the cost, as likely to be exceeded as not
 * @param lowUsd below it lies the cost of one night in forty
 * @param highUsd above it lies the cost of one night in forty
 * @param worstCaseUsd most that the first requests can cost, as budgets reserve it; escalations
 *     come on top
 * @param tiers from the cheapest up, those that are expected to be asked
 */
public record Forecast(
    int nights,
    long items,
    long asked,
    BigDecimal baselineUsd,
    List<BigDecimal> savedUsd,
    BigDecimal expectedUsd,
    BigDecimal lowUsd,
    BigDecimal highUsd,
    BigDecimal worstCaseUsd,
    List<Tier> tiers) {

  /** Copies the lists and checks that the parts add up. */
  public Forecast {
    savedUsd = List.copyOf(savedUsd);
    tiers = List.copyOf(tiers);
    BigDecimal rest =
        savedUsd.stream().reduce(baselineUsd, BigDecimal::subtract).subtract(expectedUsd);
    if (rest.signum() != 0) {
      throw new IllegalArgumentException(
          "baseline less savings must equal the expected cost, but is " + rest + " USD off");
    }
    if (lowUsd.compareTo(expectedUsd) > 0 || expectedUsd.compareTo(highUsd) > 0) {
      throw new IllegalArgumentException(
          "expected "
              + lowUsd
              + " <= "
              + expectedUsd
              + " <= "
              + highUsd
              + ", but they are in another order");
    }
  }

  /**
   * One tier's part.
   *
   * @param tier its name
   * @param provider who is asked
   * @param model which model
   * @param requests how many, escalations included
   * @param inputTokens of all of them
   * @param outputTokens of all of them
   * @param rejectedShare of its answers that will not do, in [0, 1]
   * @param expectedUsd what it costs
   */
  public record Tier(
      String tier,
      String provider,
      String model,
      double requests,
      double inputTokens,
      double outputTokens,
      double rejectedShare,
      BigDecimal expectedUsd) {}
}
