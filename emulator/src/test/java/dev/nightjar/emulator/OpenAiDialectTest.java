package dev.nightjar.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What each provider that speaks OpenAI's language has of its own: one row, one rule. */
class OpenAiDialectTest {
  private static JsonNode json(String text) {
    return Json.read(text.replace('\'', '"'));
  }

  @Test
  void azureCountsNothingUntilItHasValidated() {
    ObjectNode batch = Json.object().put("status", "validating");
    batch.putObject("request_counts").put("total", 0);
    assertThat(OpenAiDialect.AZURE.shown(batch).at("/request_counts/total").isNull()).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "OPENAI, 24h, true",
    "OPENAI, 48h, false",
    "AZURE, 7d, false",
    "GROQ, 7d, true",
    "GROQ, 8d, false",
    "DASHSCOPE, 336h, true",
    "DASHSCOPE, soon, false"
  })
  void windowsDiffer(OpenAiDialect dialect, String window, boolean taken) {
    assertThat(dialect.takesWindow(window)).isEqualTo(taken);
  }

  @Test
  void dashScopePassesOverTheNewerNameOfTheLimit() {
    JsonNode newer = json("{'max_completion_tokens':5}");
    assertThat(OpenAiDialect.DASHSCOPE.chatLimit(newer, 900)).isEqualTo(900);
    assertThat(OpenAiDialect.DASHSCOPE.chatLimit(json("{'max_tokens':5}"), 900)).isEqualTo(5);
    assertThat(OpenAiDialect.GROQ.chatLimit(newer, 900)).isEqualTo(5);
  }

  @Test
  void azureShowsItsOwnStatesAndTimesInWords() {
    ObjectNode batch = Json.object().put("status", "in_progress").put("created_at", 1_795_478_400L);
    ObjectNode shown = OpenAiDialect.AZURE.shown(batch.deepCopy());
    assertThat(shown.get("status").asText()).isEqualTo("InProgress");
    assertThat(shown.get("created_at").asText()).isEqualTo("2026-11-24T00:00:00Z");
    assertThat(OpenAiDialect.GROQ.shown(batch.deepCopy())).isEqualTo(batch);
  }

  @Test
  void onlyOpenAiAndMistralKeepMetadata() {
    for (OpenAiDialect dialect : OpenAiDialect.values()) {
      assertThat(dialect.keepsMetadata())
          .isEqualTo(dialect == OpenAiDialect.OPENAI || dialect == OpenAiDialect.MISTRAL);
    }
  }
}
