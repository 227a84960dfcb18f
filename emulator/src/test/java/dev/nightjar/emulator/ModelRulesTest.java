package dev.nightjar.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How much a model reasons by what it is told; what it refuses is in {@link RulesTest}. */
class ModelRulesTest {
  private static final ModelRules RULES = new ModelRules(Rules.ALL);

  private static JsonNode json(String text) {
    return Json.read(text.replace('\'', '"'));
  }

  private static String effort(String api, String model, JsonNode request) {
    return switch (api) {
      case "chat" -> RULES.openAiChatEffort(model, request);
      case "responses" -> RULES.openAiResponseEffort(model, request);
      case "anthropic" -> RULES.anthropicEffort(model, request);
      default -> RULES.geminiEffort(model, request);
    };
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          chat      | gpt-6-luna         | {}                                       | medium
          chat      | gpt-6-luna         | {'reasoning_effort':'none'}              | none
          chat      | gpt-5.4            | {}                                       | none
          chat      | gpt-4.1            | {}                                       | none
          chat      | gpt-6.2-sol        | {'reasoning_effort':'low'}               | low
          responses | gpt-6-luna         | {'reasoning':{'effort':'max'}}           | max
          anthropic | claude-sonnet-5-5  | {}                                       | high
          anthropic | claude-sonnet-5-5  | {'thinking':{'type':'between_tools'},'output_config':{'effort':'low'}} | none
          anthropic | claude-haiku-5-5   | {}                                       | medium
          anthropic | claude-haiku-5-5   | {'thinking':{'type':'disabled'},'output_config':{'effort':'low'}}      | none
          anthropic | claude-haiku-4-5   | {}                                       | none
          anthropic | claude-opus-4-8    | {}                                       | none
          anthropic | claude-opus-5-5    | {'output_config':{'effort':'low'}}       | low
          gemini    | gemini-3.8-flash   | {}                                       | medium
          gemini    | gemini-3.8-flash   | {'thinkingConfig':{'thinkingLevel':'LOW'}} | low
          gemini    | gemini-4-hydrogen  | {}                                       | high
          gemini    | gemini-2.5-flash   | {'thinkingConfig':{'thinkingBudget':0}}  | none
          """)
  void whatIsNotSaidIsTheModels(String api, String model, String request, String effort) {
    assertThat(effort(api, model, json(request))).isEqualTo(effort);
  }

  @ParameterizedTest
  @CsvSource({"gpt-5.5, false", "gpt-5.6-luna, true", "gpt-6.2-sol, true", "gpt-4.1, false"})
  void onlyNewerModelsKnowHowToBeToldNotToWriteTheirCache(String model, boolean knows) {
    assertThat(RULES.cacheMode(model, json("{}"), false).implicit()).isEqualTo(knows);
    JsonNode explicit = json("{'prompt_cache_options':{'mode':'explicit'}}");
    if (knows) {
      assertThat(RULES.cacheMode(model, explicit, false).implicit()).isFalse();
    }
  }
}
