package dev.nightjar.emulator;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What a model takes in a request beyond what its provider's wire format allows, and the words in
 * which it refuses the rest. Immutable.
 *
 * <p>This is deliberately not the product's table of models: a rule that one of them has wrong
 * shows as a refused request.
 */
final class ModelRules {
  /** Efforts in the order in which OpenAI names them. */
  private static final List<String> EFFORTS =
      List.of("none", "minimal", "low", "medium", "high", "xhigh", "max");

  private static final List<String> ANTHROPIC_EFFORTS =
      List.of("low", "medium", "high", "xhigh", "max");

  private final Rules rules;

  ModelRules(Rules rules) {
    this.rules = rules;
  }

  private static boolean is(String model, String pattern) {
    return Pattern.compile(pattern).matcher(model).matches();
  }

  // ---- OpenAI ----

  /**
   * Models that take the same efforts; the first that has a model's name is its own.
   *
   * @param models a pattern of their names
   * @param efforts none at all if they do not reason
   */
  record Family(String models, List<String> efforts) {}

  static final List<Family> OPENAI_FAMILIES =
      List.of(
          new Family("gpt-4.*", List.of()),
          new Family("o[1-9].*", List.of("low", "medium", "high")),
          new Family("gpt-5-pro", List.of("high")),
          new Family("gpt-5\\.\\d-pro", List.of("medium", "high", "xhigh")),
          new Family("gpt-5(-mini|-nano)?", List.of("minimal", "low", "medium", "high")),
          new Family("gpt-5\\.1", List.of("none", "low", "medium", "high")),
          new Family("gpt-5\\.[2-5].*", List.of("none", "low", "medium", "high", "xhigh")),
          new Family(
              "gpt-6-astra|gpt-6\\.[12]-(sol|astra)",
              List.of("low", "medium", "high", "xhigh", "max")),
          new Family(".*", List.of("none", "low", "medium", "high", "xhigh", "max")));

  private static Family openAiFamily(String model) {
    return OPENAI_FAMILIES.stream()
        .filter(family -> is(model, family.models()))
        .findFirst()
        .orElseThrow();
  }

  private String openAiUnasked(String model) {
    if (openAiFamily(model).efforts().isEmpty()
        || is(model, "gpt-5\\.[124](-mini|-nano)?")
        || !rules.keep(Rule.OPENAI_UNASKED)) {
      return "none";
    }
    return model.equals("gpt-5-pro") ? "high" : "medium";
  }

  /** The effort of a chat completion. */
  String openAiChatEffort(String model, JsonNode request) {
    if (!request.has("reasoning_effort")) {
      return openAiUnasked(model);
    }
    String asked = request.get("reasoning_effort").asText();
    Family family = openAiFamily(model);
    List<String> taken = family.efforts();
    if (taken.isEmpty()) {
      rules.refuse(
          Rule.OPENAI_NO_EFFORT,
          "chat",
          ApiError.invalid("Unrecognized request argument supplied: reasoning_effort"));
      return "none";
    }
    List<String> inChat = taken.stream().filter(effort -> !effort.equals("max")).toList();
    if (!inChat.contains(asked)) {
      ApiError refusal =
          unsupported(
              "Unsupported value: 'reasoning_effort' does not support '"
                  + asked
                  + "' with this model. Supported values are: "
                  + listed(inChat)
                  + ".",
              "reasoning_effort",
              "unsupported_value");
      if (taken.contains(asked)) {
        rules.refuse(Rule.OPENAI_CHAT_MAX, refusal);
      } else {
        rules.refuse(Rule.OPENAI_EFFORTS, family.models(), refusal);
      }
    }
    return asked;
  }

