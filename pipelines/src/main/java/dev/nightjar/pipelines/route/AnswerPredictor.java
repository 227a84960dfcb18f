package dev.nightjar.pipelines.route;

import dev.nightjar.cachestore.Embedding;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.CholeskyDecomposition;
import org.apache.commons.math3.linear.RealMatrix;

/**
 * How likely each of several models is to answer a text rightly, from how they answered others.
 *
 * <p><b>Method.</b> The mean of two guesses: a ridge regression of the models' scores on the text's
 * vector and a few lexical features, all models on the same terms; and the scores of all known
 * texts, weighted by a kernel of their cosine, drawn to each model's mean by a pseudo-text at a
 * fixed distance (neighbours with shrinkage; in the manner of Avengers-Pro). The two err apart: on
 * LLMRouter's questions, in five folds, the mean is as good as the best single model at .46 of its
 * price, the regression alone at .49 to .54, the neighbours alone at .52 to .75.
 *
 * <p>Guesses are calibrated by straight lines, one a model, through what each half of the texts
 * says of the other: means of means are too timid.
 *
 * <p>Immutable and thread-safe after training; the same texts in the same order give the same
 * model.
 */
public final class AnswerPredictor {
  private static final double RIDGE = 30;

  /** Cosine over which a known text's weight falls to 1/e. */
  private static final double SCALE = 0.1;

  /** What speaks for the mean: so many texts at this cosine. */
  private static final double PRIOR_TEXTS = 3;

  private static final double PRIOR_COSINE = 0.65;

  /** Vectors have unit length; features are to weigh as much as some of their components. */
  private static final double FEATURE_WEIGHT = 0.1;

  /** Fewer texts than this calibrate nothing. */
  private static final int CALIBRATION_MIN = 200;

  /** How cosines are found; whoever asks for the same ones again and again may keep them. */
  public interface Cosines {
    /** Reckons them. */
    Cosines RECKONED =
        (one, others) -> others.stream().mapToDouble(other -> one.cosine(other)).toArray();

    double[] of(Embedding one, List<Embedding> others);
  }

  private final Cosines cosines;
  private final List<Embedding> vectors;
  private final double[][] scores;
  private final double[] means;
  private final double[] center;
  private final double[][] coefficients;
  private final double[] levels;
  private final double[] slopes;

  private AnswerPredictor(
      Cosines cosines,
      List<Embedding> vectors,
      double[][] scores,
      double[] means,
      double[] center,
      double[][] coefficients,
      double[] levels,
      double[] slopes) {
    this.cosines = cosines;
    this.vectors = vectors;
    this.scores = scores;
    this.means = means;
    this.center = center;
    this.coefficients = coefficients;
    this.levels = levels;
    this.slopes = slopes;
  }

  /**
   * Learns from known texts.
   *
   * @param texts at least one
   * @param vectors of the texts
   * @param scores of each text, how right each model was, in [0, 1]
   */
  public static AnswerPredictor train(
      List<String> texts, List<Embedding> vectors, double[][] scores) {
    return train(texts, vectors, scores, Cosines.RECKONED);
  }

  /** The same with cosines from elsewhere. */
  public static AnswerPredictor train(
      List<String> texts, List<Embedding> vectors, double[][] scores, Cosines cosines) {
    AnswerPredictor trained = uncalibrated(texts, vectors, scores, cosines);
    if (texts.size() < CALIBRATION_MIN) {
      return trained;
    }
    double[][] held = new double[scores.length][];
    // Drawn, not every second one: corpora come in patterns.
    int[] halfOf = new Random(1).ints(scores.length, 0, 2).toArray();
    for (int half = 0; half < 2; half++) {
      int kept = half;
      int[] rows = IntStream.range(0, scores.length).filter(i -> halfOf[i] == kept).toArray();
      AnswerPredictor other =
          uncalibrated(
              IntStream.of(rows).mapToObj(texts::get).toList(),
              IntStream.of(rows).mapToObj(vectors::get).toList(),
              IntStream.of(rows).mapToObj(i -> scores[i]).toArray(double[][]::new),
              cosines);
      IntStream.range(0, scores.length)
          .filter(i -> halfOf[i] != kept)
          .parallel()
          .forEach(i -> held[i] = other.predict(texts.get(i), vectors.get(i)));
    }
    return trained.calibrated(held);
  }

  /** Straightens each model's guesses by those for texts that were held out, by least squares. */
  private AnswerPredictor calibrated(double[][] held) {
    double[] guessed = means(held);
    double[] slopes = new double[means.length];
    double[] levels = new double[means.length];
    for (int m = 0; m < slopes.length; m++) {
      double together = 0;
      double alone = 1e-9;
      for (int i = 0; i < held.length; i++) {
        together += (held[i][m] - guessed[m]) * (scores[i][m] - means[m]);
        alone += (held[i][m] - guessed[m]) * (held[i][m] - guessed[m]);
      }
      slopes[m] = Math.max(0, together / alone);
      levels[m] = means[m] - slopes[m] * guessed[m];
    }
    return new AnswerPredictor(
        cosines, vectors, scores, means, center, coefficients, levels, slopes);
  }

