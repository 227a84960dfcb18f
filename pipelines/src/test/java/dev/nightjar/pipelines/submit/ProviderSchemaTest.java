package dev.nightjar.pipelines.submit;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nightjar.emulator.Emulator;
import dev.nightjar.pipelines.TestTasks;
import dev.nightjar.pipelines.task.AnswerSchema;
import dev.nightjar.pipelines.task.TaskSpec;
import dev.nightjar.pipelines.task.TierSpec;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** No provider refuses a request for its schema, and each is held to as much as it takes. */
class ProviderSchemaTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir static Path home;
  private static Emulator emulator;

  @BeforeAll
  static void start() throws Exception {
    emulator = Emulator.in(home).speed(1_000).start();
  }

  @AfterAll
  static void stop() {
    emulator.close();
  }

  private static JsonNode json(String text) throws Exception {
    return JSON.readTree(text.replace('\'', '"'));
  }

  private static TaskSpec task(String schema) {
    return TestTasks.of(
        TestTasks.YAML
                .replaceAll(
                    "(?s)output_schema:.*",
                    Matcher.quoteReplacement("output_schema: " + schema.replace('\'', '"')))
                .stripTrailing()
            + """

            tiers:
              - {name: chat, provider: openai, model: gpt-6-luna, output_tokens_max: 90, prompt_tokens_max: 500}
              - {name: responses, provider: openai, model: gpt-6.1-terra, api: responses, output_tokens_max: 90, prompt_tokens_max: 500}
              - {name: format, provider: anthropic, model: claude-haiku-5-5, output_tokens_max: 90, prompt_tokens_max: 500}
              - {name: tool, provider: anthropic, structured_output: tool, model: claude-opus-5, output_tokens_max: 90, prompt_tokens_max: 500}
              - {name: azure, provider: azure, model: gpt-5.4, output_tokens_max: 90, prompt_tokens_max: 500}
              - {name: groq, provider: groq, model: openai/gpt-oss-120b, output_tokens_max: 900, prompt_tokens_max: 500}
              - {name: groq-json, provider: groq, model: qwen/qwen3-32b, output_tokens_max: 90, prompt_tokens_max: 500}
              - {name: dashscope, provider: dashscope, model: qwen3.7-plus, output_tokens_max: 90, prompt_tokens_max: 500}
              - {name: mistral, provider: mistral, model: mistral-small-latest, output_tokens_max: 90, prompt_tokens_max: 500}
              - {name: gemini, provider: gemini, model: gemini-3.8-flash, output_tokens_max: 600}
            """);
  }

  private static HttpResponse<String> asked(TierSpec tier, JsonNode line) throws Exception {
    String path =
        switch (tier.provider()) {
          case OPENAI -> line.get("url").asText();
          case ANTHROPIC -> "/v1/messages";
          case GEMINI -> "/v1beta/models/" + tier.model() + ":generateContent";
          case AZURE, GROQ -> "/openai/v1/chat/completions";
          case DASHSCOPE -> "/compatible-mode/v1/chat/completions";
          case MISTRAL -> "/mistral/v1/chat/completions";
          case SELF_HOSTED -> "/vllm/v1/chat/completions";
        };
    String key =
        switch (tier.provider()) {
          case ANTHROPIC -> "x-api-key";
          case GEMINI -> "x-goog-api-key";
          case AZURE -> "api-key";
          default -> "Authorization";
        };
    JsonNode body =
        switch (tier.provider()) {
          case ANTHROPIC -> line.get("params");
          case GEMINI -> line.get("request");
          default -> line.get("body");
        };
    return HttpClient.newHttpClient()
        .send(
            HttpRequest.newBuilder(URI.create(emulator.uri() + path))
                .header(key, key.equals("Authorization") ? "Bearer key" : "key")
                .header("anthropic-version", "2023-06-01")
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body.toString()))
                .build(),
            HttpResponse.BodyHandlers.ofString());
  }

  /** Shapes that people write. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "{type: object, additionalProperties: false, required: [a], properties: {a: {enum: [x, z]}}}",
        "{type: object, required: [a, b], properties: {a: {const: 1}, b: {enum: [1, 2.5, null]}}}",
        "{type: object, required: [a], properties: {a: {type: object, required: [b], properties: {b: {type: integer, minimum: 1}}}}}",
        "{type: object, required: [a], properties: {a: {type: array, minItems: 2, maxItems: 5, uniqueItems: true, items: {type: object, required: [k], properties: {k: {type: string, minLength: 1}}}}}}",
        "{type: object, required: [a], properties: {a: {type: string}, b: {type: string}}}",
        "{type: object, properties: {a: {type: string}}}",
        "{type: object, required: [a], properties: {a: {anyOf: [{type: string}, {type: 'null'}]}}}",
        "{type: object, required: [a], properties: {a: {type: [string, 'null'], maxLength: 20}}}",
        "{type: object, required: [a], properties: {a: {oneOf: [{type: string, pattern: '^x'}, {type: integer}]}}}",
        "{type: object, required: [a], properties: {a: {type: string, format: date}, u: {type: string, format: uri}}}",
        "{type: object, required: [a], properties: {a: {$ref: '#/$defs/p'}}, $defs: {p: {type: object, required: [k], properties: {k: {enum: [1, 2]}}}}}",
        "{type: object, required: [a], properties: {a: {type: array, items: {$ref: '#'}}}}",
        "{type: object, required: [a], properties: {a: {type: string}}, allOf: [{required: [b], properties: {b: {type: integer}}}]}",
        "{type: object, required: [größe, 日], properties: {größe: {type: number, exclusiveMinimum: 0}, 日: {type: boolean}}}",
        "{type: object, required: [a], properties: {a: {type: object, additionalProperties: {type: string}}}}",
        "{type: object, required: [a], properties: {a: {type: string}}, patternProperties: {'^x': {type: integer}}}",
        "{type: object, required: [a], properties: {a: {}}}",
        "{type: object, required: [a], properties: {a: {type: array}}}",
        "{type: object, minProperties: 1, required: [a], properties: {a: {type: array, prefixItems: [{type: string}, {type: number}]}}}",
        "{type: object, required: [a], properties: {a: {type: string, not: {const: x}}, b: {type: string}}, if: {required: [b]}, then: {required: [a]}}",
        "{type: object, properties: {a: {items: {type: string}, maxItems: 2000}}, required: [a]}",
        "{type: object, properties: {a: {type: string}, b: {type: string}}, anyOf: [{required: [a]}, {required: [b]}]}",
        "{type: object, required: [a], properties: {a: {type: [object, 'null'], required: [k], properties: {k: {type: string}}}}}",
        "{type: object, required: [a], properties: {a: {$ref: '#/$defs/p', description: d}}, $defs: {p: {type: object, required: [c], properties: {c: {allOf: [{$ref: '#/$defs/p'}], description: d}}}}}",
        "{type: object, required: [a], properties: {a: {$ref: '#/properties/b'}, b: {type: string}}}",
        "{type: object, required: [a], properties: {a: {type: string, pattern: '^(?!x)a'}}}",
        "{type: object, required: [maxItems], properties: {maxItems: {type: array, maxItems: 2000, items: {type: string}}}}",
        "{$schema: 'https://json-schema.org/draft/2020-12/schema', title: t, type: object, required: [a], properties: {a: {type: string, default: x, examples: [z]}}}"
      })
  void noProviderRefusesIt(String schema) throws Exception {
    TaskSpec task = task(schema);
    RequestLines lines = new RequestLines(task);
    for (TierSpec tier : task.tiers()) {
      HttpResponse<String> response = asked(tier, lines.of(tier, "id_1", "prompt"));
      assertThat(response.statusCode()).as(tier.name() + ": " + response.body()).isEqualTo(200);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {'type':'object','properties':{'a':{'enum':['x']}},'required':['a']}              | true
          {'type':['object','null'],'properties':{'a':{'type':'string'}},'required':['a']}  | false
          {'type':'object','properties':{'a':{'type':'string'}},'required':['a']}           | true
          {'type':'object','properties':{'a':{'oneOf':[{'type':'string'}]}},'required':['a']} | true
          {'type':'object','properties':{'a':{'type':'string','format':'uri'}},'required':['a']} | true
          {'type':'object','properties':{'a':{'$ref':'#'}},'required':['a']}                | true
          {'type':'object','properties':{'a':{'type':'string'}},'required':[]}              | false
          {'type':'object','properties':{'a':{'type':'string'}},'additionalProperties':true,'required':['a']} | false
          {'type':'object','properties':{'a':{}},'required':['a']}                          | false
          {'type':'object','properties':{'a':{'type':'array'}},'required':['a']}            | false
          {'type':'array','items':{'type':'string'}}                                        | false
          {'type':'object','properties':{'a':{'type':'object'}},'required':['a']}           | false
          {'type':'object','properties':{'a':{'type':'string'}},'required':['a','b']}       | false
          {'type':'object','properties':{'a':{'$ref':'#/properties/a'}},'required':['a']}   | false
          {'type':'object','properties':{'a':{'type':['object','null'],'properties':{}}},'required':['a']} | false
          {'type':'object','minProperties':2,'properties':{'a':{'type':'string'}},'required':['a']} | false
          """)
  void openAiIsStrictWhereStrictModeTakesWhatIsLeft(String schema, boolean isStrict)
      throws Exception {
    assertThat(ProviderSchema.openAi(json(schema)).isStrict()).isEqualTo(isStrict);
  }

  /** The table of docs/tasks.md. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          'minLength':1          | kept | left | left
          'maxLength':9          | kept | left | left
          'pattern':'^a'         | kept | left | left
          'format':'date'        | kept | kept | kept
          'format':'uri'         | left | kept | kept
          'minimum':1            | kept | left | kept
          'maximum':9            | kept | left | kept
          'exclusiveMinimum':1   | kept | left | left
          'exclusiveMaximum':9   | kept | left | left
          'multipleOf':2         | kept | left | left
          'minItems':1           | kept | kept | kept
          'minItems':2           | kept | left | kept
          'maxItems':9           | kept | left | kept
          'uniqueItems':true     | left | left | left
          'contains':{}          | left | left | left
          'minContains':1        | left | left | left
          'not':{}               | left | left | left
          'if':{}                | left | left | left
          'propertyNames':{}     | left | left | left
          'minProperties':1      | left | left | left
          'dependentRequired':{} | left | left | left
          'description':'d'      | kept | kept | kept
          """)
  void everyKeywordHasItsFate(String keyword, String openAi, String anthropic, String gemini)
      throws Exception {
    JsonNode schema =
        json(
            "{'type':'object','required':['a'],'properties':{'a':{'type':'string',"
                + keyword
                + "}}}");
    String name = keyword.substring(1, keyword.indexOf('\'', 1));
    assertFate(ProviderSchema.openAi(schema), name, openAi);
    assertFate(ProviderSchema.anthropic(schema), name, anthropic);
    assertFate(ProviderSchema.gemini(schema), name, gemini);
  }

  private static void assertFate(ProviderSchema schema, String keyword, String fate) {
    boolean isKept = fate.equals("kept");
    assertThat(schema.schema().orElseThrow().at("/properties/a").has(keyword)).isEqualTo(isKept);
    assertThat(schema.unenforced()).isEqualTo(isKept ? Set.of() : Set.of(keyword));
  }

  /** Closing an object, or leaving something out, must not forbid what the task takes. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {'type':'object','properties':{'k':{'type':'string'}},'required':['k'],'anyOf':[{'properties':{'a':{'type':'string'}},'required':['a']}]} | {'k':'x','a':'y'}
          {'type':'object','properties':{'p':{'type':'object','properties':{'k':{'type':'string'}},'oneOf':[{'properties':{'a':{'type':'string'}},'required':['a']}]}},'required':['p']} | {'p':{'k':'x','a':'y'}}
          {'type':'object','properties':{'a':{'type':'string'}},'if':{'required':['a']},'then':{'properties':{'b':{'type':'string'}},'required':['b']}} | {'a':'x','b':'y'}
          {'type':'object','properties':{'a':{'type':'string'}},'required':['a','b']} | {'a':'x','b':'y'}
          {'type':'object','properties':{'a':{'type':'string'}},'minProperties':2} | {'a':'x','b':'y'}
          {'type':'object','properties':{'a':{'type':'string'}},'allOf':[{'$ref':'#/$defs/b'}],'$defs':{'b':{'properties':{'b':{'type':'string'}},'required':['b']}}} | {'a':'x','b':'y'}
          {'type':'object','properties':{'a':{'$ref':'#/$defs/b','required':['c']}},'required':['a'],'$defs':{'b':{'type':'object','properties':{'b':{'type':'string'}}}}} | {'a':{'c':'x'}}
          {'type':'object','properties':{'a':{'prefixItems':[{'type':'string'}],'items':{'type':'boolean'},'type':'array'}},'required':['a']} | {'a':['x',true]}
          {'type':'object','properties':{'a':{'enum':[1,2.5,'x',null]}},'required':['a']} | {'a':1}
          {'type':'object','properties':{'a':{'const':{'b':1}}},'required':['a']} | {'a':{'b':1}}
          {'type':'object','properties':{'a':{'type':['object','null'],'properties':{'b':{'type':'integer'}},'required':['b']}},'required':['a']} | {'a':null}
          {'type':'object','properties':{'maxItems':{'type':'array','items':{'type':'string'},'maxItems':2000}},'required':['maxItems']} | {'maxItems':['x']}
          """)
  void whatTheTaskTakesEveryProviderMayAnswer(String schema, String answer) throws Exception {
    JsonNode whole = json(schema);
    String before = whole.toString();
    assertThat(AnswerSchema.of(whole.toString()).firstProblem(json(answer))).isEmpty();
    for (ProviderSchema sent :
        List.of(
            ProviderSchema.openAi(whole),
            ProviderSchema.anthropic(whole),
            ProviderSchema.gemini(whole))) {
      if (sent.schema().isPresent()) {
        assertThat(AnswerSchema.of(sent.schema().get().toString()).firstProblem(json(answer)))
            .as(sent.toString())
            .isEmpty();
      }
    }
    assertThat(whole.toString()).as("the task's own schema is left as it is").isEqualTo(before);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"{'type':'array','items':{'$ref':'#/properties/a'}}", "{'type':'object'}"})
  void anthropicIsSentNoSchemaThatItWouldRefuse(String property) throws Exception {
    ProviderSchema schema =
        ProviderSchema.anthropic(
            json("{'type':'object','required':['a'],'properties':{'a':" + property + "}}"));
    assertThat(schema.schema()).isEmpty();
    assertThat(schema.unenforced()).contains("properties", "type");
  }
}
