package dev.nightjar.pipelines.quality;

import java.io.Serializable;

/**
 * How often what is delivered is to be what the reference says.
 *
 * @param agreementMin least share, in (0, 1]
 * @param confidence with which all nights together hold it, in (0, 1)
 */
public record QualityTarget(double agreementMin, double confidence) implements Serializable {
  /** Nights after which half of the probability of error is spent. */
  private static final int SLOWNESS = 3;

  public QualityTarget {
    if (!(agreementMin > 0 && agreementMin <= 1) || !(confidence > 0 && confidence < 1)) {
      throw new IllegalArgumentException(
          "agreementMin must be in (0, 1] and confidence in (0, 1), but they were "
              + agreementMin
              + " and "
              + confidence);
    }
  }

  /**
   * The probability with which a night may be below target: however many nights there are, those of
   * all of them sum to at most 1 - confidence.
   *
   * @param night from 1
   */
  public double errorProbability(int night) {
    return (1 - confidence) * (1 + SLOWNESS) / ((night + SLOWNESS) * (night + SLOWNESS + 1.0));
  }

  /**
   * The least share of texts that any method must ask of the reference, if a cheap tier's answers
   * are wrong in a share of the texts: the best it could do is to send up wrong ones only.
   */
  public double shareUpMin(double cheapError) {
    double allowed = 1 - agreementMin;
    return cheapError <= allowed ? 0 : (cheapError - allowed) / (1 - allowed);
  }
}
