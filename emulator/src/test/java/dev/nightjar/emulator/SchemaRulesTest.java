package dev.nightjar.emulator;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each rule refuses by itself: were it left out, its row would pass. */
class SchemaRulesTest {
  private static JsonNode schema(String property) throws Exception {
    return new ObjectMapper()
        .readTree(
            "{'type':'object','additionalProperties':false,'required':['a'],'properties':{'a':%s}}"
                .formatted(property)
                .replace('\'', '"'));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {'enum':['x','y']}                                             | must have a 'type' key
          {}                                                             | must have a 'type' key
          {'const':1}                                                    | must have a 'type' key
          {'type':'string','allOf':[]}                                   | 'allOf' is not permitted
          {'type':'string','oneOf':[]}                                   | 'oneOf' is not permitted
          {'type':'string','not':{}}                                     | 'not' is not permitted
          {'type':'string','if':{}}                                      | 'if' is not permitted
          {'type':'array','items':{'type':'string'},'uniqueItems':true}  | 'uniqueItems' is not permitted
          {'type':'array','items':{'type':'string'},'contains':{}}       | 'contains' is not permitted
          {'type':'array','prefixItems':[]}                              | 'prefixItems' is not permitted
          {'type':'array'}                                               | missing items
          {'type':'string','format':'uri'}                               | not a valid format
          {'$ref':'#/properties/a'}                                      | reference can only point
          {'$ref':'#/$defs/b','description':'d'}                         | cannot have keywords {'description'}
          {'type':'string','pattern':'^(?!x)'}                           | lookaround
          {'$ref':'https://example.org/x'}                               | reference can only point
          {'type':'object','properties':{}}                              | 'additionalProperties' is required
          {'type':'object','properties':{},'additionalProperties':true}  | 'additionalProperties' is required
          {'type':'object','additionalProperties':false,'minProperties':1,'properties':{}} | 'minProperties' is not
          {'type':'object','additionalProperties':false,'patternProperties':{}} | 'patternProperties' is not
          {'type':'object','additionalProperties':false,'required':[],'properties':{'b':{'type':'null'}}} | Missing 'b'
          {'anyOf':[{'type':'string'},{'enum':[1]}]}                     | must have a 'type' key
          """)
  void openAisStrictModeRefuses(String property, String words) throws Exception {
    JsonNode schema = schema(property);
    assertThatThrownBy(() -> SchemaRules.openAiStrict(schema))
        .isInstanceOfSatisfying(
            ApiError.class,
            error ->
                org.assertj.core.api.Assertions.assertThat(error.code)
                    .isEqualTo("invalid_json_schema"))
        .hasMessageContaining(words);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {'type':'integer','minimum':1}                         | 'minimum' is not supported
          {'type':'integer','exclusiveMaximum':1}                | 'exclusiveMaximum' is not supported
          {'type':'integer','multipleOf':2}                      | 'multipleOf' is not supported
          {'type':'string','maxLength':9}                        | 'maxLength' is not supported
          {'type':'array','items':{'type':'string'},'maxItems':9}| 'maxItems' is not supported
          {'type':'array','items':{'type':'string','minLength':1}}| 'minLength' is not supported
          {'type':'array','items':{'type':'string'},'minItems':2}| 'minItems' values
          {'type':'array','uniqueItems':true}                    | 'uniqueItems' is not supported
          {'oneOf':[{'type':'string'}]}                          | 'oneOf' is not supported
          {'type':'object','properties':{}}                      | 'additionalProperties' must be
          {'type':'object','additionalProperties':false,'maxProperties':2}| 'maxProperties' is not supported
          """)
  void anthropicsOutputFormatRefuses(String property, String words) throws Exception {
    JsonNode schema = schema(property);
    assertThatThrownBy(() -> SchemaRules.anthropic(schema))
        .isInstanceOf(ApiError.class)
        .hasMessageContaining(words);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'type':'string','enum':['x'],'description':'d'}",
        "{'type':['string','null'],'maxLength':9,'pattern':'^a'}",
        "{'type':'array','minItems':2,'items':{'type':'number','minimum':0.5}}",
        "{'anyOf':[{'type':'string','format':'date'},{'type':'null'}]}"
      })
  void whatOpenAisStrictModeTakesPasses(String property) throws Exception {
    JsonNode schema = schema(property);
    assertThatCode(() -> SchemaRules.openAiStrict(schema)).doesNotThrowAnyException();
  }

  @ParameterizedTest
  @CsvSource({"24, 16, ''", "25, 0, optional parameters", "0, 17, union types"})
  void anthropicCountsWhatMakesGrammarsLarge(int optional, int unions, String words)
      throws Exception {
    StringBuilder properties = new StringBuilder("'r':{'type':'string'}");
    StringBuilder required = new StringBuilder("'r'");
    for (int i = 0; i < optional; i++) {
      properties.append(",'o").append(i).append("':{'type':'string'}");
    }
    for (int i = 0; i < unions; i++) {
      properties.append(",'u").append(i).append("':{'type':['string','null']}");
      required.append(",'u").append(i).append("'");
    }
    JsonNode schema =
        schema(
            "{'type':'object','additionalProperties':false,'required':["
                + required
                + "],'properties':{"
                + properties
                + "}}");
    if (words.isEmpty()) {
      assertThatCode(() -> SchemaRules.anthropic(schema)).doesNotThrowAnyException();
    } else {
      assertThatThrownBy(() -> SchemaRules.anthropic(schema)).hasMessageContaining(words);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'type':'object','anyOf':[]}",
        "{'type':'object','oneOf':[]}",
        "{'type':'array'}"
      })
  void anthropicsToolsTakeObjectsWithoutChoicesAtTheirRoot(String schema) throws Exception {
    JsonNode arguments = new ObjectMapper().readTree(schema.replace('\'', '"'));
    assertThatThrownBy(() -> SchemaRules.anthropicTool(arguments)).isInstanceOf(ApiError.class);
  }

  @ParameterizedTest
  @CsvSource({"900,true", "961,false"})
  void geminiCountsAllItemsTogether(int items, boolean passes) throws Exception {
    JsonNode schema =
        schema(
            "{'type':'array','maxItems':"
                + (items - 300)
                + ",'items':{'type':'array','maxItems':300}}");
    if (passes) {
      assertThatCode(() -> SchemaRules.gemini(schema)).doesNotThrowAnyException();
    } else {
      assertThatThrownBy(() -> SchemaRules.gemini(schema)).hasMessageContaining("invalid argument");
    }
  }
}
