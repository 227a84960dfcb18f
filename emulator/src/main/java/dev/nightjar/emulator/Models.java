package dev.nightjar.emulator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Executes single requests: reads the provider's request body, asks the {@link Answers}, counts
 * tokens, renders the provider's response body. Thread-safe.
 */
final class Models {

  /** What a request came to: the body, and what is billed for it. */
  record Completion(ObjectNode body, String model, Usage usage, Service service) {}

  /**
   * Where a request comes from.
   *
   * @param batch the batch's id; empty for a request that is asked directly
   * @param caches whether the prompt cache works at all
   */
  record Origin(String batch, boolean caches) {
    static final Origin DIRECT = new Origin("", true);

    boolean isBatch() {
      return !batch.isEmpty();
    }

    private long key() {
      return isBatch() ? PromptCache.key(batch) : PromptCache.DIRECT;
    }
  }

  private static final int ANTHROPIC_SHORT_TTL_SECONDS = 300;
  private static final int ANTHROPIC_LONG_TTL_SECONDS = 3_600;
  private static final int OPENAI_TTL_SECONDS = 1_800;
  private static final int OPENAI_LONG_TTL_SECONDS = 43_200;
  private static final int OPENAI_CACHE_STEP_TOKENS = 128;
  private static final int OPENAI_CACHE_TOKENS_MIN = 1_024;
  private static final int OPENAI_MARKS_MAX = 4;
  private static final String REFUSAL = "I'm sorry, but I can't help with that.";

  /** What is counted and not charged. */
  private static final Usage FREE = new Usage(0, 0, 0, 0, 0, 0);

  private static final int OPENAI_OUTPUT_TOKENS_MAX = 128_000;
  private static final int RESPONSES_OUTPUT_TOKENS_MIN = 16;
  private static final int GEMINI_OUTPUT_TOKENS_MAX = 65_536;
  private static final Pattern GENERATION = Pattern.compile("gpt-(\\d{1,3}).*");

  private final Answers answers;
  private final PriceList prices;
  private final PromptCache cache;
  private final Clock clock;
  private final Ids ids;
  private final Rules rules;
  private final RequestRules requestRules;
  private final SchemaRules schemaRules;
  private final ModelRules modelRules;

  Models(Answers answers, PriceList prices, PromptCache cache, Clock clock, Ids ids, Rules rules) {
    this.rules = rules;
    this.requestRules = new RequestRules(rules);
    this.schemaRules = new SchemaRules(rules);
    this.modelRules = new ModelRules(rules);
    this.answers = answers;
    this.prices = prices;
    this.cache = cache;
    this.clock = clock;
    this.ids = ids;
  }

  /** What it, and what is in front of it, refuses. */
  Rules rules() {
    return rules;
  }

  // ---- OpenAI ----

  /** The messages of a request in the form that answers and token counts need. */
  // Model pages of the three, 2026-11: GPT-6.x takes 1,050,000 tokens of which 128,000 are the
  // answer's, Claude 5.x 1,000,000 with the answer, Gemini 3.x 1,048,576 before it.
  private static final long OPENAI_PROMPT_TOKENS_MAX = 922_000;

  private static final long ANTHROPIC_CONTEXT_TOKENS = 1_000_000;
  private static final long GEMINI_PROMPT_TOKENS_MAX = 1_048_576;

  private static final class Prompt {
    private final StringBuilder system = new StringBuilder();
    private final StringBuilder user = new StringBuilder();
    private final StringBuilder all = new StringBuilder();
    private final List<PromptCache.Prefix> marks = new ArrayList<>();
    private final Rules rules;
    private long tokens = Tokens.replyFrame();

    private Prompt(Rules rules) {
      this.rules = rules;
    }

