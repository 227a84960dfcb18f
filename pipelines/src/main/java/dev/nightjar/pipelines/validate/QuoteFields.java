package dev.nightjar.pipelines.validate;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.Optional;

/**
 * The properties of a schema that are marked {@code x-quote: true}, at any depth under {@code
 * properties} and {@code items}. What a model writes there must stand in what it was sent.
 * Immutable and thread-safe.
 */
final class QuoteFields {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final JsonNode schema;
  private final boolean isEmpty;

  private QuoteFields(JsonNode schema) {
    this.schema = schema;
    this.isEmpty = !hasMark(schema);
  }

  static QuoteFields of(String outputSchemaJson) {
    try {
      return new QuoteFields(JSON.readTree(outputSchemaJson));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("the output schema is not JSON", e);
    }
  }

  boolean isEmpty() {
    return isEmpty;
  }

  /**
   * Checks an answer's quotes, and puts the source's own words where they differ.
   *
   * @param answer is changed
   * @param source what the quotes are from
   * @return the first quote that is not there, as its place
   */
  Optional<String> correct(JsonNode answer, String source) {
    return corrected(schema, answer, "$", new QuoteLocator(source));
  }

  private static boolean hasMark(JsonNode schema) {
    if (isMarked(schema)) {
      return true;
    }
    for (JsonNode property : schema.path("properties")) {
      if (hasMark(property)) {
        return true;
      }
    }
    return schema.path("items").isObject() && hasMark(schema.path("items"));
  }

  private static boolean isMarked(JsonNode schema) {
    return schema.path("x-quote").asBoolean();
  }

  private static Optional<String> corrected(
      JsonNode schema, JsonNode answer, String place, QuoteLocator locator) {
    if (answer instanceof ObjectNode object) {
      for (var fields = schema.path("properties").fields(); fields.hasNext(); ) {
        var field = fields.next();
        JsonNode value = object.path(field.getKey());
        String at = place + "." + field.getKey();
        if (isMarked(field.getValue()) && value.isTextual()) {
          Optional<QuoteLocator.Place> found = locator.locate(value.asText());
          if (found.isEmpty()) {
            return Optional.of(at);
          }
          object.set(field.getKey(), TextNode.valueOf(found.get().text()));
        }
        Optional<String> missing = corrected(field.getValue(), value, at, locator);
        if (missing.isPresent()) {
          return missing;
        }
      }
    } else if (answer instanceof ArrayNode array) {
      JsonNode items = schema.path("items");
      boolean areQuotes = isMarked(items) || isMarked(schema);
      for (int i = 0; i < array.size(); i++) {
        String at = place + "[" + i + "]";
        if (areQuotes && array.get(i).isTextual()) {
          Optional<QuoteLocator.Place> found = locator.locate(array.get(i).asText());
          if (found.isEmpty()) {
            return Optional.of(at);
          }
          array.set(i, TextNode.valueOf(found.get().text()));
        }
        Optional<String> missing = corrected(items, array.get(i), at, locator);
        if (missing.isPresent()) {
          return missing;
        }
      }
    }
    return Optional.empty();
  }
}
