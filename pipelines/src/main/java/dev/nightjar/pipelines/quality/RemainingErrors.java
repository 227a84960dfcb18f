package dev.nightjar.pipelines.quality;

import java.util.Arrays;

/**
 * Bets that at most so many wrong answers are left among items that nobody has checked.
 *
 * <p><b>Method.</b> A finite set holds an unknown number of wrong answers. Items are checked one
 * after the other, each either <i>chosen</i>, by any rule that looks at the past alone, or
 * <i>drawn</i> at random from those that are left with probabilities that are fixed before the
 * draw. For a drawn item, "wrong" over the probability of its draw is an unbiased estimate of how
 * many are wrong among all that are left (Horvitz and Thompson 1952). If the set held at least m
 * wrong ones, of which F have been found, then
 *
 * <pre>(1 − κ · wrong / probability) / (1 − κ · (m − F))</pre>
 *
 * has an expectation of at most 1 for any κ up to the least probability, so the product over all
 * draws is a stake that ever reaches 1/δ with probability at most δ (Ville's inequality; betting
 * without replacement as in Waudby-Smith and Ramdas 2024, draws by weight as in Shekhar, Xu,
 * Lipton, Liang and Ramdas 2023, "Risk-limiting financial audits via weighted sampling without
 * replacement"). It grows with m, so that whoever rejects m rejects all above it.
 *
 * <p><b>One hypothesis.</b> What matters is m = F + allowed + 1: whatever has been found is mended,
 * and allowed are those that stay. There is no grid of thresholds to share δ between, and an error
 * that is found, by choice or by draw, makes all earlier draws worth more. One may look after every
 * item.
 *
 * <p>Not thread-safe.
 */
public final class RemainingErrors {
  private final double logTarget;
  private double[] fractions = new double[64];
  private int[] foundBefore = new int[64];
  private int draws;
  private int found;
  private double logPenalties;

  /**
   * Begins without evidence.
   *
   * @param errorProbability with which {@link #isAtMost} may ever be wrong, δ, in (0, 1)
   */
  public RemainingErrors(double errorProbability) {
    if (!(errorProbability > 0 && errorProbability < 1)) {
      throw new IllegalArgumentException(
          "errorProbability must be in (0, 1), but was " + errorProbability);
    }
    logTarget = -Math.log(errorProbability);
  }

  /** Takes in an item that was chosen. It proves nothing, but if it was wrong it is so no more. */
  public void chosen(boolean isWrong) {
    found += isWrong ? 1 : 0;
  }

  /**
   * Takes in an item that was drawn.
   *
   * @param fraction κ, fixed before the draw, at least 0 and below the least probability with which
   *     any item was going to be drawn
   * @param probability with which this one was, in (0, 1]
   */
  public void drawn(double fraction, double probability, boolean isWrong) {
    if (!(probability > 0 && probability <= 1 && fraction >= 0 && fraction < probability)) {
      throw new IllegalArgumentException(
          "fraction must be in [0, probability) and probability in (0, 1], but they were "
              + fraction
              + " and "
              + probability);
    }
    if (draws == fractions.length) {
      fractions = Arrays.copyOf(fractions, 2 * draws);
      foundBefore = Arrays.copyOf(foundBefore, 2 * draws);
    }
    fractions[draws] = fraction;
    foundBefore[draws] = found;
    draws++;
    if (isWrong) {
      logPenalties += Math.log1p(-fraction / probability);
      found++;
    }
  }

  /** Wrong items found so far, chosen or drawn. */
  public int found() {
    return found;
  }

  /** Items drawn so far. */
  public int draws() {
    return draws;
  }

  /**
   * Logarithm of the stake against "more than so many are left".
   *
   * @param allowed at least 0; more than any set could hold gives infinity
   */
  public double logStake(double allowed) {
    return logPenalties + logGains(allowed);
  }

  private double logGains(double allowed) {
    double least = found + allowed + 1;
    double gains = 0;
    for (int i = 0; i < draws; i++) {
      double kept = 1 - fractions[i] * (least - foundBefore[i]);
      if (kept <= 0) {
        return Double.POSITIVE_INFINITY; // so many were not even there
      }
      gains -= Math.log(kept);
    }
    return gains;
  }

  /** What is still to be won, in natural logarithms; at most 0 if it is proven. */
  public double missing(double allowed) {
    return logTarget - logStake(allowed);
  }

  /** Whether it is proven that at most so many wrong ones are left. */
  public boolean isAtMost(int allowed) {
    if (allowed < 0) {
      throw new IllegalArgumentException("allowed must be >= 0, but was " + allowed);
    }
    return missing(allowed) <= 0;
  }
}
