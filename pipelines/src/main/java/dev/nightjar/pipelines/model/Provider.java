package dev.nightjar.pipelines.model;

import dev.nightjar.cachestore.PackingLimits;
import java.util.Locale;

/** Who sells models. Adding one means a constant here and a client in the submit package. */
public enum Provider {
  /** Files and Batches API: 50,000 requests and 200 MB a file, one model each. */
  OPENAI("OPENAI_API_KEY", "https://api.openai.com", new PackingLimits(50_000, 190L << 20)),
  /**
   * Message Batches API: 100,000 requests or 256 MB. The SDK holds a batch in memory, hence less.
   */
  ANTHROPIC("ANTHROPIC_API_KEY", "https://api.anthropic.com", new PackingLimits(20_000, 64L << 20));

  private final String keyVariable;
  private final String baseUrl;
  private final PackingLimits limits;

  Provider(String keyVariable, String baseUrl, PackingLimits limits) {
    this.keyVariable = keyVariable;
    this.baseUrl = baseUrl;
    this.limits = limits;
  }

  /** The environment variable that holds the API key. */
  public String keyVariable() {
    return keyVariable;
  }

  /** Where the provider itself answers. */
  public String baseUrl() {
    return baseUrl;
  }

  /** How large a submission may be. */
  public PackingLimits limits() {
    return limits;
  }

  /** The name in task files and in the database. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Parses a {@link #label}. */
  public static Provider ofLabel(String label) {
    return valueOf(label.toUpperCase(Locale.ROOT));
  }
}
