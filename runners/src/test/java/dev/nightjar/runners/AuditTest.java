package dev.nightjar.runners;

import static dev.nightjar.runners.TestNights.one;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.postgres.PostgresStores;
import dev.nightjar.cachestore.testing.TestPostgres;
import dev.nightjar.emulator.Answers;
import dev.nightjar.emulator.Emulator;
import dev.nightjar.pipelines.audit.DrawDocuments;
import dev.nightjar.pipelines.model.Provider;
import dev.nightjar.pipelines.submit.ProviderSettings;
import dev.nightjar.runners.report.Report;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Nights whose answers are compared with a reference, and with what people say. */
class AuditTest {
  private static final String TASK =
      """
      name: notes
      system: You sort notes.
      user: "%s: {{text}}"
      output_schema:
        type: object
        additionalProperties: false
        required: [kind, note]
        properties: {kind: {enum: [even, odd]}, note: {type: string}}
      answer_equality: {rules: {note: ignored}}
      tiers:
        - {name: small, provider: openai, model: gpt-6-luna, output_tokens_max: 60}
        - {name: large, provider: openai, model: gpt-6.2-sol, output_tokens_max: 600}
      %s
      """;

  /** The small model takes every fifth number for an even one. */
  private static final class Counting implements Answers {
    private static final Pattern NUMBER = Pattern.compile("number (\\d+)");

    @Override
    public String answer(Question question) {
      Matcher matcher = NUMBER.matcher(question.user());
      int number = matcher.find() ? Integer.parseInt(matcher.group(1)) : 0;
      boolean errs = question.model().equals("gpt-6-luna") && number % 5 == 0;
      return "{\"kind\":\"%s\",\"note\":\"by %s\"}"
          .formatted(number % 2 == 0 || errs ? "even" : "odd", question.model());
    }
  }

  @TempDir Path home;

  private final List<String> said = new ArrayList<>();

  private DatabaseAddress database;
  private Emulator emulator;

  @BeforeEach
  void start() throws IOException {
    database = TestPostgres.newDatabase();
    emulator = Emulator.in(home.resolve("emulator")).speed(400).answers(new Counting()).start();
  }

  @AfterEach
  void stop() {
    emulator.close();
  }

  private Path task(String prompt, String more) throws IOException {
    return Files.writeString(home.resolve("notes.yaml"), TASK.formatted(prompt, more));
  }

  private Path corpus(int documents) throws IOException {
    List<String> lines =
        IntStream.range(0, documents)
            .mapToObj(i -> "{\"id\":\"n-%d\",\"text\":\"This is number %d.\"}".formatted(i, i))
            .toList();
    return Files.write(home.resolve("notes.jsonl"), lines);
  }

  private void run(Path task, String runId, Path corpus) throws InterruptedException {
    NightPlan plan = TestNights.plan(task, runId, Optional.empty(), corpus.toString());
    EngineOptions engine = TestNights.engine(EngineOptions.Engine.DIRECT);
    try (Night night = TestNights.open(plan, database, emulator, engine);
        Audit audit = beside(night, plan, engine)) {
      audit.around(Night::runToEnd);
    }
  }

  private Audit beside(Night night, NightPlan plan, EngineOptions engine) {
    return beside(night, plan, engine, TestNights.providers(emulator));
  }

  private Audit beside(
      Night night, NightPlan plan, EngineOptions engine, ProviderSettings providers) {
    return beside(night, plan, engine, providers, true);
  }

  private Audit beside(
      Night night,
      NightPlan plan,
      EngineOptions engine,
      ProviderSettings providers,
      boolean begins) {
    return Audit.beside(
        night,
        plan,
        new Audit.Opening(database, providers, engine, Clock.systemUTC(), TestNights.PAUSE, begins),
        said::add);
  }

