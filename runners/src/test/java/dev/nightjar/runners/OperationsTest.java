package dev.nightjar.runners;

import static dev.nightjar.runners.TestNights.one;
import static org.assertj.core.api.Assertions.assertThat;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.testing.TestPostgres;
import dev.nightjar.emulator.Call;
import dev.nightjar.emulator.Emulator;
import dev.nightjar.emulator.Fault;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What an operator does to a night: stops it, looks at it, cancels, retries. */
class OperationsTest {
  private static final int SECONDS_MAX = 120;

  @TempDir Path home;

  private DatabaseAddress database;
  private Path task;
  private Path corpus;
  private @Nullable CommandProcess commands;

  @BeforeEach
  void prepare() throws Exception {
    database = TestPostgres.newDatabase();
    // One tier, without likeness: what happens to a document is what happens to its submission.
    task =
        Files.writeString(
            home.resolve("task.yaml"),
            """
            name: notes
            system: You sort notes. Answer with JSON only.
            user: "{{text}}"
            output_schema:
              type: object
              required: [category]
              properties:
                category: {enum: [spam, business, personal]}
            tiers:
              - {name: large, provider: openai, model: gpt-6.2-sol, output_tokens_max: 600}
            """);
    corpus = TestNights.write(home, "a.jsonl", TestNights.documents(0, 40));
  }

  private String ended(Emulator emulator, int exitCode, List<String> arguments) throws Exception {
    if (commands == null) {
      commands = new CommandProcess(home, database).with(emulator);
    }
    CommandProcess.Ended ended = commands.give(with(arguments, "--database", database.url()));
    assertThat(ended.exitCode()).as(ended.output()).isEqualTo(exitCode);
    return ended.output();
  }

  @AfterEach
  void end() {
    if (commands != null) {
      commands.close();
    }
  }

  @Test
  void theDoctorMissesOnlyWhatSomebodySetUp() throws Exception {
    try (Emulator emulator = Emulator.in(home.resolve("emulator")).start()) {
      assertThat(ended(emulator, 0, List.of("doctor")))
          .containsPattern("ok +openai at http://127.0.0.1:\\d+: answers")
          .containsPattern("unused +self_hosted at .*: SELF_HOSTED_BASE_URL is not set");
      Path cut =
          Files.writeString(
              home.resolve("cut.yaml"),
              Files.readString(task).replace("output_tokens_max: 600", "output_tokens_max: 200"));
      assertThat(ended(emulator, 0, List.of("doctor", cut.toString())))
          .containsPattern("ok +task \\S+: " + cut)
          .containsPattern(
              "note +large: gpt-6.2-sol reasons at effort low.* 1224 would leave room");
      Files.writeString(
          cut, Files.readString(task).replace("gpt-6.2-sol,", "gpt-6.2-sol, effort: none,"));
      assertThat(ended(emulator, 1, List.of("doctor", cut.toString())))
          .containsPattern(
              "MISSING .*TASK_INVALID: .*cut.yaml:\\d+: tiers\\[\\d\\].effort: expected one");
    }
  }

  @Test
  void aNightThatIsStoppedSaysHowToGoOnAndItsSubmissionCanBeCancelledAndRetried() throws Exception {
    try (Emulator emulator = Emulator.in(home.resolve("emulator")).speed(40).start()) {
      // However slow the machine, the batch is still in progress when it is cancelled.
      emulator.inject(Fault.STUCK, Call.CREATE, 1);
      Path output = home.resolve("run.log");
      Process run =
          TestNights.command(output, database, emulator, TestNights.runArguments(task, corpus));
      while (run.isAlive()
          && one(database, "select count(*) from submissions where state = 'in_progress'")
              .equals("0")) {
        run.waitFor(50, TimeUnit.MILLISECONDS);
      }
      run.destroy(); // SIGTERM, as Ctrl-C
      assertThat(run.waitFor(SECONDS_MAX, TimeUnit.SECONDS)).isTrue();
      String said = Files.readString(output);
      assertThat(run.exitValue()).as(said).isEqualTo(Main.EXIT_STOPPED);
      assertThat(said)
          .contains("stopping after the step in hand")
          .contains("items are open")
          .contains("with the same arguments to go on");
      assertThat(one(database, "select count(*) from submissions where lease_owner is not null"))
          .as("nothing is left to run out")
          .isEqualTo("0");

      String id = one(database, "select submission_id from submissions");
      assertThat(ended(emulator, 0, List.of("submissions"))).contains(id).contains("in_progress");
      assertThat(ended(emulator, 0, List.of("submissions", "show", id)))
          .contains("in_progress")
          .contains("gpt-6.2-sol")
          .contains("results kept until");
      assertThat(ended(emulator, 0, List.of("submissions", "cancel", id)))
          .contains("billed")
          .contains("openai");

      ended(emulator, 1, TestNights.runArguments(task, corpus)); // some documents failed
      assertThat(one(database, "select state from submissions where submission_id = '" + id + "'"))
          .isEqualTo("cancelled");
      assertThat(one(database, "select string_agg(distinct failure_code, ' ') from items"))
          .isEqualTo("SUBMISSION_CANCELLED");
      assertThat(TestNights.ledger(database)).isEqualByComparingTo(emulator.invoice().total());

      assertThat(ended(emulator, 0, List.of("submissions", "retry", id)))
          .contains("documents are open again");
      ended(emulator, 0, TestNights.runArguments(task, corpus));
      assertThat(one(database, "select count(*) from items where state = 'answered'"))
          .isEqualTo("40");
      assertThat(TestNights.ledger(database)).isEqualByComparingTo(emulator.invoice().total());
      assertThat(emulator.invoice().billedTwice()).isEmpty();
      assertThat(TestNights.defects(database)).isEqualTo("0");
      assertThat(ended(emulator, 0, List.of("submissions", "list"))).contains("none is open");
      assertThat(ended(emulator, 2, List.of("submissions", "show", "sub_none")))
          .startsWith("OPTION_INVALID: sub_none");
    }
  }

