package dev.nightjar.cachestore.embed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nightjar.cachestore.Embedding;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HyperplaneBandsTest {
  private static final int PAIRS = 1_000;

  @ParameterizedTest
  @CsvSource({"0.90, 45", "0.95, 20", "0.985, 20", "1, 20"})
  void pairsAtTheBoundShareABand(double similarity, int bands) {
    HyperplaneBands planes = new HyperplaneBands(EmbeddingModel.DIMENSIONS, similarity);
    Random random = new Random(1);
    int found = 0;
    for (int pair = 0; pair < PAIRS; pair++) {
      double[] one = unit(random);
      double[] other = at(similarity, one, random);
      List<Integer> hashes = planes.of(embedding(one));
      List<Integer> others = planes.of(embedding(other));
      assertThat(hashes).hasSize(bands);
      boolean isFound = false;
      for (int band = 0; band < bands; band++) {
        isFound |= hashes.get(band).equals(others.get(band));
      }
      found += isFound ? 1 : 0;
    }
    assertThat(found).as("of " + PAIRS).isGreaterThanOrEqualTo(970);
  }

  @Test
  void theFirstBandsAreTheSameForEveryBound() {
    Embedding text = embedding(unit(new Random(2)));
    assertThat(new HyperplaneBands(EmbeddingModel.DIMENSIONS, 0.9).of(text).subList(0, 20))
        .isEqualTo(new HyperplaneBands(EmbeddingModel.DIMENSIONS, 0.97).of(text));
  }

  @Test
  void aBoundThatWouldTakeHundredsOfBandsIsRefused() {
    assertThatThrownBy(() -> new HyperplaneBands(EmbeddingModel.DIMENSIONS, 0.89))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static double[] unit(Random random) {
    double[] vector = new double[EmbeddingModel.DIMENSIONS];
    for (int d = 0; d < vector.length; d++) {
      vector[d] = random.nextGaussian();
    }
    return scaled(vector, 1 / Math.sqrt(dot(vector, vector)));
  }

  /** At a cosine from a unit vector, in a random direction. */
  private static double[] at(double cosine, double[] from, Random random) {
    double[] aside = unit(random);
    double along = dot(aside, from);
    for (int d = 0; d < aside.length; d++) {
      aside[d] -= along * from[d];
    }
    double[] other = scaled(aside, Math.sqrt(1 - cosine * cosine) / Math.sqrt(dot(aside, aside)));
    for (int d = 0; d < other.length; d++) {
      other[d] += cosine * from[d];
    }
    return other;
  }

  private static double dot(double[] one, double[] other) {
    double sum = 0;
    for (int d = 0; d < one.length; d++) {
      sum += one[d] * other[d];
    }
    return sum;
  }

  private static double[] scaled(double[] vector, double by) {
    double[] scaled = new double[vector.length];
    for (int d = 0; d < vector.length; d++) {
      scaled[d] = vector[d] * by;
    }
    return scaled;
  }

  private static Embedding embedding(double[] vector) {
    float[] values = new float[vector.length];
    for (int d = 0; d < values.length; d++) {
      values[d] = (float) vector[d];
    }
    return Embedding.of(values);
  }
}
