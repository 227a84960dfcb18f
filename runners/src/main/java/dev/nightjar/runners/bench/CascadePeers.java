package dev.nightjar.runners.bench;

import java.util.Comparator;
import java.util.Random;
import java.util.stream.IntStream;

/** What {@link CascadeBenchmark} is compared with, over answers in order of confidence. */
final class CascadePeers {
  /** How a method ended: what it asked of the large model, and what it delivered wrongly. */
  record End(int calls, int wrong) {}

  private static final int PREFIXES = 20;

  /** A prefix that needs more than this share of all for its proof is given up. */
  private static final double PREFIX_LABELS_MAX = 0.02;

  private static final int NAIVE_LABELS = 1_000;

  private final boolean[] wrong;

  /** Answers' errors, the most confident first. */
  CascadePeers(double[] confidence, boolean[] isWrong) {
    int[] order =
        IntStream.range(0, confidence.length)
            .boxed()
            .sorted(Comparator.comparingDouble(i -> -confidence[i]))
            .mapToInt(Integer::intValue)
            .toArray();
    wrong = new boolean[order.length];
    for (int i = 0; i < order.length; i++) {
      wrong[i] = isWrong[order[i]];
    }
  }

  /** The longest prefix that keeps the target, known for nothing. */
  End hindsight(double target) {
    int errors = 0;
    int best = 0;
    int errorsAtBest = 0;
    for (int i = 0; i < wrong.length; i++) {
      errors += wrong[i] ? 1 : 0;
      if (errors <= (1 - target) * wrong.length + 1e-9) {
        best = i + 1;
        errorsAtBest = errors;
      }
    }
    return new End(wrong.length - best, errorsAtBest);
  }

  /** One sample; the longest prefix whose normal interval clears its need, of twenty looked at. */
  End naive(double target, double quantile, Random random) {
    int[] drawn = permutation(random);
    boolean[] bought = new boolean[wrong.length];
    for (int i = 0; i < Math.min(NAIVE_LABELS, drawn.length); i++) {
      bought[drawn[i]] = true;
    }
    int accepted = 0;
    for (int prefix = 1; prefix <= PREFIXES; prefix++) {
      int size = size(prefix);
      int seen = 0;
      int right = 0;
      for (int i = 0; i < size; i++) {
        seen += bought[i] ? 1 : 0;
        right += bought[i] && !wrong[i] ? 1 : 0;
      }
      double mean = seen == 0 ? 0 : (double) right / seen;
      double low = mean - quantile * Math.sqrt(mean * (1 - mean) / Math.max(1, seen));
      accepted = seen > 0 && low >= need(target, size) ? size : accepted;
    }
    return end(accepted, bought);
  }

  /**
   * BARGAIN's rule for accuracy (Zeighami, Shankar and Parameswaran 2025), repaired: from the most
   * confident prefix on, a sample shared by all is drawn until a bet without replacement proves
   * that the prefix is accurate enough; the first that cannot be proven ends it.
   */
  End bargain(double target, double errorProbability, Random random) {
    int[] drawn = permutation(random);
    boolean[] bought = new boolean[wrong.length];
    int labels = 0;
    int accepted = 0;
    for (int prefix = 1; prefix <= PREFIXES; prefix++) {
      int size = size(prefix);
      Bet bet = new Bet(size, need(target, size), errorProbability);
      int last = 0;
      int budget = labels + (int) (PREFIX_LABELS_MAX * wrong.length);
      for (int at = 0; at < drawn.length && !bet.isWon(); at++) {
        int item = drawn[at];
        if (item < size) {
          if (!bought[item]) {
            if (labels == budget) {
              break;
            }
            bought[item] = true;
            labels++;
          }
          bet.observe(!wrong[item]);
          last++;
        }
      }
      if (!bet.isWon() && last < size) {
        break;
      }
      accepted = bet.isWon() ? size : accepted;
    }
    return end(accepted, bought);
  }

  /** Waudby-Smith and Ramdas's predictable bets that a mean is larger, without replacement. */
  private static final class Bet {
    private final int size;
    private final double need;
    private final double errorProbability;
    private double logStake;
    private double sum;
    private double squares;
    private int seen;
    private boolean isWon;

    Bet(int size, double need, double errorProbability) {
      this.size = size;
      this.need = need;
      this.errorProbability = errorProbability;
      this.isWon = need <= 0;
    }

    void observe(boolean isRight) {
      double mean = (size * need - sum) / (size - seen);
      if (mean <= 0) {
        isWon = true;
        return;
      }
      double variance = (0.25 + squares) / (seen + 1.0);
      double bet =
          Math.min(
              0.75 / mean,
              Math.sqrt(
                  2
                      * Math.log(1 / errorProbability)
                      / (variance * (seen + 1.0) * Math.log(seen + 2.0))));
      double value = isRight ? 1 : 0;
      logStake += Math.log(Math.max(1e-12, 1 + bet * (value - Math.min(1, mean))));
      sum += value;
      seen++;
      double average = (0.5 + sum) / (seen + 1.0);
      squares += (value - average) * (value - average);
      isWon |= logStake >= Math.log(1 / errorProbability);
    }

    boolean isWon() {
      return isWon;
    }
  }

  /** How often a prefix must be right, if the rest goes to the large model. */
  private double need(double target, int size) {
    return (target * wrong.length - (wrong.length - size)) / size;
  }

  private int size(int prefix) {
    return (int) ((long) wrong.length * prefix / PREFIXES);
  }

  private End end(int accepted, boolean[] bought) {
    int calls = wrong.length - accepted;
    int delivered = 0;
    for (int i = 0; i < accepted; i++) {
      calls += bought[i] ? 1 : 0;
      delivered += wrong[i] && !bought[i] ? 1 : 0;
    }
    return new End(calls, delivered);
  }

  private int[] permutation(Random random) {
    int[] drawn = new int[wrong.length];
    for (int i = 0; i < drawn.length; i++) {
      int j = random.nextInt(i + 1);
      drawn[i] = drawn[j];
      drawn[j] = i;
    }
    return drawn;
  }
}
