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
    try {
      return TaskQueries.of(
          system, new ObjectMapper().readTree("{\"properties\": {" + properties + "}}"));
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
        .allSatisfy(query -> assertThat(query.split(" ")).hasSizeLessThan(3));
    assertThat(queries("Answer in JSON.", "\"summary\": {}")).isEmpty();
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
