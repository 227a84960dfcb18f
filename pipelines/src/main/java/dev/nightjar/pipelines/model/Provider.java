package dev.nightjar.pipelines.model;

import java.util.Locale;

/**
 * Who sells models, or serves them. Adding one means a constant here, its class in the submit
 * package and a line in {@code Providers}; the contract test then runs on it.
 */
public enum Provider {
  OPENAI("https://api.openai.com"),
  ANTHROPIC("https://api.anthropic.com"),
  GEMINI("https://generativelanguage.googleapis.com"),
  /** A server of one's own that speaks OpenAI's chat completions, as vLLM does. */
  SELF_HOSTED("http://127.0.0.1:8000");

  private final String baseUrl;

  Provider(String baseUrl) {
    this.baseUrl = baseUrl;
  }

  /** The environment variable that holds the API key. */
  public String keyVariable() {
    return name() + "_API_KEY";
  }

  /** The environment variable that holds another address than {@link #baseUrl}. */
  public String baseUrlVariable() {
    return name() + "_BASE_URL";
  }

  /** Where the provider itself answers, without a path. */
  public String baseUrl() {
    return baseUrl;
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
