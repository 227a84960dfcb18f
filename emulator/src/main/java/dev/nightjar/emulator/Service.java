package dev.nightjar.emulator;

import java.math.BigDecimal;

/** What a request is served as, which has a price of its own. */
enum Service {
  STANDARD("1"),
  /** At the batch price. */
  FLEX("1"),
  /** OpenAI's background answers within two hours. */
  WITHIN_2H("0.7"),
  /** OpenAI's background answers within eight hours. */
  WITHIN_8H("0.6"),
  /** Anthropic's, computed in the United States. */
  US("1.1");

  private final BigDecimal factor;

  Service(String factor) {
    this.factor = new BigDecimal(factor);
  }

  /** Of the list price, or of the batch price in a batch. */
  BigDecimal factor() {
    return factor;
  }
}
