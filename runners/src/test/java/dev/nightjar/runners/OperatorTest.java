package dev.nightjar.runners;

import static dev.nightjar.runners.TestNights.one;
import static org.assertj.core.api.Assertions.assertThat;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.SettlementStore;
import dev.nightjar.cachestore.local.Backup;
import dev.nightjar.cachestore.postgres.PostgresStores;
import dev.nightjar.cachestore.testing.TestPostgres;
import dev.nightjar.emulator.Call;
import dev.nightjar.emulator.DemoAnswers;
import dev.nightjar.emulator.Emulator;
import dev.nightjar.emulator.Fault;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What people do between two commands of one night, and that nothing is stranded by it. */
class OperatorTest {
  private static final EngineOptions ENGINE = TestNights.engine(EngineOptions.Engine.DIRECT);

  @TempDir Path home;

  private DatabaseAddress database;
  private Emulator emulator;
  private @Nullable CommandProcess commands;
  private Path corpus;

  @BeforeEach
  void start() throws IOException {
    database = TestPostgres.newDatabase();
    emulator = Emulator.in(home.resolve("emulator")).speed(200).start();
    corpus = TestNights.write(home, "a.jsonl", TestNights.documents(0, 40));
  }

  @AfterEach
  void stop() {
    if (commands != null) {
      commands.close();
    }
    emulator.close();
  }

  private Path task(String from, String to) throws IOException {
    assertThat(TestNights.TASK).contains(from);
    return Files.writeString(home.resolve("task.yaml"), TestNights.TASK.replace(from, to));
  }

  private void submit(Path task, String runId) {
    try (Night night =
        TestNights.open(
            TestNights.plan(task, runId, Optional.empty(), corpus.toString()),
            database,
            emulator,
            ENGINE)) {
      night.submit();
      assertThat(night.submissionsOpen()).isPositive();
    }
  }

  private void run(Path task, String runId) throws InterruptedException {
    TestNights.run(
        TestNights.plan(task, runId, Optional.empty(), corpus.toString()),
        database,
        emulator,
        ENGINE);
  }

  private void assertNothingIsStranded() {
    assertThat(
            one(
                database,
                "select count(*) from submissions where state in ('planned', 'uploading', 'creating', 'in_progress', 'ended')"))
        .isEqualTo("0");
    assertThat(one(database, "select coalesce(sum(reserved_usd), 0) from runs"))
        .satisfies(usd -> assertThat(new BigDecimal(usd)).isZero());
    assertThat(TestNights.ledger(database)).isEqualByComparingTo(emulator.invoice().total());
    assertThat(emulator.invoice().billedTwice()).isEmpty();
    assertThat(TestNights.defects(database)).isEqualTo("0");
  }

  /** Later: what was submitted has ended at the providers, and its process is gone. */
  private void later() throws InterruptedException {
    int requests = Integer.parseInt(one(database, "select count(*) from attempts"));
    while (emulator.invoice().lines().size() < requests
        || !one(database, "select count(*) from runs where alive_until > now()").equals("0")) {
      TestNights.PAUSE.sleep(Duration.ofMillis(50));
    }
  }

  @Test
  void anEditedTaskBringsHomeWhatItsFormerVersionHasAtTheProviders() throws Exception {
    submit(task("You sort notes", "You sort notes"), "before");
    later();
    run(task("You sort notes", "You sort short notes"), "after");
    assertNothingIsStranded();
    assertThat(one(database, "select state from runs where run_id = 'before'"))
        .isEqualTo("finished");
    assertThat(
            one(
                database,
                "select count(*) > 0 from results r join items i using (run_id, document_id) where r.run_id = 'before'"))
        .as("answers of the former version are kept as that version's")
        .isEqualTo("t");
    assertThat(
            one(
                database,
                "select count(*) from attempts where run_id = 'before' and attempt_number > 1"))
        .as("nothing more is bought for it")
        .isEqualTo("0");
    assertThat(
            one(
                database,
                "select count(*) from items where run_id = 'after' and state = 'answered'"))
        .isEqualTo("40");
  }