    /** Content is a string or a list of text parts, of which some may be marked. */
    private void add(String role, JsonNode content) {
      StringBuilder to = role.equals("system") || role.equals("developer") ? system : user;
      long before = tokens;
      StringBuilder text = new StringBuilder();
      for (JsonNode part : content.isArray() ? content : Json.MAPPER.createArrayNode()) {
        text.append(part.path("text").asText(""));
        if (part.has("prompt_cache_breakpoint")) {
          requireExplicit(part.get("prompt_cache_breakpoint"));
          marks.add(
              new PromptCache.Prefix(
                  PromptCache.key(all, text), before + Tokens.ofMessage(text.toString())));
        }
      }
      String whole = content.isArray() ? text.toString() : content.asText("");
      to.append(whole);
      all.append(whole).append('\u0000');
      tokens += Tokens.ofMessage(whole);
      if (marks.size() > OPENAI_MARKS_MAX) {
        rules.refuse(
            Rule.OPENAI_BREAKPOINTS,
            "number",
            ApiError.invalid(
                "At most " + OPENAI_MARKS_MAX + " explicit prompt cache breakpoints are allowed."));
      }
    }

    private void requireExplicit(JsonNode breakpoint) {
      if (!breakpoint.path("mode").asText().equals("explicit")) {
        rules.refuse(
            Rule.OPENAI_BREAKPOINTS,
            "mode",
            ApiError.invalid("Invalid value: 'prompt_cache_breakpoint.mode' must be 'explicit'."));
      }
    }

    private PromptCache.Prefix prefix() {
      return new PromptCache.Prefix(PromptCache.key(all), tokens);
    }
  }

  private static ApiError noModel(String model) {
    return new ApiError(
        404,
        "invalid_request_error",
        "model_not_found",
        "The model `" + model + "` does not exist or you do not have access to it.");
  }

  private void requireOpenAiContext(Prompt prompt) {
    if (prompt.tokens > OPENAI_PROMPT_TOKENS_MAX) {
      rules.refuse(
          Rule.OPENAI_CONTEXT,
          new ApiError(
              400,
              "invalid_request_error",
              "context_length_exceeded",
              "This model's maximum context length is "
                  + OPENAI_PROMPT_TOKENS_MAX
                  + " tokens. However, your messages resulted in "
                  + prompt.tokens
                  + " tokens. Please reduce the length of the messages."));
    }
  }

  private static ApiError missing(String parameter) {
    return new ApiError(
        400,
        "invalid_request_error",
        "missing_required_parameter",
        "Missing required parameter: '" + parameter + "'.",
        parameter);
  }

  private String openAiModel(JsonNode request) {
    String model = request.path("model").asText("");
    if (!OpenAiDialect.OPENAI.sells(model, prices)) {
      throw noModel(model);
    }
    return model;
  }

  private static Prompt chatPrompt(Rules rules, JsonNode request) {
    if (!request.path("messages").isArray() || request.get("messages").isEmpty()) {
      rules.refuse(Rule.OPENAI_MESSAGES, "messages", missing("messages"));
    }
    Prompt prompt = new Prompt(rules);
    for (JsonNode message : request.path("messages")) {
      prompt.add(message.path("role").asText(), message.path("content"));
    }
    return prompt;
  }

  private static Optional<JsonNode> schema(JsonNode format, JsonNode schema, Prompt prompt) {
    if (!format.path("type").asText().equals("json_schema")) {
      return Optional.empty();
    }
    prompt.tokens += Tokens.of(Json.write(schema));
    return Optional.of(schema);
  }

  private void requireStrict(JsonNode format, Optional<JsonNode> schema) {
    if (schema.isPresent() && format.path("strict").asBoolean()) {
      schemaRules.openAiStrict(schema.get());
    }
  }

  private static Answers.Question question(String model, Prompt prompt, Optional<JsonNode> schema) {
    return new Answers.Question(model, prompt.system.toString(), prompt.user.toString(), schema);
  }

  /**
   * What a model says within its limit.
   *
   * @param text of the answer, cut at the limit
   * @param finish how it ended, if not by itself
   */
  private record Said(
      String text, boolean isWhole, long output, long reasoning, Optional<AnswerFinish> finish) {
    /** Tokens that are counted as output. */
    long completion() {
      return output + reasoning;
    }

    boolean ended(AnswerFinish... finishes) {
      return finish.filter(List.of(finishes)::contains).isPresent();
    }
  }

