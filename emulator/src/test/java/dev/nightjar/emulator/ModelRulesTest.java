package dev.nightjar.emulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each rule by itself: were the emulator kinder, its row would pass, or come to another effort. */
class ModelRulesTest {
  private static JsonNode json(String text) {
    return Json.read(text.replace('\'', '"'));
  }

  private static String effort(String api, String model, JsonNode request) {
    return switch (api) {
      case "chat" -> ModelRules.openAiChatEffort(model, request);
      case "responses" -> ModelRules.openAiResponseEffort(model, request);
      case "anthropic" -> ModelRules.anthropicEffort(model, request);
      default -> ModelRules.geminiEffort(model, request);
    };
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          chat      | gpt-4.1            | {'reasoning_effort':'none'}              | Unrecognized request argument
          chat      | gpt-5-mini         | {'reasoning_effort':'none'}              | Supported values are: 'minimal', 'low', 'medium', and 'high'.
          chat      | gpt-5.1            | {'reasoning_effort':'minimal'}           | does not support 'minimal'
          chat      | gpt-5.4            | {'reasoning_effort':'max'}               | does not support 'max'
          chat      | gpt-5-pro          | {'reasoning_effort':'low'}               | Supported values are: 'high'.
          chat      | gpt-5.5-pro        | {'reasoning_effort':'low'}               | does not support 'low'
          chat      | o3                 | {'reasoning_effort':'none'}              | does not support 'none'
          chat      | gpt-6-luna         | {'reasoning_effort':'max'}               | does not support 'max'
          chat      | gpt-6.2-sol        | {'reasoning_effort':'none'}              | does not support 'none'
          chat      | gpt-6.1-sol        | {'reasoning_effort':'minimal'}           | does not support 'minimal'
          responses | gpt-6-astra        | {'reasoning':{'effort':'none'}}          | is not supported with the 'gpt-6-astra' model
          responses | gpt-4o             | {'reasoning':{'effort':'low'}}           | 'reasoning.effort' is not supported
          responses | gpt-6-luna         | {'reasoning_effort':'low'}               | has moved to 'reasoning.effort'
          responses | gpt-6-luna         | {'reasoning':{'effort':'much'}}          | Invalid value: 'much'
          anthropic | claude-haiku-4-5   | {'output_config':{'effort':'low'}}       | does not support the effort parameter
          anthropic | claude-opus-4-5    | {'output_config':{'effort':'max'}}       | does not support effort level 'max'
          anthropic | claude-sonnet-4-6  | {'output_config':{'effort':'xhigh'}}     | Supported levels: high, low, max, medium.
          anthropic | claude-opus-5-5    | {'output_config':{'effort':'none'}}      | Input should be 'low'
          anthropic | claude-opus-5-5    | {'thinking':{'type':'disabled'}}         | thinking.type.disabled
          anthropic | claude-fable-5-1   | {'thinking':{'type':'disabled'}}         | thinking.type.disabled
          anthropic | claude-opus-5-5    | {'thinking':{'type':'enabled'}}          | thinking.type.enabled
          anthropic | claude-sonnet-5-5  | {'thinking':{'type':'disabled'}}         | To turn thinking off on this model
          anthropic | claude-haiku-5-5   | {'thinking':{'type':'between_tools'}}    | between_tools
          anthropic | claude-sonnet-5-5  | {'thinking':{'type':'between_tools'},'output_config':{'effort':'max'}} | between_tools
          anthropic | claude-haiku-5-5   | {'thinking':{'type':'disabled'},'output_config':{'effort':'xhigh'}}    | not supported when thinking is disabled
          anthropic | claude-haiku-4-5   | {'thinking':{'type':'adaptive'}}         | adaptive thinking is not supported
          anthropic | claude-sonnet-4-5  | {'max_tokens':900,'thinking':{'type':'enabled','budget_tokens':1024}}  | must be greater than
          anthropic | claude-sonnet-5-5  | {'thinking':{'type':'between_tools'},'tool_choice':{'type':'tool'}}    | are not supported for this model
          anthropic | claude-opus-5-5    | {'tool_choice':{'type':'any'}}           | are not supported for this model
          anthropic | claude-fable-5-1   | {'tool_choice':{'type':'tool'}}          | are not supported for this model
          anthropic | claude-haiku-5-5   | {'tool_choice':{'type':'tool'}}          | Thinking may not be enabled
          gemini    | gemini-2.5-flash   | {'thinkingConfig':{'thinkingLevel':'LOW'}}     | Thinking level is not supported
          gemini    | gemini-3.8-flash   | {'thinkingConfig':{'thinkingLevel':'MINIMAL'}} | Thinking level MINIMAL is not supported
          gemini    | gemini-3.6-flash   | {'thinkingConfig':{'thinkingLevel':'XHIGH'}}   | Thinking level XHIGH is not supported
          gemini    | gemini-4-neon      | {'thinkingConfig':{'thinkingBudget':0}}        | invalid argument
          gemini    | gemini-2.5-pro     | {'thinkingConfig':{'thinkingBudget':0}}        | only works in thinking mode
          gemini    | gemini-2.5-flash   | {'thinkingConfig':{'thinkingBudget':30000}}    | budget (30000) is invalid
          gemini    | gemini-2.5-flash-lite | {'thinkingConfig':{'thinkingBudget':100}}   | budget (100) is invalid
          gemini    | gemini-3.6-flash   | {'thinkingConfig':{'thinkingBudget':9,'thinkingLevel':'LOW'}} | only one of
          """)
  void aModelRefuses(String api, String model, String request, String words) {
    JsonNode asked = json(request);
    assertThatThrownBy(() -> effort(api, model, asked))
        .isInstanceOf(ApiError.class)
        .hasMessageContaining(words);
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
    assertThat(ModelRules.cacheMode(model, json("{}"), false).implicit()).isEqualTo(knows);
    JsonNode explicit = json("{'prompt_cache_options':{'mode':'explicit'}}");
    if (knows) {
      assertThat(ModelRules.cacheMode(model, explicit, false).implicit()).isFalse();
    } else {
      assertThatThrownBy(() -> ModelRules.cacheMode(model, explicit, false))
          .hasMessageContaining("prompt_cache_options is not supported on this model");
    }
  }
}
