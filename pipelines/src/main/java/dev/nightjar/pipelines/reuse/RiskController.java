package dev.nightjar.pipelines.reuse;

import dev.nightjar.cachestore.Evidence;
import dev.nightjar.cachestore.LearntThreshold;
import dev.nightjar.cachestore.ReuseBounds;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalDouble;
import org.apache.commons.math3.distribution.BetaDistribution;

/**
 * Learns the least vote at which borrowed answers are wrong no more often than a task allows.
 *
 * <p><b>Method.</b> For each threshold on a grid the hypothesis "of the texts that vote at least
 * this much, more than {@code maxError} would get a wrong answer" is tested by betting against it:
 * each sampled look-up multiplies a stake by a likelihood ratio whose expectation is at most 1 if
 * the hypothesis is true, so by Ville's inequality the stake ever reaches 1/δ with probability at
 * most δ (Waudby-Smith and Ramdas 2024, "Estimating means of bounded random variables by betting").
 * A hypothesis so rejected stays rejected, and one may look as often as one likes. The thresholds
 * are tested in sequence from strict to lenient, from four fixed starts that share δ, as Learn then
 * Test does (Angelopoulos, Bates, Candès, Jordan and Lei 2021); so the most lenient threshold
 * reached is right with probability 1 − δ at all times together. Sampling is by a share that is
 * fixed before the look-up, which leaves the bets fair (Xu, Karampatziakis and Mineiro 2024,
 * "Active, anytime-valid risk controlling prediction sets").
 *
 * <p><b>Order.</b> A stake may be looked at at any time only if what is taken in next says nothing
 * of what is left out. Answers that come back are no such order: easy texts are answered first,
 * hard ones after escalations, or not at all, and a rejection stands. So outcomes are taken in run
 * by run, each run's when all of it is known, in order of hashes ({@link
 * dev.nightjar.cachestore.LearningStore#evidence}); one may look at the ends of runs together.
 *
 * <p><b>Copies.</b> Near-duplicates of one night share a paid answer, and their outcomes are no
 * independent draws. Of the right ones one counts, and none if another was wrong; of the wrong ones
 * all do. A stake is then at most what it would be if each text were a draw, and at most what it
 * would be if copies were one: copies prove nothing, and their errors are counted. The bet on a
 * drift takes one outcome of each paid answer, or one wrong text with five copies would be one.
 *
 * <p><b>What it assumes:</b> texts and answers keep coming from where they came from, and the error
 * among texts that vote at least a threshold does not rise as the cache grows and entries gain a
 * record. The score is not a fixed function of the text, so the second is no consequence of the
 * first; more and better neighbours make it likely, and on Banking77 it holds (ADR 9). Both are
 * watched: a second bet, that errors among hits have become more frequent than allowed, restarts
 * whenever it has lost everything (an e-detector; Shin, Ramdas and Rinaldo 2023). When it has won a
 * thousandfold, everything learnt so far is dropped, and with it the threshold. What is learnt
 * between two drifts is a promise of its own. The first may be wrong with probability 0.9 δ, the
 * one after k drifts with 0.1 δ · 6/(πk)²: all of them together with δ, however often an alarm,
 * true or false, begins anew.
 *
 * <p>The state depends on the evidence and its order alone. Not thread-safe.
 */
public final class RiskController {
  private static final double STRICTEST = 0.99;
  private static final double STEP = 0.01;
  private static final int THRESHOLDS = 98;

  /** Where sequences begin: with few entries no vote is high, with many most are. */
  private static final int[] STARTS = {2, 6, 12, 24};

  /** Error rates bet on, as shares of the one allowed; the stake is split among them. */
  private static final double[] BETTER = {0, 0.3, 0.6};

  private static final double[] WORSE = {1.5, 2.5, 5};

  /** Look-ups between two false alarms, at the least on average (the e-detector's run length). */
  private static final double DRIFT_ODDS = 1_000;

  /** Of the probability of error, for what is learnt before any drift: most never see one. */
  private static final double FIRST_SHARE = 0.9;

  /** Verified look-ups that are all sampled, before sampling thins out. */
  private static final int FULLY_SAMPLED = 100;

  private final double maxError;
  private final double confidence;
  private final double[][] stakes = new double[THRESHOLDS][BETTER.length];
  private final boolean[] rejected = new boolean[THRESHOLDS];
  private final double[] drift = new double[WORSE.length];
  private final long[] seen = new long[THRESHOLDS];
  private final long[] wrong = new long[THRESHOLDS];
  private int evidence;
  private int drifts;

  /**
   * Begins without evidence.
   *
   * @param maxError largest share of wrong hits allowed, in (0, 0.5]
   * @param confidence with which it is kept, in [0.5, 1)
   */
  public RiskController(double maxError, double confidence) {
    if (!(maxError > 0 && maxError <= 0.5) || !(confidence >= 0.5 && confidence < 1)) {
      throw new IllegalArgumentException(
          "maxError must be in (0, 0.5] and confidence in [0.5, 1), but they were "
              + maxError
              + " and "
              + confidence);
    }
    this.maxError = maxError;
    this.confidence = confidence;
  }