  /** What a command of a scheduler does, and how many drawn documents have no end after it. */
  private long once(NightCommand command, Path task, String runId, Path corpus)
      throws InterruptedException {
    NightPlan plan = TestNights.plan(task, runId, Optional.empty(), corpus.toString());
    EngineOptions engine = TestNights.engine(EngineOptions.Engine.DIRECT);
    try (Night night = TestNights.open(plan, database, emulator, engine);
        Audit audit =
            beside(night, plan, engine, TestNights.providers(emulator), command.begins())) {
      audit.around(command::drive);
      return audit.open();
    }
  }

  private String ask(String sql) {
    return one(database, sql);
  }

  private void assertBooksAreRight() {
    assertThat(TestNights.defects(database)).isEqualTo("0");
    assertThat(TestNights.ledger(database))
        .isEqualByComparingTo(emulator.invoice().total())
        .isPositive();
    assertThat(
            ask(
                "select count(*) from cost_by_run c where baseline_usd <> actual_usd + (select sum(saved_usd)"
                    + " from savings_waterfall w where w.run_id = c.run_id)"))
        .isEqualTo("0");
  }

  @Test
  void aSavingIsShownWithItsPriceInQualityAndTheAuditWithWhatItCost() throws Exception {
    Path corpus = corpus(40);
    run(task("One", "audit: {share: 1, usd_max: 5, again_share: 0.5}"), "first", corpus);

    assertThat(said).isEmpty();
    assertThat(
            ask(
                "select concat_ws(' ', audited, agreed, agreement, by_people, drawn, unanswered,"
                    + " reference_with_itself) from agreement_by_run where run_id = 'first'"))
        .as("0, 10, 20 and 30 are even")
        .isEqualTo("40 36 0.9000 0 40 0 1.0000");
    assertThat(Integer.parseInt(ask("select asked_twice from agreement_by_run"))).isBetween(8, 32);
    assertThat(
            ask(
                "select string_agg(concat_ws(' ', mechanism, tier, audited, agreed), ', ' order by mechanism)"
                    + " from agreement"))
        .isEqualTo("all 40 36, routing small 40 36");
    assertThat(ask("select string_agg(document_id, ' ') from audited_answers where not agrees"))
        .isEqualTo("n-15 n-25 n-35 n-5");
    assertThat(ask("select differing_fields from audited_answers where document_id = 'n-5'"))
        .isEqualTo("{kind}");
    assertThat(
            ask(
                "select count(*) from cost_by_run where task like 'notes:audit%'"
                    + " and baseline_usd = 0 and saved_by_audit_usd = -actual_usd and actual_usd > 0"))
        .isEqualTo("2");
    assertThat(ask("select count(*) from results where run_id = 'first'")).isEqualTo("40");
    assertBooksAreRight();

    try (PostgresStores stores = StoreOptions.open(database)) {
      assertThat(Report.html(stores.dataSource(), "first", Instant.EPOCH))
          .contains("<b>90.0 %</b>of answers agree with the reference")
          .contains(
              "90.0 % of 40 audited answers agree", "routing: small", "with its audit", "n-15");
      assertThat(
              Report.html(
                  stores.dataSource(),
                  ask("select run_id from runs where audit_pass = 2"),
                  Instant.EPOCH))
          .contains("nothing was audited");
    }

    BigDecimal before = TestNights.ledger(database);
    run(home.resolve("notes.yaml"), "second", corpus);
    assertThat(
            ask(
                "select concat_ws(' ', audited, agreed) from agreement_by_run where run_id = 'second'"))
        .isEqualTo("40 36");
    assertThat(
            ask(
                "select mechanisms from audited_answers where run_id = 'second' and document_id = 'n-7'"))
        .isEqualTo("{\"exact cache hits\",routing}");
    assertThat(TestNights.ledger(database))
        .as("what was asked at the reference once is not bought again")
        .isEqualByComparingTo(before);
    assertThat(ask("select concat_ws(' ', audited, agreed) from agreement where mechanism = 'all'"))
        .as("of a text that was compared twice the last counts")
        .isEqualTo("40 36");
  }

