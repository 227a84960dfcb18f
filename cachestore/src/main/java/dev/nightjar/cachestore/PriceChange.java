package dev.nightjar.cachestore;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;

/**
 * A new price of one size of request, as a person states it: some rates, and a date. A price is a
 * set of bands with one date, so that the model's other bands come along; what is not stated keeps
 * its relation to what is: a cached token that cost a tenth of a plain one still does, also in
 * batches. Immutable.
 *
 * @param provider provider
 * @param model model
 * @param from from when on
 * @param above the band: requests with more input than this
 * @param input plain input, US dollars per million tokens, as all rates are
 * @param output the answer
 * @param reasoning output that nobody reads, if stated
 * @param cached input read from the provider's cache, if stated
 * @param write input written there for the short time, if stated
 * @param writeLong input written there for the long time, if stated
 * @param batchFactor what batches pay of each rate, if stated
 */
public record PriceChange(
    String provider,
    String model,
    Instant from,
    int above,
    BigDecimal input,
    BigDecimal output,
    Optional<BigDecimal> reasoning,
    Optional<BigDecimal> cached,
    Optional<BigDecimal> write,
    Optional<BigDecimal> writeLong,
    Optional<BigDecimal> batchFactor) {

  private static final BigDecimal BATCH_FACTOR = new BigDecimal("0.5");
  private static final MathContext DIGITS = new MathContext(12, RoundingMode.HALF_EVEN);
  private static final String SOURCE = "nightjar prices set";

  /**
   * The rows to add.
   *
   * @param before all bands of this model that are in force when the change begins; empty for a
   *     model without a price
   * @throws IllegalArgumentException if a rate is not positive
   */
  public List<Price> rows(List<Price> before) {
    List<Price> rows = new ArrayList<>();
    rows.add(changed(before));
    for (Price band : before) {
      // Those of the same date are there already.
      if (band.inputTokensAbove() != above && !band.effectiveFrom().equals(from)) {
        rows.add(
            new Price(
                provider,
                model,
                from,
                band.inputTokensAbove(),
                band.online(),
                band.batch(),
                band.cacheStorageUsdHour(),
                band.cacheableTokensMin(),
                band.contextTokensMax(),
                band.outputTokensMax(),
                SOURCE + " (as before)"));
      }
    }
    return rows;
  }

  private Price changed(List<Price> before) {
    Optional<Price> like =
        before.stream()
            .filter(band -> band.inputTokensAbove() == above)
            .findFirst()
            .or(() -> before.stream().findFirst());
    Optional<Price.Rates> was = like.map(Price::online);
    BigDecimal shortWrite =
        write.orElseGet(() -> related(input, was, Price.Rates::cacheWrite, Price.Rates::input));
    Price.Rates online =
        new Price.Rates(
            input,
            cached.orElseGet(
                () -> related(input, was, Price.Rates::cachedInput, Price.Rates::input)),
            shortWrite,
            writeLong.orElseGet(
                () ->
                    write.isPresent()
                        ? shortWrite
                        : related(input, was, Price.Rates::cacheWriteLong, Price.Rates::input)),
            output,
            reasoning.orElseGet(
                () -> related(output, was, Price.Rates::reasoning, Price.Rates::output)));
    return new Price(
        provider,
        model,
        from,
        above,
        online,
        batch(online, like),
        like.map(Price::cacheStorageUsdHour).orElse(BigDecimal.ZERO),
        like.map(Price::cacheableTokensMin).orElse(OptionalInt.empty()),
        like.map(Price::contextTokensMax).orElse(OptionalInt.empty()),
        like.map(Price::outputTokensMax).orElse(OptionalInt.empty()),
        SOURCE);
  }

  /** Class by class: Gemini's cached reads cost the same in a batch, while the rest is halved. */
  private Price.Rates batch(Price.Rates online, Optional<Price> like) {
    if (batchFactor.isPresent() || like.isEmpty()) {
      return online.times(batchFactor.orElse(BATCH_FACTOR));
    }
    return new Price.Rates(
        inBatch(online, like.get(), Price.Rates::input),
        inBatch(online, like.get(), Price.Rates::cachedInput),
        inBatch(online, like.get(), Price.Rates::cacheWrite),
        inBatch(online, like.get(), Price.Rates::cacheWriteLong),
        inBatch(online, like.get(), Price.Rates::output),
        inBatch(online, like.get(), Price.Rates::reasoning));
  }

  private static BigDecimal inBatch(
      Price.Rates online, Price like, Function<Price.Rates, BigDecimal> rate) {
    BigDecimal was = rate.apply(like.online());
    return was.signum() == 0
        ? rate.apply(like.batch())
        : scaled(rate.apply(online), rate.apply(like.batch()), was);
  }

  private static BigDecimal related(
      BigDecimal stated,
      Optional<Price.Rates> was,
      Function<Price.Rates, BigDecimal> rate,
      Function<Price.Rates, BigDecimal> statedRate) {
    return was.map(rates -> scaled(stated, rate.apply(rates), statedRate.apply(rates)))
        .orElse(stated);
  }

  private static BigDecimal scaled(BigDecimal stated, BigDecimal part, BigDecimal whole) {
    BigDecimal exact = stated.multiply(part).divide(whole, DIGITS).stripTrailingZeros();
    return exact.scale() < 0 ? exact.setScale(0) : exact;
  }
}
