package dev.nightjar.pipelines.reuse;

import dev.nightjar.cachestore.Evidence;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * The last outcomes of look-ups, and how often a vote is wrong by them: a curve, for the few errors
 * at high votes say too little by themselves. Not thread-safe.
 */
final class RecentOutcomes {
  /** Votes nearer to 0 or 1 are taken for this: their logits are beyond all others. */
  private static final double EDGE = 1e-4;

  private static final double RIDGE = 1e-6;

  private final int size;
  private final Deque<LogisticCurve.Point> points = new ArrayDeque<>();

  /**
   * Begins empty.
   *
   * @param size how many are kept, at least 1
   */
  RecentOutcomes(int size) {
    this.size = size;
  }

  /** Takes in one, and lets the oldest go if there are too many. */
  void add(Evidence outcome) {
    points.addLast(
        new LogisticCurve.Point(
            logit(outcome.score()), !outcome.isRight(), 1 / outcome.propensity()));
    if (points.size() > size) {
      points.removeFirst();
    }
  }

  void clear() {
    points.clear();
  }

  boolean isFull() {
    return points.size() == size;
  }

  /** Fits the curve to what there is now. */
  Curve curve() {
    List<LogisticCurve.Point> all = new ArrayList<>(points);
    return new Curve(all, LogisticCurve.fit(all, RIDGE));
  }

  private static double logit(double score) {
    double inside = Math.min(1 - EDGE, Math.max(EDGE, score));
    return Math.log(inside / (1 - inside));
  }

  /** Outcomes with the curve fitted to them. */
  record Curve(List<LogisticCurve.Point> points, LogisticCurve wrong) {
    /** How many texts vote at least this much, those not asked included. */
    double above(double threshold) {
      double logit = logit(threshold);
      return points.stream()
          .filter(p -> p.at() >= logit)
          .mapToDouble(LogisticCurve.Point::weight)
          .sum();
    }

    /** How many of them are wrong by the curve. */
    double wrongAbove(double threshold) {
      double logit = logit(threshold);
      return points.stream()
          .filter(p -> p.at() >= logit)
          .mapToDouble(p -> p.weight() * wrong.at(p.at()))
          .sum();
    }
  }
}