  /** Reasoning comes first, and counts towards the limit. */
  private Said said(Answers.Question question, String effort, long limit) {
    String answer = answers.answer(question);
    Optional<AnswerFinish> finish = answers.finish(question);
    long reasoning =
        Math.min(limit, ModelRules.reasoningTokens(effort, question.system() + question.user()));
    long left = rules.keep(Rule.REASONING_COUNTS) ? limit - reasoning : limit;
    String cut = Tokens.cut(answer, (int) Math.min(Integer.MAX_VALUE, left));
    if (finish.isPresent() && finish.get() != AnswerFinish.PAUSED) {
      cut = Tokens.cut(cut, 4); // it breaks off
    }
    return new Said(cut, cut.length() == answer.length(), Tokens.of(cut), reasoning, finish);
  }

  /**
   * What OpenAI's cache serves and is given. Up to GPT-5.5 it works by itself, in steps, and is
   * documented as none in batches. Since then a match is exact at a mark, of which the unasked one
   * stands at the end of the whole prompt; what it gives in batches nobody has measured.
   */
  private PromptCache.Served openAiCached(
      String model, Prompt prompt, Origin origin, ModelRules.CacheMode mode) {
    if (!ModelRules.writesCache(model)) {
      if (!prompt.marks.isEmpty()) {
        rules.refuse(
            Rule.OPENAI_CACHE_OPTIONS,
            "breakpoints",
            ApiError.invalid("prompt_cache_breakpoint is not supported on this model"));
      }
      return new PromptCache.Served(implicitlyCached(model, prompt, origin), 0);
    }
    List<PromptCache.Prefix> marks = new ArrayList<>(prompt.marks);
    if (mode.implicit()) {
      marks.add(prompt.prefix());
    }
    return cache.serve(
        PromptCache.key(model),
        marks.stream().filter(mark -> mark.tokens() >= OPENAI_CACHE_TOKENS_MIN).toList(),
        mode.isLong(),
        mode.isLong() ? OPENAI_LONG_TTL_SECONDS : OPENAI_TTL_SECONDS,
        origin.key(),
        PromptCache.key(prompt.all));
  }

  private long implicitlyCached(String model, Prompt prompt, Origin origin) {
    if (origin.isBatch() || prompt.tokens < OPENAI_CACHE_TOKENS_MIN) {
      return 0;
    }
    String warm = Tokens.cut(prompt.all.toString(), OPENAI_CACHE_TOKENS_MIN);
    if (!cache.touch(PromptCache.key(model, warm), OPENAI_TTL_SECONDS)) {
      return 0;
    }
    long prefix = Math.max(OPENAI_CACHE_TOKENS_MIN, Tokens.of(prompt.system.toString()));
    return Math.min(prompt.tokens, prefix) / OPENAI_CACHE_STEP_TOKENS * OPENAI_CACHE_STEP_TOKENS;
  }

  Completion chat(OpenAiDialect dialect, JsonNode request, Origin origin) {
    String model = request.path("model").asText("");
    if (!dialect.sells(model, prices)) {
      throw noModel(model);
    }
    requestRules.chat(dialect, request);
    Prompt prompt = chatPrompt(rules, request);
    requireOpenAiContext(prompt);
    Matcher generation = GENERATION.matcher(model);
    if (request.has("max_tokens")
        && generation.matches()
        && Integer.parseInt(generation.group(1)) >= 5) {
      rules.refuse(
          Rule.OPENAI_MAX_TOKENS,
          new ApiError(
              400,
              "invalid_request_error",
              "unsupported_parameter",
              "Unsupported parameter: 'max_tokens' is not supported with this model. Use"
                  + " 'max_completion_tokens' instead.",
              "max_tokens"));
    }
    JsonNode format = request.path("response_format");
    Optional<JsonNode> schema = schema(format, format.path("json_schema").path("schema"), prompt);
    dialect.requireFormat(
        rules,
        model,
        format,
        prompt.all.toString(),
        request.path("enable_thinking").asBoolean(true));
    requireStrict(format.path("json_schema"), schema);
    String effort = dialect.chatEffort(rules, model, request);
    ModelRules.CacheMode cacheMode = modelRules.cacheMode(model, request, false);
    Said said =
        said(
            question(model, prompt, schema),
            effort,
            dialect.chatLimit(request, OPENAI_OUTPUT_TOKENS_MAX));
    if (dialect == OpenAiDialect.AZURE && said.ended(AnswerFinish.PROMPT_BLOCKED)) {
      rules.refuse(
          Rule.AZURE_FILTER,
          new ApiError(
              400,
              "invalid_request_error",
              "content_filter",
              "The response was filtered due to the prompt triggering Azure OpenAI's content management"
                  + " policy.",
              "prompt"));
    }
    Service service =
        dialect == OpenAiDialect.OPENAI && !origin.isBatch()
            ? modelRules.openAiService(model, request)
            : Service.STANDARD;
    PromptCache.Served served = openAiCached(model, prompt, origin, cacheMode);
    long cached = served.read();
    long written = served.written();
    ObjectNode body = chatBody(ids.next("chatcmpl-"), model, said);
    if (dialect == OpenAiDialect.MISTRAL && said.reasoning() > 0) {
      think((ObjectNode) body.at("/choices/0/message"));
    }
    ObjectNode usage = chatUsage(body, prompt.tokens, said.completion());
    usage
        .putObject("prompt_tokens_details")
        .put("cached_tokens", cached)
        .put("cache_write_tokens", written);
    usage.putObject("completion_tokens_details").put("reasoning_tokens", said.reasoning());
    body.put("service_tier", dialect == OpenAiDialect.GROQ ? "on_demand" : tier(origin, service));
    body.putNull("system_fingerprint");
    return new Completion(
        body,
        model,
        new Usage(
            prompt.tokens - cached - written, cached, written, 0, said.output(), said.reasoning()),
        service);
  }

