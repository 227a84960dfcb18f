package dev.nightjar.runners.bench;

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
  private static final int NEWTON_STEPS = 25;
  private static final double RIDGE = 1e-3;
  private static final double[] QUANTILES = quantiles();

  private final double delta;
  private final Map<Integer, List<double[]>> observations = new HashMap<>();

  VCacheRule(double delta) {
    this.delta = delta;
  }

  private static double[] quantiles() {
    double[] quantiles = new double[LEVELS];
    for (int i = 0; i < LEVELS; i++) {
      quantiles[i] = new NormalDistribution().inverseCumulativeProbability(1 - (i + 0.5) / LEVELS);
    }
    return quantiles;
  }

  /** Whether a text this similar to its nearest entry is answered by it. */
  boolean isHit(int entry, double similarity, RandomGenerator random) {
    List<double[]> seen = observations.getOrDefault(entry, List.of());
    if (seen.size() + 2 < OBSERVATIONS_MIN) {
      return false;
    }
    double[] fit = fit(seen);
    double slope = fit[1];
    double middle = -fit[0] / slope;
    if (slope <= 0) {
      return false;
    }
    double explored = 1;
    for (int i = 0; i < LEVELS; i++) {
      double later = middle + QUANTILES[i] * fit[2];
      double right = (1 - (i + 0.5) / LEVELS) / (1 + Math.exp(-slope * (similarity - later)));
      explored = Math.min(explored, 1 - delta / Math.max(1e-12, 1 - right));
    }
    return random.nextDouble() >= explored;
  }

  /** Takes in whether a text that was asked got its nearest entry's answer. */
  void observe(int entry, double similarity, boolean isRight) {
    observations
        .computeIfAbsent(entry, any -> new ArrayList<>())
        .add(new double[] {similarity, isRight ? 1 : 0});
  }

  /** Level, slope, and the deviation of the curve's middle by the delta method. */
  private static double[] fit(List<double[]> seen) {
    List<double[]> all = new ArrayList<>(seen);
    all.add(new double[] {0, 0});
    all.add(new double[] {1, 1});
    double level = 0;
    double slope = 1;
    double h00 = RIDGE;
    double h01 = 0;
    double h11 = RIDGE;
    for (int step = 0; step < NEWTON_STEPS; step++) {
      double g0 = -RIDGE * level;
      double g1 = -RIDGE * slope;
      h00 = RIDGE;
      h01 = 0;
      h11 = RIDGE;
      for (double[] one : all) {
        double p = 1 / (1 + Math.exp(-level - slope * one[0]));
        double weight = p * (1 - p);
        g0 += one[1] - p;
        g1 += (one[1] - p) * one[0];
        h00 += weight;
        h01 += weight * one[0];
        h11 += weight * one[0] * one[0];
      }
      double determinant = h00 * h11 - h01 * h01;
      double d0 = (h11 * g0 - h01 * g1) / determinant;
      double d1 = (h00 * g1 - h01 * g0) / determinant;
      double scale = Math.min(1, 4 / (Math.abs(d0) + Math.abs(d1) + 1e-12));
      level += scale * d0;
      slope += scale * d1;
    }
    double determinant = h00 * h11 - h01 * h01;
    double byLevel = -1 / slope;
    double bySlope = level / (slope * slope);
    double variance =
        (byLevel * byLevel * h11 - 2 * byLevel * bySlope * h01 + bySlope * bySlope * h00)
            / determinant;
    return new double[] {level, slope, Math.sqrt(Math.max(0, variance))};
  }
}
