package dev.nightjar.emulator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Clock;
import java.util.Optional;

/**
 * Executes single requests: reads the provider's request body, asks the {@link Answers}, counts
 * tokens, renders the provider's response body. Thread-safe.
 */
final class Models {

  /** What a request came to: the body, and what is billed for it. */
  record Completion(ObjectNode body, String model, Usage usage) {}

  private static final int ANTHROPIC_SHORT_TTL_SECONDS = 300;
  private static final int ANTHROPIC_LONG_TTL_SECONDS = 3_600;
  private static final int OPENAI_TTL_SECONDS = 1_800;
  private static final int OPENAI_CACHE_STEP_TOKENS = 128;
  private static final String[] LIMITS = {
    "minimum", "maximum", "multipleOf", "minLength", "maxLength", "minItems", "maxItems"
  };

  private final Answers answers;
  private final Invoice invoice;
  private final PromptCache cache;
  private final Clock clock;
  private final Ids ids;

  Models(Answers answers, Invoice invoice, PromptCache cache, Clock clock, Ids ids) {
    this.answers = answers;
    this.invoice = invoice;
    this.cache = cache;
    this.clock = clock;
    this.ids = ids;
  }

  /** Whether a prefix cache would serve this request in a batch: providers call it best effort. */
  private static boolean luckyInBatch(String text) {
    return Math.floorMod(text.hashCode(), 10) < 7;
  }

  // ---- OpenAI chat completions ----

  Completion chat(JsonNode request, boolean batch) {
    String model = request.path("model").asText("");
    if (!model.startsWith("gpt-") || !invoice.sells(model)) {
      throw new ApiError(
          404,
          "invalid_request_error",
          "model_not_found",
          "The model `" + model + "` does not exist or you do not have access to it.");
    }
    if (!request.path("messages").isArray() || request.get("messages").isEmpty()) {
      throw new ApiError(
          400,
          "invalid_request_error",
          "missing_required_parameter",
          "Missing required parameter: 'messages'.");
    }
    StringBuilder system = new StringBuilder();
    StringBuilder user = new StringBuilder();
    StringBuilder all = new StringBuilder();
    long prompt = Tokens.replyFrame();
    for (JsonNode message : request.get("messages")) {
      String content = text(message.path("content"));
      boolean isSystem =
          message.path("role").asText().equals("system")
              || message.path("role").asText().equals("developer");
      (isSystem ? system : user).append(content);
      all.append(content).append('\u0000');
      prompt += Tokens.ofMessage(content);
    }
    JsonNode format = request.path("response_format");
    Optional<JsonNode> schema =
        format.path("type").asText().equals("json_schema")
            ? Optional.of(format.path("json_schema").path("schema"))
            : Optional.empty();
    if (schema.isPresent()) {
      prompt += Tokens.of(Json.write(schema.get()));
    }
    String answer =
        answers.answer(new Answers.Question(model, system.toString(), user.toString(), schema));
    long limit =
        request.has("max_completion_tokens")
            ? request.get("max_completion_tokens").asLong()
            : request.path("max_tokens").asLong(128_000);
    String cut = Tokens.cut(answer, (int) limit);
    long output = Tokens.of(cut);

    long cached = 0;
    String warm = Tokens.cut(all.toString(), 1_024);
    // Batches: documented as not cached before GPT-5.6, best effort at most since; here never, so
    // that
    // nobody's savings rest on it.
    if (!batch && prompt >= 1_024 && cache.touch(model + "\u0000" + warm, OPENAI_TTL_SECONDS)) {
      long prefix = Math.max(1_024, Tokens.of(system.toString()));
      cached = Math.min(prompt, prefix) / OPENAI_CACHE_STEP_TOKENS * OPENAI_CACHE_STEP_TOKENS;
    }

    ObjectNode body = Json.object();
    body.put("id", ids.next("chatcmpl-"));
    body.put("object", "chat.completion");
    body.put("created", clock.instant().getEpochSecond());
    body.put("model", model);
    ObjectNode choice = body.putArray("choices").addObject();
    choice.put("index", 0);
    ObjectNode message = choice.putObject("message");
    message.put("role", "assistant");
    message.put("content", cut);
    message.putNull("refusal");
    message.putArray("annotations");
    choice.putNull("logprobs");
    choice.put("finish_reason", cut.length() < answer.length() ? "length" : "stop");
    ObjectNode usage = body.putObject("usage");
    usage.put("prompt_tokens", prompt);
    usage.put("completion_tokens", output);
    usage.put("total_tokens", prompt + output);
    usage
        .putObject("prompt_tokens_details")
        .put("cached_tokens", cached)
        .put("cache_write_tokens", 0);
    usage.putObject("completion_tokens_details").put("reasoning_tokens", 0);
    body.put("service_tier", batch ? "batch" : "default");
    body.putNull("system_fingerprint");
    return new Completion(body, model, new Usage(prompt - cached, cached, 0, 0, output));
  }

  // ---- Anthropic messages ----

