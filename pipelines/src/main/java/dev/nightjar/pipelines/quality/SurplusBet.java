package dev.nightjar.pipelines.quality;

/**
 * Bets that the rest of a night, delivered by a policy, falls short of its target by no more than
 * what is in hand.
 *
 * <p><b>Method.</b> A text's surplus under a policy is how right its delivered answer is, less what
 * the target asks of it; a night holds its target if the surpluses of its texts sum to at least 0.
 * The texts whose surplus is known and the rest of the night come from where texts come from, so
 * the known ones are a draw without replacement of all of them. If all n + N of them summed to S,
 * the next of the known ones would be expected at μ = (S − those before) / (those left), and
 *
 * <pre>Π (1 + κ · (surplus − μ))</pre>
 *
 * has an expectation of 1 for stakes κ that look back only; it ever reaches 1/δ with probability at
 * most δ (betting without replacement; Waudby-Smith and Ramdas 2024). It falls in S, so one
 * hypothesis is tested: that of the largest S at which the night would be below target, S = what is
 * known − what is in hand. Surpluses need not be of two values, and the chance of tonight's texts
 * is in it as well as that of the known ones.
 *
 * <p>Stateless and thread-safe.
 */
public final class SurplusBet {
  /** Of what could be lost wholly, a surplus of -1 where one of μ is expected, the most staked. */
  private static final double STAKE_MAX = 0.95;

  /** Of surpluses before any is seen: one text in ten is answered otherwise than it should be. */
  private static final double VARIANCE_GUESS = 0.1;

  private static final double GUESS_WEIGHT = 10;
  private static final double VARIANCE_MIN = 0.005;

  private SurplusBet() {}

  /**
   * Whether the rest is proven to hold.
   *
   * @param surpluses of the known texts, each in [-1, 1], in an order that was drawn
   * @param inHand surplus of the night's texts that are not of the rest
   * @param rest how many texts the policy will deliver
   * @param errorProbability δ, in (0, 1), with which this may be wrong
   */
  public static boolean isProven(
      double[] surpluses, double inHand, int rest, double errorProbability) {
    if (rest < 0 || !(errorProbability > 0 && errorProbability < 1)) {
      throw new IllegalArgumentException(
          "rest must be >= 0 and errorProbability in (0, 1), but they were "
              + rest
              + " and "
              + errorProbability);
    }
    if (inHand >= rest) {
      return true; // nothing could use it up
    }
    double logTarget = -Math.log(errorProbability);
    double left = -inHand;
    for (double surplus : surpluses) {
      left += surplus;
    }
    int texts = surpluses.length + rest;
    double sum = 0;
    double squares = GUESS_WEIGHT * VARIANCE_GUESS;
    double logStake = 0;
    for (int i = 0; i < surpluses.length; i++) {
      double mean = sum / (i + GUESS_WEIGHT);
      double variance = Math.max(VARIANCE_MIN, squares / (i + GUESS_WEIGHT) - mean * mean);
      double expected = left / (texts - i);
      // The limit falls in S, as a factor has to; what it limits looks back only.
      double stake =
          Math.min(
              STAKE_MAX / (1 + Math.max(0, expected)),
              Math.sqrt(2 * logTarget / (surpluses.length * variance)));
      logStake += Math.log1p(stake * (surpluses[i] - expected));
      left -= surpluses[i];
      sum += surpluses[i];
      squares += surpluses[i] * surpluses[i];
    }
    return logStake >= logTarget;
  }
}