  private static String tier(Origin origin, Service service) {
    return origin.isBatch() ? "batch" : service == Service.FLEX ? "flex" : "default";
  }

  private ObjectNode chatBody(String id, String model, Said said) {
    boolean refused = said.ended(AnswerFinish.REFUSED);
    boolean filtered =
        said.ended(AnswerFinish.DECLINED, AnswerFinish.FILTERED, AnswerFinish.PROMPT_BLOCKED);
    ObjectNode body = Json.object();
    body.put("id", id);
    body.put("object", "chat.completion");
    body.put("created", clock.instant().getEpochSecond());
    body.put("model", model);
    ObjectNode choice = body.putArray("choices").addObject();
    choice.put("index", 0);
    ObjectNode message = choice.putObject("message");
    message.put("role", "assistant");
    message.put("content", refused || filtered ? null : said.text());
    message.put("refusal", refused ? REFUSAL : null);
    message.putArray("annotations");
    choice.putNull("logprobs");
    choice.put(
        "finish_reason",
        filtered ? "content_filter" : refused || said.isWhole() ? "stop" : "length");
    return body;
  }

  /** Mistral's models that think answer in parts, of which the first is what they thought. */
  private static void think(ObjectNode message) {
    String text = message.path("content").asText("");
    ArrayNode parts = message.putArray("content");
    ObjectNode thinking = parts.addObject().put("type", "thinking");
    thinking.putArray("thinking").addObject().put("type", "text").put("text", "Let me see.");
    thinking.put("closed", true);
    parts.addObject().put("type", "text").put("text", text);
  }

  private static ObjectNode chatUsage(ObjectNode body, long prompt, long output) {
    return body.putObject("usage")
        .put("prompt_tokens", prompt)
        .put("completion_tokens", output)
        .put("total_tokens", prompt + output);
  }

  /** A model on one's own hardware: any name is served, nothing is billed. */
  ObjectNode selfHostedChat(JsonNode request) {
    String model = request.path("model").asText("");
    if (model.isEmpty()) {
      throw missing("model");
    }
    Prompt prompt = chatPrompt(rules, request);
    JsonNode format = request.path("response_format");
    Optional<JsonNode> schema = schema(format, format.path("json_schema").path("schema"), prompt);
    Said said =
        said(
            question(model, prompt, schema),
            "none",
            OpenAiDialect.OPENAI.chatLimit(request, OPENAI_OUTPUT_TOKENS_MAX));
    ObjectNode body = chatBody(ids.next("chatcmpl-"), model, said);
    chatUsage(body, prompt.tokens, said.completion());
    return body;
  }

