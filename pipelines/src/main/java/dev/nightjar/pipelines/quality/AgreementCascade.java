package dev.nightjar.pipelines.quality;

import java.io.Serializable;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/**
 * Decides which of a cheap model's answers a large model must check, so that of what is delivered
 * at least a given share agrees with the large model, with a given confidence. Whoever is checked
 * is delivered with the large model's answer; all others with the cheap one's.
 *
 * <p><b>Guarantee.</b> If {@link #isProven} ever says so, then with the stated confidence the
 * unchecked answers hold at most {@link #allowed} disagreements: for any answers, any scores,
 * however badly calibrated, and any rule of when to stop. It is {@link RemainingErrors}' bet, of
 * which there is one: neither thresholds nor looks have to share the probability of error.
 *
 * <p><b>Method.</b> In waves, some answers are <i>chosen</i>, those most likely to be wrong,
 * because an error that is found is mended; and some are <i>drawn</i> at random, the doubtful more
 * often ({@link DrawDesign}), which proves what is left. How much of each is worth it is reckoned
 * anew before each wave from the error rates guessed so far ({@link ErrorModel}): choosing goes on
 * down to where one more choice saves less than one draw. A cascade of thresholds (BARGAIN;
 * Zeighami, Shankar and Parameswaran 2025) draws alike wherever the doubt is and proves each prefix
 * by itself; on the same labels this checks between a half and a third as much.
 *
 * <p>The same random numbers and outcomes give the same checks. Not thread-safe.
 */
public final class AgreementCascade {
  /**
   * An answer to check.
   *
   * @param item its place in the list that the cascade began with
   * @param fraction staked on it, at least 0; 0 if it was chosen
   * @param probability with which it was drawn, in (0, 1]; 1 if it was chosen
   */
  public record Check(int item, double fraction, double probability) implements Serializable {
    boolean isDrawn() {
      return fraction > 0;
    }
  }

  /**
   * What a plan expects.
   *
   * @param chosenStrata how many of the most doubtful strata to check wholly
   * @param choices answers in them
   * @param draws beside them
   */
  private record Plan(int chosenStrata, double choices, double draws) {
    double checks() {
      return choices + draws;
    }
  }

  /** Before this nothing is chosen: the guesses are the scores' own. */
  private static final int PILOT_DRAWS = 32;

  /** A plan that costs so much more than the best is past the minimum. */
  private static final double WORSE = 1.1;

  private static final double WORSE_CHECKS = 20;

  /** Growth below this proves nothing in any time. */
  private static final double GROWTH_MIN = 1e-9;

  private final RandomGenerator random;
  private final int allowed;
  private final Strata strata;
  private final ErrorModel model;
  private final RemainingErrors stake;
  private final int[] checked;
  private final int[] wrong;
  private final Deque<Check> open = new ArrayDeque<>();

  /**
   * Begins without evidence.
   *
   * @param answers all that are to be delivered
   * @param agreementMin least share of them that agrees with the large model, in [0, 1]
   * @param confidence with which it does, in (0, 1)
   * @param random for the draws; whoever can foresee it can break the guarantee
   */
  public AgreementCascade(
      List<CheapAnswer> answers, double agreementMin, double confidence, RandomGenerator random) {
    if (!(agreementMin >= 0 && agreementMin <= 1) || !(confidence > 0 && confidence < 1)) {
      throw new IllegalArgumentException(
          "agreementMin must be in [0, 1] and confidence in (0, 1), but they were "
              + agreementMin
              + " and "
              + confidence);
    }
    this.random = random;
    // A hair above, or .98 of 100 would leave one and not two.
    allowed = (int) Math.floor((1 - agreementMin) * answers.size() + 1e-9);
    strata = new Strata(answers, random);
    model = new ErrorModel(strata.groups(), strata.admitted());
    stake = new RemainingErrors(1 - confidence);
    checked = new int[strata.count()];
    wrong = new int[strata.count()];
  }

  /** How many disagreements may be delivered. */
  public int allowed() {
    return allowed;
  }

  /** Whether the rest may be delivered unchecked. True at the latest when no more is left. */
  public boolean isProven() {
    return strata.itemsLeft() + open.size() <= allowed || stake.isAtMost(allowed);
  }

