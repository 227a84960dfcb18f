package dev.nightjar.emulator;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A name that an interface does not know is refused, as a slip of the pen would be. */
class RequestRulesTest {
  private static JsonNode json(String text) {
    return Json.read(text.replace('\'', '"'));
  }

  private static void check(String api, JsonNode request) {
    switch (api) {
      case "chat" -> RequestRules.chat(OpenAiDialect.OPENAI, request);
      case "groq" -> RequestRules.chat(OpenAiDialect.GROQ, request);
      case "responses" -> RequestRules.response(request);
      case "messages" -> RequestRules.message(request);
      default -> RequestRules.content(request);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          chat      | {'max_output_tokens':9}                                   | Unrecognized request argument supplied: max_output_tokens
          chat      | {'enable_thinking':false}                                 | Unrecognized request argument supplied: enable_thinking
          groq      | {'prompt_cache':{}}                                       | property 'prompt_cache' is unsupported
          responses | {'messages':[]}                                           | Unknown parameter: 'messages'
          responses | {'max_completion_tokens':9}                               | Unknown parameter: 'max_completion_tokens'
          messages  | {'max_output_tokens':9}                                   | max_output_tokens: Extra inputs are not permitted
          messages  | {'reasoning_effort':'low'}                                | reasoning_effort: Extra inputs are not permitted
          content   | {'system_prompt':'x'}                                     | Unknown name "system_prompt"
          content   | {'generationConfig':{'max_tokens':9}}                     | at 'generation_config'
          content   | {'generationConfig':{'thinkingConfig':{'effort':'low'}}}  | at 'generation_config.thinking_config'
          """)
  void whatIsNotKnownIsRefused(String api, String request, String words) {
    JsonNode asked = json(request);
    assertThatThrownBy(() -> check(api, asked)).hasMessageContaining(words);
  }

  @Test
  void dashScopePassesOverWhatItDoesNotKnow() {
    assertThatCode(() -> RequestRules.chat(OpenAiDialect.DASHSCOPE, json("{'anything':1}")))
        .doesNotThrowAnyException();
  }
}