  @Test
  void theDrawIsTheSameForEveryVersionOfATask() throws Exception {
    Path corpus = corpus(60);
    run(task("One", "audit: {share: 0.3, usd_max: 5, again_share: 0}"), "first", corpus);
    run(task("Another", "audit: {share: 0.3, usd_max: 5, again_share: 0}"), "second", corpus);

    String drawn =
        "select string_agg(document_id, ' ' order by document_id) from audits where run_id = '%s'";
    assertThat(ask(drawn.formatted("first")))
        .isNotEmpty()
        .isEqualTo(ask(drawn.formatted("second")));
    assertThat(Integer.parseInt(ask("select audited from agreement_by_run where run_id = 'first'")))
        .isBetween(8, 30);
    assertThat(ask("select count(*) from runs where audit_pass = 2")).isEqualTo("0");
    assertBooksAreRight();
  }

  @Test
  void anAuditKeepsItsOwnLimitAndTheNightIsNotHeldUp() throws Exception {
    Path corpus = corpus(60);
    run(task("One", "audit: {share: 1, usd_max: 0.02, again_share: 0}"), "first", corpus);

    BigDecimal cost =
        new BigDecimal(ask("select actual_usd from cost_by_run where task = 'notes:audit'"));
    assertThat(cost).isPositive().isLessThanOrEqualTo(new BigDecimal("0.02"));
    assertThat(ask("select count(*) from results where run_id = 'first'")).isEqualTo("60");
    assertThat(ask("select unanswered > 0 and audited = drawn - unanswered from agreement_by_run"))
        .isEqualTo("t");
    Set<String> asked = Set.of(ask("select string_agg(document_id, ' ') from audits").split(" "));
    Map<Boolean, DoubleSummaryStatistics> drawn =
        IntStream.range(0, 60)
            .boxed()
            .collect(
                Collectors.partitioningBy(
                    i -> asked.contains("n-" + i), Collectors.summarizingDouble(AuditTest::drawn)));
    assertThat(drawn.get(true).getMax())
        .as("the first of the draw")
        .isLessThan(drawn.get(false).getMin());
    assertBooksAreRight();
  }

  /** Where the draw puts a document, in [0, 1). */
  private static double drawn(int document) {
    return DrawDocuments.drawn("tests", "This is number " + document + ".");
  }

  private ProviderSettings withoutAnthropic() {
    return new ProviderSettings(
        Map.of(Provider.OPENAI, emulator.uri().toString()), null, TestNights.PATIENCE);
  }

  @Test
  void whatGoesWrongWithAnAuditIsSaidAndTheNightGoesOn() throws Exception {
    NightPlan plan =
        TestNights.plan(
            Files.writeString(
                home.resolve("notes.yaml"),
                TASK.formatted("One", "audit: {share: 1, usd_max: 5, again_share: 0}")
                    .replace("openai, model: gpt-6.2-sol", "anthropic, model: claude-opus-5-5")),
            "first",
            Optional.empty(),
            corpus(10).toString());
    EngineOptions engine = TestNights.engine(EngineOptions.Engine.DIRECT);
    try (Night night = TestNights.open(plan, database, emulator, engine);
        Audit audit = beside(night, plan, engine, withoutAnthropic())) {
      audit.around(Night::runToEnd);
    }
    assertThat(said)
        .singleElement()
        .satisfies(
            line ->
                assertThat(line)
                    .startsWith("the audit is not complete: PROVIDER_KEY_MISSING: anthropic"));
    assertThat(ask("select count(*) from results where run_id = 'first'")).isEqualTo("10");
  }

