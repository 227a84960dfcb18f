package dev.nightjar.runners.bench;

import dev.nightjar.pipelines.reuse.LogisticCurve;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.apache.commons.math3.distribution.NormalDistribution;

/**
 * vCache's rule (Schroeder and others 2025), written from its description, as a peer: each entry
 * has a logistic curve of "its answer is right" over similarity, fitted to its own observations,
 * and a text is asked at random so often that the expected share of requests answered wrongly stays
 * below δ. Not thread-safe.
 */
final class VCacheRule {
  /** Two of them synthetic: wrong at similarity 0, right at 1. */
  private static final int OBSERVATIONS_MIN = 6;

  private static final int LEVELS = 50;

  /**
   * So little that it decides only where observations separate, and the likeliest slope is
   * infinite.
   */
  private static final double RIDGE = 1e-6;

  /**
   * Variance of the middle times observations, where these separate and the delta method knows
   * none: vCache's own program takes figures from simulations there, .21 at 6 observations and .13
   * at 13.
   */
  private static final double SEPARATED_VARIANCE = 0.13;

  private static final double[] CONFIDENCES = confidences();
  private static final double[] QUANTILES = quantiles();

  private final double delta;
  private final Map<Integer, List<LogisticCurve.Point>> observations = new HashMap<>();

  VCacheRule(double delta) {
    this.delta = delta;
  }

  private static double[] confidences() {
    double[] levels = new double[LEVELS];
    for (int i = 0; i < LEVELS; i++) {
      levels[i] = 1 - (1e-6 + i * (1 - 2e-6) / (LEVELS - 1));
    }
    return levels;
  }

  private static double[] quantiles() {
    double[] quantiles = new double[LEVELS];
    for (int i = 0; i < LEVELS; i++) {
      quantiles[i] = new NormalDistribution().inverseCumulativeProbability(CONFIDENCES[i]);
    }
    return quantiles;
  }

  /** Whether a text this similar to its nearest entry is answered by it. */
  boolean isHit(int entry, double similarity, RandomGenerator random) {
    List<LogisticCurve.Point> seen = observations.get(entry);
    if (seen == null || seen.size() < OBSERVATIONS_MIN) {
      return false;
    }
    LogisticCurve curve = LogisticCurve.fit(seen, RIDGE);
    double slope = Math.max(curve.slope(), 1e-6);
    double middle = inside(-curve.level() / slope);
    double deviation = Math.sqrt(variance(seen, curve, slope));
    double explored = 1;
    for (int i = 0; i < LEVELS; i++) {
      double later = inside(middle + QUANTILES[i] * deviation);
      double right = CONFIDENCES[i] / (1 + Math.exp(-slope * (similarity - later)));
      explored = Math.min(explored, 1 - delta / (1 - right));
    }
    return random.nextDouble() > explored;
  }

  private static double inside(double similarity) {
    return Math.min(1, Math.max(0, similarity));
  }

  /** Of the curve's middle. */
  private static double variance(
      List<LogisticCurve.Point> seen, LogisticCurve curve, double slope) {
    double worstRight = 1;
    double bestWrong = 0;
    for (LogisticCurve.Point one : seen) {
      if (one.isOne()) {
        worstRight = Math.min(worstRight, one.at());
      } else {
        bestWrong = Math.max(bestWrong, one.at());
      }
    }
    if (worstRight > bestWrong) {
      return SEPARATED_VARIANCE / seen.size();
    }
    // The delta method: the middle's gradient in level and slope, times their covariance.
    double byLevel = -1 / slope;
    double bySlope = curve.level() / (slope * slope);
    double determinant =
        curve.levelPrecision() * curve.slopePrecision()
            - curve.mixedPrecision() * curve.mixedPrecision();
    return Math.max(
        0,
        (byLevel * byLevel * curve.slopePrecision()
                - 2 * byLevel * bySlope * curve.mixedPrecision()
                + bySlope * bySlope * curve.levelPrecision())
            / determinant);
  }

  /** Takes in whether a text that was asked got its nearest entry's answer. */
  void observe(int entry, double similarity, boolean isRight) {
    observations
        .computeIfAbsent(
            entry,
            any ->
                new ArrayList<>(
                    List.of(
                        new LogisticCurve.Point(0, false, 1), new LogisticCurve.Point(1, true, 1))))
        .add(new LogisticCurve.Point(similarity, isRight, 1));
  }
}
