package dev.nightjar.emulator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Providers that speak OpenAI's files and batches, each with what it has of its own. Sources stand
 * in {@code docs/providers.md}.
 */
enum OpenAiDialect {
  OPENAI("openai", "file-", "/v1/chat/completions", "24h", 200L << 20, 50_000),
  AZURE("azure", "assistant-", "/chat/completions", "24h", 200L << 20, 100_000),
  GROQ("groq", "file_", "/v1/chat/completions", "24h|[1-7]d", 100L << 20, 50_000),
  DASHSCOPE("dashscope", "input-", "/v1/chat/completions", "\\d+[hd]", 500L << 20, 50_000),
  /** Its batches are jobs of their own shape; its files and chat completions are OpenAI's. */
  MISTRAL("mistral", "6d697374-", "/v1/chat/completions", "24h", 512L << 20, 1_000_000);

  private static final Map<String, String> MISTRAL_STATES =
      Map.of(
          "validating", "QUEUED",
          "in_progress", "RUNNING",
          "finalizing", "RUNNING",
          "completed", "SUCCESS",
          "failed", "FAILED",
          "expired", "TIMEOUT_EXCEEDED",
          "cancelling", "CANCELLATION_REQUESTED",
          "cancelled", "CANCELLED");

  private static final Map<String, String> AZURE_STATES =
      Map.of(
          "validating", "Validating",
          "in_progress", "InProgress",
          "finalizing", "Finalizing",
          "completed", "Completed",
          "failed", "Failed",
          "expired", "Expired",
          "cancelling", "Cancelling",
          "cancelled", "Cancelled");

  private static final List<String> TIMES =
      List.of(
          "created_at",
          "in_progress_at",
          "expires_at",
          "finalizing_at",
          "completed_at",
          "failed_at",
          "expired_at",
          "cancelling_at",
          "cancelled_at");

  /** In storage, and on the invoice. */
  final String label;

  /** What the ids of its files begin with; they differ so that none is another's. */
  final String filePrefix;

  /** What a create calls chat completions; lines say {@code /v1/chat/completions}. */
  final String chatEndpoint;

  final long uploadBytesMax;
  final int requestsMax;

  private final Pattern windows;

  OpenAiDialect(
      String label,
      String filePrefix,
      String chatEndpoint,
      String windows,
      long uploadBytesMax,
      int requestsMax) {
    this.label = label;
    this.filePrefix = filePrefix;
    this.chatEndpoint = chatEndpoint;
    this.windows = Pattern.compile(windows);
    this.uploadBytesMax = uploadBytesMax;
    this.requestsMax = requestsMax;
  }

  /** Whose a call is; its path is OpenAI's afterwards. */
  static OpenAiDialect of(Exchange exchange) {
    OpenAiDialect dialect =
        switch (exchange.segment(0)) {
          case "openai" -> exchange.header("api-key").isPresent() ? AZURE : GROQ;
          case "compatible-mode" -> DASHSCOPE;
          case "mistral" -> MISTRAL; // told from OpenAI by its host, of which there is one here
          default -> exchange.segment(1).equals("batch") ? MISTRAL : OPENAI;
        };
    if (!exchange.segment(0).equals("v1") && dialect != OPENAI) {
      exchange.dropSegment();
    }
    return dialect;
  }

  static OpenAiDialect ofLabel(String label) {
    return valueOf(label.toUpperCase(java.util.Locale.ROOT));
  }

  boolean takesWindow(String window) {
    return windows.matcher(window).matches();
  }

  /** Whether it keeps what a create says of itself. */
  boolean keepsMetadata() {
    return this == OPENAI || this == MISTRAL;
  }

  /** Whether it sells a model by this name. */
  boolean sells(String model, PriceList prices) {
    String names =
        switch (this) {
          case OPENAI, AZURE -> "(gpt-|o\\d).*";
          case GROQ -> "(openai|qwen)/.*";
          case DASHSCOPE -> "qwen.*";
          case MISTRAL -> "(mi|magi|mini|code)stral-.*";
        };
    return model.matches(names) && prices.sells(model);
  }

  /** A batch as this provider shows it. */
  ObjectNode shown(ObjectNode batch) {
    if (this == MISTRAL) {
      return job(batch);
    }
    if (this != AZURE) {
      return batch;
    }
    if (batch.path("status").asText().equals("validating")) {
      batch.putObject("request_counts").putNull("total").putNull("completed").putNull("failed");
    }
    batch.put("status", AZURE_STATES.get(batch.path("status").asText()));
    for (String time : TIMES) {
      if (batch.path(time).isNumber()) {
        batch.put(time, Instant.ofEpochSecond(batch.get(time).asLong()).toString());
      }
    }
    return batch;
  }