  private static Prompt responsesPrompt(Rules rules, JsonNode request) {
    JsonNode input = request.path("input");
    if (!input.isTextual() && !(input.isArray() && !input.isEmpty())) {
      rules.refuse(Rule.OPENAI_MESSAGES, "input", missing("input"));
    }
    Prompt prompt = new Prompt(rules);
    if (request.path("instructions").isTextual()) {
      prompt.add("developer", request.get("instructions"));
    }
    if (input.isTextual()) {
      prompt.add("user", input);
    } else {
      for (JsonNode message : input) {
        prompt.add(message.path("role").asText(), message.path("content"));
      }
    }
    return prompt;
  }

  Completion response(JsonNode request, Origin origin) {
    String model = openAiModel(request);
    requestRules.response(request);
    Prompt prompt = responsesPrompt(rules, request);
    requireOpenAiContext(prompt);
    long limit = request.path("max_output_tokens").asLong(OPENAI_OUTPUT_TOKENS_MAX);
    if (limit < RESPONSES_OUTPUT_TOKENS_MIN) {
      rules.refuse(
          Rule.OPENAI_OUTPUT_MIN,
          new ApiError(
              400,
              "invalid_request_error",
              "integer_below_min_value",
              "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= "
                  + RESPONSES_OUTPUT_TOKENS_MIN
                  + ", but got "
                  + limit
                  + " instead.",
              "max_output_tokens"));
    }
    JsonNode format = request.path("text").path("format");
    Optional<JsonNode> schema = schema(format, format.path("schema"), prompt);
    requireStrict(format, schema);
    String effort = modelRules.openAiResponseEffort(model, request);
    ModelRules.CacheMode cacheMode = modelRules.cacheMode(model, request, true);
    Service service =
        origin.isBatch() ? Service.STANDARD : modelRules.openAiService(model, request);
    Said said =
        said(question(model, prompt, schema), effort, Math.min(limit, OPENAI_OUTPUT_TOKENS_MAX));
    boolean refused = said.ended(AnswerFinish.REFUSED);
    boolean filtered =
        said.ended(AnswerFinish.DECLINED, AnswerFinish.FILTERED, AnswerFinish.PROMPT_BLOCKED);
    boolean whole = refused || (!filtered && said.isWhole());
    PromptCache.Served served = openAiCached(model, prompt, origin, cacheMode);
    long cached = served.read();
    long written = served.written();
    boolean isLong = cacheMode.isLong();

    ObjectNode body = Json.object();
    body.put("id", ids.next("resp_"));
    body.put("object", "response");
    body.put("created_at", clock.instant().getEpochSecond());
    body.put("status", whole ? "completed" : "incomplete");
    body.putNull("error");
    if (whole) {
      body.putNull("incomplete_details");
    } else {
      body.putObject("incomplete_details")
          .put("reason", filtered ? "content_filter" : "max_output_tokens");
    }
    body.set("instructions", request.get("instructions"));
    body.set("max_output_tokens", request.get("max_output_tokens"));
    body.put("model", model);
    ArrayNode outputs = body.putArray("output");
    if (said.reasoning() > 0) {
      outputs.addObject().put("type", "reasoning").put("id", ids.next("rs_")).putArray("summary");
    }
    if (!filtered) {
      ObjectNode message = outputs.addObject();
      message.put("type", "message");
      message.put("id", ids.next("msg_"));
      message.put("status", whole ? "completed" : "incomplete");
      message.put("role", "assistant");
      ObjectNode part = message.putArray("content").addObject();
      if (refused) {
        part.put("type", "refusal").put("refusal", REFUSAL);
      } else {
        part.put("type", "output_text").put("text", said.text()).putArray("annotations");
      }
    }
    body.put("parallel_tool_calls", true);
    body.put("temperature", 1.0);
    body.put("tool_choice", "auto");
    body.putArray("tools");
    body.put("top_p", 1.0);
    body.putObject("text")
        .set("format", format.isObject() ? format : Json.object().put("type", "text"));
    ObjectNode usage = body.putObject("usage");
    usage.put("input_tokens", prompt.tokens);
    usage
        .putObject("input_tokens_details")
        .put("cached_tokens", cached)
        .put("cache_write_tokens", written)
        .putObject("cache_write_tokens_details")
        .put("ttl_30m_tokens", isLong ? 0 : written)
        .put("ttl_12h_tokens", isLong ? written : 0);
    usage.put("output_tokens", said.completion());
    usage.putObject("output_tokens_details").put("reasoning_tokens", said.reasoning());
    usage.put("total_tokens", prompt.tokens + said.completion());
    body.set(
        "metadata", request.path("metadata").isObject() ? request.get("metadata") : Json.object());
    body.put("service_tier", tier(origin, service));
    return new Completion(
        body,
        model,
        new Usage(
            prompt.tokens - cached - written,
            cached,
            isLong ? 0 : written,
            isLong ? written : 0,
            said.output(),
            said.reasoning()),
        service);
  }

