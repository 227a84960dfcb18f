package dev.nightjar.runners;

import static dev.nightjar.runners.TestNights.one;
import static org.assertj.core.api.Assertions.assertThat;

import dev.nightjar.cachestore.AuditStore;
import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.ForgetStore;
import dev.nightjar.cachestore.postgres.PostgresStores;
import dev.nightjar.cachestore.testing.TestPostgres;
import dev.nightjar.emulator.Answers;
import dev.nightjar.emulator.Emulator;
import dev.nightjar.pipelines.model.Provider;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Looks for a document's text, its answer and its id in everything that is kept. */
class ForgetTest {
  private static final String TASK =
      """
      name: notes
      system: You sort notes.
      user: "{{text}}"
      output_schema:
        type: object
        additionalProperties: false
        required: [said]
        properties: {said: {type: string, maxLength: 60}}
      semantic_cache: {similarity_min: 0.999}
      %s
      tiers:
        - {name: small, provider: openai, model: gpt-6-luna, output_tokens_max: 200}
        - {name: large, provider: anthropic, model: claude-sonnet-5-5, output_tokens_max: 200}
      """;

  private static final String WORD = "zebrafish";

  /** What the small model says of it is too long, and so asked again: rejected answers are kept. */
  private static final class Echo implements Answers {
    @Override
    public String answer(Question question) {
      boolean isSecret = question.user().contains(WORD);
      boolean isTooLong = isSecret && question.model().equals("gpt-6-luna");
      return "{\"said\":\"%s\"%s}"
          .formatted(
              isSecret
                  ? (WORD.toUpperCase(java.util.Locale.ROOT) + " ").repeat(isTooLong ? 9 : 1)
                  : "a note",
              question.system().contains("Quote")
                  ? ",\"where\":\"" + (isSecret ? WORD : "This is") + "\""
                  : "");
    }
  }

  @TempDir Path home;

  private DatabaseAddress database;
  private Emulator emulator;

  @BeforeEach
  void start() throws IOException {
    database = TestPostgres.newDatabase();
    emulator = Emulator.in(home.resolve("emulator")).speed(400).answers(new Echo()).start();
  }

  @AfterEach
  void stop() {
    emulator.close();
  }

  private String ask(String sql) {
    return one(database, sql);
  }

  private Path corpus() throws IOException {
    List<String> lines =
        new ArrayList<>(
            IntStream.range(0, 6)
                .mapToObj(
                    i ->
                        "{\"id\":\"n-%d\",\"text\":\"This is note %d of several.\"}"
                            .formatted(i, i))
                .toList());
    lines.add(
        "{\"id\":\"mail-of-ann\",\"text\":\"About a %s, and nothing else.\"}".formatted(WORD));
    lines.add("{\"id\":\"copy\",\"text\":\"This is note 0 of several.\"}");
    return Files.write(home.resolve("notes.jsonl"), lines);
  }

  private void run(String runId, Path corpus, String more) throws Exception {
    runTask(runId, corpus, TASK.formatted(more));
  }

  private void runTask(String runId, Path corpus, String task) throws Exception {
    Path file = Files.writeString(home.resolve("notes.yaml"), task);
    TestNights.run(
        TestNights.plan(file, runId, Optional.empty(), corpus.toString()),
        database,
        emulator,
        TestNights.engine(EngineOptions.Engine.DIRECT));
  }

  /** The tables of the whole database that hold a word, as a dump would show it. */
  private List<String> tablesWith(String word) throws SQLException {
    List<String> found = new ArrayList<>();
    try (PostgresStores stores = StoreOptions.open(database);
        Connection connection = stores.dataSource().getConnection();
        Statement statement = connection.createStatement()) {
      List<String> tables = new ArrayList<>();
      try (ResultSet rows =
          statement.executeQuery(
              "select format('%I.%I', n.nspname, c.relname) as name from pg_class c join"
                  + " pg_namespace n on n.oid = c.relnamespace where c.relkind = 'r' and n.nspname"
                  + " not in ('pg_catalog', 'information_schema') order by 1")) {
        while (rows.next()) {
          tables.add(rows.getString("name"));
        }
      }
      for (String table : tables) {
        try (ResultSet rows =
            statement.executeQuery(
                "select 1 from " + table + " t where t::text ilike '%" + word + "%' limit 1")) {
          if (rows.next()) {
            found.add(table);
          }
        }
      }
    }
    return found;
  }

