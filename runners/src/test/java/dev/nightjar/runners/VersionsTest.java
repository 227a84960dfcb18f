package dev.nightjar.runners;

import static dev.nightjar.runners.TestNights.one;
import static org.assertj.core.api.Assertions.assertThat;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.testing.TestPostgres;
import dev.nightjar.emulator.Answers;
import dev.nightjar.emulator.Emulator;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Nights of a task that is changed between them. */
class VersionsTest {
  private static final String TASK =
      """
      name: notes
      system: You sort notes.
      user: "{{text}}"
      output_schema:
        type: object
        additionalProperties: false
        required: [kind, note]
        properties: {kind: {enum: [even, odd]}, note: {type: string, maxLength: 400}}
      tiers:
        - {name: small, provider: openai, model: gpt-6-luna, output_tokens_max: 40}
        - {name: large, provider: openai, model: gpt-6.2-sol, output_tokens_max: 600}
      """;

  /** The small model is wordy of every fifth number, and breaks the schema of every seventh. */
  private static final class Counting implements Answers {
    private static final Pattern NUMBER = Pattern.compile("number (\\d+)");

    @Override
    public String answer(Question question) {
      Matcher matcher = NUMBER.matcher(question.user());
      int number = matcher.find() ? Integer.parseInt(matcher.group(1)) : 0;
      boolean isSmall = question.model().equals("gpt-6-luna");
      String note =
          isSmall && number % 5 == 1
              ? "word ".repeat(70)
              : isSmall && number % 7 == 2 ? "x".repeat(410) : "by " + question.model();
      return "{\"kind\":\"%s\",\"note\":\"%s\"}".formatted(number % 2 == 0 ? "even" : "odd", note);
    }
  }

  @TempDir Path home;

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

  private String ask(String sql) {
    return one(database, sql);
  }

  private Path corpus(int documents) throws IOException {
    return Files.write(
        home.resolve("notes.jsonl"),
        IntStream.range(0, documents)
            .mapToObj(i -> "{\"id\":\"n-%d\",\"text\":\"This is number %d.\"}".formatted(i, i))
            .toList());
  }

  private NightPlan plan(String task, String runId, Path corpus) throws IOException {
    Path file = Files.writeString(home.resolve("notes.yaml"), task);
    return TestNights.plan(file, runId, Optional.empty(), corpus.toString());
  }

  private List<String> run(NightPlan plan) throws InterruptedException {
    EngineOptions engine = TestNights.engine(EngineOptions.Engine.DIRECT);
    try (Night night = TestNights.open(plan, database, emulator, engine)) {
      night.runToEnd();
      return night.versions().lines();
    }
  }

  private void assertBooksAreRight() {
    assertThat(TestNights.defects(database)).isEqualTo("0");
    assertThat(TestNights.ledger(database)).isEqualByComparingTo(emulator.invoice().total());
    assertThat(
            ask(
                "select count(*) from cost_by_run c where baseline_usd <> actual_usd + (select"
                    + " sum(saved_usd) from savings_waterfall w where w.run_id = c.run_id)"))
        .isEqualTo("0");
  }

