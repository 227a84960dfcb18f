package dev.nightjar.emulator;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Set;

/**
 * The parameters that each interface knows, by the official clients' types of November 2026: all
 * providers but DashScope refuse a request that has another, so that a slip of a name is found
 * before the answer shows that it was passed over. Immutable.
 */
final class RequestRules {
  private static final Set<String> CHAT =
      Set.of(
          "model",
          "messages",
          "audio",
          "frequency_penalty",
          "function_call",
          "functions",
          "logit_bias",
          "logprobs",
          "max_completion_tokens",
          "max_tokens",
          "metadata",
          "modalities",
          "n",
          "parallel_tool_calls",
          "prediction",
          "presence_penalty",
          "prompt_cache_key",
          "prompt_cache_options",
          "prompt_cache_retention",
          "reasoning_effort",
          "response_format",
          "safety_identifier",
          "seed",
          "service_tier",
          "stop",
          "store",
          "stream",
          "stream_options",
          "temperature",
          "tool_choice",
          "tools",
          "top_logprobs",
          "top_p",
          "user",
          "verbosity",
          "web_search_options");

  private static final Set<String> MISTRAL =
      Set.of(
          "model",
          "messages",
          "frequency_penalty",
          "guardrails",
          "max_tokens",
          "metadata",
          "n",
          "parallel_tool_calls",
          "prediction",
          "presence_penalty",
          "prompt_cache_key",
          "prompt_mode",
          "random_seed",
          "reasoning_effort",
          "response_format",
          "safe_prompt",
          "service_tier",
          "stop",
          "stream",
          "temperature",
          "tool_choice",
          "tools",
          "top_p");

  private static final Set<String> RESPONSES =
      Set.of(
          "background",
          "background_options",
          "context_management",
          "conversation",
          "include",
          "input",
          "instructions",
          "max_output_tokens",
          "max_tool_calls",
          "metadata",
          "model",
          "parallel_tool_calls",
          "previous_response_id",
          "prompt",
          "prompt_cache_key",
          "prompt_cache_options",
          "prompt_cache_retention",
          "reasoning",
          "safety_identifier",
          "service_tier",
          "store",
          "stream",
          "stream_options",
          "temperature",
          "text",
          "tool_choice",
          "tools",
          "top_logprobs",
          "top_p",
          "truncation",
          "user");

  private static final Set<String> MESSAGES =
      Set.of(
          "model",
          "messages",
          "max_tokens",
          "cache_control",
          "container",
          "context_management",
          "inference_geo",
          "mcp_servers",
          "metadata",
          "output_config",
          "output_format",
          "service_tier",
          "stop_sequences",
          "stream",
          "system",
          "temperature",
          "thinking",
          "tool_choice",
          "tools",
          "top_k",
          "top_p");

  private static final Set<String> CONTENT =
      Set.of(
          "model",
          "contents",
          "cachedContent",
          "generationConfig",
          "labels",
          "safetySettings",
          "serviceTier",
          "store",
          "systemInstruction",
          "toolConfig",
          "tools");

  private static final Set<String> GENERATION_CONFIG =
      Set.of(
          "candidateCount",
          "enableEnhancedCivicAnswers",
          "frequencyPenalty",
          "imageConfig",
          "logprobs",
          "maxOutputTokens",
          "mediaResolution",
          "presencePenalty",
          "responseFormat",
          "responseJsonSchema",
          "responseLogprobs",
          "responseMimeType",
          "responseModalities",
          "responseSchema",
          "seed",
          "speechConfig",
          "stopSequences",
          "temperature",
          "thinkingConfig",
          "topK",
          "topP");

  private static final Set<String> THINKING_CONFIG =
      Set.of("includeThoughts", "thinkingBudget", "thinkingLevel");

  private final Rules rules;

  RequestRules(Rules rules) {
    this.rules = rules;
  }

  void chat(OpenAiDialect dialect, JsonNode request) {
    if (dialect == OpenAiDialect.DASHSCOPE) {
      return; // it passes over what it does not know
    }
    for (String name : (Iterable<String>) request::fieldNames) {
      if (!(dialect == OpenAiDialect.MISTRAL ? MISTRAL : CHAT).contains(name)) {
        rules.refuse(
            Rule.CHAT_PARAMETERS,
            dialect.label,
            ApiError.invalid(
                dialect == OpenAiDialect.GROQ
                    ? "property '" + name + "' is unsupported"
                    : dialect == OpenAiDialect.MISTRAL
                        ? "body." + name + ": Extra inputs are not permitted"
                        : "Unrecognized request argument supplied: " + name));
      }
    }
  }

  void response(JsonNode request) {
    for (String name : (Iterable<String>) request::fieldNames) {
      if (!RESPONSES.contains(name) && !name.equals("reasoning_effort")) { // told apart elsewhere
        rules.refuse(
            Rule.RESPONSES_PARAMETERS,
            new ApiError(
                400,
                "invalid_request_error",
                "unknown_parameter",
                "Unknown parameter: '" + name + "'.",
                name));
      }
    }
  }

  void message(JsonNode request) {
    for (String name : (Iterable<String>) request::fieldNames) {
      if (!MESSAGES.contains(name)) {
        rules.refuse(
            Rule.MESSAGES_PARAMETERS, ApiError.invalid(name + ": Extra inputs are not permitted"));
      }
    }
  }

  void content(JsonNode request) {
    known(request, CONTENT, "");
    known(request.path("generationConfig"), GENERATION_CONFIG, "generation_config.");
    known(
        request.path("generationConfig").path("thinkingConfig"),
        THINKING_CONFIG,
        "generation_config.thinking_config.");
  }

  private void known(JsonNode object, Set<String> names, String at) {
    for (String name : (Iterable<String>) object::fieldNames) {
      if (!names.contains(name)) {
        rules.refuse(
            Rule.CONTENT_PARAMETERS,
            at,
            ApiError.invalid(
                "Invalid JSON payload received. Unknown name \""
                    + name
                    + "\""
                    + (at.isEmpty() ? "" : " at '" + at.substring(0, at.length() - 1) + "'")
                    + ": Cannot find field."));
      }
    }
  }
}
