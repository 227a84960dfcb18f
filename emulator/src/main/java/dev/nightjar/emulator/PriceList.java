package dev.nightjar.emulator;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Clock;
import java.time.Instant;
import java.util.Objects;

/** What the emulated providers sell, and for how much. Thread-safe. */
final class PriceList {
  private static final BigDecimal BATCH = new BigDecimal("0.5");

  /** The finest amount: 1e-12 dollars, so that sums fit into 64 bits. */
  private static final int SCALE = 12;

  private final JsonNode prices;
  private final Clock clock;

  PriceList(Clock clock) {
    this.clock = clock;
    try (InputStream file =
        Objects.requireNonNull(PriceList.class.getResourceAsStream("prices.json"), "prices.json")) {
      prices = Json.MAPPER.readTree(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  boolean sells(String model) {
    return prices.has(model);
  }

  /** How many tokens a prompt's prefix must have to be cached at all. */
  long cacheFromTokens(String model) {
    return prices.get(model).get("cache_from_tokens").asLong();
  }

  /** What the invoice says of one executed request; no batch id for one asked by itself. */
  Invoice.Line line(
      String provider,
      String batchId,
      String customId,
      Models.Completion completion,
      boolean batch) {
    return new Invoice.Line(
        provider,
        batchId,
        customId,
        completion.model(),
        completion.usage(),
        amount(completion, batch));
  }

  /** In dollars, exact. */
  private BigDecimal amount(Models.Completion completion, boolean inBatch) {
    String model = completion.model();
    Usage usage = completion.usage();
    boolean batch = inBatch || completion.service() == Service.FLEX;
    JsonNode price = prices.get(model);
    JsonNode later = price.path("later");
    if (!later.isMissingNode()
        && !clock.instant().isBefore(Instant.parse(later.get("from").asText()))) {
      price = later;
    }
    JsonNode band = price.path("long");
    if (!band.isMissingNode() && usage.prompt() > band.get("above").asLong()) {
      price = band;
    }
    BigDecimal cached = rate(price, "cached", usage.cached());
    BigDecimal others =
        rate(price, "input", usage.input())
            .add(rate(price, "write_short", usage.write5m()))
            .add(rate(price, "write_long", usage.write1h()))
            .add(rate(price, "output", usage.completion())); // reasoning is sold as output
    if (batch) {
      others = others.multiply(BATCH);
      // Gemini is alone in not halving what its cache served.
      cached = model.startsWith("gemini-") ? cached : cached.multiply(BATCH);
    }
    BigDecimal usd =
        others
            .add(cached)
            .multiply(completion.service().factor())
            .movePointLeft(6)
            .stripTrailingZeros();
    return usd.setScale(Math.max(0, Math.min(SCALE, usd.scale())), RoundingMode.UNNECESSARY);
  }

  private static BigDecimal rate(JsonNode price, String name, long tokens) {
    if (tokens == 0) {
      return BigDecimal.ZERO;
    }
    return new BigDecimal(price.get(name).asText()).multiply(BigDecimal.valueOf(tokens));
  }
}