  /** Takes in the outcome of a sampled look-up. */
  public void observe(Evidence outcome) {
    if (outcome.score() >= outcome.threshold() && !outcome.isCopy()) {
      watchForDrift(outcome.isRight());
    }
    if (outcome.isRight() && (outcome.isCopy() || outcome.isDisputed())) {
      return;
    }
    evidence++;
    for (int i = THRESHOLDS - 1; i >= 0 && outcome.score() >= threshold(i); i--) {
      seen[i]++;
      wrong[i] += outcome.isRight() ? 0 : 1;
      double stake = 0;
      for (int j = 0; j < BETTER.length; j++) {
        stakes[i][j] += logRatio(BETTER[j] * maxError, outcome.isRight());
        stake += Math.exp(stakes[i][j]);
      }
      rejected[i] |= stake / BETTER.length >= STARTS.length / errorProbability();
    }
  }

  /** Of what is learnt before the next drift. Summed over any number of drifts: 1 - confidence. */
  private double errorProbability() {
    double share =
        drifts == 0 ? FIRST_SHARE : (1 - FIRST_SHARE) * 6 / (Math.PI * Math.PI * drifts * drifts);
    return (1 - confidence) * share;
  }

  private static double threshold(int i) {
    return STRICTEST - i * STEP;
  }

  /** Likelihood of an outcome at an error rate, over that at the rate allowed. */
  private double logRatio(double rate, boolean isRight) {
    return isRight ? Math.log((1 - rate) / (1 - maxError)) : Math.log(rate / maxError);
  }

  private void watchForDrift(boolean isRight) {
    double odds = 0;
    for (int j = 0; j < WORSE.length; j++) {
      drift[j] = Math.max(drift[j], 0) + logRatio(Math.min(WORSE[j] * maxError, 0.9), isRight);
      odds += Math.exp(drift[j]);
    }
    if (odds / WORSE.length >= DRIFT_ODDS) {
      Arrays.stream(stakes).forEach(stake -> Arrays.fill(stake, 0));
      Arrays.fill(rejected, false);
      Arrays.fill(drift, 0);
      Arrays.fill(seen, 0);
      Arrays.fill(wrong, 0);
      evidence = 0;
      drifts++;
    }
  }

  /** Least vote for a hit; {@link ReuseBounds#NEVER} while nothing is proven. */
  public double threshold() {
    return mostLenient().map(RiskController::threshold).orElse(ReuseBounds.NEVER);
  }

  private Optional<Integer> mostLenient() {
    int best = -1;
    for (int start : STARTS) {
      for (int i = start; i < THRESHOLDS && rejected[i]; i++) {
        best = Math.max(best, i);
      }
    }
    return best < 0 ? Optional.empty() : Optional.of(best);
  }

  /**
   * Upper bound on the share of wrong hits at the threshold, from the evidence alone (Clopper and
   * Pearson 1934); empty without a threshold. It describes: what is promised is {@code maxError},
   * for this bound is taken at a threshold and a time that the evidence chose.
   */
  public OptionalDouble errorBound() {
    Optional<Integer> at = mostLenient();
    if (at.isEmpty()) {
      return OptionalDouble.empty();
    }
    long n = seen[at.get()];
    long k = wrong[at.get()];
    return OptionalDouble.of(
        k >= n
            ? 1
            : new BetaDistribution(null, k + 1.0, (double) n - k)
                .inverseCumulativeProbability(confidence));
  }

  /**
   * Share of look-ups to ask whatever their score. All while there is no threshold, for then all
   * are asked anyway; later ever fewer, down to what the task allows for it.
   *
   * @param shareMin the least share, in (0, 1]: it keeps drift in sight
   */
  public double shadowShare(double shareMin) {
    return mostLenient().isEmpty()
        ? 1
        : Math.max(shareMin, Math.min(1, (double) FULLY_SAMPLED / Math.max(1, evidence)));
  }

  /**
   * What a run begins with.
   *
   * @param policy digest of what decides and compares
   * @param shadowShareMin as in {@link #shadowShare}
   */
  public LearntThreshold learnt(String policy, double shadowShareMin) {
    OptionalDouble bound = errorBound();
    return new LearntThreshold(
        threshold(),
        policy,
        maxError,
        confidence,
        bound.isPresent() ? bound.getAsDouble() : null,
        shadowShare(shadowShareMin),
        evidence,
        driftFound());
  }

  /** Sampled look-ups taken in since the last drift. */
  public int evidence() {
    return evidence;
  }

  /** Whether evidence was dropped because errors had become more frequent. */
  public boolean driftFound() {
    return drifts > 0;
  }
}
