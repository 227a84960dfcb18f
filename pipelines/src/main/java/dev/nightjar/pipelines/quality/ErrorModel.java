package dev.nightjar.pipelines.quality;

/**
 * Guesses how often each stratum's answers are wrong: a logistic curve over the error that the
 * cheap model admits to, one for each group of answers, drawn towards the curve of all. Scores may
 * be miscalibrated as a whole and by group (of two classes the rare one usually errs far more);
 * nothing that is promised rests on these guesses, only how many items it takes.
 */
final class ErrorModel {
  /** Below this an admitted error says no more: labels have more noise than that. */
  static final double ADMITTED_MIN = 1e-4;

  /** Before any label: scores are taken at their word, with slopes below 1, for models boast. */
  private static final double SLOPE = 0.8;

  private static final double LEVEL_DEVIATION = 1.5;
  private static final double SLOPE_DEVIATION = 0.4;
  private static final double GROUP_LEVEL_DEVIATION = 1.0;
  private static final double GROUP_SLOPE_DEVIATION = 0.2;
  private static final int NEWTON_STEPS = 12;

  private final int[] groups;
  private final double[] logits;
  private final int groupCount;

  /**
   * A model of strata.
   *
   * @param groups of each stratum, from 0
   * @param admitted mean admitted error of each stratum, in [0, 1]
   */
  ErrorModel(int[] groups, double[] admitted) {
    this.groups = groups.clone();
    this.logits = new double[admitted.length];
    int count = 0;
    for (int s = 0; s < admitted.length; s++) {
      double p = Math.min(Math.max(admitted[s], ADMITTED_MIN), 1 - ADMITTED_MIN);
      logits[s] = Math.log(p / (1 - p));
      count = Math.max(count, groups[s] + 1);
    }
    groupCount = count;
  }

  /** Error rates of all strata, given what was checked in each and how much of that was wrong. */
  double[] rates(int[] checked, int[] wrong) {
    double[] all =
        fit(-1, checked, wrong, new double[] {0, SLOPE}, LEVEL_DEVIATION, SLOPE_DEVIATION);
    double[] rates = new double[logits.length];
    for (int group = 0; group < groupCount; group++) {
      double[] own =
          groupCount == 1
              ? all
              : fit(group, checked, wrong, all, GROUP_LEVEL_DEVIATION, GROUP_SLOPE_DEVIATION);
      for (int s = 0; s < logits.length; s++) {
        if (groups[s] == group) {
          rates[s] = 1 / (1 + Math.exp(-own[0] - own[1] * logits[s]));
        }
      }
    }
    return rates;
  }

  /** The most likely level and slope under a normal prior, by Newton's method. */
  private double[] fit(
      int group,
      int[] checked,
      int[] wrong,
      double[] prior,
      double levelDeviation,
      double slopeDeviation) {
    double level = prior[0];
    double slope = prior[1];
    double levelWeight = 1 / (levelDeviation * levelDeviation);
    double slopeWeight = 1 / (slopeDeviation * slopeDeviation);
    for (int step = 0; step < NEWTON_STEPS; step++) {
      double g0 = -(level - prior[0]) * levelWeight;
      double g1 = -(slope - prior[1]) * slopeWeight;
      double h00 = levelWeight;
      double h01 = 0;
      double h11 = slopeWeight;
      for (int s = 0; s < logits.length; s++) {
        if (checked[s] > 0 && (group < 0 || groups[s] == group)) {
          double x = logits[s];
          double p = 1 / (1 + Math.exp(-level - slope * x));
          double residual = wrong[s] - checked[s] * p;
          double weight = checked[s] * p * (1 - p);
          g0 += residual;
          g1 += residual * x;
          h00 += weight;
          h01 += weight * x;
          h11 += weight * x * x;
        }
      }
      double determinant = h00 * h11 - h01 * h01;
      double d0 = (h11 * g0 - h01 * g1) / determinant;
      double d1 = (h00 * g1 - h01 * g0) / determinant;
      double scale = Math.min(1, 2 / Math.max(1e-12, Math.abs(d0) + Math.abs(d1)));
      level += scale * d0;
      slope += scale * d1;
    }
    return new double[] {level, slope};
  }
}
