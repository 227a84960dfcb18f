package dev.nightjar.pipelines.submit;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nightjar.pipelines.task.TaskSpec;
import java.io.UncheckedIOException;
import java.util.HashSet;
import java.util.Set;

/** A task's output schema in the dialects of the providers. */
final class OutputSchema {
  private static final ObjectMapper JSON = new ObjectMapper();

  private OutputSchema() {}

  static JsonNode of(TaskSpec task) {
    try {
      return JSON.readTree(task.outputSchemaJson());
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The same schema without some keywords; names of properties are left alone. */
  static JsonNode without(JsonNode schema, Set<String> keywords) {
    if (schema instanceof ObjectNode object) {
      ObjectNode kept = object.deepCopy();
      kept.remove(keywords);
      kept.fields()
          .forEachRemaining(
              field -> {
                boolean isNameMap =
                    field.getKey().equals("properties") || field.getKey().equals("$defs");
                if (isNameMap && field.getValue() instanceof ObjectNode names) {
                  names
                      .fields()
                      .forEachRemaining(name -> name.setValue(without(name.getValue(), keywords)));
                } else {
                  field.setValue(without(field.getValue(), keywords));
                }
              });
      return kept;
    }
    if (schema instanceof ArrayNode array) {
      ArrayNode kept = JSON.createArrayNode();
      array.forEach(element -> kept.add(without(element, keywords)));
      return kept;
    }
    return schema;
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
