package dev.nightjar.emulator;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.util.List;
import java.util.Objects;

/**
 * What the emulated providers charge, by their own price file. Thread-safe.
 *
 * <p>This is deliberately not the product's code: a ledger that equals this invoice has been
 * checked by something that did not make the same mistake.
 */
public final class Invoice {

  /**
   * A line: one request that was billed.
   *
   * @param provider openai or anthropic
   * @param batchId the batch it came in; empty for a synchronous request
   * @param customId its name in the batch; empty for a synchronous request
   * @param model model
   * @param promptTokens all input, cached or not
   * @param outputTokens output
   * @param usd exact
   */
  public record Line(
      String provider,
      String batchId,
      String customId,
      String model,
      long promptTokens,
      long outputTokens,
      BigDecimal usd) {}

  private final JsonNode prices;
  private final Storage storage;

  Invoice(Storage storage) {
    this.storage = storage;
    try (InputStream file =
        Objects.requireNonNull(Invoice.class.getResourceAsStream("prices.json"), "prices.json")) {
      prices = Json.MAPPER.readTree(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  boolean sells(String model) {
    return prices.has(model);
  }

  long cacheFromTokens(String model) {
    return prices.get(model).get("cache_from_tokens").asLong();
  }

  BigDecimal amount(String model, Usage usage, boolean batch) {
    JsonNode price = prices.get(model);
    JsonNode band = price.path("long");
    if (!band.isMissingNode() && usage.prompt() > band.get("above").asLong()) {
      price = band;
    }
    BigDecimal perMillion =
        rate(price, "input", usage.input())
            .add(rate(price, "cached", usage.cached()))
            .add(rate(price, "write_short", usage.write5m()))
            .add(rate(price, "write_long", usage.write1h()))
            .add(rate(price, "output", usage.output()));
    BigDecimal usd = perMillion.movePointLeft(6);
    return batch ? usd.multiply(new BigDecimal("0.5")) : usd;
  }

  private static BigDecimal rate(JsonNode price, String name, long tokens) {
    if (tokens == 0) {
      return BigDecimal.ZERO;
    }
    return new BigDecimal(price.get(name).asText()).multiply(BigDecimal.valueOf(tokens));
  }

  /** Everything billed so far, oldest first. */
  public List<Line> lines() {
    return storage.invoiceLines();
  }

  /** The sum of all lines, exact. */
  public BigDecimal total() {
    return lines().stream().map(Line::usd).reduce(BigDecimal.ZERO, BigDecimal::add);
  }
}
