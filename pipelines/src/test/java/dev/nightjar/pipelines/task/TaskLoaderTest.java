package dev.nightjar.pipelines.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.nightjar.pipelines.TestTasks;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TaskLoaderTest {
  private static List<TaskInvalidException.Problem> problems(String yaml) {
    return catchThrowableOfType(
            TaskInvalidException.class, () -> TaskLoader.parse("task.yaml", yaml))
        .problems();
  }

  @Test
  void aGoodTaskLoads() {
    TaskSpec task = TestTasks.task();
    assertThat(task.tiers()).extracting(TierSpec::name).containsExactly("small", "large");
    assertThat(task.fields()).containsExactly("title");
    assertThat(task.baselineTier().model()).isEqualTo("claude-opus-5-5");
    assertThat(task.usesLikeness()).isFalse();
  }

  @Test
  void whatStartsAtADearTierForItsLengthMayBeAskedBelowItForWantOfMoney() {
    TaskSpec defers = TestTasks.task();
    assertThat(defers.cheaperThan(defers.tier("large"))).isEmpty();
    TaskSpec downgrades = TestTasks.of(TestTasks.YAML + "over_budget: downgrade\n");
    assertThat(downgrades.cheaperThan(downgrades.tier("large")))
        .extracting(TierSpec::name)
        .containsExactly("small");
  }

  @ParameterizedTest
  @ValueSource(strings = {"email-triage.yaml", "speech-digest.yaml"})
  void theShippedTasksLoad(String file) {
    assertThat(TaskLoader.load(Path.of("../runners/tasks", file)).tiers()).hasSize(3);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"http://127.0.0.1:9/schema.json", "file:///etc/passwd", "defs.json", "urn:x:y"})
  void aSchemaElsewhereIsRefusedAndNotFetched(String reference) {
    String yaml =
        TestTasks.YAML.replaceFirst(
            "(?m)^( *)topic: .*$", "$1topic: {\"\\$ref\": \"" + reference + "\"}");
    assertThat(yaml).contains(reference);
    assertThat(problems(yaml))
        .singleElement()
        .satisfies(problem -> assertThat(problem.toString()).contains("nothing is fetched"));
  }

  @Test
  void everyProblemIsListedAtOnceWithItsLineAndField() {
    String yaml =
        TestTasks.YAML
            .replace("name: test-task", "name: Test Task\nnmae: oops")
            .replace("output_tokens_max: 60\n    prompt", "output_tokens_max: lots\n    prompt")
            .replace("provider: anthropic", "provider: acme");
    assertThat(problems(yaml))
        .extracting(TaskInvalidException.Problem::line, TaskInvalidException.Problem::field)
        .contains(
            org.assertj.core.groups.Tuple.tuple(1, "name"),
            org.assertj.core.groups.Tuple.tuple(2, "nmae"))
        .hasSizeGreaterThanOrEqualTo(4);
  }

  @Test
  void aMissingKeyIsNamed() {
    assertThat(problems(TestTasks.YAML.replace("system: Answer in JSON.\n", "")))
        .singleElement()
        .satisfies(
            problem -> {
              assertThat(problem.field()).isEqualTo("system");
              assertThat(problem.expected()).isEqualTo("required key is missing");
            });
  }

  @Test
  void anUnknownPlaceholderIsNamedWithThoseThatAreKnown() {
    assertThat(problems(TestTasks.YAML.replace("{{title}}", "{{titel}}")))
        .singleElement()
        .satisfies(
            problem -> {
              assertThat(problem.line()).isEqualTo(3);
              assertThat(problem.expected()).contains("{{titel}}", "[id, text, title]");
            });
  }

  @Test
  void aTemplateWithoutTheTextIsRefused() {
    assertThat(problems(TestTasks.YAML.replace(": {{text}}", "")))
        .singleElement()
        .satisfies(problem -> assertThat(problem.expected()).contains("{{text}}"));
  }

  @Test
  void brokenYamlIsOneProblemWithItsLine() {
    assertThat(problems("name: x\n  system: [unclosed\n"))
        .singleElement()
        .satisfies(problem -> assertThat(problem.line()).isPositive());
  }

  @Test
  void aKeyGivenTwiceIsRefused() {
    assertThat(problems(TestTasks.YAML + "name: again\n"))
        .singleElement()
        .satisfies(problem -> assertThat(problem.expected()).contains("name"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "just text", "- a\n- b"})
  void aFileThatIsNoMappingIsRefused(String yaml) {
    assertThat(problems(yaml))
        .singleElement()
        .satisfies(p -> assertThat(p.expected()).contains("expected"));
  }

  @Test
  void aMissingFileIsOneProblem() {
    assertThat(
            catchThrowableOfType(
                    TaskInvalidException.class, () -> TaskLoader.load(Path.of("no-such-task.yaml")))
                .getMessage())
        .startsWith("TASK_INVALID: no-such-task.yaml")
        .doesNotContain("\n");
  }

  @Test
  void twoTiersOfOneNameAndALimitOnTheLastAreRefused() {
    assertThat(
            problems(
                TestTasks.YAML.replace("name: large", "name: small")
                    + "    prompt_tokens_max: 9\n"))
        .extracting(TaskInvalidException.Problem::field)
        .containsExactlyInAnyOrder("tiers[1].name", "tiers[1].prompt_tokens_max");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Answer in JSON. | Reply in JSON.",
        "maxLength: 80 | maxLength: 90",
        "output_tokens_max: 60 | output_tokens_max: 61",
        "gpt-6-luna | gpt-6-sol",
        "{{title}}: | {{title}} -"
      })
  void whatCanChangeAnAnswerChangesTheFingerprint(String from, String to) {
    assertThat(TestTasks.of(TestTasks.YAML.replace(from, to)).fingerprint())
        .isNotEqualTo(TestTasks.task().fingerprint());
  }

  @Test
  void whatCannotChangeAnAnswerDoesNot() {
    String yaml =
        TestTasks.YAML.replace("name: test-task", "description: for people\nname: renamed")
            + "near_duplicates: {similarity_min: 0.9}\n";
    assertThat(TestTasks.of(yaml).fingerprint()).isEqualTo(TestTasks.task().fingerprint());
  }
}