  /** The prompt tokens of a request line, for the limit on what is enqueued. */
  static long openAiPromptTokens(JsonNode request) {
    return (request.has("messages")
            ? chatPrompt(Rules.ALL, request)
            : responsesPrompt(Rules.ALL, request))
        .tokens;
  }

  // ---- Gemini ----

  boolean sellsGemini(String model) {
    return model.startsWith("gemini-") && prices.sells(model);
  }

  /**
   * Executes a generateContent request.
   *
   * @param origin where it comes from
   */
  Completion generateContent(String model, JsonNode request, Origin origin) {
    if (!sellsGemini(model)) {
      throw ApiError.notFound("models/" + model + " is not found for API version v1beta.");
    }
    requestRules.content(request);
    if (!request.path("contents").isArray() || request.get("contents").isEmpty()) {
      rules.refuse(
          Rule.GEMINI_CONTENTS,
          ApiError.invalid("* GenerateContentRequest.contents: contents is not specified"));
    }
    Prompt prompt = geminiPrompt(request);
    if (prompt.tokens > GEMINI_PROMPT_TOKENS_MAX) {
      rules.refuse(
          Rule.GEMINI_CONTEXT,
          ApiError.invalid(
              "The input token count ("
                  + prompt.tokens
                  + ") exceeds the maximum number of tokens allowed ("
                  + GEMINI_PROMPT_TOKENS_MAX
                  + ")."));
    }
    JsonNode config = request.path("generationConfig");
    if (config.has("maxOutputTokens") && config.get("maxOutputTokens").asInt() < 1) {
      rules.refuse(Rule.GEMINI_OUTPUT_MIN, ApiError.invalid("max_output_tokens must be positive."));
    }
    Optional<JsonNode> schema = Optional.empty();
    if (config.path("responseMimeType").asText().equals("application/json")) {
      if (config.has("responseJsonSchema")) {
        schema = Optional.of(config.get("responseJsonSchema"));
      } else if (config.has("responseSchema")) {
        schema = Optional.of(withLowerCaseTypes(config.get("responseSchema")));
      }
    } else if (config.has("responseJsonSchema") || config.has("responseSchema")) {
      rules.refuse(
          Rule.GEMINI_MIME,
          ApiError.invalid("A response schema needs response_mime_type 'application/json'."));
    }
    if (schema.isPresent()) {
      schemaRules.gemini(schema.get());
      prompt.tokens += Tokens.of(Json.write(schema.get()));
    }
    Said said =
        said(
            question(model, prompt, schema),
            modelRules.geminiEffort(model, config),
            config.path("maxOutputTokens").asInt(GEMINI_OUTPUT_TOKENS_MAX));
    long cached = 0;
    long prefix = Tokens.of(prompt.system.toString());
    if (origin.caches() && prefix >= prices.cacheFromTokens(model)) {
      boolean warm = cache.touch(PromptCache.key(model, prompt.system), OPENAI_TTL_SECONDS);
      // Best effort: of a real batch of another provider 76 % were served.
      boolean lucky = !origin.isBatch() || Math.floorMod(prompt.user.toString().hashCode(), 10) < 7;
      cached = warm && lucky ? prefix : 0;
    }

    ObjectNode body = Json.object();
    boolean blocked = said.ended(AnswerFinish.DECLINED, AnswerFinish.PROMPT_BLOCKED);
    boolean filtered = said.ended(AnswerFinish.FILTERED);
    // Of what it stops Gemini shows nothing, and counts the prompt only.
    long output = blocked || filtered ? 0 : said.output();
    long thoughts = blocked || filtered ? 0 : said.reasoning();
    if (blocked) {
      body.putObject("promptFeedback").put("blockReason", "PROHIBITED_CONTENT");
    } else {
      ObjectNode candidate = body.putArray("candidates").addObject();
      ObjectNode content = candidate.putObject("content");
      if (!filtered) {
        content.putArray("parts").addObject().put("text", said.text());
        content.put("role", "model");
      }
      candidate.put("finishReason", filtered ? "SAFETY" : said.isWhole() ? "STOP" : "MAX_TOKENS");
      candidate.put("index", 0);
    }
    ObjectNode usage = body.putObject("usageMetadata");
    usage.put("promptTokenCount", prompt.tokens); // includes what the cache served
    if (cached > 0) {
      usage.put("cachedContentTokenCount", cached);
    }
    if (!blocked) {
      usage.put("candidatesTokenCount", output); // without the thoughts
    }
    if (thoughts > 0) {
      usage.put("thoughtsTokenCount", thoughts);
    }
    usage.put("totalTokenCount", prompt.tokens + output + thoughts);
    usage
        .putArray("promptTokensDetails")
        .addObject()
        .put("modality", "TEXT")
        .put("tokenCount", prompt.tokens);
    Service service =
        origin.isBatch() ? Service.STANDARD : modelRules.geminiService(model, request);
    if (!origin.isBatch()) {
      usage.put("serviceTier", service == Service.FLEX ? "flex" : "standard");
    }
    body.put("modelVersion", model);
    body.put("responseId", ids.next(""));
    return new Completion(
        body, model, new Usage(prompt.tokens - cached, cached, 0, 0, output, thoughts), service);
  }

