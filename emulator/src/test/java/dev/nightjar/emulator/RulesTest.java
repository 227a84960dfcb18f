package dev.nightjar.emulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Each rule of the table has cases here, and each case is run twice: against the emulator as it is,
 * and against one that lacks just this rule, or this part of it. The first must refuse; the second
 * must not, or the case would not notice an emulator that has become kinder.
 */
class RulesTest {
  private static final Instant NOW = Instant.parse("2026-11-29T00:00:00Z");

  /**
   * One request that breaks one rule.
   *
   * @param way how it is asked: an interface, or where in it the fragment stands
   * @param fragment what is put into an otherwise good request; null takes a field away
   * @param words of the refusal
   */
  private record Case(
      Rule rule, String part, String way, String model, String fragment, String words) {
    @Override
    public String toString() {
      return rule
          + " "
          + part
          + " "
          + model
          + " "
          + fragment.substring(0, Math.min(80, fragment.length()));
    }
  }

  private static final String ROWS =
      """
      OPENAI_ROOT          | type   | strict root | gpt-6-luna | {'type':['object','null'],'additionalProperties':false,'required':[],'properties':{}} | got 'type: "None"'
      OPENAI_ROOT          | anyOf  | strict root | gpt-6-luna | {'type':'object','additionalProperties':false,'required':[],'properties':{},'anyOf':[{'type':'null'}]} | got 'type: "None"'
      OPENAI_TYPE          |        | strict | gpt-6-luna | {'enum':['x','y']}                                   | must have a 'type' key
      OPENAI_TYPE          |        | strict | gpt-5.4    | {}                                                   | must have a 'type' key
      OPENAI_TYPE          |        | strict | gpt-6-luna | {'const':1}                                          | must have a 'type' key
      OPENAI_TYPE          |        | strict | gpt-6-luna | {'anyOf':[{'type':'string'},{'enum':[1]}]}           | must have a 'type' key
      OPENAI_TYPE          |        | strict response | gpt-6-luna | {'enum':['x','y']}                          | must have a 'type' key
      OPENAI_ITEMS         |        | strict | gpt-6-luna | {'type':'array'}                                     | missing items
      OPENAI_FORMATS       |        | strict | gpt-6-luna | {'type':'string','format':'uri'}                     | not a valid format
      OPENAI_REF_TARGET    |        | strict | gpt-6-luna | {'$ref':'#/properties/a'}                            | reference can only point
      OPENAI_REF_TARGET    |        | strict | gpt-6-luna | {'$ref':'https://example.org/x'}                     | reference can only point
      OPENAI_REF_ALONE     |        | strict | gpt-6-luna | {'$ref':'#/$defs/b','description':'d'}               | cannot have keywords {'description'}
      OPENAI_PATTERN       |        | strict | gpt-6-luna | {'type':'string','pattern':'^(?!x)'}                 | lookaround
      OPENAI_PATTERN       |        | strict | gpt-6-luna | {'type':'string','pattern':'(?<=x)y'}                | lookaround
      OPENAI_CLOSED        |        | strict | gpt-6-luna | {'type':'object','properties':{}}                    | 'additionalProperties' is required
      OPENAI_CLOSED        |        | strict | gpt-6-luna | {'type':'object','properties':{},'additionalProperties':true}  | 'additionalProperties' is required
      OPENAI_CLOSED        |        | strict response | gpt-6.1-terra | {'type':'object','properties':{}}        | 'additionalProperties' is required
      OPENAI_REQUIRED      |        | strict | gpt-6-luna | {'type':'object','additionalProperties':false,'required':[],'properties':{'b':{'type':'null'}}} | Missing 'b'
      CHAT_PARAMETERS      | openai | chat   | gpt-6-luna | {'max_output_tokens':9}                              | Unrecognized request argument supplied: max_output_tokens
      CHAT_PARAMETERS      | openai | chat   | gpt-6-luna | {'enable_thinking':false}                            | Unrecognized request argument supplied: enable_thinking
      CHAT_PARAMETERS      | azure  | azure  | gpt-5.4    | {'enable_thinking':false}                            | Unrecognized request argument supplied: enable_thinking
      CHAT_PARAMETERS      | groq   | groq   | openai/gpt-oss-120b | {'prompt_cache':{}}                         | property 'prompt_cache' is unsupported
      CHAT_PARAMETERS      | mistral | mistral | mistral-small-latest | {'max_completion_tokens':9}              | body.max_completion_tokens: Extra inputs
      RESPONSES_PARAMETERS |        | responses | gpt-6-luna | {'messages':[]}                                   | Unknown parameter: 'messages'
      RESPONSES_PARAMETERS |        | responses | gpt-6-luna | {'max_completion_tokens':9}                       | Unknown parameter: 'max_completion_tokens'
      OPENAI_MAX_TOKENS    |        | chat   | gpt-5      | {'max_tokens':9}                                     | 'max_tokens' is not supported with this model
      OPENAI_MAX_TOKENS    |        | chat   | gpt-6-luna | {'max_tokens':9}                                     | 'max_tokens' is not supported with this model
      OPENAI_OUTPUT_MIN    |        | responses | gpt-6-luna | {'max_output_tokens':15}                          | integer below minimum value
      OPENAI_NO_EFFORT     | chat   | chat   | gpt-4.1    | {'reasoning_effort':'none'}                          | Unrecognized request argument
      OPENAI_NO_EFFORT     | responses | responses | gpt-4o  | {'reasoning':{'effort':'low'}}                      | 'reasoning.effort' is not supported
      OPENAI_EFFORTS       | o[1-9].* | chat | o3         | {'reasoning_effort':'none'}                          | does not support 'none'
      OPENAI_EFFORTS       | gpt-5-pro | chat | gpt-5-pro | {'reasoning_effort':'low'}                           | Supported values are: 'high'.
      OPENAI_EFFORTS       | gpt-5\\.\\d-pro | chat | gpt-5.5-pro | {'reasoning_effort':'low'}                   | does not support 'low'
      OPENAI_EFFORTS       | gpt-5(-mini|-nano)? | chat | gpt-5-mini | {'reasoning_effort':'none'}              | Supported values are: 'minimal', 'low', 'medium', and 'high'.
      OPENAI_EFFORTS       | gpt-5\\.1 | chat  | gpt-5.1  | {'reasoning_effort':'minimal'}                       | does not support 'minimal'
      OPENAI_EFFORTS       | gpt-5\\.[2-5].* | chat | gpt-5.4 | {'reasoning_effort':'max'}                      | does not support 'max'
      OPENAI_EFFORTS       | gpt-5\\.[2-5].* | azure | gpt-5.4 | {'reasoning_effort':'max'}                     | does not support 'max'
      OPENAI_EFFORTS       | gpt-6-astra|gpt-6\\.[12]-(sol|astra) | chat | gpt-6.2-sol | {'reasoning_effort':'none'} | does not support 'none'
      OPENAI_EFFORTS       | gpt-6-astra|gpt-6\\.[12]-(sol|astra) | chat | gpt-6.1-sol | {'reasoning_effort':'minimal'} | does not support 'minimal'
      OPENAI_EFFORTS       | gpt-6-astra|gpt-6\\.[12]-(sol|astra) | responses | gpt-6-astra | {'reasoning':{'effort':'none'}} | is not supported with the 'gpt-6-astra' model
      OPENAI_EFFORTS       | .*     | responses | gpt-6-luna | {'reasoning':{'effort':'much'}}                   | Invalid value: 'much'
      OPENAI_EFFORTS       | .*     | chat   | gpt-6-luna | {'reasoning_effort':'minimal'}                       | does not support 'minimal'
      OPENAI_CHAT_MAX      |        | chat   | gpt-6-luna | {'reasoning_effort':'max'}                           | does not support 'max'
      OPENAI_EFFORT_PLACE  |        | responses | gpt-6-luna | {'reasoning_effort':'low'}                        | has moved to 'reasoning.effort'
      OPENAI_CACHE_OPTIONS | options | chat  | gpt-5.5    | {'prompt_cache_options':{'mode':'explicit'}}         | prompt_cache_options is not supported
      OPENAI_CACHE_OPTIONS | options | responses | gpt-4.1 | {'prompt_cache_options':{'mode':'explicit'}}        | prompt_cache_options is not supported
      OPENAI_CACHE_OPTIONS | breakpoints | chat | gpt-5.5 | {'messages':[{'role':'user','content':[{'type':'text','text':'json','prompt_cache_breakpoint':{'mode':'explicit'}}]}]} | prompt_cache_breakpoint is not supported
      OPENAI_CACHE_VALUES  | mode   | chat   | gpt-6-luna | {'prompt_cache_options':{'mode':'off'}}              | Supported values are: 'implicit' and 'explicit'
      OPENAI_CACHE_VALUES  | 30m    | chat   | gpt-6-luna | {'prompt_cache_options':{'ttl':'12h'}}               | Supported values are: '30m'
      OPENAI_CACHE_VALUES  | 12h    | responses | gpt-6-luna | {'prompt_cache_options':{'ttl':'1h'}}             | Supported values are: '30m' and '12h'
      OPENAI_BREAKPOINTS   | number | chat   | gpt-6-luna | {'messages':[{'role':'user','content':[BBBBB]}]}     | At most 4 explicit
      OPENAI_BREAKPOINTS   | mode   | chat   | gpt-6-luna | {'messages':[{'role':'user','content':[{'type':'text','text':'j','prompt_cache_breakpoint':{'mode':'implicit'}}]}]} | must be 'explicit'
      OPENAI_FLEX          |        | chat   | gpt-4o     | {'service_tier':'flex'}                              | Invalid service_tier argument
      OPENAI_FLEX          |        | chat   | gpt-6.2-sol | {'service_tier':'flex'}                             | Invalid service_tier argument
      OPENAI_FLEX          |        | responses | gpt-5.4-pro | {'service_tier':'flex'}                          | Invalid service_tier argument
      OPENAI_WINDOWS       | values | responses | gpt-6-luna | {'background':true,'background_options':{'completion_window':'24h'}} | Invalid value: '24h'
      OPENAI_WINDOWS       | background | responses | gpt-6-luna | {'background_options':{'completion_window':'8h'}} | needs 'background'
      OPENAI_WINDOWS       | tier   | responses | gpt-6-luna | {'background':true,'service_tier':'flex','background_options':{'completion_window':'2h'}} | needs Standard processing
      OPENAI_WINDOWS       | models | responses | gpt-5.4 | {'background':true,'background_options':{'completion_window':'8h'}} | not supported with this model
      OPENAI_MESSAGES      | messages | chat | gpt-6-luna | {'messages':null}                                    | Missing required parameter: 'messages'
      OPENAI_MESSAGES      | input  | responses | gpt-6-luna | {'input':null}                                    | Missing required parameter: 'input'
      GROQ_EFFORTS         |        | groq   | openai/gpt-oss-120b | {'reasoning_effort':'none'}                 | must be one of [low, medium, high]
      GROQ_EFFORTS         |        | groq   | qwen/qwen3-32b | {'reasoning_effort':'low'}                       | must be one of [none, default]
      GROQ_SCHEMAS         |        | groq   | qwen/qwen3-32b | {'response_format':{'type':'json_schema','json_schema':{'name':'a','schema':{'type':'object'}}}} | does not support response format
      DASHSCOPE_SCHEMAS    |        | dashscope | qwen3.7-plus | {'enable_thinking':false,'response_format':{'type':'json_schema'}} | not supported
      DASHSCOPE_THINKING   |        | dashscope | qwen3.7-plus | {'response_format':{'type':'json_object'}}      | enable_thinking is true
      DASHSCOPE_WORD       |        | dashscope | qwen3.7-plus | {'enable_thinking':false,'messages':[{'role':'user','content':'prose'}],'response_format':{'type':'json_object'}} | must contain the word
      AZURE_FILTER         |        | azure  | gpt-5.4    | {'messages':[{'role':'user','content':'BLOCKED'}]}   | content management
      ANTHROPIC_MIN_ITEMS  |        | claude | claude-haiku-5-5 | {'type':'array','items':{'type':'string'},'minItems':2} | 'minItems' values
      ANTHROPIC_CLOSED     |        | claude | claude-haiku-5-5 | {'type':'object','properties':{}}              | 'additionalProperties' must be
      ANTHROPIC_CLOSED     |        | claude | claude-haiku-5-5 | {'type':'array','items':{'type':'object','properties':{}}} | 'additionalProperties' must be
      ANTHROPIC_TOOL_ROOT  | oneOf  | tool   | claude-opus-5 | {'type':'object','oneOf':[]}                      | at the top level
      ANTHROPIC_TOOL_ROOT  | allOf  | tool   | claude-opus-5 | {'type':'object','allOf':[]}                      | at the top level
      ANTHROPIC_TOOL_ROOT  | anyOf  | tool   | claude-opus-5 | {'type':'object','anyOf':[]}                      | at the top level
      ANTHROPIC_TOOL_ROOT  | type   | tool   | claude-opus-5 | {'type':'array'}                                  | should be 'object'
      MESSAGES_PARAMETERS  |        | messages | claude-haiku-5-5 | {'max_output_tokens':9}                      | max_output_tokens: Extra inputs are not permitted
      MESSAGES_PARAMETERS  |        | messages | claude-haiku-5-5 | {'reasoning_effort':'low'}                   | reasoning_effort: Extra inputs are not permitted
      ANTHROPIC_SAMPLING   | temperature | messages | claude-haiku-5-5 | {'temperature':0}                       | temperature: Extra inputs
      ANTHROPIC_SAMPLING   | top_p  | messages | claude-haiku-5-5 | {'top_p':1}                                  | top_p: Extra inputs
      ANTHROPIC_SAMPLING   | top_k  | messages | claude-haiku-5-5 | {'top_k':1}                                  | top_k: Extra inputs
      ANTHROPIC_MAX_TOKENS |        | messages | claude-haiku-5-5 | {'max_tokens':null}                          | max_tokens: Field required
      ANTHROPIC_MAX_TOKENS |        | messages | claude-haiku-5-5 | {'max_tokens':0}                             | max_tokens: Field required
      ANTHROPIC_CONTEXT    |        | messages | claude-haiku-5-5 | {'max_tokens':1000000}                       | prompt is too long
      ANTHROPIC_EFFORT_NAMES | names | messages | claude-opus-5-5 | {'output_config':{'effort':'none'}}         | Input should be 'low'
      ANTHROPIC_EFFORT_NAMES | old models | messages | claude-haiku-4-5 | {'output_config':{'effort':'low'}}    | does not support the effort parameter
      ANTHROPIC_EFFORTS    | max    | messages | claude-opus-4-5 | {'output_config':{'effort':'max'}}            | does not support effort level 'max'
      ANTHROPIC_EFFORTS    | xhigh  | messages | claude-sonnet-4-6 | {'output_config':{'effort':'xhigh'}}        | Supported levels: high, low, max, medium.
      ANTHROPIC_THINKING   | disabled | messages | claude-opus-5-5 | {'thinking':{'type':'disabled'}}            | thinking.type.disabled
      ANTHROPIC_THINKING   | disabled | messages | claude-fable-5-1 | {'thinking':{'type':'disabled'}}           | thinking.type.disabled
      ANTHROPIC_THINKING   | enabled | messages | claude-opus-5-5 | {'max_tokens':9000,'thinking':{'type':'enabled','budget_tokens':2000}} | thinking.type.enabled
      ANTHROPIC_THINKING   | disabled on Sonnet 5.5 | messages | claude-sonnet-5-5 | {'thinking':{'type':'disabled'}} | To turn thinking off on this model
      ANTHROPIC_THINKING   | between_tools | messages | claude-haiku-5-5 | {'thinking':{'type':'between_tools'}}  | not supported for this model
      ANTHROPIC_THINKING   | between_tools at an effort | messages | claude-sonnet-5-5 | {'thinking':{'type':'between_tools'},'output_config':{'effort':'max'}} | between_tools takes no
      ANTHROPIC_THINKING   | disabled at an effort | messages | claude-haiku-5-5 | {'thinking':{'type':'disabled'},'output_config':{'effort':'xhigh'}} | not supported when thinking is disabled
      ANTHROPIC_THINKING   | adaptive | messages | claude-haiku-4-5 | {'thinking':{'type':'adaptive'}}           | adaptive thinking is not supported
      ANTHROPIC_THINKING   | budget | messages | claude-sonnet-4-5 | {'max_tokens':900,'thinking':{'type':'enabled','budget_tokens':1024}} | must be greater than
      ANTHROPIC_THINKING   | types  | messages | claude-sonnet-5-5 | {'thinking':{'type':'off'}}                 | Input should be 'adaptive'
      ANTHROPIC_FORCED_TOOL | models | messages | claude-sonnet-5-5 | {'thinking':{'type':'between_tools'},'tool_choice':{'type':'tool'}} | are not supported for this model
      ANTHROPIC_FORCED_TOOL |       | messages | claude-opus-5-5 | {'tool_choice':{'type':'any'}}                | are not supported for this model
      ANTHROPIC_FORCED_TOOL |       | messages | claude-fable-5-1 | {'tool_choice':{'type':'tool'}}              | are not supported for this model
      ANTHROPIC_FORCED_TOOL | thinking | messages | claude-haiku-5-5 | {'tool_choice':{'type':'tool'}}            | Thinking may not be enabled
      ANTHROPIC_MARKS      | number | messages | claude-haiku-5-5 | {'system':[M5,M5,M5,M5,M5]}                  | A maximum of 4 blocks
      ANTHROPIC_MARKS      | empty  | messages | claude-haiku-5-5 | {'system':[{'type':'text','text':' ','cache_control':{'type':'ephemeral'}}]} | empty text
      ANTHROPIC_MARKS      | order  | messages | claude-haiku-5-5 | {'system':[M5,M1]}                           | must not come after
      ANTHROPIC_MARKS      | kind   | messages | claude-haiku-5-5 | {'system':[{'type':'text','text':'a','cache_control':{'type':'ephemeral','ttl':'2h'}}]} | ephemeral, with
      GEMINI_ITEMS         |        | gemini schema | gemini-3.8-flash | {'type':'array','maxItems':661,'items':{'type':'array','maxItems':300}} | invalid argument
      CONTENT_PARAMETERS   |        | content | gemini-3.8-flash | {'system_prompt':'x'}                         | Unknown name "system_prompt"
      CONTENT_PARAMETERS   | generation_config. | content | gemini-3.8-flash | {'generationConfig':{'max_tokens':9}} | at 'generation_config'
      CONTENT_PARAMETERS   | generation_config.thinking_config. | content | gemini-3.8-flash | {'generationConfig':{'thinkingConfig':{'effort':'low'}}} | at 'generation_config.thinking_config'
      GEMINI_MIME          |        | content | gemini-3.8-flash | {'generationConfig':{'responseJsonSchema':{'type':'object'}}} | needs response_mime_type
      GEMINI_OUTPUT_MIN    |        | content | gemini-3.8-flash | {'generationConfig':{'maxOutputTokens':0}}    | must be positive
      GEMINI_CONTENTS      |        | content | gemini-3.8-flash | {'contents':null}                             | contents is not specified
      GEMINI_FLEX          |        | content | gemini-2.5-flash | {'serviceTier':'flex'}                        | Flex API is not supported
      GEMINI_LEVELS        | gemini-2\\..* | content | gemini-2.5-flash | {'generationConfig':{'thinkingConfig':{'thinkingLevel':'LOW'}}} | Thinking level is not supported
      GEMINI_LEVELS        | gemini-3\\.1-pro-preview|gemini-3\\.[78]-flash|gemini-4-.* | content | gemini-3.8-flash | {'generationConfig':{'thinkingConfig':{'thinkingLevel':'MINIMAL'}}} | Thinking level MINIMAL is not supported
      GEMINI_LEVELS        | gemini-4-(neon|hydrogen) | content | gemini-4-neon | {'generationConfig':{'thinkingConfig':{'thinkingLevel':'MINIMAL'}}} | Thinking level MINIMAL is not supported
      GEMINI_LEVELS        | .*     | content | gemini-3.6-flash | {'generationConfig':{'thinkingConfig':{'thinkingLevel':'XHIGH'}}} | Thinking level XHIGH is not supported
      GEMINI_BUDGETS       | none   | content | gemini-4-neon | {'generationConfig':{'thinkingConfig':{'thinkingBudget':0}}} | invalid argument
      GEMINI_BUDGETS       | none on Pro | content | gemini-2.5-pro | {'generationConfig':{'thinkingConfig':{'thinkingBudget':0}}} | only works in thinking mode
      GEMINI_BUDGETS       | range  | content | gemini-2.5-flash | {'generationConfig':{'thinkingConfig':{'thinkingBudget':30000}}} | budget (30000) is invalid
      GEMINI_BUDGETS       | range  | content | gemini-2.5-flash-lite | {'generationConfig':{'thinkingConfig':{'thinkingBudget':100}}} | budget (100) is invalid
      OPENAI_EFFORTS | gpt-6-astra|gpt-6\\.[12]-(sol|astra) | chat | gpt-6.2-astra | {'reasoning_effort':'none'} | does not support 'none'
      OPENAI_EFFORTS | o[1-9].* | chat | o1 | {'reasoning_effort':'none'} | does not support 'none'
      OPENAI_EFFORTS | o[1-9].* | chat | o4-mini | {'reasoning_effort':'none'} | does not support 'none'
      OPENAI_EFFORTS | o[1-9].* | chat | o3-mini | {'reasoning_effort':'none'} | does not support 'none'
      OPENAI_EFFORTS | gpt-5(-mini|-nano)? | chat | gpt-5 | {'reasoning_effort':'none'} | Supported values are: 'minimal'
      OPENAI_EFFORTS | gpt-5(-mini|-nano)? | chat | gpt-5-nano | {'reasoning_effort':'none'} | Supported values are: 'minimal'
      OPENAI_EFFORTS | gpt-5\\.[2-5].* | chat | gpt-5.2 | {'reasoning_effort':'max'} | does not support 'max'
      OPENAI_EFFORTS | gpt-5\\.[2-5].* | chat | gpt-5.5 | {'reasoning_effort':'max'} | does not support 'max'
      OPENAI_EFFORTS | gpt-5\\.[2-5].* | chat | gpt-5.4-mini | {'reasoning_effort':'max'} | does not support 'max'
      OPENAI_EFFORTS | gpt-5\\.\\d-pro | chat | gpt-5.2-pro | {'reasoning_effort':'low'} | does not support 'low'
      OPENAI_EFFORTS | gpt-5\\.\\d-pro | chat | gpt-5.4-pro | {'reasoning_effort':'low'} | does not support 'low'
      OPENAI_FLEX |  | responses | gpt-4.1 | {'service_tier':'flex'} | Invalid service_tier argument
      OPENAI_FLEX |  | responses | gpt-4.1-mini | {'service_tier':'flex'} | Invalid service_tier argument
      OPENAI_FLEX |  | responses | gpt-4o-mini | {'service_tier':'flex'} | Invalid service_tier argument
      OPENAI_FLEX |  | responses | o1 | {'service_tier':'flex'} | Invalid service_tier argument
      OPENAI_FLEX |  | responses | o3-pro | {'service_tier':'flex'} | Invalid service_tier argument
      OPENAI_FLEX |  | responses | gpt-5-pro | {'service_tier':'flex'} | Invalid service_tier argument
      OPENAI_FLEX |  | responses | gpt-6.2-astra | {'service_tier':'flex'} | Invalid service_tier argument
      GEMINI_LEVELS | gemini-3\\.1-pro-preview|gemini-3\\.[78]-flash|gemini-4-.* | content | gemini-3.1-pro-preview | {'generationConfig':{'thinkingConfig':{'thinkingLevel':'MINIMAL'}}} | Thinking level MINIMAL is not supported
      GEMINI_LEVELS | gemini-3\\.1-pro-preview|gemini-3\\.[78]-flash|gemini-4-.* | content | gemini-3.7-flash | {'generationConfig':{'thinkingConfig':{'thinkingLevel':'MINIMAL'}}} | Thinking level MINIMAL is not supported
      GEMINI_LEVELS | gemini-4-(neon|hydrogen) | content | gemini-4-hydrogen | {'generationConfig':{'thinkingConfig':{'thinkingLevel':'MINIMAL'}}} | Thinking level MINIMAL is not supported
      GEMINI_BUDGETS | none on Pro | content | gemini-3.1-pro-preview | {'generationConfig':{'thinkingConfig':{'thinkingBudget':0}}} | only works in thinking mode
      GEMINI_BUDGETS | none | content | gemini-3.5-flash-lite | {'generationConfig':{'thinkingConfig':{'thinkingBudget':0}}} | invalid argument
      ANTHROPIC_THINKING | adaptive | messages | claude-haiku-4-5 | {'thinking':{'type':'adaptive'}} | adaptive thinking is not supported
      ANTHROPIC_THINKING | adaptive | messages | claude-opus-4-5 | {'thinking':{'type':'adaptive'}} | adaptive thinking is not supported
      ANTHROPIC_EFFORT_NAMES | old models | messages | claude-sonnet-4-5 | {'output_config':{'effort':'low'}} | does not support the effort parameter
      ANTHROPIC_EFFORTS | xhigh | messages | claude-opus-4-6 | {'output_config':{'effort':'xhigh'}} | Supported levels: high, low, max, medium.
      ANTHROPIC_FORCED_TOOL |  | messages | claude-fable-5-2 | {'tool_choice':{'type':'any'}} | are not supported for this model
      GEMINI_BUDGETS       | both   | content | gemini-3.6-flash | {'generationConfig':{'thinkingConfig':{'thinkingBudget':9,'thinkingLevel':'LOW'}}} | only one of
      """;

