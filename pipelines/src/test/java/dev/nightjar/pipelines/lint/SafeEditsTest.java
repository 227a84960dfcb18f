package dev.nightjar.pipelines.lint;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nightjar.pipelines.TestTasks;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class SafeEditsTest {
  private static final String TASK =
      TestTasks.YAML.replace(
          "system: Answer in JSON.\n",
          """
          system: |   # said to the model
            Judge it by what is in it.  \t

            \t

            Weigh it by what is in it.
            Weigh it by what is in it.
            Not by its label.
          """);

  @Test
  void whiteSpaceAndALineThatIsTheOneAboveItGoAndNothingElse() {
    String edited = SafeEdits.applied(SafeEdits.of(TASK));
    assertThat(TestTasks.of(edited).system())
        .isEqualTo("Judge it by what is in it.\n\nWeigh it by what is in it.\nNot by its label.\n");
    assertThat(TestTasks.of(edited).outputSchemaJson())
        .isEqualTo(TestTasks.of(TASK).outputSchemaJson());
    assertThat(
            SafeEdits.areEqualButForEdits(
                TestTasks.of(TASK).system(), TestTasks.of(edited).system(), true))
        .isTrue();
  }

  @Test
  void aSentenceThatStoodElsewhereBeforeStays() {
    for (String text :
        List.of(
            "# Spam\nSend it to the second desk.\n# Bills\nSend it to the second desk.",
            "Q: Shall we go out tonight?\n"
                + "No, we stay in the house.\n"
                + "Q: And tomorrow, at noon, then?\n"
                + "No, we stay in the house.",
            "Judge it by what is in it.\n\nJudge it by what is in it.")) {
      assertThat(SafeEdits.ofText(text, true)).isEqualTo(text);
    }
  }

  @Test
  void windowsLineEndsStay() {
    String edited = SafeEdits.applied(SafeEdits.of(TASK.replace("\n", "\r\n")));
    assertThat(edited).isEqualTo(SafeEdits.applied(SafeEdits.of(TASK)).replace("\n", "\r\n"));
    assertThat(SafeEdits.of(edited)).noneMatch(SafeEdits.Line::isChanged);
  }

  @Test
  void editingTwiceIsEditingOnce() {
    String once = SafeEdits.applied(SafeEdits.of(TASK));
    assertThat(SafeEdits.of(once)).noneMatch(SafeEdits.Line::isChanged);
  }

  @Test
  void fencesExamplesAndHalfSentencesKeepTheirLines() {
    String text =
        "```\n"
            + "x = 1  \n\n\n"
            + "```\n"
            + "sort the parcel by what\n"
            + "it holds and by its name.\n"
            + "sort it by\n"
            + "it holds and by its name.\n"
            + "Example 1:\n"
            + "This is the text of it.\n"
            + "This is the text of it.";
    assertThat(SafeEdits.ofText(text, true)).isEqualTo(text);
  }

  @Test
  void aUserMessageLosesNoSentence() {
    String text = "Say what is in it here.\nSay what is in it here.";
    assertThat(SafeEdits.ofText(text, false)).isEqualTo(text);
    assertThat(SafeEdits.ofText(text, true)).isEqualTo("Say what is in it here.");
  }

  /** Each distinct line that says something is still there, in its order, word for word. */
  @Property(tries = 300)
  void noLineIsLostThatDoesNotStandBefore(@ForAll("prompts") String prompt) {
    List<String> before = said(prompt);
    List<String> after = said(SafeEdits.ofText(prompt, true));
    assertThat(new LinkedHashSet<>(after)).isEqualTo(new LinkedHashSet<>(before));
  }

  private static List<String> said(String text) {
    return Arrays.stream(text.split("\n"))
        .map(String::strip)
        .filter(line -> !line.isEmpty())
        .toList();
  }

  @Provide
  Arbitrary<String> prompts() {
    return Arbitraries.of(
            "Judge it by what is in it.",
            "Judge it by what is in it.  ",
            "a label:",
            "",
            "  ",
            "```",
            "Example:",
            "what goes on",
            "Not by its own label, ever!")
        .list()
        .ofMaxSize(30)
        .map(lines -> String.join("\n", lines));
  }
}
