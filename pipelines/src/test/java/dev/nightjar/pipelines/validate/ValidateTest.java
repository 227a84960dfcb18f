package dev.nightjar.pipelines.validate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.StoredAttempt;
import dev.nightjar.pipelines.TestTasks;
import dev.nightjar.pipelines.task.TaskSpec;
import dev.nightjar.pipelines.task.TierSpec;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ValidateTest {
  private static final TaskSpec TASK = TestTasks.task();

  private final AnswerValidator validator =
      new AnswerValidator(TestTasks.task().outputSchemaJson());

  @Test
  void anAnswerThatMeetsTheSchemaIsAccepted() {
    assertThat(validator.validate("{\"topic\": \"tax\"}").answerJson())
        .contains("{\"topic\":\"tax\"}");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "null",
        "I cannot tell.",
        "{\"topic\": 3}",
        "{\"topic\":\"tax\",\"more\":1}",
        "{\"topic\":\"tax\"} and more",
        "{\"topic\":\"a\\u0000b\"}",
        "{\"topic\":\"a\\ud83d\"}",
        "{\"topic\":\"tax\",\"topic\":\"law\"}",
        "{\"topic\":\"tax\"}{\"topic\":\"law\"}",
        "```json\n{\"topic\": 3}\n```",
        "```\n```json\n{\"topic\": \"tax\"}\n```\n```",
        "Here it is:\n```json\n{\"topic\": \"tax\"}\n```",
        "[{\"topic\":\"tax\"}]"
      })
  void anAnswerThatDoesNotIsRejectedWithoutRepeatingIt(String answer) {
    AnswerValidator.Verdict verdict = validator.validate(answer);
    assertThat(verdict.code()).contains(ErrorCode.ANSWER_INVALID);
    assertThat(verdict.reason()).isNotBlank().doesNotContain("cannot tell");
  }

  @Test
  void aStoredSchemaThatRefersElsewhereFetchesNothing() throws Exception {
    // A task registered by a former build was not checked for it.
    try (ServerSocket listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      listening.setSoTimeout(1);
      String schema =
          "{\"properties\":{\"a\":{\"$ref\":\"http://127.0.0.1:"
              + listening.getLocalPort()
              + "/s.json\"}}}";
      assertThat(new AnswerValidator(schema).validate("{\"a\":1}").reason())
          .as("booked, and not judged")
          .contains("could not be judged");
      assertThat(new AnswerValidator(schema).validate("{\"a\":1}").isUnjudged()).isTrue();
      assertThatThrownBy(listening::accept).isInstanceOf(SocketTimeoutException.class);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\uFEFF{\"topic\":\"tax\"}",
        "```json\n{\"topic\":\"tax\"}\n```",
        "```\r\n{\"topic\":\"tax\"}\r\n```\r\n",
        "\n```JSON \n{\"topic\":\n\"tax\"}\n  ```\n"
      })
  void oneWrapperIsTakenOff(String answer) {
    assertThat(validator.validate(answer).answerJson()).contains("{\"topic\":\"tax\"}");
  }

  @Test
  void whatIsWrittenIsTestedAndNotHowItIsWritten() {
    String escaped = "{\"topic\":\"a\\\\u0000b ```\"}";
    assertThat(validator.validate(escaped).answerJson())
        .as("a backslash before u0000, not a NUL")
        .contains(escaped);
    AnswerValidator any = new AnswerValidator("{\"type\":\"object\"}");
    assertThat(any.validate("{}").answerJson()).contains("{}");
    assertThat(any.validate("{\"a\":[{\"b\\u0000\":1}]}").code())
        .contains(ErrorCode.ANSWER_INVALID);
  }

  @Test
  void decimalsStayAsTheyAreWritten() {
    AnswerValidator any =
        new AnswerValidator("{\"type\":\"object\",\"properties\":{\"n\":{\"type\":\"number\"}}}");
    for (String number :
        List.of(
            "0.12345678901234567890123",
            "1.10",
            "9007199254740993",
            "123456789012345678901234567890")) {
      assertThat(any.validate("{\"n\":" + number + "}").answerJson())
          .contains("{\"n\":" + number + "}");
    }
    for (String number :
        List.of(
            "1e400",
            "-1e400",
            "1e999999999",
            "1e-999999999",
            "1e99999999999",
            "1e-2147483648",
            "NaN",
            "Infinity")) {
      assertThat(any.validate("{\"n\":" + number + "}").code())
          .as(number)
          .contains(ErrorCode.ANSWER_INVALID);
    }
  }

  @Test
  void aPatternThatDoesNotEndLeavesTheAnswerUnjudged() {
    AnswerValidator slow =
        new AnswerValidator(
            "{\"type\":\"object\",\"properties\":{\"a\":{\"pattern\":\"^(?:.*a){12}b?$\"}}}",
            java.time.Duration.ofMillis(200));
    assertThat(slow.validate("{\"a\":\"" + "a".repeat(60) + "!\"}").isUnjudged()).isTrue();
    assertThat(slow.validate("{\"a\":\"" + "a".repeat(12) + "\\n\"}").code())
        .as("the end is the end")
        .contains(ErrorCode.ANSWER_INVALID);
    assertThat(slow.validate("{\"a\":\"" + "a".repeat(12) + "\"}").answerJson()).isPresent();
  }

  private static StoredAttempt attempt(String tier, int attemptsAtTier) {
    return new StoredAttempt("id", "key", 1, tier, attemptsAtTier, "prompt", 10, 0);
  }

  @Test
  void aBadAnswerGoesOneTierUpAtOnce() {
    assertThat(after(TASK, "small", ErrorCode.ANSWER_INVALID)).contains("large");
    assertThat(after(TASK, "large", ErrorCode.ANSWER_INVALID)).isEmpty();
    assertThat(after(TASK, "small", ErrorCode.ANSWER_TRUNCATED))
        .as("cut off, and the next tier allows no more")
        .isEmpty();
  }

  @Test
  void aRefusalGoesUpOnlyIfTheTaskSaysSo() {
    for (ErrorCode refusal : List.of(ErrorCode.ANSWER_REFUSED, ErrorCode.ANSWER_FILTERED)) {
      assertThat(after(TASK, "small", refusal)).as("%s", refusal).isEmpty();
      assertThat(after(TestTasks.of(TestTasks.YAML + "on_refusal: escalate\n"), "small", refusal))
          .as("%s", refusal)
          .contains("large");
    }
  }

  @Test
  void whatFillsAContextGoesWhereMoreFitsAndAPausedTurnIsAskedAgain() {
    TaskSpec told =
        TestTasks.of(
            TestTasks.YAML
                .replace("prompt_tokens_max: 500", "context_tokens_max: 1000")
                .replace(
                    "model: claude-opus-5-5",
                    "model: claude-opus-5-5\n    context_tokens_max: 9000"));
    assertThat(after(TASK, "small", ErrorCode.ANSWER_CONTEXT_FULL))
        .as("nothing is said of what tiers take")
        .isEmpty();
    assertThat(after(told, "small", ErrorCode.ANSWER_CONTEXT_FULL)).contains("large");
    assertThat(after(TASK, "small", ErrorCode.ANSWER_PAUSED)).contains("small");
  }

  private static Optional<String> after(TaskSpec task, String tier, ErrorCode code) {
    return Escalation.afterAnswer(task, attempt(tier, 1), code).map(TierSpec::name);
  }

  @Test
  void aRequestThatWasNotExecutedIsRepeatedAtItsOwnTierAndNeverGoesUp() {
    assertThat(Escalation.again(TASK.tiers(), attempt("small", 1)).orElseThrow().name())
        .isEqualTo("small");
    assertThat(Escalation.again(TASK.tiers(), attempt("small", 2)).orElseThrow().name())
        .isEqualTo("small");
    assertThat(Escalation.again(TASK.tiers(), attempt("small", 3))).isEmpty();
  }
}