  /** The effort of a response. */
  String openAiResponseEffort(String model, JsonNode request) {
    if (request.has("reasoning_effort")) {
      rules.refuse(
          Rule.OPENAI_EFFORT_PLACE,
          unsupported(
              "Unsupported parameter: 'reasoning_effort'. In the Responses API, this parameter has moved to"
                  + " 'reasoning.effort'.",
              "",
              "unsupported_parameter"));
    }
    JsonNode effort = request.path("reasoning").path("effort");
    if (effort.isMissingNode() || effort.isNull()) {
      return openAiUnasked(model);
    }
    Family family = openAiFamily(model);
    List<String> taken = family.efforts();
    if (taken.isEmpty()) {
      rules.refuse(
          Rule.OPENAI_NO_EFFORT,
          "responses",
          unsupported(
              "Unsupported parameter: 'reasoning.effort' is not supported with this model.",
              "reasoning.effort",
              "unsupported_parameter"));
      return "none";
    }
    String asked = effort.asText();
    if (!taken.contains(asked)) {
      rules.refuse(
          Rule.OPENAI_EFFORTS,
          family.models(),
          unsupported(
              EFFORTS.contains(asked)
                  ? "Unsupported value: '"
                      + asked
                      + "' is not supported with the '"
                      + model
                      + "' model. Supported values are: "
                      + listed(taken)
                      + "."
                  : "Invalid value: '"
                      + asked
                      + "'. Supported values are: "
                      + listed(EFFORTS)
                      + ".",
              "reasoning.effort",
              "unsupported_value"));
    }
    return asked;
  }

  /** Whether a model writes its prompt cache unasked, and can be told not to. */
  static boolean writesCache(String model) {
    return is(model, "gpt-5\\.6-.*|gpt-6.*");
  }

  /**
   * What a request wants of the cache.
   *
   * @param implicit whether its whole prompt is written, too
   * @param isLong whether it is kept for twelve hours
   */
  record CacheMode(boolean implicit, boolean isLong) {}

  /**
   * What a request wants of the cache.
   *
   * @param responses whether it is one of the Responses API, which alone has twelve hours
   */
  CacheMode cacheMode(String model, JsonNode request, boolean responses) {
    JsonNode options = request.path("prompt_cache_options");
    if (!options.isMissingNode() && !writesCache(model)) {
      rules.refuse(
          Rule.OPENAI_CACHE_OPTIONS,
          "options",
          unsupported(
              "prompt_cache_options is not supported on this model",
              "prompt_cache_options",
              "invalid_parameter"));
    }
    String mode = options.path("mode").asText("implicit");
    if (!mode.equals("implicit") && !mode.equals("explicit")) {
      rules.refuse(
          Rule.OPENAI_CACHE_VALUES,
          "mode",
          unsupported(
              "Invalid value: '" + mode + "'. Supported values are: 'implicit' and 'explicit'.",
              "prompt_cache_options.mode",
              "invalid_value"));
    }
    String ttl = options.path("ttl").asText("30m");
    if (!ttl.equals("30m") && !(responses && ttl.equals("12h"))) {
      rules.refuse(
          Rule.OPENAI_CACHE_VALUES,
          responses ? "12h" : "30m",
          unsupported(
              "Invalid value: '"
                  + ttl
                  + "'. Supported values are: '30m'"
                  + (responses ? " and '12h'." : "."),
              "prompt_cache_options.ttl",
              "invalid_value"));
    }
    return new CacheMode(
        writesCache(model) && mode.equals("implicit") && rules.keep(Rule.OPENAI_CACHE_WRITES),
        ttl.equals("12h"));
  }

  private static ApiError unsupported(String message, String param, String code) {
    return new ApiError(400, "invalid_request_error", code, message, param);
  }

  private static String listed(List<String> values) {
    List<String> quoted = new ArrayList<>();
    values.forEach(value -> quoted.add("'" + value + "'"));
    if (quoted.size() < 2) {
      return String.join("", quoted);
    }
    return String.join(", ", quoted.subList(0, quoted.size() - 1))
        + ", and "
        + quoted.get(quoted.size() - 1);
  }

  private static final String NO_FLEX =
      "gpt-4.*|o1.*|o3-.*|gpt-5(\\.\\d)?-pro|gpt-6\\.2-(sol|astra)";