  @Test
  void aLargerLimitAsksOnlyWhatWasCutAgainAndKeepsTheRestForNothing() throws Exception {
    Path corpus = corpus(20);
    run(plan(TASK, "first", corpus));
    assertThat(
            ask(
                "select count(distinct item_key) from attempts where failure_code ="
                    + " 'ANSWER_TRUNCATED'"))
        .isEqualTo("6"); // 1, 6, 11, 16 wordy, 2 and 9 of 410 characters
    String larger = TASK.replace("output_tokens_max: 40}", "output_tokens_max: 300}");

    try (Planning planning =
        Planning.open(
            plan(larger, "unused", corpus),
            database,
            TestNights.providers(emulator),
            TestNights.engine(EngineOptions.Engine.DIRECT),
            Clock.systemUTC())) {
      planning.prepare();
      assertThat(planning.versions().lines())
          .anySatisfy(line -> assertThat(line).contains("tiers[0].output_tokens_max 40 → 300"));
      assertThat(planning.stores().versions().kept(planning.runId()).unaffected()).isEqualTo(14);
      assertThat(planning.stores().versions().askedAgain(planning.runId(), "first"))
          .satisfies(
              again -> {
                assertThat(again.documents()).isEqualTo(6);
                assertThat(again.share()).isEqualTo(1);
              });
    }
    assertThat(ask("select count(*) from cache_entries where kept is not null")).isEqualTo("0");

    BigDecimal before = TestNights.ledger(database);
    List<String> said = run(plan(larger, "second", corpus));
    assertThat(said.get(0)).isEqualTo("the task was changed since run first:");
    assertThat(said.get(2)).startsWith("  of its 20 answers 6 are void and asked again");
    assertThat(
            ask(
                "select string_agg(document_id, ' ' order by document_id) from items where run_id ="
                    + " 'second' and answered_by = 'model'"))
        .isEqualTo("n-1 n-11 n-16 n-2 n-6 n-9");
    assertThat(
            ask(
                "select concat_ws(' ', count(*), min(kept), min(asked_run_id), sum(asked_usd) > 0,"
                    + " count(*) filter (where asked_at is null)) from kept_answers where run_id ="
                    + " 'second'"))
        .isEqualTo("14 unaffected first t 0");
    assertThat(
            ask(
                "select concat_ws(' ', sum(actual_usd), count(*)) from item_costs where run_id ="
                    + " 'second' and answered_by = 'exact_hit'"))
        .isEqualTo("0 14");
    assertThat(
            ask(
                "select count(*) from results a join results b using (document_id) where a.run_id ="
                    + " 'first' and b.run_id = 'second' and b.kept is not null and (a.answer,"
                    + " a.source_key) is distinct from (b.answer, b.source_key)"))
        .as("copies, with the request that gave them")
        .isEqualTo("0");
    assertThat(
            ask(
                "select count(*) from cache_entries where kept = 'unaffected' and agreed +"
                    + " contradicted = 0 and answer_class is null"))
        .isEqualTo("14");
    assertThat(TestNights.ledger(database)).isGreaterThan(before);
    assertBooksAreRight();

    BigDecimal after = TestNights.ledger(database);
    assertThat(run(plan(larger, "third", corpus))).as("nothing was changed since").isEmpty();
    assertThat(TestNights.ledger(database)).isEqualByComparingTo(after);
    assertThat(ask("select count(*) from kept_answers where run_id = 'third'")).isEqualTo("14");
    assertBooksAreRight();
  }

  @Test
  void anAnswerAsLongAsTheLimitWasIsAskedAgainAndAShorterOneIsKept() throws Exception {
    Path corpus = corpus(1); // to which the small model says "by gpt-6-luna", of 13 characters
    for (int limit : List.of(13, 14, 15)) {
      run(plan(TASK.replace("maxLength: 400", "maxLength: " + limit), "to-" + limit, corpus));
    }
    assertThat(ask("select string_agg(answered_by, ' ' order by run_id) from items"))
        .isEqualTo("model model exact_hit");
    assertBooksAreRight();
  }

