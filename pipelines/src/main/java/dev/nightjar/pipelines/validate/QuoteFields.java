package dev.nightjar.pipelines.validate;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The properties of a schema that are marked {@code x-quote: true}, at any depth under {@code
 * properties} and {@code items}. What a model writes there must stand in the document, or be empty
 * where the schema lets it: nothing is quoted then. Immutable and thread-safe.
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
   * Where an answer's quotes stand.
   *
   * @param missing the place in the answer of the first quote that stands nowhere
   * @param found by their places in the answer
   */
  record Checked(Optional<String> missing, Map<String, QuoteSource.Found> found) {}

  /**
   * Checks an answer's quotes, and puts the source's own words where they differ.
   *
   * @param answer is changed
   * @param source what the quotes are from
   */
  Checked correct(JsonNode answer, QuoteSource source) {
    Map<String, QuoteSource.Found> found = new LinkedHashMap<>();
    return new Checked(corrected(schema, answer, "$", source, found), found);
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

  /** "Where it does not say, give an empty string" is answered by an empty one. */
  private static boolean quotes(JsonNode value) {
    return value.isTextual() && !value.asText().isEmpty();
  }

  private static Optional<String> corrected(
      JsonNode schema,
      JsonNode answer,
      String place,
      QuoteSource source,
      Map<String, QuoteSource.Found> found) {
    if (answer instanceof ObjectNode object) {
      for (var fields = schema.path("properties").fields(); fields.hasNext(); ) {
        var field = fields.next();
        JsonNode value = object.path(field.getKey());
        String at = place + "." + field.getKey();
        if (isMarked(field.getValue()) && quotes(value)) {
          Optional<QuoteSource.Found> here = source.locate(value.asText());
          if (here.isEmpty()) {
            return Optional.of(at);
          }
          found.put(at, here.get());
          object.set(field.getKey(), TextNode.valueOf(here.get().said()));
        }
        Optional<String> missing = corrected(field.getValue(), value, at, source, found);
        if (missing.isPresent()) {
          return missing;
        }
      }
    } else if (answer instanceof ArrayNode array) {
      JsonNode items = schema.path("items");
      boolean areQuotes = isMarked(items) || isMarked(schema);
      for (int i = 0; i < array.size(); i++) {
        String at = place + "[" + i + "]";
        if (areQuotes && quotes(array.get(i))) {
          Optional<QuoteSource.Found> here = source.locate(array.get(i).asText());
          if (here.isEmpty()) {
            return Optional.of(at);
          }
          found.put(at, here.get());
          array.set(i, TextNode.valueOf(here.get().said()));
        }
        Optional<String> missing = corrected(items, array.get(i), at, source, found);
        if (missing.isPresent()) {
          return missing;
        }
      }
    }
    return Optional.empty();
  }
}
