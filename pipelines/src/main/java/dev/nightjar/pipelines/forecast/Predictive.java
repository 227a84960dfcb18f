package dev.nightjar.pipelines.forecast;

import java.util.List;
import org.apache.commons.math3.distribution.GammaDistribution;
import org.apache.commons.math3.random.RandomGenerator;

/**
 * What the next night's value of a quantity will be, given its values on earlier nights: the
 * posterior predictive of a Gaussian with unknown mean and variance under a normal-inverse-gamma
 * prior, a Student t (Murphy 2007, "Conjugate Bayesian analysis of the Gaussian distribution",
 * section 3). The prior counts as {@value #PRIOR_NIGHTS} night for the mean and {@value
 * #PRIOR_FREEDOM} for the spread: before the first night it is all there is, and nights that differ
 * widen it again. Immutable and thread-safe.
 *
 * @param location the middle
 * @param scale of the t distribution
 * @param freedom its degrees of freedom
 */
record Predictive(double location, double scale, double freedom) {
  private static final double PRIOR_NIGHTS = 1;
  private static final double PRIOR_FREEDOM = 3;

  /**
   * Learns from nights.
   *
   * @param prior the value to expect without any
   * @param priorSpread how far a night may well be from it; > 0
   * @param nights values of earlier nights
   */
  static Predictive of(double prior, double priorSpread, List<Double> nights) {
    int count = nights.size();
    double mean = nights.stream().mapToDouble(value -> value).average().orElse(prior);
    double squares = nights.stream().mapToDouble(value -> (value - mean) * (value - mean)).sum();
    double weight = PRIOR_NIGHTS + count;
    double freedom = PRIOR_FREEDOM + count;
    double spread =
        PRIOR_FREEDOM * priorSpread * priorSpread
            + squares
            + PRIOR_NIGHTS * count / weight * (mean - prior) * (mean - prior);
    return new Predictive(
        (PRIOR_NIGHTS * prior + count * mean) / weight,
        Math.sqrt(spread / freedom * (1 + 1 / weight)),
        freedom);
  }

  /**
   * One night that may come. A Gaussian over the root of a mean square, which is what a t is:
   * drawing from the library's t, by inverting its distribution, takes thirty times as long.
   */
  double draw(RandomGenerator random) {
    double meanSquare = new GammaDistribution(random, freedom / 2, 2 / freedom).sample();
    return location + scale * random.nextGaussian() / Math.sqrt(meanSquare);
  }
}
