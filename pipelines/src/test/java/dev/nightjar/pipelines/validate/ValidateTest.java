package dev.nightjar.pipelines.validate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.StoredAttempt;
import dev.nightjar.pipelines.TestTasks;
import dev.nightjar.pipelines.task.TierSpec;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ValidateTest {
  private static final List<TierSpec> TIERS = TestTasks.task().tiers();

  private final AnswerValidator validator =
      new AnswerValidator(TestTasks.task().outputSchemaJson());

  @Test
  void anAnswerThatMeetsTheSchemaIsAccepted() {
    assertThat(validator.validate("{\"topic\": \"tax\"}", false).answerJson())
        .contains("{\"topic\":\"tax\"}");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "null",
        "{}",
        "I cannot tell.",
        "{\"topic\": 3}",
        "{\"topic\":\"tax\",\"more\":1}",
        "{\"topic\":\"tax\"} and more",
        "{\"topic\":\"a\\u0000b\"}",
        "[{\"topic\":\"tax\"}]"
      })
  void anAnswerThatDoesNotIsRejectedWithoutRepeatingIt(String answer) {
    AnswerValidator.Verdict verdict = validator.validate(answer, false);
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
      assertThat(new AnswerValidator(schema).validate("{\"a\":1}", false).reason())
          .as("booked, and not judged")
          .contains("could not be judged");
      assertThatThrownBy(listening::accept).isInstanceOf(SocketTimeoutException.class);
    }
  }

  @Test
  void aTruncatedAnswerIsRejectedEvenIfItParses() {
    assertThat(validator.validate("{\"topic\":\"tax\"}", true).code())
        .contains(ErrorCode.ANSWER_TRUNCATED);
  }

  private static StoredAttempt attempt(String tier, int attemptsAtTier) {
    return new StoredAttempt("id", "key", 1, tier, attemptsAtTier, "prompt", 10, 0);
  }

  @Test
  void aBadAnswerGoesOneTierUpAtOnce() {
    assertThat(Escalation.next(TIERS, attempt("small", 1), true, false).orElseThrow().name())
        .isEqualTo("large");
    assertThat(Escalation.next(TIERS, attempt("large", 1), true, false)).isEmpty();
    assertThat(Escalation.next(TIERS, attempt("small", 1), true, true))
        .as("cut off, and the next tier allows no more")
        .isEmpty();
  }

  @Test
  void aRequestThatWasNotExecutedIsRepeatedAtItsOwnTierAndNeverGoesUp() {
    assertThat(Escalation.next(TIERS, attempt("small", 1), false, false).orElseThrow().name())
        .isEqualTo("small");
    assertThat(Escalation.next(TIERS, attempt("small", 2), false, false).orElseThrow().name())
        .isEqualTo("small");
    assertThat(Escalation.next(TIERS, attempt("small", 3), false, false)).isEmpty();
  }
}