  @Test
  void aRenamedTaskStrandsNothingAndItsFormerNameGoesOnWithItsRun() throws Exception {
    submit(task("name: small-triage", "name: small-triage"), "before");
    later();
    Path task =
        Files.writeString(
            home.resolve("task.yaml"),
            TestNights.TASK
                .replace("name: small-triage", "name: renamed")
                .replace("You sort notes", "You sort short notes"));
    run(task, "renamed");
    assertThat(
            one(
                database,
                "select count(*) from submissions where run_id = 'before' and state <> 'collected'"))
        .isEqualTo("0");
    assertThat(TestNights.ledger(database)).isEqualByComparingTo(emulator.invoice().total());
    assertThat(one(database, "select state from runs where run_id = 'before'"))
        .as("another task by its name: its own next run goes on with it")
        .isEqualTo("open");
    run(task("name: small-triage", "name: small-triage"), "before");
    assertNothingIsStranded();
    assertThat(
            one(
                database,
                "select count(*) from items where run_id = 'before' and state = 'answered'"))
        .isEqualTo("40");
  }

  @Test
  void aRunThatIsGoneOnWithTonightReadsWhatHasComeSince() throws Exception {
    Path task = task("name: small-triage", "name: small-triage");
    String pattern = home + "/*.jsonl";
    NightPlan plan = TestNights.plan(task, "night", Optional.empty(), pattern);
    try (Night night = TestNights.open(plan, database, emulator, ENGINE)) {
      night.submit();
    }
    TestNights.write(home, "b.jsonl", TestNights.documents(40, 5));
    TestNights.run(plan, database, emulator, ENGINE);
    assertThat(one(database, "select count(*) from items where state = 'answered'"))
        .isEqualTo("45");
    assertNothingIsStranded();
  }

  @Test
  void aRunThatNobodyCameBackToEndsAtItsDeadline() throws Exception {
    Path task = task("name: small-triage", "name: small-triage");
    Path yesterdays = TestNights.write(home, "yesterday.jsonl", TestNights.documents(100, 20));
    try (Night night =
        TestNights.open(
            TestNights.plan(task, "yesterday", Optional.empty(), yesterdays.toString()),
            database,
            emulator,
            ENGINE)) {
      night.submit();
    }
    later();
    execute("update runs set deadline_at = now() - interval '1 hour' where run_id = 'yesterday'");
    run(task, "today");
    assertThat(one(database, "select state from runs where run_id = 'yesterday'"))
        .isEqualTo("finished");
    assertNothingIsStranded();
  }

  @Test
  void collectOpensNoRun() throws Exception {
    Path task = task("name: small-triage", "name: small-triage");
    assertThat(command("collect", task)).startsWith("0: nothing is open");
    assertThat(one(database, "select count(*) from runs")).isEqualTo("0");
    assertThat(command("run", task)).startsWith("0: ");
    assertThat(command("submit", task)).as("all of it is known").startsWith("0: ");
    assertThat(command("collect", task)).startsWith("0: ");
    assertThat(one(database, "select count(*) from runs where state = 'open'")).isEqualTo("0");
  }

