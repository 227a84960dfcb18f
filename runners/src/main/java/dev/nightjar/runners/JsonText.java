package dev.nightjar.runners;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** JSON as commands print it. */
final class JsonText {
  private static final ObjectMapper JSON = new ObjectMapper();

  private JsonText() {}

  static ObjectNode object() {
    return JSON.createObjectNode();
  }

  static JsonNode string(String text) {
    return JSON.getNodeFactory().textNode(text);
  }

  /** A value on one line. */
  static String line(JsonNode value) {
    return value.toString();
  }

  /** Text as the JSON that it is; as a string if it is none, null if it is empty. */
  static JsonNode parsed(String text) {
    if (text.isEmpty()) {
      return JSON.nullNode();
    }
    try {
      return JSON.readTree(text);
    } catch (JsonProcessingException e) {
      return JSON.getNodeFactory().textNode(text);
    }
  }

  /** The text of a JSON string. */
  static String unquoted(String json) {
    return parsed(json).asText(json);
  }
}
