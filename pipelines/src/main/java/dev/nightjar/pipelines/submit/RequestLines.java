package dev.nightjar.pipelines.submit;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nightjar.pipelines.task.TaskSpec;
import dev.nightjar.pipelines.task.TierSpec;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;

/**
 * The requests of a batch, one JSON object each, as the provider reads them. What is shared by all
 * requests of a task comes first, so that a provider that caches prompts by their prefix can.
 * Immutable and thread-safe: the trees it hands out share the schema and must not be changed.
 */
public final class RequestLines {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final Set<String> UNSUPPORTED_BY_ANTHROPIC =
      Set.of(
          "minimum",
          "maximum",
          "exclusiveMinimum",
          "exclusiveMaximum",
          "multipleOf",
          "minLength",
          "maxLength",
          "minItems",
          "maxItems",
          "uniqueItems");

  private final TaskSpec task;
  private final JsonNode schema;
  private final JsonNode schemaForAnthropic;
  private final boolean strict;

  /** Requests of one task; its schema is read once, not once a request. */
  public RequestLines(TaskSpec task) {
    this.task = task;
    this.schema = schema(task);
    this.schemaForAnthropic = withoutUnsupported(schema);
    this.strict = isStrict(schema);
  }

  /**
   * The request of one attempt: an OpenAI batch line, or an entry of Anthropic's {@code requests}.
   */
  public ObjectNode of(TierSpec tier, String customId, String prompt) {
    return switch (tier.provider()) {
      case OPENAI -> openAi(tier, customId, prompt);
      case ANTHROPIC -> anthropic(tier, customId, prompt);
    };
  }

  /** The exact size of a request in UTF-8, without a line end. */
  public int bytes(TierSpec tier, String customId, String prompt) {
    return write(of(tier, customId, prompt)).getBytes(StandardCharsets.UTF_8).length;
  }

  /** One line, without its end. */
  public static String write(JsonNode request) {
    try {
      return JSON.writeValueAsString(request);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  private ObjectNode openAi(TierSpec tier, String customId, String prompt) {
    ObjectNode line = JSON.createObjectNode();
    line.put("custom_id", customId);
    line.put("method", "POST");
    line.put("url", "/v1/chat/completions");
    ObjectNode body = line.putObject("body");
    body.put("model", tier.model());
    var messages = body.putArray("messages");
    messages.addObject().put("role", "system").put("content", task.system());
    messages.addObject().put("role", "user").put("content", prompt);
    body.put("max_completion_tokens", tier.outputTokensMax());
    ObjectNode format = body.putObject("response_format");
    format.put("type", "json_schema");
    ObjectNode named = format.putObject("json_schema");
    named.put("name", "answer");
    named.put("strict", strict);
    named.set("schema", schema);
    return line;
  }

  private ObjectNode anthropic(TierSpec tier, String customId, String prompt) {
    ObjectNode request = JSON.createObjectNode();
    request.put("custom_id", customId);
    ObjectNode params = request.putObject("params");
    params.put("model", tier.model());
    params.put("max_tokens", tier.outputTokensMax());
    params.put("system", task.system());
    params.putArray("messages").addObject().put("role", "user").put("content", prompt);
    ObjectNode format = params.putObject("output_config").putObject("format");
    format.put("type", "json_schema");
    format.set("schema", schemaForAnthropic);
    return request;
  }

  /** Anthropic answers 400 to limits in a schema; the validator still holds answers to them. */
  private static JsonNode withoutUnsupported(JsonNode schema) {
    if (schema instanceof ObjectNode object) {
      ObjectNode kept = object.deepCopy();
      kept.remove(UNSUPPORTED_BY_ANTHROPIC);
      kept.fields()
          .forEachRemaining(
              field -> {
                boolean isNameMap =
                    field.getKey().equals("properties") || field.getKey().equals("$defs");
                if (isNameMap && field.getValue() instanceof ObjectNode names) {
                  names
                      .fields()
                      .forEachRemaining(name -> name.setValue(withoutUnsupported(name.getValue())));
                } else {
                  field.setValue(withoutUnsupported(field.getValue()));
                }
              });
      return kept;
    }
    if (schema instanceof ArrayNode array) {
      ArrayNode kept = JSON.createArrayNode();
      array.forEach(element -> kept.add(withoutUnsupported(element)));
      return kept;
    }
    return schema;
  }

  private static JsonNode schema(TaskSpec task) {
    try {
      return JSON.readTree(task.outputSchemaJson());
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** OpenAI's strict mode wants every object closed and every property required. */
  static boolean isStrict(JsonNode schema) {
    if (schema.isObject() && schema.path("properties").isObject()) {
      Set<String> required = new HashSet<>();
      schema.path("required").forEach(name -> required.add(name.asText()));
      Set<String> properties = new HashSet<>();
      schema.get("properties").fieldNames().forEachRemaining(properties::add);
      if (!schema.path("additionalProperties").isBoolean()
          || schema.path("additionalProperties").asBoolean()
          || !required.equals(properties)) {
        return false;
      }
    }
    for (JsonNode child : schema) {
      if (child.isContainerNode() && !isStrict(child)) {
        return false;
      }
    }
    return true;
  }
}
