package dev.nightjar.pipelines.route;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.nightjar.cachestore.Embedding;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class AnswerPredictorTest {
  private static Embedding near(int axis, Random random) {
    float[] values = new float[8];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (0.2 * random.nextGaussian()) + (i == axis ? 1 : 0);
    }
    return Embedding.of(values);
  }

  /** Of two kinds of text the first model answers one, the second the other. */
  private static AnswerPredictor trained() {
    Random random = new Random(1);
    List<String> texts = new ArrayList<>();
    List<Embedding> vectors = new ArrayList<>();
    double[][] scores = new double[400][];
    for (int i = 0; i < scores.length; i++) {
      texts.add("text " + i % 2);
      vectors.add(near(i % 2, random));
      boolean usual = random.nextInt(10) > 0;
      scores[i] = i % 2 == 0 == usual ? new double[] {1, 0} : new double[] {0, 1};
    }
    return AnswerPredictor.train(texts, vectors, scores);
  }

  @Test
  void eachModelIsExpectedToAnswerWhatItAnsweredNearby() {
    AnswerPredictor predictor = trained();
    Random random = new Random(2);
    double first = 0;
    for (int i = 0; i < 100; i++) {
      double[] of = predictor.predict("text 0", near(0, random));
      assertThat(of[0]).isGreaterThan(0.6).isGreaterThan(of[1]);
      first += of[0] / 100;
    }
    assertThat(first).as("right in nine of ten").isCloseTo(0.9, within(0.1));
  }

  @Test
  void whatIsLikeNothingKnownGetsTheMean() {
    assertThat(
            AnswerPredictor.train(
                    List.of("a"), List.of(near(0, new Random(1))), new double[][] {{0.3}})
                .predict("a", near(5, new Random(1)))[0])
        .isCloseTo(0.3, within(1e-9));
  }

  @Test
  void listsOfUnequalLengthAreRefused() {
    assertThatThrownBy(() -> AnswerPredictor.train(List.of(), List.of(), new double[0][]))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