  /**
   * Executes a message request.
   *
   * @param version the wire version the client speaks; from 2026-10-21 on sampling parameters are
   *     refused
   */
  Completion message(JsonNode request, boolean batch, String version) {
    String model = request.path("model").asText("");
    if (!model.startsWith("claude-") || !invoice.sells(model)) {
      throw ApiError.notFound("model: " + model);
    }
    if (!request.path("max_tokens").isIntegralNumber() || request.get("max_tokens").asLong() < 1) {
      throw ApiError.invalid("max_tokens: Field required");
    }
    if (!request.path("messages").isArray() || request.get("messages").isEmpty()) {
      throw ApiError.invalid("messages: Field required");
    }
    if (version.compareTo("2026-10-21") >= 0) {
      for (String sampling : new String[] {"temperature", "top_p", "top_k"}) {
        if (request.has(sampling)) {
          throw ApiError.invalid(sampling + ": Extra inputs are not permitted");
        }
      }
    }
    String system = text(request.path("system"));
    StringBuilder user = new StringBuilder();
    long prompt = (long) Tokens.of(system) + Tokens.replyFrame();
    for (JsonNode message : request.get("messages")) {
      String content = text(message.path("content"));
      user.append(content);
      prompt += Tokens.ofMessage(content);
    }
    JsonNode tool = request.path("tools").path(0);
    JsonNode format = request.path("output_config").path("format");
    Optional<JsonNode> schema =
        tool.has("input_schema")
            ? Optional.of(tool.get("input_schema"))
            : format.path("type").asText().equals("json_schema")
                ? Optional.of(format.path("schema"))
                : Optional.empty();
    if (schema.isPresent()) {
      if (format.has("schema")) {
        refuseLimits(schema.get());
      }
      prompt += Tokens.of(Json.write(schema.get()));
    }

    long read = 0;
    long write5m = 0;
    long write1h = 0;
    JsonNode mark = cacheControl(request.path("system"));
    if (mark.path("type").asText().equals("ephemeral")) {
      boolean hour = mark.path("ttl").asText("5m").equals("1h");
      long marked = Tokens.of(system);
      if (marked >= invoice.cacheFromTokens(model)) {
        boolean warm =
            cache.touch(
                    model + "\u0000" + system,
                    hour ? ANTHROPIC_LONG_TTL_SECONDS : ANTHROPIC_SHORT_TTL_SECONDS)
                && (!batch || luckyInBatch(user.toString()));
        read = warm ? marked : 0;
        write5m = warm || hour ? 0 : marked;
        write1h = warm || !hour ? 0 : marked;
      }
    }

    String answer = answers.answer(new Answers.Question(model, system, user.toString(), schema));
    String cut = Tokens.cut(answer, (int) request.get("max_tokens").asLong());
    long output = Tokens.of(cut);
    boolean whole = cut.length() == answer.length();

    ObjectNode body = Json.object();
    body.put("id", ids.next("msg_"));
    body.put("type", "message");
    body.put("role", "assistant");
    body.put("model", model);
    ArrayNode content = body.putArray("content");
    JsonNode input = tool.has("input_schema") && whole ? parsed(answer) : null;
    if (input != null) {
      content
          .addObject()
          .put("type", "tool_use")
          .put("id", ids.next("toolu_"))
          .put("name", tool.path("name").asText())
          .set("input", input);
    } else {
      content.addObject().put("type", "text").put("text", cut).putNull("citations");
    }
    body.put("stop_reason", !whole ? "max_tokens" : input != null ? "tool_use" : "end_turn");
    body.putNull("stop_sequence");
    long plain = prompt - read - write5m - write1h;
    ObjectNode usage = body.putObject("usage");
    usage.put("input_tokens", plain); // excludes what the cache served or stored
    usage.put("cache_creation_input_tokens", write5m + write1h);
    usage.put("cache_read_input_tokens", read);
    usage
        .putObject("cache_creation")
        .put("ephemeral_5m_input_tokens", write5m)
        .put("ephemeral_1h_input_tokens", write1h);
    usage.put("output_tokens", output);
    usage.put("service_tier", batch ? "batch" : "standard");
    return new Completion(body, model, new Usage(plain, read, write5m, write1h, output));
  }

  /**
   * Structured output takes the shape of an answer, but no limits on its numbers, strings and
   * lists.
   */
  private static void refuseLimits(JsonNode schema) {
    for (String limit : LIMITS) {
      JsonNode at = schema.path(limit);
      if (at.isNumber()) {
        throw ApiError.invalid(
            "output_config.format.schema: For '"
                + schema.path("type").asText()
                + "' type, property '"
                + limit
                + "' is not supported");
      }
    }
    schema.forEach(Models::refuseLimits);
  }

  long countTokens(JsonNode request) {
    long prompt = (long) Tokens.of(text(request.path("system"))) + Tokens.replyFrame();
    for (JsonNode message : request.path("messages")) {
      prompt += Tokens.ofMessage(text(message.path("content")));
    }
    return prompt;
  }

  private static JsonNode parsed(String answer) {
    try {
      JsonNode node = Json.MAPPER.readTree(answer);
      return node.isObject() ? node : Json.object().put("text", answer);
    } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
      return Json.object().put("text", answer);
    }
  }

  private static JsonNode cacheControl(JsonNode system) {
    if (system.isArray() && !system.isEmpty()) {
      return system.get(system.size() - 1).path("cache_control");
    }
    return Json.MAPPER.missingNode();
  }

  /** The text of a string, or of a list of text parts. */
  static String text(JsonNode content) {
    if (content.isTextual()) {
      return content.asText();
    }
    StringBuilder text = new StringBuilder();
    for (JsonNode part : content) {
      text.append(part.path("text").asText(""));
    }
    return text.toString();
  }
}