  private static ObjectNode job(ObjectNode batch) {
    ObjectNode job = Json.object();
    job.set("id", batch.get("id"));
    job.put("object", "batch");
    job.putArray("input_files").add(batch.get("input_file_id"));
    job.set("metadata", batch.get("metadata"));
    job.set("endpoint", batch.get("endpoint"));
    job.set("model", batch.get("model"));
    job.set("output_file", batch.get("output_file_id"));
    job.set("error_file", batch.get("error_file_id"));
    ArrayNode errors = job.putArray("errors");
    batch
        .path("errors")
        .path("data")
        .forEach(
            error ->
                errors.addObject().put("message", error.path("message").asText()).put("count", 1));
    job.put("status", MISTRAL_STATES.get(batch.path("status").asText()));
    job.set("created_at", batch.get("created_at"));
    JsonNode counts = batch.path("request_counts");
    long succeeded = counts.path("completed").asLong();
    long failed = counts.path("failed").asLong();
    job.put("total_requests", counts.path("total").asLong());
    job.put("completed_requests", succeeded + failed);
    job.put("succeeded_requests", succeeded);
    job.put("failed_requests", failed);
    job.set("started_at", batch.get("in_progress_at"));
    job.set("completed_at", batch.get("completed_at"));
    return job;
  }

  // ---- requests ----

  /** The most tokens that an answer may have. */
  long chatLimit(JsonNode request, long otherwise) {
    if (this == DASHSCOPE || this == MISTRAL) { // one passes the newer name over, one refuses it
      return request.path("max_tokens").asLong(otherwise);
    }
    return request.has("max_completion_tokens")
        ? request.get("max_completion_tokens").asLong()
        : request.path("max_tokens").asLong(otherwise);
  }

  /** How much a chat completion's model reasons. */
  String chatEffort(Rules rules, String model, JsonNode request) {
    return switch (this) {
      case OPENAI, AZURE -> new ModelRules(rules).openAiChatEffort(model, request);
      case GROQ -> groqEffort(rules, model, request);
      case DASHSCOPE -> request.path("enable_thinking").asBoolean(true) ? "medium" : "none";
      case MISTRAL -> mistralEffort(model, request);
    };
  }

  private static String mistralEffort(String model, JsonNode request) {
    String otherwise = model.startsWith("magistral-") ? "medium" : "none";
    return request.path("reasoning_effort").asText(otherwise);
  }

  private static String groqEffort(Rules rules, String model, JsonNode request) {
    boolean gptOss = model.startsWith("openai/gpt-oss-");
    boolean qwen = model.startsWith("qwen/qwen3");
    if (!request.has("reasoning_effort")) {
      return gptOss || qwen ? "medium" : "none";
    }
    String effort = request.get("reasoning_effort").asText();
    List<String> taken =
        gptOss
            ? List.of("low", "medium", "high")
            : qwen ? List.of("none", "default") : List.<String>of();
    if (!taken.contains(effort)) {
      rules.refuse(
          Rule.GROQ_EFFORTS,
          ApiError.invalid("`reasoning_effort` must be one of " + taken + " with this model"));
    }
    return effort.equals("default") ? "medium" : effort;
  }

  /** What it refuses in the form of an answer. */
  void requireFormat(Rules rules, String model, JsonNode format, String prompt, boolean thinks) {
    boolean schema = format.path("type").asText().equals("json_schema");
    if (this == GROQ && schema && !model.startsWith("openai/gpt-oss-")) {
      rules.refuse(
          Rule.GROQ_SCHEMAS,
          ApiError.invalid("This model does not support response format `json_schema`."));
    }
    if (this == DASHSCOPE) {
      if (thinks && format.path("type").asText().startsWith("json")) {
        rules.refuse(
            Rule.DASHSCOPE_THINKING,
            ApiError.invalid("Json mode response is not supported when enable_thinking is true"));
      }
      if (format.path("type").asText().equals("json_schema")) {
        rules.refuse(
            Rule.DASHSCOPE_SCHEMAS,
            ApiError.invalid("'response_format' of type 'json_schema' is not supported."));
      }
      if (format.path("type").asText().equals("json_object")
          && !prompt.toLowerCase(java.util.Locale.ROOT).contains("json")) {
        rules.refuse(
            Rule.DASHSCOPE_WORD,
            ApiError.invalid(
                "'messages' must contain the word 'json' in some form, to use 'response_format' of type"
                    + " 'json_object'."));
      }
    }
  }
}
