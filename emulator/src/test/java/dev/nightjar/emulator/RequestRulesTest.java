package dev.nightjar.emulator;

import static org.assertj.core.api.Assertions.assertThatCode;

import org.junit.jupiter.api.Test;

/** What passes though it is not known; what is refused is in {@link RulesTest}. */
class RequestRulesTest {
  @Test
  void dashScopePassesOverWhatItDoesNotKnow() {
    assertThatCode(
            () ->
                new RequestRules(Rules.ALL)
                    .chat(OpenAiDialect.DASHSCOPE, Json.object().put("anything", 1)))
        .doesNotThrowAnyException();
  }
}
