package dev.nightjar.pipelines.task;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TaskQueriesTest {
  private static List<String> queries(String system, String properties) {
    return of(system, "{\"properties\": {" + properties + "}}");
  }

  private static List<String> of(String system, String schema) {
    try {
      return TaskQueries.of(system, new ObjectMapper().readTree(schema));
    } catch (JsonProcessingException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void eachPropertyLooksForItsNameDescriptionAndLabels() {
    assertThat(
            queries(
                "Answer in JSON only.",
                """
                "order_number": {"type": "string", "description": "the buyer's order"},
                "dueDate": {"title": "Payment", "enum": ["late_fee", "none"]}
                """))
        .containsExactly("order number buyer's", "due Date Payment late fee none");
  }

  @Test
  void aLineOfThePromptThatNamesALabelLooksWithItsProperty() {
    List<String> queries =
        queries(
            "You sort parcels.\n\n- spam: chain\n  letters\n- `topic`: harvests\n\nWeigh them.",
            """
            "kind": {"enum": ["spam", "other"]}, "topic": {"type": "string"}
            """);
    assertThat(queries).hasSize(2);
    assertThat(queries.get(0))
        .contains("chain letters", "parcels", "Weigh")
        .doesNotContain("harvests");
    assertThat(queries.get(1)).contains("harvests", "parcels").doesNotContain("chain");
  }

  @Test
  void nestedPropertiesLookToo() {
    assertThat(
            queries(
                "JSON",
                """
                "parties": {"items": {"properties": {"seller": {"description": "vendor"}}}}
                """))
        .containsExactly("parties", "seller vendor");
  }

  @Test
  void aSummaryLooksForNothing() {
    assertThat(
            queries(
                "Summarise the text in three sentences. Answer with JSON only.",
                "\"summary\": {\"type\": \"string\"}"))
        .isEmpty();
    assertThat(queries("Answer in JSON.", "\"summary\": {}")).isEmpty();
  }

  @Test
  void aBareSummaryCoversTheDocumentAndOneWithAFocusLooksForIt() {
    String draft = // of 'nightjar init'
        "You summarise emails for a colleague who has no time to read them: what happened, what is"
            + " asked for, what matters.\n"
            + "At most three sentences and 600 characters, in the language of the email. Answer"
            + " with JSON only.";
    String summary = "\"summary\": {\"type\": \"string\"}";
    assertThat(queries(draft, summary)).isEmpty();
    assertThat(queries("Fasse die E-Mail in drei Sätzen zusammen.", "\"zusammenfassung\": {}"))
        .isEmpty();
    assertThat(queries("Summarise it with a focus on side effects.", summary))
        .singleElement()
        .asString()
        .contains("side effects");
    assertThat(queries(draft + "\n- summary: also who was harmed", summary))
        .singleElement()
        .asString()
        .contains("harmed");
    assertThat(queries(draft, "\"summary\": {\"description\": \"drugs and doses\"}"))
        .singleElement()
        .asString()
        .contains("doses");
  }

  @Test
  void referencesAndAlternativesAreFollowedAndWithoutPropertiesThePromptLooks() {
    assertThat(
            of(
                "Answer in JSON.",
                """
                {"properties": {"goods": {"$ref": "#/$defs/good"}},
                 "$defs": {"good": {"description": "merchandise", "anyOf": [
                     {"properties": {"weight": {"description": "kilograms"}}}, {"$ref": "#/$defs/good"}]}}}
                """))
        .containsExactly("goods merchandise", "weight kilograms");
    assertThat(of("JSON", "{\"items\": {\"properties\": {\"seller\": {}}}}"))
        .containsExactly("seller");
    assertThat(of("Take the wheat prices from it. JSON only.", "{\"type\": \"object\"}"))
        .singleElement()
        .asString()
        .contains("wheat prices");
  }

  @Test
  void manyPropertiesShareEightQueries() {
    String properties =
        IntStream.range(0, 20)
            .mapToObj(i -> "\"name" + i + "\": {}")
            .collect(Collectors.joining(","));
    assertThat(queries("JSON", properties)).hasSize(8).last().asString().contains("name19");
  }
}
