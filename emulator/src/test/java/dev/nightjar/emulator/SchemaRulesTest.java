package dev.nightjar.emulator;

import static org.assertj.core.api.Assertions.assertThatCode;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What just passes; what is refused is in {@link RulesTest}. */
class SchemaRulesTest {
  private static final SchemaRules RULES = new SchemaRules(Rules.ALL);

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
      value = {
        "{'type':'string','enum':['x'],'description':'d'}",
        "{'type':['string','null'],'maxLength':9,'pattern':'^a'}",
        "{'type':'array','minItems':2,'items':{'type':'number','minimum':0.5}}",
        "{'anyOf':[{'type':'string','format':'date'},{'type':'null'}]}"
      })
  void whatOpenAisStrictModeTakesPasses(String property) throws Exception {
    JsonNode schema = schema(property);
    assertThatCode(() -> RULES.openAiStrict(schema)).doesNotThrowAnyException();
  }

  @Test
  void anthropicCountsWhatMakesGrammarsLarge() throws Exception {
    StringBuilder properties = new StringBuilder("'r':{'type':'string'}");
    StringBuilder required = new StringBuilder("'r'");
    for (int i = 0; i < 24; i++) {
      properties.append(",'o").append(i).append("':{'type':'string'}");
    }
    for (int i = 0; i < 16; i++) {
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
    assertThatCode(() -> RULES.anthropic(schema)).doesNotThrowAnyException();
  }

  @Test
  void geminiCountsAllItemsTogether() throws Exception {
    JsonNode schema =
        schema("{'type':'array','maxItems':660,'items':{'type':'array','maxItems':300}}");
    assertThatCode(() -> RULES.gemini(schema)).doesNotThrowAnyException();
  }
}
