package dev.nightjar.cachestore.embed;

import dev.nightjar.cachestore.Embedding;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * Locality-sensitive hashing by random hyperplanes (Charikar 2002). A hash's bit says on which side
 * of a plane a vector lies; two vectors at angle θ agree on a bit with probability 1 − θ/π. Sixteen
 * bands of twelve bits find a pair at cosine 0.95 with probability 0.994 and bring an unrelated
 * pair (cosine 0.2) together in a given band with probability 0.001.
 *
 * <p>The planes come from a fixed seed: the hash of a vector is the same on every machine.
 * Immutable and thread-safe.
 */
public final class HyperplaneBands {
  private static final int BANDS = 16;
  private static final int BITS = 12;
  private static final long SEED = 20_260_101L;

  private final float[][] planes;

  /**
   * Draws the planes.
   *
   * @param dimensions of the vectors to hash
   */
  public HyperplaneBands(int dimensions) {
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(SEED);
    planes = new float[BANDS * BITS][dimensions];
    for (float[] plane : planes) {
      for (int i = 0; i < dimensions; i++) {
        plane[i] = (float) random.nextGaussian();
      }
    }
  }

  /** The hash of a vector in each band. */
  public List<Integer> of(Embedding embedding) {
    float[] values = embedding.toArray();
    int[] bands = new int[BANDS];
    for (int plane = 0; plane < planes.length; plane++) {
      float side = 0;
      for (int i = 0; i < values.length; i++) {
        side += planes[plane][i] * values[i];
      }
      if (side > 0) {
        bands[plane / BITS] |= 1 << (plane % BITS);
      }
    }
    return Arrays.stream(bands).boxed().toList();
  }
}
