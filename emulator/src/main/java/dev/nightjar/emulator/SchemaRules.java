package dev.nightjar.emulator;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Set;

/** What each provider refuses in the schema of an answer, and the words it does it with. */
final class SchemaRules {
  static final Set<String> NOT_IN_STRICT_MODE =
      Set.of(
          "allOf",
          "oneOf",
          "not",
          "if",
          "then",
          "else",
          "dependentRequired",
          "dependentSchemas",
          "patternProperties",
          "propertyNames",
          "minProperties",
          "maxProperties",
          "prefixItems",
          "contains",
          "minContains",
          "maxContains",
          "uniqueItems",
          "unevaluatedItems",
          "unevaluatedProperties",
          "$anchor",
          "$dynamicRef",
          "contentEncoding",
          "contentMediaType");

  private static final int ANTHROPIC_OPTIONAL_MAX = 24;
  private static final int ANTHROPIC_UNIONS_MAX = 16;

  private static final Set<String> FORMATS =
      Set.of("date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid");

  static final Set<String> NOT_IN_OUTPUT_FORMAT =
      Set.of(
          "minimum",
          "maximum",
          "exclusiveMinimum",
          "exclusiveMaximum",
          "multipleOf",
          "minLength",
          "maxLength",
          "maxItems",
          "uniqueItems",
          "minProperties",
          "maxProperties",
          "oneOf",
          "not",
          "if",
          "patternProperties",
          "propertyNames",
          "prefixItems",
          "contains");

  private static final int PROPERTIES_MAX = 5_000;
  private static final int LEVELS_MAX = 10;
  private static final int ENUM_VALUES_MAX = 1_000;
  private static final long GEMINI_ITEMS_MAX = 960;

  private final Rules rules;

  SchemaRules(Rules rules) {
    this.rules = rules;
  }

  /** OpenAI's strict mode. */
  void openAiStrict(JsonNode schema) {
    if (!schema.path("type").asText().equals("object")) {
      rules.refuse(Rule.OPENAI_ROOT, "type", notAnObject());
    }
    if (schema.has("anyOf")) {
      rules.refuse(Rule.OPENAI_ROOT, "anyOf", notAnObject());
    }
    int[] counts = new int[2];
    strict(schema, "()", 1, counts);
    if (counts[0] > PROPERTIES_MAX) {
      rules.refuse(Rule.OPENAI_SIZE, "properties", openAi("()", "schema has too many properties."));
    }
    if (counts[1] > ENUM_VALUES_MAX) {
      rules.refuse(Rule.OPENAI_SIZE, "values", openAi("()", "schema has too many enum values."));
    }
  }

  private static ApiError notAnObject() {
    return openAi(
        "()", "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"None\"'.");
  }

  private void strict(JsonNode schema, String at, int level, int[] counts) {
    if (level > LEVELS_MAX) {
      rules.refuse(
          Rule.OPENAI_SIZE,
          "levels",
          openAi(at, "schema is nested more than " + LEVELS_MAX + " levels deep."));
    }
    for (String keyword : NOT_IN_STRICT_MODE) {
      if (schema.has(keyword)) {
        rules.refuse(
            Rule.OPENAI_KEYWORDS, keyword, openAi(at, "'" + keyword + "' is not permitted."));
      }
    }
    if (!schema.has("type") && !schema.has("$ref") && !schema.has("anyOf")) {
      rules.refuse(Rule.OPENAI_TYPE, openAi(at, "schema must have a 'type' key."));
    }
    if (schema.has("format") && !FORMATS.contains(schema.get("format").asText())) {
      rules.refuse(
          Rule.OPENAI_FORMATS,
          openAi(at, "'" + schema.get("format").asText() + "' is not a valid format."));
    }
    if (schema.has("$ref")) {
      String target = schema.get("$ref").asText();
      if (!target.equals("#") && !target.matches("#/(\\$defs|definitions)/[^/]+")) {
        rules.refuse(
            Rule.OPENAI_REF_TARGET,
            openAi(
                at,
                "reference can only point to definitions defined at the top level of the schema."));
      }
      schema
          .fieldNames()
          .forEachRemaining(
              name -> {
                if (!name.startsWith("$")) {
                  rules.refuse(
                      Rule.OPENAI_REF_ALONE,
                      openAi(at, "$ref cannot have keywords {'" + name + "'}."));
                }
              });
    }
    if (schema.path("pattern").asText("").matches("(?s).*\\(\\?<?[=!].*")) {
      rules.refuse(Rule.OPENAI_PATTERN, openAi(at, "regex lookaround is not supported."));
    }
    counts[1] += schema.path("enum").size();
    if (isOf(schema, "object")) {
      if (!schema.path("additionalProperties").isBoolean()
          || schema.get("additionalProperties").asBoolean()) {
        rules.refuse(
            Rule.OPENAI_CLOSED,
            openAi(at, "'additionalProperties' is required to be supplied and to be false."));
      }
      JsonNode properties = schema.path("properties");
      counts[0] += properties.size();
      properties
          .fieldNames()
          .forEachRemaining(
              name -> {
                if (!names(schema.path("required"), name)) {
                  rules.refuse(
                      Rule.OPENAI_REQUIRED,
                      openAi(
                          at,
                          "'required' is required to be supplied and to be an array including every key in"
                              + " properties. Missing '"
                              + name
                              + "'."));
                }
              });
      properties
          .fields()
          .forEachRemaining(
              one ->
                  strict(
                      one.getValue(), "('properties', '" + one.getKey() + "')", level + 1, counts));
    }
    if (isOf(schema, "array")) {
      if (schema.has("items")) {
        strict(schema.get("items"), "('items')", level + 1, counts);
      } else {
        rules.refuse(Rule.OPENAI_ITEMS, openAi(at, "array schema missing items."));
      }
    }
    schema.path("anyOf").forEach(one -> strict(one, "('anyOf')", level, counts));
    for (String definitions : List.of("$defs", "definitions")) {
      schema
          .path(definitions)
          .fields()
          .forEachRemaining(
              one ->
                  strict(
                      one.getValue(),
                      "('" + definitions + "', '" + one.getKey() + "')",
                      1,
                      counts));
    }
  }