  private static Prompt geminiPrompt(JsonNode request) {
    Prompt prompt = new Prompt(Rules.ALL);
    JsonNode system = request.path("systemInstruction").path("parts");
    if (!system.isMissingNode()) {
      prompt.add("system", system);
    }
    for (JsonNode content : request.path("contents")) {
      prompt.add("user", content.path("parts"));
    }
    return prompt;
  }

  /** The tokens of a countTokens request. */
  static long geminiTokens(JsonNode request) {
    return geminiPrompt(
            request.path("generateContentRequest").isObject()
                ? request.get("generateContentRequest")
                : request)
        .tokens;
  }

  /** Gemini's own schemas write types in capitals. */
  private static JsonNode withLowerCaseTypes(JsonNode schema) {
    JsonNode copy = schema.deepCopy();
    lowerTypes(copy);
    return copy;
  }

  private static void lowerTypes(JsonNode node) {
    if (node instanceof ObjectNode object && object.path("type").isTextual()) {
      object.put("type", object.get("type").asText().toLowerCase(Locale.ROOT));
    }
    node.forEach(Models::lowerTypes);
  }

  // ---- Anthropic messages ----

  /**
   * Executes a message request.
   *
   * @param version the wire version the client speaks; from 2026-10-21 on sampling parameters are
   *     refused
   * @param origin where it comes from
   */
  Completion message(JsonNode request, Origin origin, String version) {
    String model = request.path("model").asText("");
    if (!model.startsWith("claude-") || !prices.sells(model)) {
      throw ApiError.notFound("model: " + model);
    }
    requestRules.message(request);
    if (!request.path("max_tokens").isIntegralNumber() || request.get("max_tokens").asLong() < 1) {
      rules.refuse(Rule.ANTHROPIC_MAX_TOKENS, ApiError.invalid("max_tokens: Field required"));
    }
    if (!request.path("messages").isArray() || request.get("messages").isEmpty()) {
      throw ApiError.invalid("messages: Field required");
    }
    if (version.compareTo("2026-10-21") >= 0) {
      for (String sampling : new String[] {"temperature", "top_p", "top_k"}) {
        if (request.has(sampling)) {
          rules.refuse(
              Rule.ANTHROPIC_SAMPLING,
              sampling,
              ApiError.invalid(sampling + ": Extra inputs are not permitted"));
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
      if (tool.has("input_schema")) {
        schemaRules.anthropicTool(tool.get("input_schema"));
      }
      if (format.has("schema")) {
        schemaRules.anthropic(format.get("schema"));
      }
      prompt += Tokens.of(Json.write(schema.get()));
    }
    if (prompt + request.path("max_tokens").asLong() > ANTHROPIC_CONTEXT_TOKENS) {
      rules.refuse(
          Rule.ANTHROPIC_CONTEXT,
          ApiError.invalid(
              "prompt is too long: "
                  + prompt
                  + " tokens > "
                  + ANTHROPIC_CONTEXT_TOKENS
                  + " maximum"));
    }

    List<AnthropicMarks.Mark> marks = AnthropicMarks.of(rules, request);
    boolean hour = AnthropicMarks.isLong(marks);
    PromptCache.Served served =
        origin.caches()
            ? cache.serve(
                PromptCache.key(model),
                marks.stream()
                    .map(AnthropicMarks.Mark::prefix)
                    .filter(mark -> mark.tokens() >= prices.cacheFromTokens(model))
                    .toList(),
                hour,
                hour ? ANTHROPIC_LONG_TTL_SECONDS : ANTHROPIC_SHORT_TTL_SECONDS,
                origin.key(),
                PromptCache.key(system, user))
            : PromptCache.Served.NOTHING;
    long read = served.read();
    long write5m = hour ? 0 : served.written();
    long write1h = hour ? served.written() : 0;

    Said said =
        said(
            new Answers.Question(model, system, user.toString(), schema),
            modelRules.anthropicEffort(model, request),
            request.path("max_tokens").asLong());
    boolean declined = said.ended(AnswerFinish.DECLINED, AnswerFinish.PROMPT_BLOCKED);
    boolean refused = declined || said.ended(AnswerFinish.REFUSED, AnswerFinish.FILTERED);
    boolean paused = said.ended(AnswerFinish.PAUSED);
    boolean full = said.ended(AnswerFinish.CONTEXT_FULL);
    boolean whole = said.isWhole() && !refused && !paused && !full;

    ObjectNode body = Json.object();
    body.put("id", ids.next("msg_"));
    body.put("type", "message");
    body.put("role", "assistant");
    body.put("model", model);
    ArrayNode content = body.putArray("content");
    if (said.reasoning() > 0 && !declined) {
      content.addObject().put("type", "thinking").put("thinking", "").put("signature", "c2ln");
    }
    JsonNode input = tool.has("input_schema") && whole ? parsed(said.text()) : null;
    if (input != null) {
      content
          .addObject()
          .put("type", "tool_use")
          .put("id", ids.next("toolu_"))
          .put("name", tool.path("name").asText())
          .set("input", input);
    } else if (!declined) {
      content.addObject().put("type", "text").put("text", said.text()).putNull("citations");
    }
    body.put(
        "stop_reason",
        refused
            ? "refusal"
            : paused
                ? "pause_turn"
                : full
                    ? "model_context_window_exceeded"
                    : !whole ? "max_tokens" : input != null ? "tool_use" : "end_turn");
    body.putNull("stop_sequence");
    if (refused) {
      body.putObject("stop_details")
          .put("type", "refusal")
          .put("category", declined ? "cyber" : "bio")
          .putNull("explanation");
    } else {
      body.putNull("stop_details");
    }
    long plain = prompt - read - write5m - write1h;
    ObjectNode usage = body.putObject("usage");
    usage.put("input_tokens", plain); // excludes what the cache served or stored
    usage.put("cache_creation_input_tokens", write5m + write1h);
    usage.put("cache_read_input_tokens", read);
    usage
        .putObject("cache_creation")
        .put("ephemeral_5m_input_tokens", write5m)
        .put("ephemeral_1h_input_tokens", write1h);
    usage.put("output_tokens", declined ? 0 : said.completion());
    usage
        .putObject("output_tokens_details")
        .put("thinking_tokens", declined ? 0 : said.reasoning());
    usage.put("service_tier", origin.isBatch() ? "batch" : "standard");
    boolean inUs = request.path("inference_geo").asText("").equals("us");
    usage.put("inference_geo", inUs ? "us" : "global");
    return new Completion(
        body,
        model,
        declined && rules.keep(Rule.ANTHROPIC_REFUSAL_FREE)
            ? FREE
            : new Usage(plain, read, write5m, write1h, said.output(), said.reasoning()),
        inUs ? Service.US : Service.STANDARD);
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