  /** As the sources list them, and not as the emulator does: one that it forgot has a case. */
  private static final List<String> NOT_IN_STRICT_MODE =
      List.of(
          "allOf",
          "oneOf",
          "not",
          "if",
          "then",
          "else",
          "dependentRequired",
          "dependentSchemas",
          "patternProperties",
          "propertyNames",
          "minProperties",
          "maxProperties",
          "prefixItems",
          "contains",
          "minContains",
          "maxContains",
          "uniqueItems",
          "unevaluatedItems",
          "unevaluatedProperties",
          "$anchor",
          "$dynamicRef",
          "contentEncoding",
          "contentMediaType");

  private static final List<String> NOT_IN_OUTPUT_FORMAT =
      List.of(
          "minimum",
          "maximum",
          "exclusiveMinimum",
          "exclusiveMaximum",
          "multipleOf",
          "minLength",
          "maxLength",
          "maxItems",
          "uniqueItems",
          "minProperties",
          "maxProperties",
          "oneOf",
          "not",
          "if",
          "patternProperties",
          "propertyNames",
          "prefixItems",
          "contains");

  private static List<Case> cases() {
    List<Case> cases = new ArrayList<>();
    for (String row : ROWS.lines().toList()) {
      String[] cells =
          Arrays.stream(row.split("(?<= )\\|(?= )", -1)).map(String::strip).toArray(String[]::new);
      cases.add(new Case(Rule.valueOf(cells[0]), cells[1], cells[2], cells[3], cells[4], cells[5]));
    }
    for (String keyword : NOT_IN_STRICT_MODE) {
      cases.add(
          new Case(
              Rule.OPENAI_KEYWORDS,
              keyword,
              "strict",
              "gpt-6-luna",
              "{'type':'string','" + keyword + "':[]}",
              "'" + keyword + "' is not permitted"));
    }
    for (String keyword : NOT_IN_OUTPUT_FORMAT) {
      cases.add(
          new Case(
              Rule.ANTHROPIC_KEYWORDS,
              keyword,
              "claude",
              "claude-haiku-5-5",
              "{'type':'string','" + keyword + "':1}",
              "'" + keyword + "' is not supported"));
    }
    cases.add(properties(many(5_001, i -> "'p" + i + "':{'type':'null'}")));
    cases.add(
        new Case(
            Rule.OPENAI_SIZE,
            "values",
            "strict",
            "gpt-6-luna",
            "{'type':'integer','enum':[" + many(1_001, Integer::toString) + "]}",
            "too many enum values"));
    cases.add(
        new Case(
            Rule.OPENAI_SIZE,
            "levels",
            "strict",
            "gpt-6-luna",
            "{'type':'array','items':".repeat(10) + "{'type':'null'}" + "}".repeat(10),
            "10 levels deep"));
    cases.add(
        new Case(
            Rule.ANTHROPIC_OPTIONAL,
            "",
            "claude",
            "claude-haiku-5-5",
            "{'type':'object','additionalProperties':false,'required':[],'properties':{"
                + many(25, i -> "'p" + i + "':{'type':'null'}")
                + "}}",
            "optional parameters (25)"));
    cases.add(
        new Case(
            Rule.ANTHROPIC_UNIONS,
            "",
            "claude",
            "claude-haiku-5-5",
            "{'type':'object','additionalProperties':false,'required':["
                + many(17, i -> "'p" + i + "'")
                + "],'properties':{"
                + many(17, i -> "'p" + i + "':{'type':['string','null']}")
                + "}}",
            "union types (17"));
    // A word is a token.
    cases.add(
        new Case(
            Rule.OPENAI_CONTEXT,
            "",
            "chat",
            "gpt-6-luna",
            "{'messages':[{'role':'user','content':'" + "word ".repeat(922_001) + "'}]}",
            "maximum context length"));
    cases.add(
        new Case(
            Rule.GEMINI_CONTEXT,
            "",
            "content",
            "gemini-3.8-flash",
            "{'contents':[{'parts':[{'text':'" + "word ".repeat(1_048_600) + "'}]}]}",
            "exceeds the maximum number of tokens"));
    return cases;
  }