  private static boolean isOf(JsonNode schema, String type) {
    JsonNode types = schema.path("type");
    return types.isTextual() ? types.asText().equals(type) : names(types, type);
  }

  private static boolean names(JsonNode array, String name) {
    for (JsonNode one : array) {
      if (one.asText().equals(name)) {
        return true;
      }
    }
    return false;
  }

  private static ApiError openAi(String at, String what) {
    return new ApiError(
        400,
        "invalid_request_error",
        "invalid_json_schema",
        "Invalid schema for response_format 'answer': In context=" + at + ", " + what,
        "response_format");
  }

  /** Anthropic's output format takes the shape of an answer, closed, and no limits. */
  void anthropic(JsonNode schema) {
    anthropicShape(schema);
    long optional = optional(schema);
    if (optional > ANTHROPIC_OPTIONAL_MAX) {
      rules.refuse(
          Rule.ANTHROPIC_OPTIONAL,
          ApiError.invalid(
              "Schemas contains too many optional parameters ("
                  + optional
                  + "), which would make grammar compilation inefficient. Reduce the number of optional"
                  + " parameters in your tool schemas (limit: 24)."));
    }
    long unions = unions(schema);
    if (unions > ANTHROPIC_UNIONS_MAX) {
      rules.refuse(
          Rule.ANTHROPIC_UNIONS,
          ApiError.invalid(
              "Schemas contains too many parameters with union types ("
                  + unions
                  + " parameters with type arrays or anyOf). This causes exponential compilation cost. Reduce"
                  + " the number of nullable or union-typed parameters (limit: 16 parameters with unions)."));
    }
  }

  /** A tool's arguments are no choice at their root. */
  void anthropicTool(JsonNode schema) {
    for (String keyword : List.of("oneOf", "allOf", "anyOf")) {
      if (schema.has(keyword)) {
        rules.refuse(
            Rule.ANTHROPIC_TOOL_ROOT,
            keyword,
            ApiError.invalid(
                "tools.0.custom.input_schema: input_schema does not support oneOf, allOf, or anyOf at the top"
                    + " level"));
      }
    }
    if (!schema.path("type").asText().equals("object")) {
      rules.refuse(
          Rule.ANTHROPIC_TOOL_ROOT,
          "type",
          ApiError.invalid("tools.0.custom.input_schema.type: Input should be 'object'"));
    }
  }

  private static long optional(JsonNode schema) {
    long optional = 0;
    for (String name : (Iterable<String>) schema.path("properties")::fieldNames) {
      optional += names(schema.path("required"), name) ? 0 : 1;
    }
    for (JsonNode child : schema) {
      optional += optional(child);
    }
    return optional;
  }

  private static long unions(JsonNode schema) {
    long unions = schema.has("anyOf") || schema.path("type").isArray() ? 1 : 0;
    for (JsonNode child : schema) {
      unions += unions(child);
    }
    return unions;
  }

  private void anthropicShape(JsonNode schema) {
    for (String keyword : NOT_IN_OUTPUT_FORMAT) {
      if (schema.has(keyword)) {
        rules.refuse(
            Rule.ANTHROPIC_KEYWORDS,
            keyword,
            ApiError.invalid(
                "output_config.format.schema: For '"
                    + schema.path("type").asText()
                    + "' type, property '"
                    + keyword
                    + "' is not supported"));
      }
    }
    if (schema.path("minItems").asInt(0) > 1) {
      rules.refuse(
          Rule.ANTHROPIC_MIN_ITEMS,
          ApiError.invalid(
              "output_config.format.schema: 'minItems' values other than 0 or 1 are not supported"));
    }
    if (isOf(schema, "object")
        && (!schema.path("additionalProperties").isBoolean()
            || schema.get("additionalProperties").asBoolean())) {
      rules.refuse(
          Rule.ANTHROPIC_CLOSED,
          ApiError.invalid(
              "output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set to false"));
    }
    for (String names : List.of("properties", "$defs", "definitions")) {
      schema.path(names).forEach(this::anthropicShape);
    }
    schema.path("anyOf").forEach(this::anthropicShape);
    if (schema.path("items").isObject()) {
      anthropicShape(schema.get("items"));
    }
  }

  /** Gemini says nothing of what it does not like. */
  void gemini(JsonNode schema) {
    if (itemsMax(schema) > GEMINI_ITEMS_MAX) {
      rules.refuse(Rule.GEMINI_ITEMS, ApiError.invalid("Request contains an invalid argument."));
    }
  }

  private static long itemsMax(JsonNode schema) {
    long items = schema.path("maxItems").asLong(0);
    for (String names : List.of("properties", "$defs", "anyOf", "oneOf", "prefixItems")) {
      for (JsonNode one : schema.path(names)) {
        items += itemsMax(one);
      }
    }
    for (String one : List.of("items", "additionalProperties")) {
      items += schema.path(one).isObject() ? itemsMax(schema.get(one)) : 0;
    }
    return items;
  }
}
