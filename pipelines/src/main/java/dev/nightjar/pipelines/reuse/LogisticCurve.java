package dev.nightjar.pipelines.reuse;

import java.util.List;

/**
 * A probability as a logistic function of one number, fitted by Newton's method with a ridge.
 * Immutable and thread-safe.
 *
 * @param level logit at 0
 * @param slope of the logit
 * @param levelPrecision curvature of the log likelihood in the level
 * @param mixedPrecision curvature in both
 * @param slopePrecision curvature in the slope
 */
public record LogisticCurve(
    double level,
    double slope,
    double levelPrecision,
    double mixedPrecision,
    double slopePrecision) {
  /**
   * One outcome.
   *
   * @param at where
   * @param isOne whether it happened
   * @param weight at least 0
   */
  public record Point(double at, boolean isOne, double weight) {}

  private static final int STEPS_MAX = 50;
  private static final double PRECISION = 1e-7;

  /**
   * The longest step in level and slope together: a full one overshoots where outcomes separate.
   */
  private static final double STEP_MAX = 4;

  /**
   * The curve that makes outcomes likeliest.
   *
   * @param ridge how much large levels and slopes are held back, above 0, so that there is a curve
   *     even where outcomes separate
   */
  public static LogisticCurve fit(List<Point> points, double ridge) {
    LogisticCurve curve = new LogisticCurve(0, 0, 0, 0, 0);
    for (int step = 0; step < STEPS_MAX; step++) {
      double levelGradient = -ridge * curve.level;
      double slopeGradient = -ridge * curve.slope;
      double h00 = ridge;
      double h01 = 0;
      double h11 = ridge;
      for (Point point : points) {
        double p = curve.at(point.at());
        double residual = point.weight() * ((point.isOne() ? 1 : 0) - p);
        double information = point.weight() * p * (1 - p);
        levelGradient += residual;
        slopeGradient += residual * point.at();
        h00 += information;
        h01 += information * point.at();
        h11 += information * point.at() * point.at();
      }
      double determinant = h00 * h11 - h01 * h01;
      double levelStep = (h11 * levelGradient - h01 * slopeGradient) / determinant;
      double slopeStep = (h00 * slopeGradient - h01 * levelGradient) / determinant;
      double length = Math.abs(levelStep) + Math.abs(slopeStep);
      double scale = Math.min(1, STEP_MAX / Math.max(length, PRECISION));
      curve =
          new LogisticCurve(
              curve.level + scale * levelStep, curve.slope + scale * slopeStep, h00, h01, h11);
      if (length < PRECISION) {
        break;
      }
    }
    return curve;
  }

  /** The probability at a place. */
  public double at(double x) {
    return 1 / (1 + Math.exp(-level - slope * x));
  }
}