  /**
   * The next wave of checks. {@link #observe} wants their outcomes in this order, before the next
   * wave.
   *
   * @param checksMax at least 1
   * @return at least one, unless all has been checked
   */
  public List<Check> next(int checksMax) {
    if (checksMax < 1 || !open.isEmpty()) {
      throw new IllegalStateException(
          "checksMax must be >= 1 and no check open, but they were "
              + checksMax
              + " and "
              + open.size());
    }
    double[] rates = model.rates(checked, wrong);
    int[] order =
        IntStream.range(0, strata.count())
            .filter(s -> strata.left(s) > 0)
            .boxed()
            .sorted(Comparator.comparingDouble(s -> -rates[s]))
            .mapToInt(Integer::intValue)
            .toArray();
    List<Check> checks = new ArrayList<>();
    if (order.length == 0) {
      return checks;
    }
    Plan plan = plan(order, rates);
    if (stake.draws() >= PILOT_DRAWS) {
      // Both go on side by side: draws tell where choices are worth it.
      long choices = (long) Math.ceil(checksMax * plan.choices() / Math.max(1, plan.checks()));
      for (int at = 0; at < plan.chosenStrata() && checks.size() < choices; at++) {
        while (strata.left(order[at]) > 0 && checks.size() < choices) {
          checks.add(new Check(strata.take(order[at]), 0, 1));
        }
      }
    }
    draw(checks, checksMax, rates);
    open.addAll(checks);
    return List.copyOf(checks);
  }

  /**
   * Where to stop choosing: the plan of fewest checks, over all numbers of most doubtful strata.
   */
  private Plan plan(int[] order, double[] rates) {
    int[] rest = strata.left();
    double missing = stake.missing(allowed);
    double worthOfAnError = missing - stake.missing(allowed + 1.0);
    double choices = 0;
    double errors = 0;
    Plan best = new Plan(order.length, strata.itemsLeft(), 0);
    for (int at = 0; at < order.length; at++) {
      double growth = DrawDesign.best(rest, rates, allowed + 1.0).growth();
      // An error found makes the draws so far worth more: it may be no less than one more.
      double open = Math.max(0, missing - worthOfAnError * errors);
      if (growth > GROWTH_MIN) {
        Plan plan = new Plan(at, choices, open / growth);
        if (plan.checks() < best.checks()) {
          best = plan;
        } else if (plan.checks() > WORSE * best.checks() + WORSE_CHECKS) {
          break;
        }
      }
      int stratum = order[at];
      choices += rest[stratum];
      errors += rest[stratum] * rates[stratum];
      rest[stratum] = 0;
    }
    return best;
  }

  /** Draws, one after the other, what a wave has room for. */
  private void draw(List<Check> checks, int checksMax, double[] rates) {
    if (checks.size() == checksMax || strata.itemsLeft() == 0) {
      return;
    }
    DrawDesign design = DrawDesign.best(strata.left(), rates, allowed + 1.0);
    double[] weights = design.probabilities();
    while (checks.size() < checksMax && strata.itemsLeft() > 0) {
      double sum = 0;
      for (int s = 0; s < weights.length; s++) {
        sum += strata.left(s) * weights[s];
      }
      double at = random.nextDouble() * sum;
      int drawn = -1;
      for (int s = 0; s < weights.length && at >= 0; s++) {
        if (strata.left(s) > 0) {
          drawn = s;
          at -= strata.left(s) * weights[s];
        }
      }
      // One draw of fewer: what is left is more likely, and so is the stake's least one.
      checks.add(new Check(strata.take(drawn), design.fraction() / sum, weights[drawn] / sum));
    }
  }

  /**
   * Takes in how a check ended.
   *
   * @param isWrong whether the large model's answer is another; also if it has none, and then the
   *     item may not be delivered with the cheap one
   */
  public void observe(Check check, boolean isWrong) {
    if (!check.equals(open.peek())) {
      throw new IllegalStateException(check + " is not the check whose outcome is next");
    }
    open.remove();
    int stratum = strata.of(check.item());
    checked[stratum]++;
    if (isWrong) {
      wrong[stratum]++;
    }
    if (check.isDrawn()) {
      stake.drawn(check.fraction(), check.probability(), isWrong);
    } else {
      stake.chosen(isWrong);
    }
  }
}
