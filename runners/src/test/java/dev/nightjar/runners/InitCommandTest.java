package dev.nightjar.runners;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.pipelines.model.Provider;
import dev.nightjar.pipelines.task.TaskLoader;
import dev.nightjar.pipelines.task.TaskSpec;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What is seen in a stranger's data, and that the task written for it loads. */
class InitCommandTest {
  @TempDir Path home;

  /** What {@code init --example} writes. */
  static void example(Path directory) throws IOException {
    for (String name : List.of("tickets.csv", "tickets.yaml")) {
      try (InputStream content =
          Objects.requireNonNull(InitCommand.class.getResourceAsStream("example/" + name))) {
        Files.copy(content, directory.resolve(name));
      }
    }
  }

  private Path file(String name, String content) throws IOException {
    return Files.writeString(home.resolve(name), content);
  }

  @Test
  void theExampleHasAHundredAndFiftyTicketsAndATaskThatLoads() throws Exception {
    example(home);
    DataProfile profile = DataProfile.of(home.resolve("tickets.csv").toString());
    assertThat(profile.described())
        .containsExactly("150 documents in 1 file: CSV, UTF-8, separated by ','");
    assertThat(profile.textField()).isEqualTo("body");
    assertThat(profile.idField()).isEqualTo("id");
    TaskSpec task = TaskLoader.load(home.resolve("tickets.yaml"));
    assertThat(
            CorpusSample.read(
                    List.of(home.resolve("tickets.csv").toString()), task, any -> true, 1_000)
                .documents())
        .hasSize(150);
  }

  @Test
  void aSemicolonAnotherEncodingAndEmptyTextsAreSeenAndSaid() throws Exception {
    Path csv = home.resolve("a.csv");
    Files.write(
        csv,
        "Nr;Betreff;Text\n7;Gruß;Das Café ist zu, schon seit Tagen\n8;x;Nur ein längerer Satz\n9;y;\n"
            .getBytes(StandardCharsets.UTF_16));
    DataProfile profile = DataProfile.of(csv.toString());
    assertThat(profile.textField()).isEqualTo("Text");
    assertThat(profile.idField()).isEqualTo("Nr");
    assertThat(profile.described().get(0)).contains("2 documents", "UTF-16", "';'");
    assertThat(profile.described().get(1)).contains("1 records are refused, the first at 3");
    assertThat(profile.column("text")).isEqualTo(Optional.of("Text"));
  }

  @Test
  void jsonLinesArraysAndFoldersOfFilesAreSeen() throws Exception {
    file(
        "a.jsonl",
        "{\"key\":1,\"note\":\"a longer note\",\"tags\":[1]}\n{\"key\":2,\"note\":\"another note\"}\n");
    DataProfile lines = DataProfile.of(home.resolve("a.jsonl").toString());
    assertThat(lines.textField()).isEqualTo("note");
    assertThat(lines.idField()).isEqualTo("key");
    Path folder = Files.createDirectory(home.resolve("letters"));
    Files.writeString(folder.resolve("a.txt"), "Dear all");
    Files.writeString(folder.resolve("b.txt"), "Dear none");
    DataProfile files = DataProfile.of(folder.toString());
    assertThat(files.isTabular()).isFalse();
    assertThat(files.pattern()).isEqualTo(folder.toString());
    assertThat(files.described().get(0)).startsWith("2 files");
    Files.writeString(folder.resolve("c.csv"), "id,text\n1,x\n");
    assertThatThrownBy(() -> DataProfile.of(folder.toString()))
        .isInstanceOf(NightjarException.class)
        .hasMessageContaining("several formats");
  }

  @ParameterizedTest
  @EnumSource(TaskDraft.Kind.class)
  void everyDraftLoadsWithOddNamesAndWithEveryProvider(TaskDraft.Kind kind) throws Exception {
    for (Provider provider : List.of(Provider.OPENAI, Provider.ANTHROPIC, Provider.GEMINI)) {
      TaskDraft draft =
          new TaskDraft(
              "notes",
              kind,
              "note",
              kind == TaskDraft.Kind.SUMMARIZE
                  ? List.of()
                  : List.of("no", "order: nr", "\"quoted\" #1"),
              "Text der Nachricht",
              "yes",
              List.of("subject"),
              true,
              provider);
      Path file = file(kind + "-" + provider + ".yaml", draft.yaml());
      TaskSpec task = TaskLoader.load(file);
      assertThat(task.textField()).isEqualTo("Text der Nachricht");
      assertThat(task.idField()).isEqualTo("yes");
      assertThat(task.tiers()).hasSize(2);
      assertThat(TierNotes.of(task))
          .as("nothing to be warned of")
          .noneMatch(note -> note.contains("may be cut"));
      if (kind != TaskDraft.Kind.SUMMARIZE) {
        assertThat(task.outputSchemaJson()).contains("\"order: nr\"");
      }
    }
  }

  @Test
  void aClassificationWithoutLabelsIsRefusedWithTheOption() {
    assertThatThrownBy(
            () ->
                new TaskDraft(
                    "t",
                    TaskDraft.Kind.CLASSIFY,
                    "note",
                    List.of("one"),
                    "text",
                    "id",
                    List.of(),
                    true,
                    Provider.OPENAI))
        .hasMessageStartingWith("OPTION_INVALID: --labels");
  }

  @Test
  void whoPressesReturnTakesWhatIsProposedAndNobodyIsAskedWithoutATerminal() {
    StringWriter shown = new StringWriter();
    Questions asked =
        Questions.on(new BufferedReader(new StringReader("\nbody\n")), new PrintWriter(shown));
    assertThat(asked.ask("Which?", "text")).isEqualTo("text");
    assertThat(asked.ask("Which?", "text")).isEqualTo("body");
    assertThat(asked.ask("At the end of the input?", "text")).isEqualTo("text");
    assertThat(shown.toString()).startsWith("Which? [text] ");
    assertThat(Questions.unasked().ask("Which?", "text")).isEqualTo("text");
  }
}
