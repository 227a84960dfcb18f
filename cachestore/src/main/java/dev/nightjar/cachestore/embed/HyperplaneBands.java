package dev.nightjar.cachestore.embed;

import dev.nightjar.cachestore.Embedding;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * Locality-sensitive hashing by random hyperplanes (Charikar 2002). A hash's bit says on which side
 * of a plane a vector lies; two vectors at angle θ agree on a bit with probability 1 − θ/π. A band
 * is sixteen bits, and brings an unrelated pair (cosine 0.2) together with probability 0.0001.
 * There are as many bands as it takes to find a pair at the least cosine in question with
 * probability 0.98 in one of them: 45 at 0.90; and never fewer than 20, which do so at 0.95.
 *
 * <p>The planes come from a fixed seed: the hash of a vector is the same on every machine, and the
 * first bands are the same for every bound. Immutable and thread-safe.
 */
public final class HyperplaneBands {
  /** Below it takes ever more bands: 151 at 0.80. */
  public static final double SIMILARITY_MIN = 0.9;

  private static final double RECALL = 0.98;
  private static final int BANDS_MIN = 20;
  private static final int BITS = 16;
  private static final long SEED = 20_260_101L;

  private final float[][] planes;

  /**
   * Draws the planes.
   *
   * @param dimensions of the vectors to hash
   * @param similarityMin least cosine of the pairs to be found, at least {@link #SIMILARITY_MIN}
   */
  public HyperplaneBands(int dimensions, double similarityMin) {
    if (!(similarityMin >= SIMILARITY_MIN)) {
      throw new IllegalArgumentException(
          "similarityMin must be >= " + SIMILARITY_MIN + ", but was " + similarityMin);
    }
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(SEED);
    planes = new float[bands(similarityMin) * BITS][dimensions];
    for (float[] plane : planes) {
      for (int i = 0; i < dimensions; i++) {
        plane[i] = (float) random.nextGaussian();
      }
    }
  }

  private static int bands(double similarityMin) {
    double bit = 1 - Math.acos(Math.min(1, similarityMin)) / Math.PI;
    double missed = 1 - Math.pow(bit, BITS);
    return missed <= 0
        ? BANDS_MIN
        : Math.max(BANDS_MIN, (int) Math.ceil(Math.log(1 - RECALL) / Math.log(missed)));
  }

  /** The hash of a vector in each band. */
  public List<Integer> of(Embedding embedding) {
    float[] values = embedding.toArray();
    int[] bands = new int[planes.length / BITS];
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
