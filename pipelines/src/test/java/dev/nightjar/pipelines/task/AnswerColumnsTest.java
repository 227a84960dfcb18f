package dev.nightjar.pipelines.task;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class AnswerColumnsTest {
  private static String schema(String properties) {
    return "{\"type\":\"object\",\"properties\":{" + properties + "}}";
  }

  private static String view(String properties) {
    return AnswerColumns.forView(schema(properties)).stream()
        .map(column -> column.name() + " " + column.kind())
        .reduce("", (all, one) -> all.isEmpty() ? one : all + ", " + one);
  }

  @Test
  void aPropertyHasTheTypeThatItsSchemaSays() {
    assertThat(
            view(
                "\"a\":{\"type\":\"string\"},\"b\":{\"enum\":[\"x\",null]},\"c\":{\"type\":[\"integer\",\"null\"]},"
                    + "\"d\":{\"type\":\"boolean\"},\"e\":{\"type\":\"array\"},\"f\":{\"enum\":[\"x\",1]},"
                    + "\"g\":{\"const\":2},\"h\":{},\"i\":{\"type\":[\"integer\",\"number\"]}"))
        .isEqualTo(
            "a TEXT, b TEXT, c NUMERIC, d BOOLEAN, e JSON, f JSON, g NUMERIC, h JSON, i NUMERIC");
  }

  @Test
  void namesAreTheirOwnAndNoneIsLongerThanAnIdentifier() {
    assertThat(view("\"tier\":{},\"answer_tier\":{},\"\":{}"))
        .matches("answer_tier JSON, answer_tier_[0-9a-f]{12} JSON, answer_ JSON");
    String longName = "ä".repeat(40);
    List<AnswerColumns.Column> columns =
        AnswerColumns.forView(
            schema("\"" + longName + "1\":{},\"" + longName + "2\":{},\"nul\\u0000\":{}"));
    assertThat(columns)
        .hasSize(2)
        .allSatisfy(
            column ->
                assertThat(column.name().getBytes(StandardCharsets.UTF_8).length)
                    .isLessThanOrEqualTo(63));
    assertThat(columns.stream().map(AnswerColumns.Column::name).distinct()).hasSize(2);
  }

  @Test
  void objectsInObjectsAreFlattenedToTheirLeaves() {
    assertThat(
            AnswerColumns.flattened(
                    schema(
                        "\"who\":{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"},"
                            + "\"home\":{\"properties\":{\"city\":{\"type\":\"string\"}}}}},\"state\":{}"),
                    Set.of("state"))
                .stream()
                .map(column -> column.name() + "=" + column.path()))
        .containsExactly(
            "who.name=[who, name]", "who.home.city=[who, home, city]", "answer_state=[state]");
  }
}
