package dev.nightjar.pipelines.lint;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nightjar.pipelines.TestTasks;
import dev.nightjar.pipelines.lint.Finding.Kind;
import java.util.List;
import org.junit.jupiter.api.Test;

class PromptLintTest {
  private static final double INPUT_USD = 1e-6;

  private static String yaml(String system, String user) {
    return TestTasks.YAML
        .replace("system: Answer in JSON.\n", "system: |\n" + system.indent(2))
        .replace("user: \"{{title}}: {{text}}\"\n", "user: |\n" + user.indent(2));
  }

  private static List<Finding> findings(String system) {
    return findings(system, "{{title}}: {{text}}", 0);
  }

  private static List<Finding> findings(String system, String user, int cacheableMin) {
    return new PromptLint(TestTasks.of(yaml(system, user)), INPUT_USD, INPUT_USD / 10, cacheableMin)
        .findings();
  }

  private static List<String> of(Kind kind, List<Finding> findings) {
    return findings.stream().filter(finding -> finding.kind() == kind).map(Finding::text).toList();
  }

  @Test
  void aTaskWithoutAWordTooManyHasNoFinding() {
    assertThat(findings("You sort parcels by what is in them.")).isEmpty();
  }

  @Test
  void everyPartHasItsTokens() {
    assertThat(
            new PromptLint(TestTasks.of(yaml("Sort it.", "{{title}}: {{text}}")), 0, 0, 0).parts())
        .hasSize(4)
        .containsEntry("system prompt", 3)
        .allSatisfy((part, tokens) -> assertThat(tokens).isPositive());
  }

  @Test
  void whatIsSaidTwiceIsFoundOnceAndPriced() {
    List<Finding> findings =
        findings(
            "Judge the parcel by what is in it, not by its label.\nWrite the topic in lower case.\n"
                + "Judge the parcel by what is in it and not by its label!");
    assertThat(of(Kind.REPEATED, findings)).hasSize(1);
    assertThat(findings.get(0).tokens()).isBetween(10, 18);
    assertThat(findings.get(0).usdPerRequest()).isEqualTo(findings.get(0).tokens() * INPUT_USD);
  }

  @Test
  void wordsThatAskForNothingAreFound() {
    assertThat(of(Kind.PADDED, findings("You are a helpful assistant. Please sort the parcel.")))
        .singleElement()
        .asString()
        .contains("please", "you are a helpful assistant");
  }

  @Test
  void anExampleThatShowsWhatAnotherDoesIsFoundAndSoIsTheThird() {
    List<String> found =
        of(
            Kind.EXAMPLE,
            findings(
                """
                Sort the parcel.
                Examples:
                Example 1: a red ball
                {"topic": "toys"}
                Example 2: a blue ball
                {"topic": "toys"}
                Example 3: a loaf
                {"topic": "food"}
                """));
    assertThat(found).hasSize(2);
    assertThat(found).anyMatch(text -> text.contains("earlier example"));
    assertThat(found).anyMatch(text -> text.contains("example 3 of 3"));
  }

  @Test
  void fieldsThatNoTemplateReadsAndPlaceholdersThatNothingFillsAreFound() {
    assertThat(of(Kind.UNUSED, findings("Sort {{title}}.", "{{text}}", 0)))
        .hasSize(2)
        .anyMatch(text -> text.contains("input.fields names title"))
        .anyMatch(text -> text.contains("{{title}} in the system prompt"));
  }

  @Test
  void theShapeThatTheProviderIsSentAnywayIsFound() {
    List<String> found =
        of(
            Kind.SCHEMA,
            findings("Sort the parcel. Answer with JSON only, as {\"topic\": \"string\"}."));
    assertThat(found).hasSize(2).anyMatch(text -> text.contains("the answer's shape"));
    assertThat(of(Kind.SCHEMA, findings("Bread is {\"topic\": \"food\"}."))).isEmpty();
  }

  @Test
  void aPrefixJustUnderAndJustOverWhatIsCachedIsFound() {
    String system = "Sort the parcel by its colour, weight and origin. ".repeat(10);
    int tokens = dev.nightjar.pipelines.model.Tokens.count(system);
    assertThat(of(Kind.PREFIX, findings(system, "{{title}} {{text}}", tokens + 10)))
        .singleElement()
        .asString()
        .contains("short of the");
    assertThat(of(Kind.PREFIX, findings(system, "{{title}} {{text}}", tokens - 5)))
        .singleElement()
        .asString()
        .contains("over the");
    assertThat(of(Kind.PREFIX, findings(system, "{{title}} {{text}}", tokens * 2))).isEmpty();
  }

  @Test
  void instructionsAfterTheDocumentAreFoundWhereTheyCouldBeCached() {
    String after = "Sort the parcel by its colour, weight and origin. ".repeat(10);
    assertThat(of(Kind.PREFIX, findings("Sort.", "{{title}} {{text}}\n" + after, 50)))
        .singleElement()
        .asString()
        .contains("after its first placeholder");
  }
}
