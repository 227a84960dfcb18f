package dev.nightjar.pipelines.validate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Answers of any text, as they are and inside a string. */
public final class AnswerFuzz {
  private static final AnswerValidator VALIDATOR =
      new AnswerValidator(
          """
          {"type": "object", "required": ["a"], "properties": {
            "a": {"type": ["string", "number", "array"], "maxLength": 99, "maxItems": 9, "pattern": "^[^#]*$"},
            "b": {"enum": [1, "x", null]}}}
          """);

  private AnswerFuzz() {}

  /** Every answer is judged, and what is accepted is JSON that judges as well again. */
  public static void fuzzerTestOneInput(byte[] data) {
    String text = new String(data, StandardCharsets.UTF_8);
    for (String answer : List.of(text, "{\"a\":\"" + text, "{\"a\":" + text + "}")) {
      AnswerValidator.Verdict verdict = VALIDATOR.validate(answer);
      assertThat(verdict.isUnjudged()).isFalse();
      assertThat(verdict.answerJson().isPresent()).isNotEqualTo(verdict.code().isPresent());
      verdict
          .answerJson()
          .ifPresent(
              json -> {
                try {
                  assertThat(new ObjectMapper().readTree(json).isObject()).isTrue();
                } catch (JsonProcessingException e) {
                  throw new AssertionError(e);
                }
                assertThat(VALIDATOR.validate(json).answerJson()).contains(json);
              });
    }
  }
}
