package dev.nightjar.pipelines.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.nightjar.pipelines.TestTasks;
import dev.nightjar.pipelines.audit.ReferenceTask;
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

  @Test
  void whatIsLookedForIsWhatTheTaskSaysElseItsOwnWords() {
    assertThat(queries("query: price of wheat")).containsExactly("price of wheat");
    assertThat(queries("query: [wheat, treaty]")).containsExactly("wheat", "treaty");
    assertThat(queries("chunk_tokens: 64")).first().asString().contains("topic");
  }

  @Test
  void documentsAreCompressedAsTheTaskSaysAndNotForAudits() {
    assertThat(TestTasks.task().compression()).isEqualTo(Compression.NONE);
    assertThat(TestTasks.task().shortens()).isFalse();
    TaskSpec task = TestTasks.of(TestTasks.YAML + "compression: replies\n");
    assertThat(task.compression()).isEqualTo(Compression.REPLIES);
    assertThat(task.fingerprint()).isNotEqualTo(TestTasks.task().fingerprint());
    assertThat(ReferenceTask.of(task, AuditSpec.FIRST_PASS).shortens()).isFalse();
    assertThat(problems(TestTasks.YAML + "compression: most\n")).hasSize(1);
  }

  private static List<String> queries(String key) {
    RetrievalSpec retrieval =
        TestTasks.of(TestTasks.YAML + "retrieval: {document_tokens_max: 500, " + key + "}\n")
            .retrieval();
    return retrieval == null ? List.of() : retrieval.queries();
  }

  @ParameterizedTest
  @ValueSource(strings = {"email-triage.yaml", "speech-digest.yaml", "speech-topics.yaml"})
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

  private static String topic(String schema) {
    String yaml =
        TestTasks.YAML.replace("topic: {type: string, maxLength: 80}", "topic: " + schema);
    assertThat(yaml).contains(schema);
    return yaml;
  }

  /** What was found after the bill. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {$ref: "#/$defs/Nobody"}                         | leads to nothing
          {$ref: "#/properties/topic/x"}                   | leads to nothing
          {$ref: "#/properties/topic"}                     | leads back
          {anyOf: [{type: string}, {not: {$ref: "#/properties/topic"}}]} | leads back
          {items: {$ref: "#nowhere"}}                      | can be used
          {pattern: "(x"}                                  | java.util.regex
          {pattern: "[^]"}                                 | java.util.regex
          {pattern: "\\\\u{1F600}"}                        | java.util.regex
          {type: object, patternProperties: {"[": {}}}     | java.util.regex
          {anyOf: [{type: string}, {pattern: "*"}]}        | java.util.regex
          {type: no-type}                                  | output_schema
          {minLength: x}                                   | output_schema
          """)
  void aSchemaThatCannotJudgeIsRefusedWithItsLine(String schema, String expected) {
    assertThat(problems(topic(schema)))
        .isNotEmpty()
        .allSatisfy(problem -> assertThat(problem.line()).isBetween(6, 11))
        .anySatisfy(problem -> assertThat(problem.toString()).contains(expected));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{pattern: \"^[a-z$[]+$\"}",
        "{type: string, pattern: \"^\\\\d{4}-\\\\d\\\\d$\"}",
        "{items: {$ref: \"#/properties/topic\"}}"
      })
  void aSchemaThatCanIsTaken(String schema) {
    assertThat(TestTasks.of(topic(schema))).isNotNull();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {enum: [yes, no]}                | 'yes' is a boolean
          {enum: [DE, NO, SE]}             | 'NO' is a boolean
          {enum: [On, oFF]}                | 'oFF' is a boolean
          {const: 010}                     | '010' is one number
          {const: 12:30}                   | '12:30' is one number
          {const: 0b11}                    | '0b11' is one number
          {const: 1_000}                   | '1_000' is one number
          {<<: {type: string}}             | merges
          """)
  void aScalarThatYamlReadersTakeDifferentlyIsRefusedWithItsLine(String schema, String expected) {
    assertThat(problems(topic(schema)))
        .isNotEmpty()
        .allSatisfy(problem -> assertThat(problem.line()).isEqualTo(11))
        .anySatisfy(problem -> assertThat(problem.toString()).contains(expected));
  }

  @Test
  void quotedOnesAreTakenAsTheyAre() {
    assertThat(
            TestTasks.of(topic("{enum: ['yes', \"no\", null, true, 10, 1.5]}")).outputSchemaJson())
        .contains("[\"yes\",\"no\",null,true,10,1.5]");
  }

  @Test
  void aliasesAndASecondDocumentAreRefusedWithTheirLine() {
    assertThat(
            problems(
                TestTasks.YAML
                    .replace("system: Answer in JSON.", "system: *p")
                    .replace("user: \"", "user: &p \"")))
        .singleElement()
        .asString()
        .contains("task.yaml:2")
        .contains("write out what '*p' stands for");
    assertThat(problems(TestTasks.YAML + "---\n" + TestTasks.YAML))
        .singleElement()
        .asString()
        .contains("found a second");
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
  void aMisspeltKeyIsToldWithWhatWasMeantAndWithWhatMayStandThere() {
    assertThat(problems(TestTasks.YAML.replace("system:", "systme:")))
        .anySatisfy(
            problem -> {
              assertThat(problem.field()).isEqualTo("systme");
              assertThat(problem.expected())
                  .startsWith("unknown key; did you mean 'system'?; expected one of name, ");
            });
    assertThat(problems(TestTasks.YAML.replaceFirst("output_tokens_max", "output_token_max")))
        .anySatisfy(
            problem ->
                assertThat(problem.expected())
                    .startsWith("unknown key; did you mean 'output_tokens_max'?")
                    .contains("prompt_tokens_max"));
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
  void aReferenceAndRulesNameWhatTheTaskHas() {
    assertThat(
            problems(
                TestTasks.YAML
                    + "reference: {tier: huge}\nanswer_equality: {rules: {nothing: exact}}\n"))
        .extracting(TaskInvalidException.Problem::field)
        .containsExactlyInAnyOrder("reference.tier", "answer_equality.rules");
    assertThat(problems(TestTasks.YAML + "audit: {share: 0.1}\n"))
        .extracting(TaskInvalidException.Problem::field)
        .containsExactly("audit.usd_max");
    assertThat(problems(TestTasks.YAML + "answer_equality: {rules: {topic: {tolerance: -1}}}\n"))
        .isNotEmpty();
  }

  @Test
  void whatCannotChangeAnAnswerDoesNot() {
    String yaml =
        TestTasks.YAML.replace("name: test-task", "description: for people\nname: renamed")
            + "near_duplicates: {similarity_min: 0.9}\n"
            + "audit: {share: 0.1, usd_max: 2}\nreference: {tier: small}\ngold: {file: gold.csv}\n";
    assertThat(TestTasks.of(yaml).fingerprint()).isEqualTo(TestTasks.task().fingerprint());
  }

  @Test
  void aBoundOnErrorsIsPerHitOrPerRequestAndNotBoth() {
    assertThat(cache("{max_error: 0.02}").boundOrNull())
        .isEqualTo(new dev.nightjar.cachestore.ErrorBound(0.02, false, 0.95));
    assertThat(cache("{max_error_per_request: 0.02, confidence: 0.9}").boundOrNull())
        .isEqualTo(new dev.nightjar.cachestore.ErrorBound(0.02, true, 0.9));
    assertThat(cache("{similarity_min: 0.9}").boundOrNull()).isNull();
    for (String refused :
        List.of(
            "{max_error: 0.02, max_error_per_request: 0.02}",
            "{max_error_per_request: 0.6}",
            "{similarity_min: 0.9, confidence: 0.9}",
            "{confidence: 0.9}")) {
      assertThat(problems(TestTasks.YAML + "semantic_cache: " + refused + "\n"))
          .as(refused)
          .isNotEmpty();
    }
  }

  private static SemanticCacheSpec cache(String yaml) {
    return java.util.Objects.requireNonNull(
        TestTasks.of(TestTasks.YAML + "semantic_cache: " + yaml + "\n").semanticCache());
  }

  /** Its answers are waited for, so none of them is asked the slow way. */
  @Test
  void aTrialIsKnownByItsDefinition() {
    TaskSpec task = TestTasks.task();
    assertThat(task.isTrial()).isFalse();
    String trial = task.definitionJson().replaceFirst("\\{", "{\"trial\":\"every tier\",");
    assertThat(TaskLoader.stored("a-try", trial).isTrial()).isTrue();
  }
}