  @Test
  void theFirstSignalEndsTheWaitAndAsksToStop() throws Exception {
    StringWriter said = new StringWriter();
    Signals signals = Signals.handled(new PrintWriter(said));
    assertThat(signals.stopRequested()).isFalse();
    signals.received();
    assertThat(signals.stopRequested()).isTrue();
    signals.sleep(Duration.ofDays(1)); // returns at once
    assertThat(said.toString()).contains("no batch is lost");
  }

  @Test
  void theCacheIsShownCopiedForgottenAndCheckedAndWhatIsForgottenIsAskedAgain() throws Exception {
    try (Emulator emulator = Emulator.in(home.resolve("emulator")).speed(40).start()) {
      ended(emulator, 0, TestNights.runArguments(task, corpus));
      assertThat(ended(emulator, 0, List.of("cache", "stats")))
          .containsPattern("default +notes +36 +0");
      assertThat(ended(emulator, 0, List.of("cache", "verify"))).contains("nothing is wrong");
      Path copy = home.resolve("copy.jsonl");
      List<String> export = List.of("cache", "export", copy.toString());
      assertThat(ended(emulator, 0, export)).contains("wrote 36 answers");
      List<String> forget = List.of("cache", "forget", "--task", "notes");
      assertThat(ended(emulator, 0, with(forget, "--answer", "$.category == \"nonsense\"")))
          .contains("forgot 0 answers");
      assertThat(ended(emulator, 2, with(forget, "--answer", "$..$")))
          .startsWith("OPTION_INVALID: --answer");
      assertThat(ended(emulator, 0, with(forget, "--dry-run"))).contains("would forget 36 answers");
      assertThat(ended(emulator, 0, forget)).contains("forgot 36 answers");
      assertThat(ended(emulator, 0, List.of("cache", "import", copy.toString())))
          .contains("took in 36 answers");
      assertThat(ended(emulator, 0, List.of("cache", "import", copy.toString())))
          .contains("took in 0 answers");
      List<String> exported = Files.readAllLines(copy);
      Files.write(copy, with(exported.subList(0, 2), exported.get(2).replace("cosine", "taste")));
      assertThat(ended(emulator, 1, List.of("cache", "import", copy.toString())))
          .startsWith("INPUT_MALFORMED: line 3: ")
          .contains("cache_entries_measure_is_known");
      Files.writeString(copy, "{\"item_key\":\"x\",\"answer\":{}}\n");
      assertThat(ended(emulator, 1, List.of("cache", "import", copy.toString())))
          .startsWith("INPUT_MALFORMED: line 1: expected a namespace first");

      ended(emulator, 0, with(TestNights.runArguments(task, corpus), "--run-id", "second"));
      assertThat(one(database, "select count(*) from items where answered_by = 'exact_hit'"))
          .as("the imported answers serve")
          .isEqualTo("40");
      assertThat(ended(emulator, 0, List.of("cache", "stats"))).containsPattern("36 +0 .* 40 +0");
      ended(emulator, 0, with(forget, "--model", "gpt-6.2-sol"));
      ended(emulator, 0, with(TestNights.runArguments(task, corpus), "--run-id", "third"));
      assertThat(one(database, "select count(*) from attempts where run_id = 'third'"))
          .isEqualTo("36");
      assertThat(TestNights.ledger(database)).isEqualByComparingTo(emulator.invoice().total());
    }
  }

  private static List<String> with(List<String> arguments, String... further) {
    List<String> all = new java.util.ArrayList<>(arguments);
    int at = all.indexOf(further[0]); // an option given already is given anew
    if (at >= 0) {
      all.subList(at, at + further.length).clear();
    }
    all.addAll(List.of(further));
    return all;
  }
}