  private static Case properties(String properties) {
    return new Case(
        Rule.OPENAI_SIZE,
        "properties",
        "strict",
        "gpt-6-luna",
        "{'type':'object','additionalProperties':false,'required':["
            + many(5_001, i -> "'p" + i + "'")
            + "],'properties':{"
            + properties
            + "}}",
        "too many properties");
  }

  private static String many(int count, java.util.function.IntFunction<String> one) {
    return IntStream.range(0, count).mapToObj(one).collect(Collectors.joining(","));
  }

  // ---- requests ----

  private static Models models(Rules rules) {
    Clock clock = Clock.fixed(NOW, java.time.ZoneOffset.UTC);
    Answers answers =
        new Answers() {
          @Override
          public String answer(Question question) {
            return "{\"topic\":\"" + "harvest ".repeat(40) + "\"}";
          }

          @Override
          public Optional<AnswerFinish> finish(Question question) {
            return switch (question.user()) {
              case "BLOCKED" -> Optional.of(AnswerFinish.PROMPT_BLOCKED);
              case "DECLINED" -> Optional.of(AnswerFinish.DECLINED);
              default -> Optional.empty();
            };
          }
        };
    return new Models(
        answers,
        new PriceList(clock),
        new PromptCache(clock, PromptCache.World.MEASURED),
        clock,
        new Ids(RandomGeneratorFactory.of("L64X128MixRandom").create(1)),
        rules);
  }

