package dev.nightjar.pipelines.reuse;

import dev.nightjar.cachestore.ErrorBound;
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
 * each outcome multiplies a stake by a factor whose expectation is at most 1 if the hypothesis is
 * true, so by Ville's inequality the stake ever reaches 1/δ with probability at most δ
 * (Waudby-Smith and Ramdas 2024, "Estimating means of bounded random variables by betting"). A
 * hypothesis so rejected stays rejected, and one may look as often as one likes. The thresholds are
 * tested in sequence from strict to lenient, as Learn then Test does (Angelopoulos, Bates, Candès,
 * Jordan and Lei 2021); so the most lenient threshold reached is right with probability 1 − δ at
 * all times together. Per request the hypothesis is "of all texts, more than {@code maxError} would
 * be hits and wrong": a text that votes less is a right outcome.
 *
 * <p><b>Where the sequence begins.</b> A strict threshold has too few texts to prove anything, a
 * lenient one too many errors. The first outcomes, {@value #SCOUTS_MAX} at bounds up to 5 %, bet on
 * nothing: the curve fitted to them says at which threshold the stake will grow fastest, and there
 * the sequence begins. Four fixed ones that share δ would have to prove it four times as surely.
 * Per request the strictest is proven as fast as any.
 *
 * <p><b>Propensity.</b> Below the threshold in force every text is asked, above it those that were
 * drawn. An outcome's bet is scaled by the run's least propensity over its own, so that a text
 * counts the same on average however likely it was to be seen (Xu, Karampatziakis and Mineiro 2024,
 * "Active, anytime-valid risk controlling prediction sets").
 *
 * <p><b>Caution.</b> The proof takes for granted that a threshold's error does not rise as the
 * cache grows. So a threshold that is proven is used only as far as the curve fitted to the last
 * {@value #RECENT} outcomes, each over its propensity, keeps the error below {@value #CAUTION} of
 * what is allowed: on 5,608 questions of 14 kinds, where it does rise, 8 of 60 streams were above
 * the bound without, and 0 of 40 with it. It only ever makes the threshold stricter.
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
 * first (ADR 9). Both are watched, by caution and by a second bet, that errors have become more
 * frequent than allowed, which restarts whenever it has lost everything (an e-detector; Shin,
 * Ramdas and Rinaldo 2023). When it has won a thousandfold, everything learnt so far is dropped,
 * and with it the threshold. What is learnt between two drifts is a promise of its own. The first
 * may be wrong with probability 0.9 δ, the one after k drifts with 0.1 δ · 6/(πk)²: all of them
 * together with δ, however often an alarm, true or false, begins anew.
 *
 * <p>The state depends on the evidence and its order alone. Not thread-safe.
 */
public final class RiskController {
  private static final double STRICTEST = 0.99;
  private static final double STEP = 0.01;
  private static final int THRESHOLDS = 98;

  /** Most outcomes that bet on nothing; between 300 and 700 all the same. */
  private static final int SCOUTS_MAX = 400;

  /** Errors at the rate allowed that they would hold: a lenient bound needs fewer. */
  private static final double SCOUT_ERRORS = 20;

  private static final int UNDECIDED = -1;

  /**
   * Error rate bet on, as a share of the one allowed. At a third of the bound stakes grow as fast
   * as they can, at two thirds no more; three rates that shared the stake gave .01 hits fewer.
   */
  private static final double BETTER = 0.45;

  private static final double[] WORSE = {1.5, 2.5, 5};

  /** Look-ups between two false alarms, at the least on average (the e-detector's run length). */
  private static final double DRIFT_ODDS = 1_000;

  /** Of the probability of error, for what is learnt before any drift: most never see one. */
  private static final double FIRST_SHARE = 0.9;

  /** Verified look-ups that are all drawn, before drawing thins out. */
  private static final int FULLY_SAMPLED = 50;

  /** Outcomes that say how a threshold errs by now. */
  private static final int RECENT = 1_500;

  /** Of the error allowed, what the recent curve may reach. */
  private static final double CAUTION = 0.8;

  private final ErrorBound bound;
  private final RecentOutcomes scouts;
  private final RecentOutcomes recent = new RecentOutcomes(RECENT);
  private final double[] stakes = new double[THRESHOLDS];
  private final boolean[] rejected = new boolean[THRESHOLDS];
  private final double[] drift = new double[WORSE.length];
  private final double[] seen = new double[THRESHOLDS];
  private final double[] wrong = new double[THRESHOLDS];
  private int start;
  private int evidence;
  private double drawn;
  private int drifts;

  /** Begins without evidence. */
  public RiskController(ErrorBound bound) {
    this.bound = bound;
    double scoutErrors = bound.isPerRequest() ? SCOUT_ERRORS / 2 : SCOUT_ERRORS;
    this.scouts =
        new RecentOutcomes((int) Math.ceil(Math.min(SCOUTS_MAX, scoutErrors / bound.maxError())));
    this.start = UNDECIDED;
  }

  private void forget() {
    scouts.clear();
    recent.clear();
    Arrays.fill(stakes, 0);
    Arrays.fill(rejected, false);
    Arrays.fill(drift, 0);
    Arrays.fill(seen, 0);
    Arrays.fill(wrong, 0);
    start = UNDECIDED;
    evidence = 0;
    drawn = 0;
  }

  /** Takes in the outcome of a look-up that was asked. */
  public void observe(Evidence outcome) {
    if (!outcome.isCopy() && (outcome.isHit() || bound.isPerRequest())) {
      watchForDrift(!outcome.isHit() || outcome.isRight(), outcome.weight());
    }
    if (outcome.isRight() && (outcome.isCopy() || outcome.isDisputed())) {
      return;
    }
    evidence++;
    drawn += outcome.weight();
    recent.add(outcome);
    if (start == UNDECIDED) {
      scouts.add(outcome);
      start = scouts.isFull() ? bestStart() : UNDECIDED;
      return;
    }
    for (int i = THRESHOLDS - 1; i >= start; i--) {
      boolean isAbove = outcome.score() >= threshold(i);
      if (!isAbove && !bound.isPerRequest()) {
        return;
      }
      boolean isRight = !isAbove || outcome.isRight();
      seen[i] += outcome.weight();
      wrong[i] += isRight ? 0 : outcome.weight();
      stakes[i] += logFactor(BETTER, isRight, outcome.weight());
      rejected[i] |= stakes[i] >= -Math.log(errorProbability());
    }
  }

  /** Where the stake will grow fastest, as far as the first outcomes can tell. */
  private int bestStart() {
    if (bound.isPerRequest()) {
      return 0;
    }
    RecentOutcomes.Curve curve = scouts.curve();
    int best = 0;
    double fastest = 0;
    for (int i = 0; i < THRESHOLDS; i++) {
      double above = curve.above(threshold(i));
      double wrongAbove = curve.wrongAbove(threshold(i));
      double growth =
          (above - wrongAbove) * logFactor(BETTER, true, 1)
              + wrongAbove * logFactor(BETTER, false, 1);
      if (growth > fastest) {
        fastest = growth;
        best = i;
      }
    }
    return best;
  }

  /** Of what is learnt before the next drift. Summed over any number of drifts: 1 - confidence. */
  private double errorProbability() {
    double share =
        drifts == 0 ? FIRST_SHARE : (1 - FIRST_SHARE) * 6 / (Math.PI * Math.PI * drifts * drifts);
    return (1 - bound.confidence()) * share;
  }

  private static double threshold(int i) {
    return STRICTEST - i * STEP;
  }

  /**
   * Likelihood of an outcome at a multiple of the error rate allowed, over that at the rate
   * allowed, as far from 1 as its weight says.
   */
  private double logFactor(double multiple, boolean isRight, double weight) {
    double rate = Math.min(multiple * bound.maxError(), 0.9);
    double ratio = isRight ? (1 - rate) / (1 - bound.maxError()) : rate / bound.maxError();
    return Math.log1p(weight * (ratio - 1));
  }

  private void watchForDrift(boolean isRight, double weight) {
    double odds = 0;
    for (int j = 0; j < WORSE.length; j++) {
      drift[j] = Math.max(drift[j], 0) + logFactor(WORSE[j], isRight, weight);
      odds += Math.exp(drift[j]);
    }
    if (odds / WORSE.length >= DRIFT_ODDS) {
      forget();
      drifts++;
    }
  }

  /** Least vote for a hit; {@link ReuseBounds#NEVER} while nothing is proven. */
  public double threshold() {
    return inForce().map(RiskController::threshold).orElse(ReuseBounds.NEVER);
  }

  /** The most lenient threshold that is proven and that caution allows. */
  private Optional<Integer> inForce() {
    if (start == UNDECIDED || !rejected[start]) {
      return Optional.empty();
    }
    RecentOutcomes.Curve curve = recent.curve();
    int best = UNDECIDED;
    boolean isReached = true;
    for (int i = 0; i < THRESHOLDS && isReached; i++) {
      isReached = i <= start || rejected[i];
      double of = bound.isPerRequest() ? curve.above(0) : curve.above(threshold(i));
      if (isReached && curve.wrongAbove(threshold(i)) <= CAUTION * bound.maxError() * of) {
        best = i;
      }
    }
    return best == UNDECIDED ? Optional.empty() : Optional.of(best);
  }

  /**
   * Upper bound on the share of wrong outcomes at the threshold, from the evidence alone (Clopper
   * and Pearson 1934); empty without a threshold. It describes: what is promised is {@code
   * maxError}, for this bound is taken at a threshold and a time that the evidence chose.
   */
  public OptionalDouble errorBound() {
    return inForce()
        .map(at -> OptionalDouble.of(clopperPearson(Math.max(at, start))))
        .orElse(OptionalDouble.empty());
  }

  private double clopperPearson(int at) {
    return wrong[at] >= seen[at]
        ? 1
        : new BetaDistribution(null, wrong[at] + 1, seen[at] - wrong[at])
            .inverseCumulativeProbability(bound.confidence());
  }

  /**
   * Share of would-be hits to ask all the same. All while there is no threshold, for then all are
   * asked anyway; later ever fewer, down to what the task allows for it.
   *
   * @param shareMin the least share, in (0, 1]: it keeps drift in sight
   */
  public double shadowShare(double shareMin) {
    return inForce().isPresent()
        ? Math.max(shareMin, Math.min(1, FULLY_SAMPLED / Math.max(1, drawn)))
        : 1;
  }

  /**
   * What a run begins with.
   *
   * @param policy digest of what decides and compares
   * @param shadowShareMin as in {@link #shadowShare}
   */
  public LearntThreshold learnt(String policy, double shadowShareMin) {
    OptionalDouble errorBound = errorBound();
    return new LearntThreshold(
        threshold(),
        policy,
        bound,
        errorBound.isPresent() ? errorBound.getAsDouble() : null,
        shadowShare(shadowShareMin),
        evidence,
        driftFound());
  }

  /** Outcomes taken in since the last drift. */
  public int evidence() {
    return evidence;
  }

  /** Whether evidence was dropped because errors had become more frequent. */
  public boolean driftFound() {
    return drifts > 0;
  }
}
