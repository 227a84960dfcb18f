package dev.nightjar.cachestore.postgres;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;

/** A model's words as a column of text can hold them: a JSON string, in ASCII. */
final class RawAnswers {
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(JsonWriteFeature.ESCAPE_NON_ASCII).build();

  private RawAnswers() {}

  static String toJson(String answer) {
    try {
      return JSON.writeValueAsString(answer);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  static String ofJson(String json) {
    try {
      return JSON.readValue(json, String.class);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }
}