  private static JsonNode json(String text) {
    String mark = "{'type':'text','text':'a','cache_control':{'type':'ephemeral','ttl':'%s'}}";
    String breakpoint =
        "{'type':'text','text':'json','prompt_cache_breakpoint':{'mode':'explicit'}}";
    return Json.read(
        text.replace("M5", mark.formatted("5m"))
            .replace("M1", mark.formatted("1h"))
            .replace("BBBBB", String.join(",", java.util.Collections.nCopies(5, breakpoint)))
            .replace('\'', '"'));
  }

  private static JsonNode property(JsonNode schema) {
    ObjectNode object =
        (ObjectNode)
            json(
                "{'type':'object','additionalProperties':false,'required':['a'],'properties':{},'$defs':{'b':{'type':'null'}}}");
    object.withObject("/properties").set("a", schema);
    return object;
  }

  private static ObjectNode request(String base, JsonNode fragment) {
    ObjectNode request = (ObjectNode) json(base);
    fragment
        .fields()
        .forEachRemaining(
            field -> {
              if (field.getValue().isNull()) {
                request.remove(field.getKey());
              } else {
                request.set(field.getKey(), field.getValue());
              }
            });
    return request;
  }

  private static Models.Completion ask(Rules rules, String way, String model, JsonNode fragment) {
    Models models = models(rules);
    String chat = "{'messages':[{'role':'user','content':'json'}]}";
    String messages =
        "{'model':'" + model + "','max_tokens':100,'messages':[{'role':'user','content':'x'}]}";
    String contents = "{'contents':[{'parts':[{'text':'x'}]}]}";
    Models.Origin direct = Models.Origin.DIRECT;
    return switch (way) {
      case "chat", "azure", "groq", "dashscope", "mistral" ->
          models.chat(
              way.equals("chat") ? OpenAiDialect.OPENAI : OpenAiDialect.ofLabel(way),
              request(chat, fragment).put("model", model),
              direct);
      case "responses" ->
          models.response(request("{'input':'x'}", fragment).put("model", model), direct);
      case "strict", "strict root" -> {
        ObjectNode request = request(chat, Json.object()).put("model", model);
        request
            .putObject("response_format")
            .put("type", "json_schema")
            .putObject("json_schema")
            .put("strict", true)
            .set("schema", way.equals("strict") ? property(fragment) : fragment);
        yield models.chat(OpenAiDialect.OPENAI, request, direct);
      }
      case "strict response" -> {
        ObjectNode request = request("{'input':'x'}", Json.object()).put("model", model);
        request
            .putObject("text")
            .putObject("format")
            .put("type", "json_schema")
            .put("strict", true)
            .set("schema", property(fragment));
        yield models.response(request, direct);
      }
      case "messages" -> models.message(request(messages, fragment), direct, "2026-10-21");
      case "claude" -> {
        ObjectNode request = request(messages, Json.object());
        request
            .putObject("output_config")
            .putObject("format")
            .put("type", "json_schema")
            .set("schema", property(fragment));
        yield models.message(request, direct, "2026-10-21");
      }
      case "tool" -> {
        ObjectNode request = request(messages, Json.object());
        request.putArray("tools").addObject().put("name", "answer").set("input_schema", fragment);
        yield models.message(request, direct, "2026-10-21");
      }
      case "content" -> models.generateContent(model, request(contents, fragment), direct);
      case "gemini schema" -> {
        ObjectNode request = request(contents, Json.object());
        request
            .putObject("generationConfig")
            .put("responseMimeType", "application/json")
            .set("responseJsonSchema", property(fragment));
        yield models.generateContent(model, request, direct);
      }
      default -> throw new IllegalArgumentException(way);
    };
  }

