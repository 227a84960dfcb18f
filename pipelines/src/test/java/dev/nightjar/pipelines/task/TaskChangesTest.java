package dev.nightjar.pipelines.task;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nightjar.cachestore.VersionStore;
import java.util.List;
import org.junit.jupiter.api.Test;

class TaskChangesTest {
  private static final String TASK =
      """
      name: notes
      system: You sort notes.
      user: "{{text}}"
      output_schema:
        type: object
        additionalProperties: false
        required: [kind, note]
        properties:
          kind: {enum: [even, odd]}
          note: {type: string, maxLength: 40}
      retrieval: {document_tokens_max: 300, query: offer}
      tiers:
        - {name: small, provider: openai, model: gpt-6-luna, output_tokens_max: 60, prompt_tokens_max: 900}
        - {name: large, provider: openai, model: gpt-6.2-sol, output_tokens_max: 600}
      """;

  private static TaskChanges after(String before, String after) {
    assertThat(TASK).contains(before);
    return TaskChanges.between(
        TaskLoader.parse("before.yaml", TASK),
        TaskLoader.parse("after.yaml", TASK.replace(before, after)));
  }

  private static VersionStore.Touched touched(String before, String after) {
    return after(before, after).touched();
  }

  private static final VersionStore.Touched NOTHING =
      new VersionStore.Touched(false, false, List.of("small", "large"), false, false, List.of());
  private static final VersionStore.Touched ALL =
      new VersionStore.Touched(true, false, List.of("small", "large"), false, false, List.of());

  @Test
  void aLargerLimitTouchesOnlyWhatWasCutAtItsTier() {
    TaskChanges changes = after("output_tokens_max: 60,", "output_tokens_max: 250,");
    assertThat(changes.touched())
        .isEqualTo(
            new VersionStore.Touched(false, true, List.of("large"), false, false, List.of()));
    assertThat(changes.changes().get(0).inWords())
        .isEqualTo("tiers[0].output_tokens_max 60 → 250: touches answers that were cut there");
    assertThat(touched("output_tokens_max: 60,", "output_tokens_max: 50,")).isEqualTo(ALL);
  }

  @Test
  void aLargerLimitAlsoTouchesWhatWasCutBeforeAndPassedItsTierBy() {
    String three =
        TASK.replace(
            "output_tokens_max: 60, prompt_tokens_max: 900}",
            "output_tokens_max: 200}\n"
                + "  - {name: mid, provider: openai, model: gpt-6-terra, output_tokens_max: 200}");
    for (int raised : List.of(400, 700)) {
      TaskChanges changes =
          TaskChanges.between(
              TaskLoader.parse("a", three),
              TaskLoader.parse(
                  "b",
                  three.replace(
                      "gpt-6-terra, output_tokens_max: 200",
                      "gpt-6-terra, output_tokens_max: " + raised)));
      assertThat(changes.touched().cutExceptAt()).containsExactly("large");
    }
    TaskChanges last =
        TaskChanges.between(
            TaskLoader.parse("a", three),
            TaskLoader.parse(
                "b", three.replace("output_tokens_max: 600", "output_tokens_max: 900")));
    assertThat(last.touched().cutExceptAt())
        .as("it allowed more before, too")
        .containsExactly("small", "mid");
  }

  @Test
  void boundsOfNumbersAndOfHowManyTouchAll() {
    for (String wider :
        List.of(
            "{type: integer, maximum: 10}→{type: integer, maximum: 100}",
            "{type: integer, minimum: 1}→{type: integer}",
            "{type: array, items: {type: string}, maxItems: 3}→{type: array, items: {type: string},"
                + " maxItems: 5}")) {
      String before = wider.split("→")[0];
      String after = wider.split("→")[1];
      String task = TASK.replace("{type: string, maxLength: 40}", before);
      assertThat(
              TaskChanges.between(
                      TaskLoader.parse("a", task),
                      TaskLoader.parse("b", task.replace(before, after)))
                  .touched()
                  .all())
          .as(wider)
          .isTrue();
    }
  }

