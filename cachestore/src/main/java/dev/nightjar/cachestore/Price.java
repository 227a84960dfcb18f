package dev.nightjar.cachestore;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.OptionalInt;

/**
 * One row of a price list: what a model costs from a date on, for requests above a size. All
 * amounts are US dollars per million tokens.
 *
 * @param provider provider
 * @param model model
 * @param effectiveFrom from when on
 * @param inputTokensAbove a request with more input than this is priced wholly by this row; 0 for
 *     the row of every request
 * @param online rates of a request that is asked by itself
 * @param batch rates of a request in a batch
 * @param cacheStorageUsdHour rent of an explicit cache, an hour
 * @param cacheableTokensMin shortest prefix that a provider caches, if it is known
 * @param contextTokensMax longest request, if it is known
 * @param outputTokensMax longest answer, if it is known
 * @param source where the figures come from
 */
public record Price(
    String provider,
    String model,
    Instant effectiveFrom,
    int inputTokensAbove,
    Rates online,
    Rates batch,
    BigDecimal cacheStorageUsdHour,
    OptionalInt cacheableTokensMin,
    OptionalInt contextTokensMax,
    OptionalInt outputTokensMax,
    String source) {

  /**
   * Rates by class of token.
   *
   * @param input plain input
   * @param cachedInput input read from the provider's cache
   * @param cacheWrite input written there for the short time
   * @param cacheWriteLong input written there for the long time
   * @param output the answer
   * @param reasoning output that nobody reads
   */
  public record Rates(
      BigDecimal input,
      BigDecimal cachedInput,
      BigDecimal cacheWrite,
      BigDecimal cacheWriteLong,
      BigDecimal output,
      BigDecimal reasoning) {

    public Rates {
      if (input.signum() <= 0 || output.signum() <= 0 || reasoning.signum() <= 0) {
        throw new IllegalArgumentException("rates of input, output and reasoning must be > 0");
      }
      if (cachedInput.signum() < 0 || cacheWrite.signum() < 0 || cacheWriteLong.signum() < 0) {
        throw new IllegalArgumentException("rates of the prompt cache must be >= 0");
      }
    }

    /** All of them at a part of this. */
    public Rates times(BigDecimal factor) {
      return new Rates(
          input.multiply(factor),
          cachedInput.multiply(factor),
          cacheWrite.multiply(factor),
          cacheWriteLong.multiply(factor),
          output.multiply(factor),
          reasoning.multiply(factor));
    }
  }

  public Price {
    if (inputTokensAbove < 0 || cacheStorageUsdHour.signum() < 0) {
      throw new IllegalArgumentException("inputTokensAbove and cache storage must be >= 0");
    }
  }
}