  @Test
  void anAuditThatWasInterruptedIsGoneOnWithByTheNextNight() throws Exception {
    Path corpus = corpus(10);
    Path task = task("One", "audit: {share: 1, usd_max: 5, again_share: 0}");
    NightPlan plan = TestNights.plan(task, "first", Optional.empty(), corpus.toString());
    EngineOptions engine = TestNights.engine(EngineOptions.Engine.DIRECT);
    try (Night night = TestNights.open(plan, database, emulator, engine);
        Audit audit = beside(night, plan, engine)) {
      audit.around(
          one -> { // the second half of the audit is never reached
            if (one == night) {
              one.runToEnd();
            }
          });
    }
    assertThat(ask("select count(*) from runs where state = 'open'")).isEqualTo("1");
    run(task, "second", corpus);
    assertThat(said).isEmpty();
    assertThat(ask("select audited from agreement_by_run where run_id = 'second'")).isEqualTo("10");
    assertThat(ask("select count(*) from runs where state = 'open'")).isEqualTo("0");
    assertBooksAreRight();
  }

  @Test
  void aSchedulersHalvesBringTheAuditHomeToo() throws Exception {
    Path corpus = corpus(10);
    Path task = task("One", "audit: {share: 1, usd_max: 5, again_share: 0}");
    assertThat(once(new SubmitCommand(), task, "first", corpus)).isEqualTo(10);
    // The file has gone bad meanwhile: what was sent comes home all the same.
    Files.writeString(task, Files.readString(task) + "gold: {file: nothing.csv}\n");
    for (int collects = 0; once(new CollectCommand(), task, "first", corpus) > 0; collects++) {
      assertThat(collects).isLessThan(600);
      TestNights.PAUSE.sleep(Duration.ofMillis(100));
    }
    assertThat(said).isEmpty();
    assertThat(ask("select concat_ws(' ', audited, agreed) from agreement_by_run"))
        .isEqualTo("10 9");
    assertThat(ask("select count(*) from runs where state = 'open'")).isEqualTo("0");
    assertBooksAreRight();
  }

  @Test
  void whatPeopleSayStandsAboveTheReference() throws Exception {
    Files.writeString(
        home.resolve("gold.csv"),
        "id,kind,who\nn-1,odd,me\nn-5,even,me\nn-7,even,me\nn-99,odd,me\n");
    Path task =
        task("One", "gold: {file: gold.csv}\naudit: {share: 1, usd_max: 5, again_share: 0}");
    run(task, "first", corpus(10));

    assertThat(
            ask(
                "select string_agg(document_id || ' ' || agrees, ', ' order by document_id) from audited_answers"
                    + " where compared_with = 'gold'"))
        .as("n-5 is what the small model says, n-7 is not")
        .isEqualTo("n-1 true, n-5 true, n-7 false");
    assertThat(ask("select concat_ws(' ', audited, by_people, agreed) from agreement_by_run"))
        .isEqualTo("10 3 9");
    assertThat(ask("select other_answer from audited_answers where document_id = 'n-7'"))
        .isEqualTo("{\"kind\": \"even\", \"note\": \"by gpt-6.2-sol\"}");

    List<CommandProcess.Ended> ended =
        commands(
            "audit show",
            "audit label n-7 --right delivered --by ann",
            "audit show",
            "audit show --all --json --limit 1",
            "audit label n-1 --answer {\"kind\":\"even\"}",
            "audit label n-400 --right delivered",
            "audit label n-1 --answer even");
    assertThat(ended.get(0).output())
        .contains("n-7: from tier small, by routing: differs in kind", "gold       {\"kind\"")
        .contains("90.0 % of 10 audited answers agree");
    assertThat(ended.get(1).output()).contains("100.0 % of 10 audited answers agree");
    assertThat(ended.get(2).output()).contains("nothing differs that was audited");
    assertThat(ended.get(3).output()).contains("\"document_id\":\"n-0\"", "\"agrees\":true");
    assertThat(ended.get(4).output()).contains("90.0 %");
    assertThat(ended.get(5).output())
        .contains("OPTION_INVALID: n-400: run first has no audited answer");
    assertThat(ended.get(6).output()).contains("expected a JSON object");

    run(task, "second", corpus(10));
    assertThat(
            ask(
                "select string_agg(document_id, ' ') from audited_answers where run_id = 'second' and not agrees"))
        .as("a file does not overrule a person")
        .isEqualTo("n-1");
  }