  @Test
  void aNewLastTierTouchesNoAnswerAndAnotherModelAll() {
    assertThat(
            touched(
                "output_tokens_max: 600}",
                "output_tokens_max: 600}\n"
                    + "  - {name: best, provider: anthropic, model: claude-opus-5-5,"
                    + " output_tokens_max: 600}"))
        .isEqualTo(NOTHING);
    assertThat(touched("model: gpt-6-luna", "model: gpt-6-terra")).isEqualTo(ALL);
    assertThat(touched("name: small", "name: tiny")).isEqualTo(NOTHING);
    assertThat(
            touched(
                "tiers:\n",
                "tiers:\n"
                    + "  - {name: first, provider: openai, model: gpt-6-luna, output_tokens_max:"
                    + " 60, prompt_tokens_max: 90}\n"))
        .as("one that goes first")
        .isEqualTo(
            new VersionStore.Touched(
                true, false, List.of("small", "large"), false, false, List.of()));
  }

  @Test
  void aWiderSchemaTouchesOnlyWhatWasRejectedAndANewChoiceAll() {
    VersionStore.Touched rejected =
        new VersionStore.Touched(false, false, List.of("small", "large"), true, false, List.of(40));
    assertThat(touched("maxLength: 40", "maxLength: 400")).isEqualTo(rejected);
    assertThat(touched("{type: string, maxLength: 40}", "{type: string}")).isEqualTo(rejected);
    assertThat(touched("maxLength: 40", "maxLength: 4")).isEqualTo(ALL);
    assertThat(touched("[even, odd]", "[even, odd, none]"))
        .as("the model might have chosen it")
        .isEqualTo(ALL);
    assertThat(touched("required: [kind, note]", "required: [kind]")).isEqualTo(ALL);
    assertThat(after("maxLength: 40", "maxLength: 400").isOfSchema()).isTrue();
  }

  @Test
  void retrievalTouchesOnlyDocumentsOverTheSmallerLimit() {
    for (String other :
        List.of("document_tokens_max: 500, query: offer", "document_tokens_max: 300, query: x")) {
      TaskChanges changes = after("document_tokens_max: 300, query: offer", other);
      assertThat(changes.touched()).isEqualTo(NOTHING);
      assertThat(changes.touchesLong()).isTrue();
    }
    assertThat(after("retrieval: {document_tokens_max: 300, query: offer}\n", "").changes().get(0))
        .extracting(TaskChanges.Change::path, TaskChanges.Change::after)
        .containsExactly("retrieval", "none");
    assertThat(
            TaskChanges.documentTokensOver(
                new RetrievalSpec(300, 200, List.of("a")),
                new RetrievalSpec(200, 200, List.of("a"))))
        .isEqualTo(200);
  }

  @Test
  void whatIsSaidOfNothingElseTouchesAll() {
    assertThat(touched("You sort notes.", "You sort notes well.")).isEqualTo(ALL);
    assertThat(touched("user: \"{{text}}\"", "user: \"Note: {{text}}\"")).isEqualTo(ALL);
    assertThat(touched("prompt_tokens_max: 900", "prompt_tokens_max: 90")).isEqualTo(ALL);
  }

  @Test
  void refusalsAndColumnsTouchWhatTheyAreAbout() {
    assertThat(touched("tiers:\n", "on_refusal: escalate\ntiers:\n")).isEqualTo(NOTHING);
    assertThat(
            TaskChanges.between(
                    TaskLoader.parse("a", TASK + "on_refusal: escalate\n"),
                    TaskLoader.parse("b", TASK))
                .touched())
        .isEqualTo(
            new VersionStore.Touched(
                false, false, List.of("small", "large"), false, true, List.of()));
    assertThat(touched("retrieval:", "input: {id_field: number, text_field: body}\nretrieval:"))
        .isEqualTo(NOTHING);
  }

  @Test
  void aLongTextIsShownFromWhereItChanges() {
    String words = "one two three four five six seven eight nine ten eleven twelve thirteen ";
    TaskChanges changes =
        TaskChanges.between(
            TaskLoader.parse("a", TASK.replace("You sort", words + "You sort")),
            TaskLoader.parse("b", TASK.replace("You sort", words + "You file")));
    assertThat(changes.changes().get(0).inWords())
        .isEqualTo(
            "system …e thirteen You sort notes.\" → …e thirteen You file notes.\": touches all"
                + " answers");
  }
}