  @Test
  void whatFailsForGoodIsBoughtOnceAndAgainOnlyIfSomebodySaysSo() throws Exception {
    emulator.close();
    DemoAnswers demo = new DemoAnswers();
    emulator =
        Emulator.in(home.resolve("emulator"))
            .speed(200)
            .answers(
                question ->
                    question.user().contains("Note 7 ") ? "no JSON at all" : demo.answer(question))
            .start();
    Path task = task("name: small-triage", "name: small-triage");
    run(task, "first");
    assertThat(failures("first")).isEqualTo("ANSWER_INVALID 1");
    BigDecimal paid = emulator.invoice().total();
    run(task, "second");
    run(task, "third");
    assertThat(emulator.invoice().total()).as("from its second night on").isEqualTo(paid);
    assertThat(failures("third")).isEqualTo("ANSWER_INVALID 1");
    assertThat(
            one(
                database,
                "select failure_reason from items where run_id = 'third' and state = 'failed'"))
        .contains("nightjar items retry");

    try (PostgresStores stores = StoreOptions.open(database)) {
      assertThat(
              stores
                  .work()
                  .retryLasting(
                      "tests",
                      Optional.of("third"),
                      Optional.of(ErrorCode.ANSWER_INVALID),
                      List.of()))
          .isEqualTo(1);
    }
    run(task, "fourth");
    assertThat(emulator.invoice().total()).isGreaterThan(paid);
    assertThat(TestNights.ledger(database)).isEqualByComparingTo(emulator.invoice().total());
    assertThat(TestNights.defects(database)).isEqualTo("0");
  }

  @Test
  void whatCannotBeJudgedIsBoughtOnceAndJudgedAgainWhenItCanBe() throws Exception {
    emulator.close();
    DemoAnswers demo = new DemoAnswers();
    String tooDeep = "{\"category\":\"spam\",\"reason\":\"" + "ab".repeat(20_000) + "\"}";
    emulator =
        Emulator.in(home.resolve("emulator"))
            .speed(200)
            .answers(
                question -> question.user().contains("Note 7 ") ? tooDeep : demo.answer(question))
            .start();
    // Alternatives repeated: java.util.regex takes a stack frame for each.
    Path task =
        Files.writeString(
            home.resolve("task.yaml"),
            TestNights.TASK
                .replace("maxLength: 200", "pattern: '^(?:[ab]|[^ab])*$'")
                .replaceAll("output_tokens_max: \\d+", "output_tokens_max: 32000"));
    run(task, "first");
    run(task, "second");
    BigDecimal paid = emulator.invoice().total();
    assertThat(failures("first")).isEqualTo("ANSWER_UNJUDGED 1");
    assertThat(failures("second")).isEqualTo("ANSWER_UNJUDGED 1");
    assertThat(
            emulator.invoice().lines().stream().filter(line -> line.usage().completion() > 1_000))
        .as("no tier above is asked, and nobody a second time")
        .hasSize(1);

    // As if the judge had been mended: what it falls over is gone.
    execute("update raw_answers set answer = replace(answer, 'abab', '')");
    assertThat(command("collect", task)).startsWith("0: ");
    for (String runId : List.of("first", "second")) {
      assertThat(
              one(
                  database,
                  "select count(*) from results join items using (run_id, document_id) where state = 'answered' and run_id = '"
                      + runId
                      + "'"))
          .isEqualTo("40");
    }
    assertThat(one(database, "select count(*) from raw_answers")).isEqualTo("0");
    assertThat(emulator.invoice().total()).isEqualByComparingTo(paid);
    assertNothingIsStranded();
  }

  @Test
  void whatWasSentAfterABackupThatIsPutBackIsTakenOverAndNotBoughtAgain() throws Exception {
    Path task = task("name: small-triage", "name: small-triage");
    run(task, "before");
    Path file = backUp();
    corpus = TestNights.write(home, "b.jsonl", TestNights.documents(40, 30));
    run(task, "answered");
    corpus = TestNights.write(home, "c.jsonl", TestNights.documents(70, 30));
    submit(task, "at-work");
    restore(file);
    assertThat(one(database, "select count(*) from submissions where run_id <> 'before'"))
        .as("the backup knows nothing of them")
        .isEqualTo("0");

    corpus = Path.of(home + "/?.jsonl");
    run(task, "after");
    assertThat(
            one(
                database,
                "select count(*) from items where run_id = 'after' and state = 'answered'"))
        .isEqualTo("100");
    assertThat(one(database, "select count(*) > 1 from submissions where adopted")).isEqualTo("t");
    assertNothingIsStranded();
    assertThat(one(database, "select count(*) from unknown_spend")).isEqualTo("0");
  }

