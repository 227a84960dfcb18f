package dev.nightjar.cachestore;

import java.io.Serializable;
import java.util.Arrays;

/**
 * A text's position in embedding space: unit length, so that the dot product is the cosine.
 * Immutable; compared by value.
 */
public final class Embedding implements Serializable {
  private static final long serialVersionUID = 1L;

  private final float[] values;

  private Embedding(float[] values) {
    this.values = values;
  }

  /**
   * Takes a copy.
   *
   * @throws IllegalArgumentException if there are no values or one is not finite
   */
  public static Embedding of(float[] values) {
    if (values.length == 0) {
      throw new IllegalArgumentException("an embedding must have dimensions > 0, but had 0");
    }
    for (float value : values) {
      if (!Float.isFinite(value)) {
        throw new IllegalArgumentException("an embedding's values must be finite");
      }
    }
    return new Embedding(values.clone());
  }

  public int dimensions() {
    return values.length;
  }

  public float get(int dimension) {
    return values[dimension];
  }

  public float[] toArray() {
    return values.clone();
  }

  /** Cosine of the angle between this and another unit vector of the same dimensions. */
  public double cosine(Embedding other) {
    double sum = 0;
    for (int i = 0; i < values.length; i++) {
      sum += (double) values[i] * other.values[i];
    }
    return sum;
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof Embedding e && Arrays.equals(values, e.values);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(values);
  }

  @Override
  public String toString() {
    return "Embedding(" + values.length + ")";
  }
}
