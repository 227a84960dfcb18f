package dev.nightjar.runners;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nightjar.emulator.Emulator;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a user sees who gets something wrong: one clear line, the next step, no stack trace. */
class CommandTest {
  /** Nothing listens there: a command that gets as far as the database says so. */
  private static final String NOWHERE = "postgresql://nobody@127.0.0.1:1/none";

  @TempDir Path home;

  private record Ended(int exitCode, String out, String err) {
    List<String> lines() {
      return err.lines().toList();
    }
  }

  private static synchronized Ended run(String... arguments) {
    PrintStream out = System.out;
    PrintStream err = System.err;
    ByteArrayOutputStream outBytes = new ByteArrayOutputStream();
    ByteArrayOutputStream errBytes = new ByteArrayOutputStream();
    try {
      System.setOut(new PrintStream(outBytes, true, StandardCharsets.UTF_8));
      System.setErr(new PrintStream(errBytes, true, StandardCharsets.UTF_8));
      int exitCode = Main.run(arguments);
      return new Ended(
          exitCode,
          outBytes.toString(StandardCharsets.UTF_8),
          errBytes.toString(StandardCharsets.UTF_8));
    } finally {
      System.setOut(out);
      System.setErr(err);
    }
  }

  private static void assertOneLine(Ended ended, int exitCode, String start, String nextStep) {
    assertThat(ended.lines()).as(ended.err()).hasSize(1);
    assertThat(ended.lines().get(0)).startsWith(start).contains(nextStep);
    assertThat(ended.exitCode()).isEqualTo(exitCode);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "setup",
        "demo",
        "init",
        "try",
        "lint",
        "plan",
        "run",
        "submit",
        "collect",
        "status",
        "results",
        "diff",
        "forget",
        "completion",
        "report",
        "export",
        "submissions",
        "items",
        "cache",
        "prices",
        "budget",
        "spend",
        "doctor",
        "db",
        "emulator",
        "bench"
      })
  void everyCommandExplainsItself(String command) {
    Ended help = run(command, "--help");
    assertThat(help.exitCode()).isZero();
    assertThat(help.out()).contains("Usage: nightjar " + command);
    assertThat(run("--help").out()).contains(command);
  }

  @Test
  void shellsAreToldAllCommandsAndTheirOptions() {
    Ended ended = run("completion");
    assertThat(ended.exitCode()).isZero();
    assertThat(ended.out()).contains("complete -F", "--keep-answers", "forget", "--older-than");
  }

  @Test
  void aWatchThatNeverWaitsIsRefused() {
    assertOneLine(run("status", "--watch", "0"), 2, "OPTION_INVALID: --watch", "correct it");
  }

  @Test
  void anUnknownOptionIsOneLineWithWhereToLook() {
    assertOneLine(
        run("run", "x.yaml", "--korpus", "y"),
        2,
        "OPTION_INVALID: unknown option '--korpus'; did you mean '--corpus'?",
        "nightjar run --help");
  }

  @Test
  void aBudgetThatIsNoAmountIsOneLine() {
    TaskOptions options = new TaskOptions();
    options.budget = "a lot";
    org.assertj.core.api.Assertions.assertThatThrownBy(options::budgetUsd)
        .hasMessageStartingWith("OPTION_INVALID: --budget")
        .hasMessageContaining("25USD");
    options.budget = "12.50 usd";
    assertThat(options.budgetUsd().orElseThrow()).isEqualByComparingTo("12.50");
  }

  @Test
  void aPasswordOnTheCommandLineIsRefused() {
    assertOneLine(
        run("run", "x.yaml", "--corpus", "y", "--database", "postgresql://a:b@h/d"),
        2,
        "OPTION_INVALID: --database",
        "PGPASSWORD");
  }

  @Test
  void forgettingEverythingMustBeMeant() {
    assertOneLine(run("cache", "forget"), 2, "OPTION_INVALID: cache forget", "--all");
  }

  @Test
  void anUnreachableDatabaseIsOneLine() {
    assertOneLine(
        run("run", "x.yaml", "--corpus", "y", "--database", NOWHERE),
        1,
        "DATABASE_UNREACHABLE: nobody@127.0.0.1:1/none",
        "--database");
  }

  @Test
  void aTakenPortIsOneLine() throws Exception {
    try (Emulator emulator = Emulator.in(home.resolve("a")).start()) {
      String port = Integer.toString(emulator.uri().getPort());
      assertOneLine(
          run("emulator", "--port", port, "--state", home.resolve("b").toString()),
          1,
          "PORT_TAKEN: 127.0.0.1:" + port,
          "--port");
    }
  }

  @Test
  void anEmptyDirectoryAndAnUnreadableFileAreOneLine() throws Exception {
    Path empty = Files.createDirectory(home.resolve("empty"));
    org.assertj.core.api.Assertions.assertThatThrownBy(
            () -> Corpus.resolve(List.of(empty.toString()), false))
        .hasMessageStartingWith("CORPUS_EMPTY");
    if (!"root".equals(System.getProperty("user.name"))) { // root may read everything
      Path secret = Files.writeString(home.resolve("a.jsonl"), "x");
      Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("---------"));
      org.assertj.core.api.Assertions.assertThatThrownBy(
              () -> Corpus.resolve(List.of(secret.toString()), false))
          .hasMessageStartingWith("INPUT_UNREADABLE");
    }
  }

  @Test
  void anUnknownBenchmarkNamesThoseThatExist() {
    assertOneLine(run("bench", "nothing"), 2, "OPTION_INVALID: ", "nightjar bench --help");
    assertThat(run("bench").out()).contains("chaos", "compression", "retrieval");
  }

  @Test
  void aBenchmarkWithoutItsDataSaysSoAndStops() {
    Ended ended = run("bench", "retrieval");
    assertOneLine(ended, 2, "OPTION_INVALID: bench retrieval", "--data DIR");
    assertThat(ended.out()).startsWith("machine: ");
  }

  @Test
  void aBenchmarkPrintsFloorPeerAndOursAndOneResultLine() throws Exception {
    String filler = "The clerk read the minutes of the day before. ".repeat(400);
    Files.writeString(home.resolve("notes.md"), filler + "The bridge opened in 1901. " + filler);
    Files.writeString(
        home.resolve("questions.csv"),
        "question,references,corpus_id\n"
            + "When did the bridge open?,\"[{\"\"content\"\":\"\"The bridge opened in"
            + " 1901.\"\"}]\",notes\n");
    Ended ended = run("bench", "retrieval", "--data", home.toString());
    assertThat(ended.exitCode()).as(ended.err()).isEqualTo(1); // no better than its peer here
    assertThat(ended.out())
        .contains("floor: first tokens", "peer: BM25", "ours")
        .containsPattern("RESULT questions=1 recall_250=1\\.000 ")
        .containsPattern(" bm25_recall_250=1\\.000 ")
        .containsPattern(" first_recall_2000=0\\.000 ");
  }

  @Test
  void nightsKeepTheirTargetOnRecordedAnswers() throws Exception {
    StringBuilder recorded = new StringBuilder("prompt,task,small,large\n");
    for (int i = 0; i < 900; i++) {
      String question = i % 2 == 0 ? "How much is %d plus %d?" : "Who wrote book %d of shelf %d?";
      recorded.append(question.formatted(i, 2 * i)).append(i % 2 == 0 ? ",,1,1\n" : ",,0.7,1\n");
    }
    Files.writeString(home.resolve("train.csv"), recorded);
    Files.writeString(home.resolve("prices.csv"), "model,input,output\nsmall,1,1\nlarge,10,10\n");
    Ended ended =
        run("bench", "quality", "--data", home.toString(), "--histories", "2", "--night", "2000");
    assertThat(ended.out())
        .as(ended.err())
        .contains("small (0.10), large (1.00)", "all-small", "cheapest fixed mix", "ours")
        .containsPattern("RESULT histories=2 violations=0 cost_share=0\\.")
        .containsPattern(" mix_cost_share=0\\.7000 oracle_cost_share=0\\.[1-6]");
  }
}