  @Test
  void anotherPromptAsksAllAgainUnlessAnswersAreKept() throws Exception {
    Path corpus = corpus(12);
    run(plan(TASK, "first", corpus));
    String other = TASK.replace("You sort notes.", "You file notes.");
    BigDecimal before = TestNights.ledger(database);

    List<String> said = run(plan(other, "second", corpus).keepingAnswers(true));
    assertThat(said.get(said.size() - 1))
        .startsWith("  of its 12 answers 12 would be void, and are kept by --keep-answers");
    assertThat(
            ask(
                "select count(*) from kept_answers where run_id = 'second' and kept ="
                    + " 'by_request'"))
        .isEqualTo("12");
    assertThat(TestNights.ledger(database)).isEqualByComparingTo(before);

    String longer = other.replace("output_tokens_max: 600}", "output_tokens_max: 700}");
    run(plan(longer, "third", corpus));
    assertThat(
            ask("select string_agg(distinct kept, ' ') from kept_answers where run_id = 'third'"))
        .as("the mark stays")
        .isEqualTo("by_request");
    assertThat(TestNights.ledger(database)).isEqualByComparingTo(before);

    run(plan(TASK.replace("You sort notes.", "You judge notes."), "fourth", corpus));
    assertThat(ask("select count(*) from kept_answers where run_id = 'fourth'")).isEqualTo("0");
    assertThat(ask("select count(*) from items where run_id = 'fourth' and answered_by = 'model'"))
        .isEqualTo("12");
    assertBooksAreRight();
  }

  @Test
  void aKeptAnswerMeetsTheSchemaOfToday() throws Exception {
    Path corpus = corpus(10);
    run(plan(TASK, "first", corpus));
    run(
        plan(
                TASK.replace("kind: {enum: [even, odd]}", "kind: {enum: [even, odd, other]}")
                    .replace("maxLength: 400", "maxLength: 13"),
                "second",
                corpus)
            .keepingAnswers(true));
    assertThat(
            ask(
                "select count(*) from results where run_id = 'second' and kept = 'by_request' and"
                    + " length(answer ->> 'note') > 13"))
        .isEqualTo("0");
    assertThat(
            ask(
                "select count(*) = (select count(*) from results where run_id = 'first' and"
                    + " length(answer ->> 'note') <= 13) from kept_answers where run_id ="
                    + " 'second'"))
        .isEqualTo("t");
    assertBooksAreRight();
  }

  @Test
  void aDiffShowsWhichAnswersAreOthersInWhichFieldsAndAtWhatCost() throws Exception {
    Path corpus = corpus(10);
    run(plan(TASK, "first", corpus));
    run(plan(TASK.replace("gpt-6-luna", "gpt-6.2-sol"), "second", corpus(12)));

    String tenant = " --tenant tests --database " + database.url();
    List<CommandProcess.Ended> ended =
        new CommandProcess(home, database)
            .run(
                List.of(
                    "diff first second" + tenant,
                    "diff first first --json" + tenant,
                    "status --watch --database " + database.url()));
    assertThat(ended).allSatisfy(one -> assertThat(one.exitCode()).as(one.output()).isZero());
    assertThat(ended.get(2).output()).as("nothing is open any more").contains("no night is open");
    String out = ended.get(0).output();
    assertThat(out)
        .contains("  tiers[0].model \"gpt-6-luna\" → \"gpt-6.2-sol\": touches all answers")
        .contains("documents  10 in both, 0 only in the first, 2 only in the second")
        .contains("answers    4 the same, 6 changed, 0 only in the first, 0 only in the second")
        .contains("agreement  40.0 % of 10 texts (")
        .contains("  note                 6 changed")
        .contains("n-0:", "  note  \"by gpt-6-luna\" → \"by gpt-6.2-sol\"");
    assertThat(ended.get(1).output())
        .contains("{\"in_both\":10,")
        .contains("\"changed\":0,", "\"texts_agreeing\":10,");
  }

  @Test
  void aTenantNeverKeepsAnothersAnswers() throws Exception {
    Path corpus = corpus(6);
    run(plan(TASK, "first", corpus));
    String larger = TASK.replace("output_tokens_max: 40}", "output_tokens_max: 300}");
    NightPlan plan = plan(larger, "second", corpus);
    run(
        new NightPlan(
            plan.taskFile(),
            plan.corpus(),
            false,
            "others",
            Optional.empty(),
            Optional.empty(),
            Optional.of("second"),
            plan.deadline(),
            plan.pollInterval()));
    assertThat(ask("select count(*) from kept_answers")).isEqualTo("0");
    assertBooksAreRight();
  }
}
