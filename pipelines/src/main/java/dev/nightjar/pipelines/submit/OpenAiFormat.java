package dev.nightjar.pipelines.submit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.Served;
import dev.nightjar.cachestore.Usage;
import dev.nightjar.pipelines.model.AnswerEnd;
import dev.nightjar.pipelines.model.CacheTtl;
import dev.nightjar.pipelines.model.Effort;
import dev.nightjar.pipelines.model.ModelTraits;
import dev.nightjar.pipelines.model.ResultLine;
import dev.nightjar.pipelines.model.Texts;
import dev.nightjar.pipelines.task.TaskSpec;
import dev.nightjar.pipelines.task.TierSpec;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * OpenAI's batch lines, for chat completions and for responses; vLLM reads and writes the former
 * too. Immutable and thread-safe.
 */
final class OpenAiFormat implements RequestFormat {
  static final String CHAT_URL = "/v1/chat/completions";
  static final String RESPONSES_URL = "/v1/responses";

  /** In the metadata of a response in the background: within what time it may come. */
  static final String WINDOW_KEY = "nightjar_window";

  private final OpenAiProfile profile;
  private final String system;
  private final String head;
  private final String systemWithSchema;
  private final ProviderSchema schema;
  private final String cacheKey;

  OpenAiFormat(TaskSpec task, OpenAiProfile profile) {
    this.profile = profile;
    this.system = task.system();
    this.head = task.sharedHead();
    this.cacheKey = task.fingerprint().substring(0, 32);
    JsonNode whole = ProviderSchema.of(task);
    // Where no schema goes along the model is told of it, and the word JSON must be there.
    this.systemWithSchema = system + "\n\nAnswer with JSON that meets this schema: " + whole;
    this.schema =
        profile.schemas() == OpenAiProfile.Schemas.STRICT
            ? ProviderSchema.openAi(whole)
            : ProviderSchema.guide(whole);
  }

  static String url(TierSpec tier) {
    return tier.api() == TierSpec.Api.RESPONSES ? RESPONSES_URL : CHAT_URL;
  }

  @Override
  public ObjectNode line(TierSpec tier, String customId, String prompt, @Nullable CacheTtl mark) {
    ObjectNode line = JsonNodeFactory.instance.objectNode();
    line.put("custom_id", customId);
    line.put("method", "POST");
    line.put("url", url(tier));
    ObjectNode body = line.putObject("body");
    body.put("model", tier.model());
    if (tier.api() == TierSpec.Api.RESPONSES) {
      if (mark == null) {
        body.put("instructions", system);
        body.putArray("input").addObject().put("role", "user").put("content", prompt);
      } else { // instructions are a plain string, which carries no mark
        put(body.putArray("input"), "developer", system, prompt, "input_text");
      }
      body.put("max_output_tokens", tier.outputTokensMax());
      body.put("store", false); // nothing is read from there later
      if (tier.effort() != null) {
        body.putObject("reasoning").put("effort", tier.effort().label());
      }
      named(body.putObject("text").putObject("format").put("type", "json_schema"));
    } else {
      var messages = body.putArray("messages");
      boolean jsonOnly = profile.schemas(tier.model()) == OpenAiProfile.Schemas.JSON_OBJECT;
      if (mark == null) {
        messages
            .addObject()
            .put("role", "system")
            .put("content", jsonOnly ? systemWithSchema : system);
        messages.addObject().put("role", "user").put("content", prompt);
      } else {
        put(messages, "system", system, prompt, "text");
      }
      body.put(profile.outputLimit(), tier.outputTokensMax());
      if (tier.effort() != null && profile.thinking() == OpenAiProfile.Thinking.SWITCH) {
        body.put("enable_thinking", tier.effort() != Effort.NONE);
      } else if (tier.effort() != null) {
        body.put("reasoning_effort", tier.effort().label());
      }
      ObjectNode format = body.putObject("response_format");
      if (jsonOnly) {
        format.put("type", "json_object");
      } else {
        named(format.put("type", "json_schema").putObject("json_schema"));
      }
    }
    // Unasked it would write each prompt of 1,024 tokens or more, at 1.25 times the price, and read
    // none of them: documents differ. Only what is marked is written.
    if (takesMarks(tier)) {
      ObjectNode options = body.putObject("prompt_cache_options").put("mode", "explicit");
      if (mark != null) {
        options.put("ttl", mark.label());
        body.put("prompt_cache_key", cacheKey);
      }
    }
    return line;
  }

  /** The two messages, with a mark at the end of what all requests of the task share. */
  private void put(ArrayNode messages, String role, String system, String prompt, String type) {
    boolean splits = Texts.goesOnAfter(head, prompt);
    ObjectNode first = messages.addObject().put("role", role);
    ObjectNode user = messages.addObject().put("role", "user");
    if (splits) {
      first.put("content", system);
      ArrayNode parts = user.putArray("content");
      marked(parts, head, type);
      parts.addObject().put("type", type).put("text", prompt.substring(head.length()));
    } else {
      marked(first.putArray("content"), system, type);
      user.put("content", prompt);
    }
  }

  private static void marked(ArrayNode parts, String text, String type) {
    parts
        .addObject()
        .put("type", type)
        .put("text", text)
        .putObject("prompt_cache_breakpoint")
        .put("mode", "explicit");
  }

  @Override
  public List<CacheTtl> cacheTtls(TierSpec tier) {
    if (!takesMarks(tier)) {
      return List.of();
    }
    return tier.api() == TierSpec.Api.RESPONSES
        ? List.of(CacheTtl.MINUTES_30, CacheTtl.HOURS_12)
        : List.of(CacheTtl.MINUTES_30);
  }