  /** What a direct request is served as. */
  Service openAiService(String model, JsonNode request) {
    JsonNode window = request.path("background_options").path("completion_window");
    boolean flex = request.path("service_tier").asText().equals("flex");
    if (flex && is(model, NO_FLEX)) {
      rules.refuse(
          Rule.OPENAI_FLEX,
          unsupported("Invalid service_tier argument", "service_tier", "invalid_value"));
    }
    String asked = window.asText("soonest");
    if (!List.of("soonest", "2h", "8h").contains(asked)) {
      rules.refuse(Rule.OPENAI_WINDOWS, "values", noWindow("Invalid value: '" + asked + "'."));
    } else if (!asked.equals("soonest")) {
      if (!request.path("background").asBoolean()) {
        rules.refuse(Rule.OPENAI_WINDOWS, "background", noWindow("It needs 'background': true."));
      }
      if (!List.of("", "auto", "default").contains(request.path("service_tier").asText(""))) {
        rules.refuse(Rule.OPENAI_WINDOWS, "tier", noWindow("It needs Standard processing."));
      }
      if (!model.startsWith("gpt-6")) {
        rules.refuse(
            Rule.OPENAI_WINDOWS, "models", noWindow("It is not supported with this model."));
      }
    }
    return flex
        ? Service.FLEX
        : asked.equals("2h")
            ? Service.WITHIN_2H
            : asked.equals("8h") ? Service.WITHIN_8H : Service.STANDARD;
  }

  private static ApiError noWindow(String why) {
    return unsupported(
        "background_options.completion_window: " + why,
        "background_options.completion_window",
        "invalid_value");
  }

  // ---- Anthropic ----

  private static final Pattern ALWAYS_THINKS = Pattern.compile("claude-(opus-5-5|fable-5(-[12])?)");
  private static final Pattern NEVER_ADAPTS = Pattern.compile("claude-(haiku|sonnet|opus)-4-5");

  /** Thinking is on unless it is turned off. */
  private static final Pattern THINKS_UNASKED =
      Pattern.compile("claude-(sonnet-5|opus-5|haiku-5-5|sonnet-5-5)");

  private static final Pattern DISABLED_TO_HIGH = Pattern.compile("claude-(opus-5|haiku-5-5)");

  /** What a message's model thinks: the effort, or none. */
  String anthropicEffort(String model, JsonNode request) {
    JsonNode asked = request.path("output_config").path("effort");
    boolean mediumUnasked = is(model, "claude-(haiku|opus)-5-5");
    String effort = asked.asText(mediumUnasked ? "medium" : "high");
    if (asked.isTextual()) {
      if (!ANTHROPIC_EFFORTS.contains(effort)) {
        rules.refuse(
            Rule.ANTHROPIC_EFFORT_NAMES,
            "names",
            ApiError.invalid(
                "output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'"));
      }
      if (is(model, "claude-(haiku|sonnet)-4-5")) {
        rules.refuse(
            Rule.ANTHROPIC_EFFORT_NAMES,
            "old models",
            ApiError.invalid("This model does not support the effort parameter."));
      }
      Set<String> missing =
          is(model, "claude-(sonnet|opus)-4-6")
              ? Set.of("xhigh")
              : is(model, "claude-opus-4-5") ? Set.of("xhigh", "max") : Set.of();
      if (missing.contains(effort)) {
        rules.refuse(
            Rule.ANTHROPIC_EFFORTS,
            effort,
            ApiError.invalid(
                "This model does not support effort level '"
                    + effort
                    + "'. Supported levels: "
                    + String.join(
                        ", ",
                        ANTHROPIC_EFFORTS.stream()
                            .filter(e -> !missing.contains(e))
                            .sorted()
                            .toList())
                    + "."));
      }
    }
    String type = request.path("thinking").path("type").asText("");
    boolean thinks = thinks(model, request, type, effort);
    requireNoForcedTool(model, request, thinks);
    return thinks ? effort : "none";
  }

