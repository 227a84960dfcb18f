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
  /** OpenAI's models in a resource of one's own at Azure, which has an address of its own. */
  AZURE("https://RESOURCE.openai.azure.com", "AZURE_OPENAI"),
  GROQ("https://api.groq.com"),
  /** Alibaba's Model Studio; its address outside Singapore is another. */
  DASHSCOPE("https://dashscope-intl.aliyuncs.com"),
  MISTRAL("https://api.mistral.ai"),
  /** A server of one's own that speaks OpenAI's chat completions, as vLLM does. */
  SELF_HOSTED("http://127.0.0.1:8000");

  private final String baseUrl;
  private final String variables;

  Provider(String baseUrl) {
    this(baseUrl, "");
  }

  Provider(String baseUrl, String variables) {
    this.baseUrl = baseUrl;
    this.variables = variables;
  }

  /** What the names of its environment variables begin with. */
  private String variables() {
    return variables.isEmpty() ? name() : variables;
  }

  /** The environment variable that holds the API key. */
  public String keyVariable() {
    return variables() + "_API_KEY";
  }

  /** The environment variable that holds another address than {@link #baseUrl}. */
  public String baseUrlVariable() {
    return variables() + "_BASE_URL";
  }

  /** Where the provider itself answers, without a path. */
  public String baseUrl() {
    return baseUrl;
  }

  /** The name in task files and in the database. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Whether it answers where one's own is only, which somebody has to say. */
  public boolean isOnesOwn() {
    return this == SELF_HOSTED || this == AZURE;
  }

  /** Parses a {@link #label}. */
  public static Provider ofLabel(String label) {
    return valueOf(label.toUpperCase(Locale.ROOT));
  }
}