  private static AnswerPredictor uncalibrated(
      List<String> texts, List<Embedding> vectors, double[][] scores, Cosines cosines) {
    if (texts.isEmpty() || texts.size() != vectors.size() || texts.size() != scores.length) {
      throw new IllegalArgumentException(
          "texts, vectors and scores must be as many and at least 1, but they were "
              + texts.size()
              + ", "
              + vectors.size()
              + " and "
              + scores.length);
    }
    int n = scores.length;
    int models = scores[0].length;
    double[][] features = new double[n][];
    for (int i = 0; i < n; i++) {
      features[i] = features(texts.get(i), vectors.get(i));
    }
    double[] center = means(features);
    double[] means = means(scores);
    int width = center.length;
    double[][] squares = new double[width][width];
    double[][] products = new double[width][models];
    for (int i = 0; i < n; i++) {
      double[] row = features[i];
      for (int a = 0; a < width; a++) {
        row[a] -= center[a];
      }
      for (int a = 0; a < width; a++) {
        for (int m = 0; m < models; m++) {
          products[a][m] += row[a] * (scores[i][m] - means[m]);
        }
      }
    }
    addSquares(squares, features);
    for (int a = 0; a < width; a++) {
      squares[a][a] += RIDGE;
      for (int b = 0; b < a; b++) {
        squares[b][a] = squares[a][b];
      }
    }
    RealMatrix solved =
        new CholeskyDecomposition(new Array2DRowRealMatrix(squares, false))
            .getSolver()
            .solve(new Array2DRowRealMatrix(products, false));
    double[] slopes = new double[models];
    Arrays.fill(slopes, 1);
    return new AnswerPredictor(
        cosines,
        List.copyOf(vectors),
        scores.clone(),
        means,
        center,
        solved.getData(),
        new double[models],
        slopes);
  }

  /** Adds the rows' products below the diagonal; four rows at a time, or memory is the limit. */
  private static void addSquares(double[][] squares, double[][] rows) {
    double[] none = new double[squares.length];
    for (int i = 0; i < rows.length; i += 4) {
      double[] one = rows[i];
      double[] two = i + 1 < rows.length ? rows[i + 1] : none;
      double[] three = i + 2 < rows.length ? rows[i + 2] : none;
      double[] four = i + 3 < rows.length ? rows[i + 3] : none;
      for (int a = 0; a < squares.length; a++) {
        double[] sums = squares[a];
        for (int b = 0; b <= a; b++) {
          sums[b] =
              sums[b] + one[a] * one[b] + two[a] * two[b] + three[a] * three[b] + four[a] * four[b];
        }
      }
    }
  }

  /** Of each model, the probability that it answers a text rightly, in [0, 1]. */
  public double[] predict(String text, Embedding vector) {
    double[] row = features(text, vector);
    double[] near = new double[means.length];
    double prior = PRIOR_TEXTS * Math.exp((PRIOR_COSINE - 1) / SCALE);
    double sum = prior;
    double[] cosine = cosines.of(vector, vectors);
    for (int i = 0; i < scores.length; i++) {
      double weight = Math.exp((cosine[i] - 1) / SCALE);
      sum += weight;
      for (int m = 0; m < near.length; m++) {
        near[m] += weight * scores[i][m];
      }
    }
    double[] predicted = new double[means.length];
    for (int m = 0; m < predicted.length; m++) {
      double linear = means[m];
      for (int a = 0; a < row.length; a++) {
        linear += (row[a] - center[a]) * coefficients[a][m];
      }
      double neighbours = (near[m] + prior * means[m]) / sum;
      double guess = levels[m] + slopes[m] * (linear + neighbours) / 2;
      predicted[m] = Math.min(1, Math.max(0, guess));
    }
    return predicted;
  }

  private static double[] features(String text, Embedding vector) {
    int size = vector.dimensions();
    double[] features = new double[size + 3];
    for (int a = 0; a < size; a++) {
      features[a] = vector.get(a);
    }
    long digits = text.codePoints().filter(Character::isDigit).count();
    long lines = text.codePoints().filter(c -> c == '\n').count();
    features[size] = FEATURE_WEIGHT * Math.log1p(text.length());
    features[size + 1] = FEATURE_WEIGHT * Math.log1p(digits);
    features[size + 2] = FEATURE_WEIGHT * Math.log1p(lines);
    return features;
  }

  private static double[] means(double[][] rows) {
    double[] means = new double[rows[0].length];
    for (double[] row : rows) {
      for (int a = 0; a < means.length; a++) {
        means[a] += row[a] / rows.length;
      }
    }
    return means;
  }
}