  private boolean thinks(String model, JsonNode request, String type, String effort) {
    boolean always = ALWAYS_THINKS.matcher(model).matches();
    boolean highOrLess = !effort.equals("xhigh") && !effort.equals("max");
    switch (type) {
      case "" -> {
        return always
            || (THINKS_UNASKED.matcher(model).matches() && rules.keep(Rule.ANTHROPIC_UNASKED));
      }
      case "adaptive" -> {
        if (NEVER_ADAPTS.matcher(model).matches()) {
          rules.refuse(
              Rule.ANTHROPIC_THINKING,
              "adaptive",
              ApiError.invalid("adaptive thinking is not supported on this model"));
        }
        return true;
      }
      case "disabled" -> {
        if (model.equals("claude-sonnet-5-5")) {
          rules.refuse(
              Rule.ANTHROPIC_THINKING,
              "disabled on Sonnet 5.5",
              ApiError.invalid(
                  "To turn thinking off on this model, send \"thinking\": {\"type\": \"between_tools\"} instead"
                      + " of {\"type\": \"disabled\"}."));
        }
        if (always) {
          rules.refuse(Rule.ANTHROPIC_THINKING, "disabled", notThisThinking(type));
        }
        if (DISABLED_TO_HIGH.matcher(model).matches() && !highOrLess) {
          rules.refuse(
              Rule.ANTHROPIC_THINKING,
              "disabled at an effort",
              ApiError.invalid(
                  "output_config.effort '"
                      + effort
                      + "' is not supported when thinking is disabled on this model. Use effort 'high' or"
                      + " below, or enable thinking."));
        }
        return false;
      }
      case "between_tools" -> {
        if (!model.equals("claude-sonnet-5-5")) {
          rules.refuse(
              Rule.ANTHROPIC_THINKING,
              "between_tools",
              ApiError.invalid("\"thinking.type.between_tools\" is not supported for this model."));
        }
        if (!highOrLess || request.get("thinking").size() > 1) {
          rules.refuse(
              Rule.ANTHROPIC_THINKING,
              "between_tools at an effort",
              ApiError.invalid("thinking: between_tools takes no such effort or field"));
        }
        return false;
      }
      case "enabled" -> {
        if (!is(model, "claude-(haiku|sonnet|opus)-4-[56]")) {
          rules.refuse(Rule.ANTHROPIC_THINKING, "enabled", notThisThinking(type));
        }
        long budget = request.path("thinking").path("budget_tokens").asLong(0);
        if (budget < 1_024 || budget >= request.path("max_tokens").asLong()) {
          rules.refuse(
              Rule.ANTHROPIC_THINKING,
              "budget",
              ApiError.invalid("`max_tokens` must be greater than `thinking.budget_tokens`."));
        }
        return true;
      }
      default -> {
        rules.refuse(
            Rule.ANTHROPIC_THINKING,
            "types",
            ApiError.invalid(
                "thinking.type: Input should be 'adaptive', 'disabled', 'enabled' or"
                    + " 'between_tools'"));
        return false;
      }
    }
  }

  private static ApiError notThisThinking(String type) {
    return ApiError.invalid(
        "\"thinking.type."
            + type
            + "\" is not supported for this model. Use \"thinking.type.adaptive\" and"
            + " \"output_config.effort\" to control thinking behavior.");
  }

  private void requireNoForcedTool(String model, JsonNode request, boolean thinks) {
    String choice = request.path("tool_choice").path("type").asText("");
    if (!choice.equals("tool") && !choice.equals("any")) {
      return;
    }
    if (is(model, "claude-(sonnet-5-5|opus-5-5|fable-5-[12])")) {
      rules.refuse(
          Rule.ANTHROPIC_FORCED_TOOL,
          "models",
          ApiError.invalid(
              "tool_choice: type \"tool\" and \"any\" are not supported for this model."));
    }
    if (thinks) {
      rules.refuse(
          Rule.ANTHROPIC_FORCED_TOOL,
          "thinking",
          ApiError.invalid("Thinking may not be enabled when tool_choice forces tool use."));
    }
  }

  // ---- Gemini ----

  static final List<Family> GEMINI_FAMILIES =
      List.of(
          new Family("gemini-2\\..*", List.of()),
          new Family("gemini-4-(neon|hydrogen)", List.of("LOW", "MEDIUM", "HIGH", "XHIGH")),
          new Family(
              "gemini-3\\.1-pro-preview|gemini-3\\.[78]-flash|gemini-4-.*",
              List.of("LOW", "MEDIUM", "HIGH")),
          new Family(".*", List.of("MINIMAL", "LOW", "MEDIUM", "HIGH")));