  /** What was sent is known by nothing but the providers: not even which of them were asked. */
  @Test
  void whatWasAnsweredAfterABackupOfNothingIsNotBoughtAgain() throws Exception {
    Path task = task("name: small-triage", "name: small-triage");
    Path file = backUp();
    run(task, "lost");
    BigDecimal paid = emulator.invoice().total();
    restore(file);
    submit(task, "after"); // packs before anybody has asked what was sent
    run(task, "after");
    assertBoughtOnce(paid);
  }

  /** The answers bear the numbers of second attempts; the backup knows of no first ones. */
  @Test
  void whatWasAnsweredAtALaterAttemptAfterTheBackupIsNotBoughtAgainAsAFirst() throws Exception {
    Path task = task("name: small-triage", "name: small-triage");
    Path file = backUp();
    emulator.inject(Fault.ALL_LINES_FAIL, Call.CREATE, 1);
    run(task, "lost");
    assertThat(one(database, "select count(*) > 0 from ledger where custom_id like '%\\_2'"))
        .isEqualTo("t");
    BigDecimal paid = emulator.invoice().total();
    restore(file);
    run(task, "after");
    assertBoughtOnce(paid);
  }

  private void assertBoughtOnce(BigDecimal paid) {
    assertThat(emulator.invoice().total()).isEqualByComparingTo(paid);
    assertNothingIsStranded();
    assertThat(one(database, "select count(*) from unknown_spend")).isEqualTo("0");
  }

  @Test
  void whatNoDocumentAsksForAfterARestoreIsUnknownSpendUntilSomebodyBooksIt() throws Exception {
    Path task = task("name: small-triage", "name: small-triage");
    Path file = backUp();
    run(task, "lost");
    BigDecimal paid = emulator.invoice().total();
    restore(file);
    corpus = TestNights.write(home, "b.jsonl", TestNights.documents(40, 10));
    run(task, "after");
    BigDecimal unknown =
        new BigDecimal(one(database, "select sum(worst_case_usd) from unknown_spend"));
    assertThat(TestNights.ledger(database).add(unknown))
        .isEqualByComparingTo(emulator.invoice().total());
    assertThat(unknown).isEqualByComparingTo(paid);

    try (PostgresStores stores = StoreOptions.open(database)) {
      stores
          .strays()
          .resolve(
              "tests",
              stores.settlements().unknownSpend().stream()
                  .map(SettlementStore.UnknownSpend::customId)
                  .toList(),
              paid);
    }
    assertThat(one(database, "select count(*) from unknown_spend")).isEqualTo("0");
    assertThat(one(database, "select actual_usd from cost_by_task where task = 'stray-batches'"))
        .satisfies(usd -> assertThat(new BigDecimal(usd)).isEqualByComparingTo(paid));
    assertNothingIsStranded();
  }

  private Path backUp() {
    Path file = home.resolve("backup");
    Backup.of(database, Clock.systemUTC()).write(file);
    return file;
  }

  private void restore(Path file) {
    assertThat(Backup.of(database, Clock.systemUTC()).restore(file)).isPresent();
  }

  private String failures(String runId) {
    return one(
        database,
        "select string_agg(n, ' ') from (select failure_code || ' ' || count(*) as n from items where run_id = '"
            + runId
            + "' and state = 'failed' group by failure_code) t");
  }

  private void execute(String sql) throws Exception {
    try (PostgresStores stores = StoreOptions.open(database);
        Connection connection = stores.dataSource().getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** A command: its exit code, and what it said. */
  private String command(String name, Path task) throws Exception {
    if (commands == null) {
      commands = new CommandProcess(home, database).with(emulator);
    }
    CommandProcess.Ended ended =
        commands.give(
            List.of(
                name,
                task.toString(),
                "--corpus",
                corpus.toString(),
                "--engine",
                "direct",
                "--poll-seconds",
                "0.2",
                "--tenant",
                "tests",
                "--database",
                database.url()));
    return ended.exitCode() + ": " + ended.output();
  }
}
