package dev.nightjar.pipelines.quality;

/**
 * With which probability to draw which item, and how much to stake, so that the logarithm of the
 * stake of {@link RemainingErrors} is expected to grow fastest.
 *
 * <p>For a stratum s of n_s items that err with probability p_s and are drawn with probability q_s
 * each, the expected growth of a draw against "more than R are left" is
 *
 * <pre>−log(1 − κR) + Σ n_s q_s p_s log(1 − κ/q_s).</pre>
 *
 * At its maximum over q all strata have the same p_s · h(κ/q_s) with h(v) = log(1 − v) + v/(1 − v):
 * where errors are likely an item is drawn about as the root of their probability (Neyman's
 * allocation), and where they are not, hardly more seldom than κ. One number is left to search.
 *
 * @param fraction κ
 * @param probabilities q_s of one item of each stratum; 0 where a stratum is empty
 * @param growth expected growth of the logarithm of the stake for each draw
 */
record DrawDesign(double fraction, double[] probabilities, double growth) {
  /**
   * An error that was least likely to be drawn leaves this share of the stake: error rates are
   * guesses, and a stake that is lost does not come back.
   */
  private static final double KEPT_MIN = 0.1;

  /** Golden sections: the common value to within a hundredth. */
  private static final int STEPS = 20;

  private static final int HALVINGS = 50;
  private static final double COMMON_MIN = 1e-6;
  private static final double COMMON_MAX = 1e2;

  /** h is inverted once, on a grid of its logarithm. */
  private static final double VALUE_LOG_MIN = Math.log(1e-6);

  private static final double VALUE_LOG_STEP = 0.02;
  private static final double VALUE_LOG_MAX = Math.log(1e4);
  private static final double[] SHARES = shares();

  /** What no set could hold is disproven by one draw. */
  private static final double GROWTH_MAX = 1e3;

  /**
   * The best design.
   *
   * @param counts n_s, items left in each stratum; at least one is not 0
   * @param errorRates p_s, in (0, 1)
   * @param allowed R
   */
  static DrawDesign best(int[] counts, double[] errorRates, double allowed) {
    DrawDesign best = at(COMMON_MAX, counts, errorRates, allowed);
    double ratio = (Math.sqrt(5) - 1) / 2;
    double from = Math.log(COMMON_MIN);
    double to = Math.log(COMMON_MAX);
    for (int step = 0; step < STEPS; step++) {
      double left = to - ratio * (to - from);
      double right = from + ratio * (to - from);
      DrawDesign one = at(Math.exp(left), counts, errorRates, allowed);
      DrawDesign other = at(Math.exp(right), counts, errorRates, allowed);
      if (one.growth > other.growth) {
        to = right;
      } else {
        from = left;
      }
      DrawDesign better = one.growth > other.growth ? one : other;
      best = better.growth > best.growth ? better : best;
    }
    return best;
  }

  private static DrawDesign at(double common, int[] counts, double[] errorRates, double allowed) {
    double[] probabilities = new double[counts.length];
    double sum = 0;
    for (int s = 0; s < counts.length; s++) {
      if (counts[s] > 0) {
        probabilities[s] = 1 / Math.min(1 - KEPT_MIN, share(common / errorRates[s]));
        sum += counts[s] * probabilities[s];
      }
    }
    double fraction = 1 / sum;
    double growth = fraction * allowed < 1 ? -Math.log1p(-fraction * allowed) : GROWTH_MAX;
    for (int s = 0; s < counts.length; s++) {
      if (counts[s] > 0) {
        double share = 1 / probabilities[s];
        probabilities[s] *= fraction;
        growth += counts[s] * probabilities[s] * errorRates[s] * Math.log1p(-share);
      }
    }
    return new DrawDesign(fraction, probabilities, growth);
  }

  /** The v at which h(v) has a value: h rises from 0 at 0 to infinity at 1. */
  private static double share(double value) {
    double at = (Math.log(value) - VALUE_LOG_MIN) / VALUE_LOG_STEP;
    if (at <= 0) {
      return Math.sqrt(2 * value); // h(v) = v²/2 + …
    }
    int below = (int) Math.min(at, SHARES.length - 2);
    double part = Math.min(1, at - below);
    return (1 - part) * SHARES[below] + part * SHARES[below + 1];
  }

  private static double[] shares() {
    double[] shares = new double[(int) ((VALUE_LOG_MAX - VALUE_LOG_MIN) / VALUE_LOG_STEP) + 1];
    for (int i = 0; i < shares.length; i++) {
      double value = Math.exp(VALUE_LOG_MIN + i * VALUE_LOG_STEP);
      double from = 0;
      double to = 1;
      for (int halving = 0; halving < HALVINGS; halving++) {
        double v = (from + to) / 2;
        if (Math.log1p(-v) + v / (1 - v) > value) {
          to = v;
        } else {
          from = v;
        }
      }
      shares[i] = from;
    }
    return shares;
  }
}
