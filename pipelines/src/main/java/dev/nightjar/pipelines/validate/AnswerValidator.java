package dev.nightjar.pipelines.validate;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import com.networknt.schema.ValidationMessage;
import com.networknt.schema.resource.DisallowSchemaLoader;
import dev.nightjar.cachestore.ErrorCode;
import java.util.Optional;
import java.util.Set;

/** Checks answers against a task's output schema. Immutable and thread-safe. */
public final class AnswerValidator {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private final JsonSchema schema;

  /**
   * A validator.
   *
   * @param outputSchemaJson JSON Schema, draft 2020-12
   */
  public AnswerValidator(String outputSchemaJson) {
    // A schema comes with a task; what it refers to elsewhere is not fetched.
    schema =
        JsonSchemaFactory.getInstance(
                SpecVersion.VersionFlag.V202012,
                builder ->
                    builder.schemaLoaders(
                        loaders -> loaders.add(DisallowSchemaLoader.getInstance())))
            .getSchema(outputSchemaJson);
  }

  /**
   * What an answer came to.
   *
   * @param answerJson the answer, if it will do
   * @param code why not, if not
   * @param reason the same in words, without the answer's text
   */
  public record Verdict(Optional<String> answerJson, Optional<ErrorCode> code, String reason) {
    static Verdict rejected(ErrorCode code, String reason) {
      return new Verdict(Optional.empty(), Optional.of(code), reason);
    }
  }

  /**
   * Judges an answer.
   *
   * @param truncated whether the provider says that it was cut off
   */
  public Verdict validate(String text, boolean truncated) {
    try {
      return judged(text, truncated);
    } catch (RuntimeException e) {
      // It is paid for, and must be booked: a defect of judging fails the answer, not the night.
      return Verdict.rejected(
          ErrorCode.ANSWER_INVALID,
          "it could not be judged by the task's schema (" + e.getClass().getSimpleName() + ")");
    }
  }

  private Verdict judged(String text, boolean truncated) {
    if (truncated) {
      return Verdict.rejected(ErrorCode.ANSWER_TRUNCATED, "the answer was cut at its token limit");
    }
    JsonNode answer;
    try {
      answer = JSON.readTree(text);
    } catch (JsonProcessingException e) {
      return Verdict.rejected(ErrorCode.ANSWER_INVALID, "the answer is not JSON");
    }
    if (answer == null || !answer.isObject() || answer.isEmpty()) {
      return Verdict.rejected(
          ErrorCode.ANSWER_INVALID, "the answer is not a JSON object with content");
    }
    if (text.contains("\\u0000")) {
      return Verdict.rejected(
          ErrorCode.ANSWER_INVALID, "the answer holds a NUL, which PostgreSQL cannot store");
    }
    Set<ValidationMessage> problems = schema.validate(answer);
    if (!problems.isEmpty()) {
      ValidationMessage first = problems.iterator().next();
      return Verdict.rejected(
          ErrorCode.ANSWER_INVALID,
          first.getInstanceLocation() + " breaks the output schema's '" + first.getType() + "'");
    }
    return new Verdict(Optional.of(answer.toString()), Optional.empty(), "");
  }
}
