package dev.nightjar.emulator;

import java.math.BigDecimal;
import java.util.List;

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
   * @param provider openai, anthropic or gemini
   * @param batchId the batch it came in; empty for a synchronous request
   * @param customId its name in the batch; empty for a synchronous request
   * @param model model
   * @param usage tokens by class
   * @param usd exact
   */
  public record Line(
      String provider,
      String batchId,
      String customId,
      String model,
      Usage usage,
      BigDecimal usd) {}

  private final Storage storage;

  Invoice(Storage storage) {
    this.storage = storage;
  }

  /** Everything billed so far, oldest first; all of it in memory. */
  public List<Line> lines() {
    return storage.invoiceLines();
  }

  /** The sum of all lines in US dollars, exact; cheap at any length. */
  public BigDecimal total() {
    return storage.invoiceTotal();
  }

  /** The tokens of all lines by class; cheap at any length. */
  public Usage usage() {
    return storage.invoiceUsage();
  }

  /** How many lines there are; cheap at any length. */
  public long count() {
    return storage.invoiceCount();
  }

  /** The custom ids that have more than one line, over all batches; empty when all is well. */
  public List<String> billedTwice() {
    return storage.invoicedTwice();
  }

  /** How many different custom ids have been billed. */
  long distinctCustomIds() {
    return storage.invoiceCustomIds();
  }
}
