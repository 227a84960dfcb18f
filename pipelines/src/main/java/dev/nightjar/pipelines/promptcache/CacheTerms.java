package dev.nightjar.pipelines.promptcache;

/**
 * What a provider's prompt cache costs and allows, for one model, way of asking and time to live.
 *
 * @param plain USD of a token that the cache has no part in
 * @param read USD of a token that it serves
 * @param write USD of a token that it is given
 * @param tokensMin the shortest prefix that it keeps; a shorter one is charged as plain, unsaid
 * @param marksMax how many prefixes of one request may be marked
 */
public record CacheTerms(double plain, double read, double write, int tokensMin, int marksMax) {
  public CacheTerms {
    if (!(plain > 0) || read < 0 || read > plain || write < plain) {
      throw new IllegalArgumentException(
          "expected 0 <= read <= plain <= write and plain > 0: %s, %s, %s"
              .formatted(read, plain, write));
    }
    if (tokensMin < 1 || marksMax < 0) {
      throw new IllegalArgumentException("tokensMin must be >= 1 and marksMax >= 0");
    }
  }

  /** What a marked token costs on average that is served with a probability, and else written. */
  public double marked(double hitRate) {
    return write - hitRate * (write - read);
  }

  /** The hit rate above which a mark pays for itself, from its second request on. */
  public double breakEven() {
    return write == read ? 0 : (write - plain) / (write - read);
  }
}