  @TestFactory
  Stream<DynamicTest> aRequestIsRefusedAndWithoutItsRulePasses() {
    return cases().stream()
        .map(
            one ->
                DynamicTest.dynamicTest(
                    one.toString(),
                    () -> {
                      JsonNode fragment = json(one.fragment());
                      assertThatThrownBy(() -> ask(Rules.ALL, one.way(), one.model(), fragment))
                          .isInstanceOf(ApiError.class)
                          .hasMessageContaining(one.words());
                      Rules kinder = Rules.without(one.rule(), one.part());
                      assertThat(ask(kinder, one.way(), one.model(), fragment))
                          .as("without its rule it passes")
                          .isNotNull();
                    }));
  }

  // ---- what is done unasked ----

  /** What a rule does, seen in an answer; and not seen without it. */
  private record Effect(
      Rule rule, String way, String model, String fragment, Predicate<Models.Completion> isSeen) {}

  private static final List<Effect> EFFECTS =
      List.of(
          new Effect(Rule.OPENAI_UNASKED, "chat", "gpt-6-luna", "{}", RulesTest::reasoned),
          new Effect(Rule.OPENAI_UNASKED, "responses", "gpt-6-luna", "{}", RulesTest::reasoned),
          new Effect(
              Rule.ANTHROPIC_UNASKED, "messages", "claude-haiku-5-5", "{}", RulesTest::reasoned),
          new Effect(
              Rule.ANTHROPIC_UNASKED, "messages", "claude-sonnet-5-5", "{}", RulesTest::reasoned),
          new Effect(Rule.GEMINI_UNASKED, "content", "gemini-3.8-flash", "{}", RulesTest::reasoned),
          new Effect(
              Rule.OPENAI_CACHE_WRITES,
              "chat",
              "gpt-5.6-luna",
              "{'messages':[{'role':'user','content':'" + "word ".repeat(1_100) + "'}]}",
              completion -> completion.usage().write5m() > 0),
          new Effect(
              Rule.OPENAI_CACHE_WRITES,
              "responses",
              "gpt-6.2-sol",
              "{'input':'" + "word ".repeat(1_100) + "'}",
              completion -> completion.usage().write5m() > 0),
          new Effect(
              Rule.REASONING_COUNTS,
              "chat",
              "gpt-6-luna",
              "{'max_completion_tokens':100}",
              completion -> completion.usage().completion() <= 100),
          new Effect(
              Rule.REASONING_COUNTS,
              "messages",
              "claude-haiku-5-5",
              "{}",
              completion -> completion.usage().completion() <= 100),
          new Effect(
              Rule.REASONING_COUNTS,
              "content",
              "gemini-3.8-flash",
              "{'generationConfig':{'maxOutputTokens':100}}",
              completion -> completion.usage().completion() <= 100),
          new Effect( // the other way round: billed, the emulator would be harder than the provider
              Rule.ANTHROPIC_REFUSAL_FREE,
              "messages",
              "claude-haiku-5-5",
              "{'messages':[{'role':'user','content':'DECLINED'}]}",
              completion -> completion.usage().prompt() == 0));