  private List<Path> filesWith(String word) throws IOException {
    List<Path> found = new ArrayList<>();
    try (Stream<Path> files = Files.walk(home)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        // What commands printed; and what the emulator works from, which no call of it shows.
        boolean isOurs = !file.getFileName().toString().matches("output.*|batch_.*");
        String text = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
        if (isOurs && text.toLowerCase(java.util.Locale.ROOT).contains(word)) {
          found.add(home.relativize(file));
        }
      }
    }
    return found;
  }

  private List<CommandProcess.Ended> forget(String... options) throws Exception {
    CommandProcess process = new CommandProcess(home, database);
    for (Provider provider : List.of(Provider.OPENAI, Provider.ANTHROPIC)) {
      process.with(provider.baseUrlVariable(), emulator.uri().toString());
    }
    return process.run(
        Stream.of(options)
            .map(option -> "forget " + option + " --tenant tests --database " + database.url())
            .toList());
  }

  @Test
  void aForgottenDocumentIsNowhereAndItsCostsAreWhereTheyWere() throws Exception {
    Path corpus = corpus();
    run("first", corpus, "");
    run("second", corpus, "");
    Path kept = Files.createDirectories(home.resolve("home/corpora")).resolve("abc.jsonl.gz");
    Files.writeString(kept, WORD);
    Path trial = Files.createDirectories(home.resolve("home/trials")).resolve("t.jsonl");
    Files.writeString(trial, WORD);
    Path written = Files.writeString(kept.resolveSibling("now.jsonl.gz"), "a night's, perhaps");
    for (Path old : List.of(kept, trial)) {
      Files.setLastModifiedTime(old, FileTime.from(Instant.now().minus(Duration.ofHours(2))));
    }
    label("mail-of-ann", Duration.ZERO);
    assertThat(tablesWith(WORD))
        .contains(
            "nightjar.cache_entries",
            "nightjar.results",
            "nightjar.rejected_answers",
            "nightjar.gold_answers");
    assertThat(filesWith(WORD)).hasSizeGreaterThan(3);
    String cost =
        "select concat_ws(' ', count(*), sum(actual_usd), sum(attributed_usd)) from item_costs"
            + " where document_id %s";
    String before = ask(cost.formatted("= 'mail-of-ann'"));
    String attempts =
        "select string_agg(concat_ws(' ', custom_id, attempt_number, state, run_id), ', ' order by"
            + " custom_id) from attempts";
    String requests = ask(attempts);
    BigDecimal ledger = TestNights.ledger(database);
    String vectors = ask("select count(*) from text_embeddings");
    String baseline = "select sum(baseline_usd) from item_costs";
    String unoptimised = ask(baseline);

    List<CommandProcess.Ended> ended =
        forget("--document mail-of-ann", "--document mail-of-ann --yes", "--document mail-of-ann");
    assertThat(ended).allSatisfy(each -> assertThat(each.exitCode()).as(each.output()).isZero());
    assertThat(ended.get(0).output()).contains("would forget 2 documents of nights with 2 answers");
    assertThat(ended.get(1).output()).contains("forgot 2 documents of nights");
    assertThat(ended.get(2).output()).contains("would forget 0 documents of nights");

    assertThat(tablesWith(WORD)).isEmpty();
    assertThat(tablesWith("mail-of-ann")).isEmpty();
    assertThat(filesWith(WORD))
        .as("the corpus is its owner's")
        .containsExactly(Path.of("notes.jsonl"));
    assertThat(ask("select count(*) from text_embeddings"))
        .isEqualTo(Integer.toString(Integer.parseInt(vectors) - 1));
    assertThat(ask(cost.formatted("like 'forgotten-%'"))).isEqualTo(before);
    assertThat(ask(attempts)).isEqualTo(requests);
    assertThat(TestNights.ledger(database)).isEqualByComparingTo(ledger);
    assertThat(ask("select count(*) from results")).as("the others'").isEqualTo("14");
    assertThat(written).as("too young: a night may be about to read it").exists();
    execute("select unpost_run('second'); select post_run('second', now())");
    assertThat(ask(baseline)).as("posted anew after a late charge").isEqualTo(unoptimised);
    assertThat(TestNights.defects(database)).isEqualTo("0");

    run("third", corpus, "");
    assertThat(
            ask(
                "select concat_ws(' ', i.answered_by, min(a.attempt_number)) from items i join"
                    + " attempts a using (run_id, item_key) where i.run_id = 'third' and"
                    + " i.document_id = 'mail-of-ann' group by i.answered_by"))
        .as("what is still in the corpus is asked again, by another request")
        .isEqualTo("model 3");
    assertThat(TestNights.ledger(database))
        .isGreaterThan(ledger)
        .isEqualByComparingTo(emulator.invoice().total());
    assertThat(TestNights.defects(database)).isEqualTo("0");
  }

  private void execute(String sql) throws SQLException {
    try (PostgresStores stores = StoreOptions.open(database);
        Connection connection = stores.dataSource().getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private void label(String documentId, Duration age) {
    try (PostgresStores stores = StoreOptions.openFor("tests", database)) {
      stores
          .audits()
          .keepGold(
              "tests",
              "notes",
              AuditStore.Giver.PERSON,
              "ann",
              List.of(new AuditStore.Gold(documentId, "{\"said\":\"zebrafish\"}")),
              Instant.now().minus(age));
    }
  }

  @Test
  void quotesGoWithTheAnswer() throws Exception {
    runTask(
        "first",
        corpus(),
        TASK.formatted("")
            .replace("semantic_cache: {similarity_min: 0.999}\n", "")
            .replace("You sort notes.", "You sort notes. Quote where.")
            .replace("required: [said]", "required: [said, where]")
            .replace("maxLength: 60}}", "maxLength: 60}, where: {type: string, x-quote: true}}"));
    assertThat(tablesWith(WORD)).contains("nightjar.answer_quotes");
    assertThat(forget("--document mail-of-ann --without-providers --yes").get(0).exitCode())
        .isZero();
    assertThat(tablesWith(WORD)).isEmpty();
    assertThat(tablesWith("mail-of-ann")).isEmpty();
    assertThat(ask("select count(*) > 0 from answer_quotes")).as("the others'").isEqualTo("t");
  }

  @Test
  void whatWasBorrowedGoesThoughAChangeKeptItAndATextsOwnKeptAnswerStays() throws Exception {
    run("first", corpus(), "");
    execute(
        """
        update results
        set kept = 'unaffected',
            source_key = (select item_key from items where document_id = 'mail-of-ann')
        where document_id in ('n-1', 'n-2');
        update items
        set leader_key = (select item_key from items where document_id = 'mail-of-ann')
        where document_id = 'n-1';
        update items
        set leader_key = item_key
        where document_id = 'n-2';
        update cache_entries e
        set kept = 'unaffected',
            origin_key = s.source_key,
            source_key = i.leader_key,
            embedding = null
        from items i
        join results s using (run_id, document_id)
        where i.item_key = e.item_key
          and s.kept is not null
        """);
    assertThat(forget("--document mail-of-ann --without-providers --yes").get(0).exitCode())
        .isZero();
    assertThat(ask("select string_agg(document_id, ' ' order by document_id) from results"))
        .isEqualTo("copy n-0 n-2 n-3 n-4 n-5");
    assertThat(
            ask(
                "select string_agg(distinct i.document_id, ' ') from items i join cache_entries e"
                    + " using (item_key) where e.kept is not null"))
        .isEqualTo("n-2");
    assertThat(TestNights.defects(database)).isEqualTo("0");
  }

  @Test
  void aVectorGoesThoughNothingTellsAnyMoreWhoseItIs() throws Exception {
    run("first", corpus(), "");
    int vectors = Integer.parseInt(ask("select count(*) from text_embeddings"));
    execute(
        "delete from cache_entries where item_key in (select item_key from items where document_id"
            + " = 'mail-of-ann')");
    assertThat(forget("--document mail-of-ann --without-providers --yes").get(0).exitCode())
        .isZero();
    assertThat(ask("select count(*) from text_embeddings"))
        .isEqualTo(Integer.toString(vectors - 1));
  }

  @Test
  void whatAPlanHasAtWorkIsForgottenOnceThePlanIsOver() throws Exception {
    Path corpus = corpus();
    run("first", corpus, "");
    ForgetStore.Selection one =
        new ForgetStore.Selection(
            "tests", Optional.of("mail-of-ann"), Optional.empty(), Optional.empty());
    try (PostgresStores stores = StoreOptions.openFor("tests", database)) {
      try (Planning planning =
          Planning.open(
              TestNights.plan(
                  home.resolve("notes.yaml"), "unused", Optional.empty(), corpus.toString()),
              database,
              TestNights.providers(emulator),
              TestNights.engine(EngineOptions.Engine.DIRECT),
              Clock.systemUTC())) {
        planning.prepare();
        assertThat(stores.forgetting().find(one).open()).isEqualTo(1);
        assertThat(stores.forgetting().forget(one, "x")).isZero();
      }
      assertThat(stores.forgetting().find(one).open()).isZero();
      assertThat(stores.forgetting().forget(one, "x")).isEqualTo(1);
    }
    assertThat(tablesWith(WORD)).isEmpty();
    assertThat(tablesWith("mail-of-ann")).isEmpty();
  }

  @Test
  void aTextThatAnotherDocumentHasStaysWithIt() throws Exception {
    Path corpus = corpus();
    run("first", corpus, "");
    try (PostgresStores others = StoreOptions.openFor("others", database)) {
      ForgetStore.Selection theirs =
          new ForgetStore.Selection(
              "tests", Optional.of("n-0"), Optional.empty(), Optional.empty());
      assertThat(others.forgetting().forget(theirs, "x")).as("a tenant forgets its own").isZero();
    }
    BigDecimal ledger = TestNights.ledger(database);
    assertThat(forget("--document n-0 --without-providers --yes").get(0).exitCode()).isZero();
    assertThat(ask("select string_agg(document_id, ' ' order by document_id) from results"))
        .isEqualTo("copy mail-of-ann n-1 n-2 n-3 n-4 n-5");
    assertThat(tablesWith("n-0")).as("not even as who stood for the text").isEmpty();
    run("second", corpus, "");
    assertThat(TestNights.ledger(database)).isEqualByComparingTo(ledger);
    assertThat(TestNights.defects(database)).isEqualTo("0");
  }

  @Test
  void aTaskAndOldNightsAreForgottenAndWhatIsYoungerStays() throws Exception {
    Path corpus = corpus();
    run("first", corpus, "");
    List<CommandProcess.Ended> ended =
        forget("--older-than 1 --yes", "--task other --yes", "--task notes --yes", "--yes");
    assertThat(ended.get(0).output()).contains("forgot 0 documents");
    assertThat(ended.get(1).output()).contains("forgot 0 documents");
    assertThat(ended.get(2).output()).contains("forgot 8 documents");
    assertThat(ended.get(3).exitCode()).isEqualTo(Main.EXIT_USAGE);
    assertThat(tablesWith(WORD)).isEmpty();
    assertThat(ask("select count(*) from results")).isEqualTo("0");
    assertThat(ask("select count(*) from cache_entries")).isEqualTo("0");
    assertThat(ask("select count(*) from item_costs where document_id = 'n-1'"))
        .as("ids stay unless a document is named")
        .isEqualTo("1");
    assertThat(TestNights.defects(database)).isEqualTo("0");
  }

  @Test
  void aTasksRetentionForgetsWhatIsOld() throws Exception {
    Path corpus = corpus();
    List<String> lines = new ArrayList<>(Files.readAllLines(corpus));
    lines.add("{\"id\":\"old-one\",\"text\":\"This is gone since.\"}");
    run("first", Files.write(home.resolve("more.jsonl"), lines), "");
    for (String labelled : List.of("n-1", "old-one", "never-read")) {
      label(labelled, Duration.ofDays(50));
    }
    execute(
        "update runs set started_at = started_at - interval '40 days', finished_at = finished_at"
            + " - interval '40 days'");
    run("second", corpus, "retention: {documents_days_max: 30}");
    assertThat(ask("select string_agg(distinct run_id, ' ') from results")).isEqualTo("second");
    assertThat(ask("select count(*) from cache_entries"))
        .as("the texts are tonight's, too")
        .isEqualTo("7");
    assertThat(ask("select string_agg(document_id, ' ' order by document_id) from gold_answers"))
        .as("labels of documents that are still in use")
        .isEqualTo("n-1 never-read");
    assertThat(TestNights.defects(database)).isEqualTo("0");
  }
}