  private String geminiUnasked(String model) {
    if (!rules.keep(Rule.GEMINI_UNASKED)) {
      return "none";
    }
    if (is(model, "gemini-3-flash-preview|gemini-3\\.1-pro-preview|gemini-4-(neon|hydrogen)")) {
      return "high";
    }
    return is(model, "gemini-3\\.[15]-flash-lite") ? "minimal" : "medium";
  }

  /** The effort that a request comes to. */
  String geminiEffort(String model, JsonNode config) {
    JsonNode thinking = config.path("thinkingConfig");
    boolean byLevel = thinking.has("thinkingLevel");
    if (byLevel && thinking.has("thinkingBudget")) {
      rules.refuse(
          Rule.GEMINI_BUDGETS,
          "both",
          ApiError.invalid("You can only set only one of thinking budget and thinking level."));
    }
    if (byLevel) {
      String level = thinking.get("thinkingLevel").asText();
      Family family =
          GEMINI_FAMILIES.stream().filter(one -> is(model, one.models())).findFirst().orElseThrow();
      if (!family.efforts().contains(level)) {
        rules.refuse(
            Rule.GEMINI_LEVELS,
            family.models(),
            ApiError.invalid(
                family.efforts().isEmpty()
                    ? "Thinking level is not supported for this model."
                    : "Thinking level "
                        + level
                        + " is not supported for this model. Please retry with other thinking level."));
      }
      return level.toLowerCase(java.util.Locale.ROOT);
    }
    return budget(model, thinking).orElseGet(() -> geminiUnasked(model));
  }

  private Optional<String> budget(String model, JsonNode thinking) {
    if (!thinking.has("thinkingBudget") || thinking.get("thinkingBudget").asInt() == -1) {
      return Optional.empty();
    }
    int budget = thinking.get("thinkingBudget").asInt();
    if (budget == 0) {
      if (is(model, "gemini-2\\.5-pro|gemini-3\\.1-pro-preview")) {
        rules.refuse(
            Rule.GEMINI_BUDGETS,
            "none on Pro",
            ApiError.invalid("Budget 0 is invalid. This model only works in thinking mode."));
      }
      if (is(model, "gemini-3\\.5-flash-lite|gemini-4-.*")) {
        rules.refuse(
            Rule.GEMINI_BUDGETS, "none", ApiError.invalid("Request contains an invalid argument."));
      }
      // Told not to, some think all the same.
      return Optional.of(is(model, "gemini-3\\.[78]-flash") ? "low" : "none");
    }
    boolean pro = model.equals("gemini-2.5-pro");
    int least = pro ? 128 : model.equals("gemini-2.5-flash-lite") ? 512 : 1;
    if (budget < least || budget > (pro ? 32_768 : 24_576)) {
      rules.refuse(
          Rule.GEMINI_BUDGETS,
          "range",
          ApiError.invalid("The thinking budget (" + budget + ") is invalid."));
    }
    return Optional.of(
        budget <= 512 ? "minimal" : budget <= 2_048 ? "low" : budget <= 8_192 ? "medium" : "high");
  }

  /** What a direct request is served as. */
  Service geminiService(String model, JsonNode request) {
    if (!request.path("serviceTier").asText().equalsIgnoreCase("flex")) {
      return Service.STANDARD;
    }
    if (model.startsWith("gemini-2.")) {
      rules.refuse(
          Rule.GEMINI_FLEX, ApiError.invalid("Flex API is not supported for model " + model));
    }
    return Service.FLEX;
  }

  // ---- all ----

  /**
   * How many tokens a model reasons about a prompt before it answers: always as many for the same.
   * Our own numbers; nobody publishes any.
   */
  static long reasoningTokens(String effort, String prompt) {
    long[] range =
        switch (effort) {
          case "minimal" -> new long[] {0, 60};
          case "low" -> new long[] {40, 400};
          case "medium" -> new long[] {300, 1_500};
          case "high" -> new long[] {1_000, 4_000};
          case "xhigh" -> new long[] {2_000, 8_000};
          case "max" -> new long[] {4_000, 16_000};
          default -> new long[] {0, 1};
        };
    return range[0] + Math.floorMod(prompt.hashCode() * 31L, range[1] - range[0]);
  }
}