  private static boolean reasoned(Models.Completion completion) {
    return completion.usage().reasoning() > 0;
  }

  @TestFactory
  Stream<DynamicTest> whatAProviderDoesUnaskedIsSeenAndWithoutItsRuleIsNot() {
    return EFFECTS.stream()
        .map(
            effect ->
                DynamicTest.dynamicTest(
                    effect.rule() + " " + effect.way() + " " + effect.model(),
                    () -> {
                      JsonNode fragment = json(effect.fragment());
                      assertThat(ask(Rules.ALL, effect.way(), effect.model(), fragment))
                          .matches(effect.isSeen());
                      Rules kinder = Rules.without(effect.rule(), "");
                      assertThat(ask(kinder, effect.way(), effect.model(), fragment))
                          .matches(effect.isSeen().negate());
                    }));
  }

  // ---- batches ----

  @TempDir Path home;

  /**
   * A batch that breaks one rule.
   *
   * @param input lines of a file for OpenAI and its kin; the requests of one for Anthropic
   * @param create replaces fields of a create
   */
  private record BatchCase(
      Rule rule, String part, String dialect, String input, String create, String words) {}

  private static final String LINE =
      "{'custom_id':'a','method':'POST','url':'/v1/chat/completions','body':{'model':'gpt-6-luna','messages':[]}}";