  private boolean takesMarks(TierSpec tier) {
    return profile == OpenAiProfile.OPENAI
        && tier.traits().filter(ModelTraits::writesCache).isPresent();
  }

  @Override
  public Set<String> unenforced(TierSpec tier) {
    return schema.unenforced();
  }

  private void named(ObjectNode format) {
    format.put("name", "answer");
    format.put("strict", schema.isStrict());
    format.set("schema", schema.schema().orElseThrow());
  }

  /** A line of an output or error file. */
  static ResultLine resultLine(
      String provider, String submissionId, JsonNode line, Instant workedAt) {
    String customId = line.path("custom_id").asText();
    JsonNode response = line.path("response");
    int status = response.path("status_code").asInt(0);
    JsonNode body = response.path("body");
    Usage usage = usage(body.path("usage"));
    String window = body.path("metadata").path(WINDOW_KEY).asText("");
    Served served =
        new Served(
            body.path("model").asText(""),
            window.isEmpty() ? body.path("service_tier").asText("") : "background_" + window);
    if (status < 200 || status >= 300) {
      // Not executed: error is set. Executed and refused: response.body.error is. vLLM: a string.
      JsonNode error = line.path("error");
      if (!error.isObject()) {
        error = body.path("error");
      }
      String code = error.path("code").asText(error.path("type").asText("unknown"));
      return ResultLine.failed(
          submissionId,
          customId,
          served,
          usage,
          workedAt,
          switch (code) {
            case "batch_expired" -> ErrorCode.REQUEST_EXPIRED;
            case "batch_cancelled" -> ErrorCode.SUBMISSION_CANCELLED;
            case "context_length_exceeded" -> ErrorCode.REQUEST_TOO_LONG;
            // A prompt that is not let in: OpenAI, Azure, Alibaba.
            case "invalid_prompt", "content_filter", "data_inspection_failed" ->
                ErrorCode.ANSWER_FILTERED;
            case "json_validate_failed" -> ErrorCode.ANSWER_INVALID; // Groq, of the answer
            default -> Refusals.codeOf(status, code, error.path("message").asText(""));
          },
          provider + ": " + code + (status > 0 ? " (" + status + ")" : ""));
    }
    boolean chat = body.has("choices");
    if (chat && body.at("/choices/0/finish_reason").asText().equals("error")) {
      // Mistral's word for an answer that broke off at its end; what it used is billed.
      return ResultLine.failed(
          submissionId,
          customId,
          served,
          usage,
          workedAt,
          ErrorCode.REQUEST_ERRORED,
          provider + ": the answer ended in an error");
    }
    return ResultLine.answered(
        submissionId,
        customId,
        served,
        chat ? chatText(body.at("/choices/0/message/content")) : outputText(body, "output_text"),
        chat ? chatEnd(body.path("choices").path(0)) : responseEnd(body),
        usage,
        workedAt,
        "");
  }

  /** A text; of Mistral's models that think, a list of parts, of which the thoughts are none. */
  static String chatText(JsonNode content) {
    if (!content.isArray()) {
      return content.asText("");
    }
    StringBuilder text = new StringBuilder();
    for (JsonNode part : content) {
      if (part.path("type").asText().equals("text")) {
        text.append(part.path("text").asText(""));
      }
    }
    return text.toString();
  }

  /** A refusal ends with "stop", and with no content. */
  private static AnswerEnd chatEnd(JsonNode choice) {
    return switch (choice.path("finish_reason").asText()) {
      case "length", "model_length" -> AnswerEnd.TRUNCATED; // the latter at the model's own limit
      case "content_filter" -> AnswerEnd.FILTERED;
      default ->
          choice.path("message").path("refusal").asText("").isEmpty()
              ? AnswerEnd.COMPLETE
              : AnswerEnd.REFUSED;
    };
  }

  private static AnswerEnd responseEnd(JsonNode body) {
    return switch (body.path("incomplete_details").path("reason").asText()) {
      case "max_output_tokens" -> AnswerEnd.TRUNCATED;
      case "content_filter" -> AnswerEnd.FILTERED;
      default -> outputText(body, "refusal").isEmpty() ? AnswerEnd.COMPLETE : AnswerEnd.REFUSED;
    };
  }

  /** The texts of one type of part: what is said stands in "text", a refusal under its own name. */
  private static String outputText(JsonNode body, String type) {
    StringBuilder text = new StringBuilder();
    for (JsonNode item : body.path("output")) {
      for (JsonNode part : item.path("content")) {
        if (part.path("type").asText().equals(type)) {
          text.append(part.path(type.equals("refusal") ? "refusal" : "text").asText(""));
        }
      }
    }
    return text.toString();
  }

  /**
   * Tokens read from and written to the prompt cache are part of the prompt's here; our classes
   * exclude one another.
   */
  private static Usage usage(JsonNode usage) {
    boolean chat = usage.has("prompt_tokens");
    long prompt = usage.path(chat ? "prompt_tokens" : "input_tokens").asLong(0);
    JsonNode details = usage.path(chat ? "prompt_tokens_details" : "input_tokens_details");
    long cached = details.path("cached_tokens").asLong(0);
    long written = details.path("cache_write_tokens").asLong(0);
    long writtenLong = details.path("cache_write_tokens_details").path("ttl_12h_tokens").asLong(0);
    JsonNode outputDetails =
        usage.path(chat ? "completion_tokens_details" : "output_tokens_details");
    long reasoning = outputDetails.path("reasoning_tokens").asLong(0);
    long output = usage.path(chat ? "completion_tokens" : "output_tokens").asLong(0);
    return new Usage(
        Math.max(0, prompt - cached - written),
        cached,
        Math.max(0, written - writtenLong),
        writtenLong,
        Math.max(0, output - reasoning),
        Math.min(output, reasoning));
  }
}
