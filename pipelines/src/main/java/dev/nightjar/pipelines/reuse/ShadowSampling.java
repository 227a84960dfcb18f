package dev.nightjar.pipelines.reuse;

/**
 * Which texts are asked whatever their neighbours say. The draw is the text's own key, which is a
 * SHA-256: it is as good as random, the same on every machine and at every retry, and fixed before
 * anybody looks at the neighbours, so that the sample is unbiased. Keys in the sample are smaller
 * than all others, so of near-duplicates one of the sample leads, if there is one, and is asked for
 * all. Stateless and thread-safe.
 */
public final class ShadowSampling {
  private static final int DIGITS = 13; // 52 bits: all that a double holds
  private static final double RANGE = 0x1p52;

  private ShadowSampling() {}

  /**
   * Whether a text is in the sample.
   *
   * @param itemKey SHA-256, hexadecimal
   * @param share of all texts, in [0, 1]
   */
  public static boolean isSampled(String itemKey, double share) {
    return fraction(itemKey) < share;
  }

  /** Where a key stands among all keys, in [0, 1): those of one set of texts are spread evenly. */
  public static double fraction(String itemKey) {
    return Long.parseLong(itemKey.substring(0, DIGITS), 16) / RANGE;
  }
}