  private static final String MISTRAL =
      "{'custom_id':'a','body':{'model':'mistral-small-latest','messages':[]}}";

  private static final List<BatchCase> BATCHES =
      List.of(
          lines("invalid_json_line", LINE + "\n{"),
          lines("duplicate_custom_id", LINE + "\n" + LINE),
          lines("url_mismatch", LINE.replace("chat/completions", "responses")),
          lines("missing_required_parameter", LINE.replace(",'messages':[]", "")),
          lines(
              "model_mismatch",
              LINE + "\n" + LINE.replace("'a'", "'b'").replace("gpt-6-luna", "gpt-4.1")),
          lines("empty_file", ""),
          openAi(Rule.OPENAI_WINDOW, "openai", "{'completion_window':'48h'}", "completion_window"),
          openAi(Rule.OPENAI_WINDOW, "azure", "{'completion_window':'7d'}", "completion_window"),
          openAi(Rule.OPENAI_WINDOW, "groq", "{'completion_window':'8d'}", "completion_window"),
          // Lines that go with the endpoint: nothing else about the batch is wrong.
          new BatchCase(
              Rule.OPENAI_ENDPOINT,
              "openai",
              "openai",
              LINE.replace("/v1/chat", "/chat"),
              "{'endpoint':'/chat/completions'}",
              "Invalid value"),
          openAi(
              Rule.OPENAI_ENDPOINT,
              "azure",
              "{'endpoint':'/v1/chat/completions'}",
              "Invalid value"),
          new BatchCase(
              Rule.OPENAI_ENDPOINT,
              "groq",
              "groq",
              LINE.replace("chat/completions", "responses").replace("'messages':[]", "'input':'x'"),
              "{'endpoint':'/v1/responses'}",
              "Invalid value"),
          openAi(
              Rule.OPENAI_METADATA,
              "",
              "{'metadata':{" + many(17, i -> "'k" + i + "':'v'") + "}}",
              "metadata pairs"),
          new BatchCase(
              Rule.MISTRAL_JOBS,
              "model",
              "mistral",
              MISTRAL,
              "{'model':null}",
              "model or agent_id"),
          new BatchCase(
              Rule.MISTRAL_JOBS, "hours", "mistral", MISTRAL, "{'timeout_hours':169}", "to 168"),
          new BatchCase(
              Rule.OPENAI_ENDPOINT,
              "mistral",
              "mistral",
              MISTRAL,
              "{'endpoint':'/chat/completions'}",
              "Invalid value"),
          anthropic(Rule.ANTHROPIC_CUSTOM_IDS, "letters", "{'custom_id':'a b','params':{}}"),
          anthropic(
              Rule.ANTHROPIC_CUSTOM_IDS,
              "letters",
              "{'custom_id':'" + "a".repeat(65) + "','params':{}}"),
          anthropic(
              Rule.ANTHROPIC_CUSTOM_IDS,
              "twice",
              "{'custom_id':'a','params':{}},{'custom_id':'a','params':{}}"),
          anthropic(
              Rule.ANTHROPIC_NOT_IN_BATCHES,
              "stream",
              "{'custom_id':'a','params':{'stream':true}}"),
          anthropic(
              Rule.ANTHROPIC_NOT_IN_BATCHES,
              "speed",
              "{'custom_id':'a','params':{'speed':'fast'}}"),
          anthropic(
              Rule.ANTHROPIC_NOT_IN_BATCHES, "store", "{'custom_id':'a','params':{'store':true}}"));

  private static BatchCase lines(String code, String file) {
    return new BatchCase(Rule.OPENAI_LINES, code, "openai", file, "{}", code);
  }