  @Test
  void aLabelOfADocumentThatAFileSpeaksOfStaysInTheCount() throws Exception {
    Files.writeString(home.resolve("gold.csv"), "id,kind\nn-1,odd\nn-5,odd\nn-7,even\n");
    Path task = task("One", "gold: {file: gold.csv}");
    run(task, "first", corpus(10));
    assertThat(ask("select concat_ws(' ', audited, agreed) from agreement_by_run"))
        .as("the small model takes 5 for even, and the file takes 7 for it")
        .isEqualTo("3 1");
    commands("audit label n-7 --right delivered");
    assertThat(ask("select concat_ws(' ', audited, agreed) from agreement_by_run"))
        .isEqualTo("3 2");

    Files.writeString(home.resolve("gold.csv"), "id,kind\nn-1,odd\nn-7,even\n");
    run(task, "second", corpus(10));
    assertThat(
            ask(
                "select concat_ws(' ', audited, agreed) from agreement_by_run where run_id = 'second'"))
        .as("what the file says no more is forgotten, what a person said is not")
        .isEqualTo("2 2");
  }

  @Test
  void copiesCountOnceAndAnotherEqualityIsJudgedAnew() throws Exception {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      lines.add("{\"id\":\"n-%d\",\"text\":\"This is number %d.\"}".formatted(i, i < 8 ? 5 : i));
    }
    Path corpus = Files.write(home.resolve("notes.jsonl"), lines);
    String audit = "audit: {share: 1, usd_max: 5, again_share: 0}";
    Path task = task("One", audit);
    run(task, "first", corpus);
    assertThat(ask("select concat_ws(' ', audited, agreed) from agreement_by_run"))
        .as("one of five texts is wrong, though it stands in eight documents")
        .isEqualTo("5 4");

    Files.writeString(
        task, Files.readString(task).replace("rules: {note: ignored}", "fields: [note]"));
    run(task, "first", corpus);
    assertThat(ask("select concat_ws(' ', audited, agreed) from agreement_by_run"))
        .as("the notes name the models")
        .isEqualTo("5 0");
  }

  @Test
  void aBudgetOfTheTaskHoldsForItsAuditTooAndTheNightGoesFirst() throws Exception {
    Path corpus = corpus(40);
    Path task = task("One", "audit: {share: 1, usd_max: 5, again_share: 0}");
    run(task, "first", corpus(1));
    commands("budget set 0.004USD --per day --task notes --tenant tests");
    run(task, "second", corpus(40));
    assertThat(ask("select count(*) from results where run_id = 'second'")).isEqualTo("40");
    assertThat(TestNights.ledger(database)).isLessThanOrEqualTo(new BigDecimal("0.004"));
    assertThat(ask("select unanswered > 0 from agreement_by_run where run_id = 'second'"))
        .isEqualTo("t");
    assertBooksAreRight();
  }

  @Test
  void goldThatCannotBeReadStopsTheNightBeforeAnythingIsSent() throws Exception {
    Path corpus = corpus(3);
    Path task = task("One", "gold: {file: gold.csv}");
    assertThatThrownBy(() -> run(task, "first", corpus))
        .isInstanceOf(NightjarException.class)
        .hasMessageContaining("INPUT_UNREADABLE")
        .hasMessageContaining("gold.csv");
    Files.writeString(home.resolve("gold.csv"), "id,sort\nn-1,odd\n");
    assertThatThrownBy(() -> run(task, "first", corpus))
        .hasMessageContaining(
            "gold.csv:2: expected at least one of the answer's properties: kind, note");
    Files.writeString(home.resolve("gold.csv"), "id,kind\nn-1,odd\nn-1,even\n");
    assertThatThrownBy(() -> run(task, "first", corpus))
        .hasMessageContaining("gold.csv:3: an earlier line has the same id");
    assertThat(emulator.invoice().total()).isZero();
  }

  private List<CommandProcess.Ended> commands(String... commands) throws Exception {
    return new CommandProcess(home, database)
        .run(Stream.of(commands).map(one -> one + " --database " + database.url()).toList());
  }
}
