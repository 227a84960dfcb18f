package dev.nightjar.pipelines.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashMap;
import java.util.Map;

/**
 * What prompts are made of, and what answers quote. Immutable and thread-safe.
 *
 * @param id the document's
 * @param text all of it
 * @param fields further fields that the prompt shows
 */
public record SourceDocument(String id, String text, Map<String, String> fields) {
  private static final ObjectMapper JSON = new ObjectMapper();

  public SourceDocument {
    fields = Map.copyOf(fields);
  }

  public static SourceDocument of(Document document) {
    return new SourceDocument(document.id(), document.text(), document.fields());
  }

  /** As it is kept. */
  public String toJson() {
    ObjectNode node = JSON.createObjectNode().put("id", id).put("text", text);
    ObjectNode named = node.putObject("fields");
    fields.forEach(named::put);
    return node.toString();
  }

  public static SourceDocument ofJson(String json) {
    try {
      JsonNode node = JSON.readTree(json);
      Map<String, String> fields = new HashMap<>();
      node.path("fields")
          .fields()
          .forEachRemaining(field -> fields.put(field.getKey(), field.getValue().asText()));
      return new SourceDocument(node.path("id").asText(), node.path("text").asText(), fields);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a kept document is JSON", e);
    }
  }
}