  private static BatchCase openAi(Rule rule, String dialect, String create, String words) {
    return new BatchCase(
        rule, dialect, dialect.isEmpty() ? "openai" : dialect, LINE, create, words);
  }

  private static BatchCase anthropic(Rule rule, String part, String requests) {
    return new BatchCase(rule, part, "anthropic", requests, "{}", "requests.");
  }

  /**
   * What became of it: the refusal of the create, or the errors of the batch; empty if it works.
   */
  private String outcome(Rules rules, String name, BatchCase one) throws IOException {
    TestClock clock = new TestClock();
    try (Emulator emulator = Emulator.in(home.resolve(name)).clock(clock).rules(rules).start()) {
      Wire wire = new Wire(emulator.uri());
      if (one.dialect().equals("anthropic")) {
        String body = ("{'requests':[" + one.input() + "]}").replace('\'', '"');
        Wire.Answer answer = wire.post(Wire.ANTHROPIC, "/v1/messages/batches", body);
        return answer.status() == 200 ? "" : answer.body();
      }
      boolean azure = one.dialect().equals("azure");
      boolean mistral = one.dialect().equals("mistral");
      String path = mistral ? "/mistral/v1" : one.dialect().equals("openai") ? "/v1" : "/openai/v1";
      String[] key = azure ? new String[] {"api-key", "any"} : Wire.OPENAI;
      String file =
          wire.post(
                  key,
                  path + "/files",
                  "--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n"
                      + "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"r.jsonl\"\r\n\r\n"
                      + one.input().replace('\'', '"')
                      + "\r\n--b--\r\n",
                  "Content-Type",
                  "multipart/form-data; boundary=b")
              .json()
              .get("id")
              .asText();
      String endpoint = (azure ? "" : "/v1") + "/chat/completions";
      String good =
          mistral
              ? "{'endpoint':'" + endpoint + "','model':'mistral-small-latest'}"
              : "{'endpoint':'" + endpoint + "','completion_window':'24h'}";
      ObjectNode create = request(good, json(one.create()));
      if (mistral) {
        create.putArray("input_files").add(file);
      } else {
        create.put("input_file_id", file);
      }
      String batches = path + (mistral ? "/batch/jobs" : "/batches");
      Wire.Answer answer = wire.post(key, batches, Json.write(create));
      if (answer.status() != 200) {
        return answer.body();
      }
      clock.pass(Duration.ofMinutes(1));
      emulator.advance();
      return wire.get(key, batches + "/" + answer.json().get("id").asText())
          .json()
          .path("errors")
          .toString()
          .replace("null", "");
    }
  }

  @TestFactory
  Stream<DynamicTest> aBatchIsRefusedAndWithoutItsRuleIsNot() {
    return IntStream.range(0, BATCHES.size())
        .mapToObj(
            i -> {
              BatchCase one = BATCHES.get(i);
              return DynamicTest.dynamicTest(
                  one.rule() + " " + one.part() + " " + one.dialect(),
                  () -> {
                    assertThat(outcome(Rules.ALL, "strict" + i, one)).contains(one.words());
                    Rules kinder = Rules.without(one.rule(), one.part());
                    assertThat(outcome(kinder, "kinder" + i, one))
                        .as("it works, and is not refused in other words")
                        .isIn("", "[]");
                  });
            });
  }

  // ---- the table ----

  @Test
  void eachRuleAndEachFamilyOfModelsHasACase() {
    TreeSet<Rule> covered = new TreeSet<>();
    cases().forEach(one -> covered.add(one.rule()));
    EFFECTS.forEach(one -> covered.add(one.rule()));
    BATCHES.forEach(one -> covered.add(one.rule()));
    assertThat(covered).containsExactlyInAnyOrder(Rule.values());
    TreeMap<Rule, TreeSet<String>> parts = new TreeMap<>();
    cases()
        .forEach(one -> parts.computeIfAbsent(one.rule(), any -> new TreeSet<>()).add(one.part()));
    for (ModelRules.Family family : ModelRules.OPENAI_FAMILIES) {
      if (!family.efforts().isEmpty()) {
        assertThat(parts.get(Rule.OPENAI_EFFORTS)).contains(family.models());
      }
    }
    for (ModelRules.Family family : ModelRules.GEMINI_FAMILIES) {
      assertThat(parts.get(Rule.GEMINI_LEVELS)).contains(family.models());
    }
  }

  @Test
  void eachKeywordThatIsRefusedIsOneOfTheSources() {
    assertThat(SchemaRules.NOT_IN_STRICT_MODE)
        .containsExactlyInAnyOrderElementsOf(NOT_IN_STRICT_MODE);
    assertThat(SchemaRules.NOT_IN_OUTPUT_FORMAT)
        .containsExactlyInAnyOrderElementsOf(NOT_IN_OUTPUT_FORMAT);
  }

  /** What is refused without a name could become kinder, and nothing would notice. */
  @Test
  void nothingIsRefusedBesideTheTable() throws IOException {
    Path sources = Path.of("src/main/java/dev/nightjar/emulator");
    for (String source :
        List.of("SchemaRules", "RequestRules", "ModelRules", "OpenAiDialect", "AnthropicMarks")) {
      assertThat(Files.readString(sources.resolve(source + ".java")))
          .as(source)
          .doesNotContain("throw ");
    }
  }

  @Test
  void theTableIsTheDocuments() throws IOException {
    Path document = Path.of("../docs/providers.md");
    String begin = "| Rule | Source | Grade |\n|---|---|---|\n";
    String written = Files.readString(document);
    int from = written.indexOf(begin) + begin.length();
    assertThat(from).isGreaterThan(begin.length());
    int end = written.indexOf("\n\n", from);
    String rows = Arrays.stream(Rule.values()).map(Rule::row).collect(Collectors.joining("\n"));
    String shown = end < 0 ? written.substring(from).stripTrailing() : written.substring(from, end);
    if (Boolean.getBoolean("golden.write")) {
      Files.writeString(
          document, written.substring(0, from) + rows + (end < 0 ? "\n" : written.substring(end)));
    } else {
      assertThat(shown).isEqualTo(rows);
    }
  }
}
