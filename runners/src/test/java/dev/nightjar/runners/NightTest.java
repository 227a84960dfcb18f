package dev.nightjar.runners;

import static dev.nightjar.runners.TestNights.one;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.testing.TestPostgres;
import dev.nightjar.emulator.Emulator;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whole nights: real engine, real database, real SDKs, against the emulator. */
class NightTest {
  private static final int DOCUMENTS = 200;

  @TempDir Path home;

  private DatabaseAddress database;
  private Emulator emulator;
  private Path task;

  @BeforeEach
  void start() throws IOException {
    database = TestPostgres.newDatabase();
    emulator = Emulator.in(home.resolve("emulator")).speed(200).start();
    task = TestNights.task(home);
  }

  @AfterEach
  void stop() {
    emulator.close();
  }

  private void assertBooksAreRight() {
    assertThat(TestNights.ledger(database))
        .as("ledger = invoice")
        .isEqualByComparingTo(emulator.invoice().total());
    assertThat(one(database, "select count(*) from ledger"))
        .isEqualTo(Integer.toString(emulator.invoice().lines().size()));
    assertThat(TestNights.defects(database)).isEqualTo("0");
  }

  @ParameterizedTest
  @EnumSource(
      value = EngineOptions.Engine.class,
      names = {"FLINK_LOCAL", "DIRECT"})
  void twoNightsEndWithEveryItemSettledAndTheSecondAsksOnlyForWhatIsNew(EngineOptions.Engine kind)
      throws Exception {
    EngineOptions engine = TestNights.engine(kind);
    Path first = TestNights.write(home, "a.jsonl", TestNights.documents(0, DOCUMENTS));
    TestNights.run(
        TestNights.plan(task, "night-1", Optional.empty(), first.toString()),
        database,
        emulator,
        engine);

    assertThat(one(database, "select count(*) from items where state = 'answered'"))
        .isEqualTo(Integer.toString(DOCUMENTS));
    assertThat(one(database, "select count(*) from results"))
        .isEqualTo(Integer.toString(DOCUMENTS));
    // Exact copies: one in ten. Near copies: one in ten, found by likeness.
    assertThat(
            one(
                database,
                "select count(*) from item_costs where saved_by_exact_duplicates_usd > 0"))
        .isEqualTo("20");
    assertThat(
            Integer.parseInt(
                one(
                    database,
                    "select count(*) from item_costs where saved_by_near_duplicates_usd > 0")))
        .isGreaterThanOrEqualTo(15);
    assertThat(one(database, "select count(*) from item_costs where saved_by_retrieval_usd > 0"))
        .as("long documents were shortened")
        .isEqualTo("20");
    assertThat(
            Integer.parseInt(
                one(database, "select count(*) from attempts where state = 'rejected'")))
        .as("the small model errs now and then")
        .isPositive();
    assertThat(one(database, "select count(distinct tier) from attempts where state = 'succeeded'"))
        .isNotEqualTo("1");
    assertThat(one(database, "select count(*) from submissions where state <> 'collected'"))
        .isEqualTo("0");
    assertThat(one(database, "select count(*) from misses where prompt is not null"))
        .isEqualTo("0");
    assertBooksAreRight();

    TestNights.write(home, "b.jsonl", TestNights.documents(DOCUMENTS, 10));
    TestNights.run(
        TestNights.plan(task, "night-2", Optional.empty(), home + "/*.jsonl"),
        database,
        emulator,
        engine);
    assertThat(
            one(
                database,
                "select count(*) from items where run_id = 'night-2' and answered_by = 'exact_hit'"))
        .isEqualTo(Integer.toString(DOCUMENTS));
    assertThat(
            Integer.parseInt(
                one(
                    database,
                    "select count(distinct item_key) from attempts where run_id = 'night-2'")))
        .isBetween(1, 10);
    assertBooksAreRight();

    // The same night again reports itself and asks nothing.
    int billed = emulator.invoice().lines().size();
    TestNights.run(
        TestNights.plan(task, "night-2", Optional.empty(), home + "/*.jsonl"),
        database,
        emulator,
        engine);
    assertThat(emulator.invoice().lines()).hasSize(billed);
  }

  @Test
  void badInputIsDeadLetteredAndTheRestOfTheNightGoesOn() throws Exception {
    List<String> lines = new ArrayList<>(TestNights.documents(0, 10));
    lines.add("{\"id\":\"broken\",");
    lines.add("{\"id\":\"no-title\",\"text\":\"x\"}");
    lines.add("{\"id\":\"doc-3\",\"title\":\"T\",\"text\":\"a second document with this id\"}");
    TestNights.write(home, "a.jsonl", lines);
    Files.write(home.resolve("binary.jsonl"), new byte[] {0, 1, 2, 3, 0, 1, 2, 3, '\n', 0, 0});
    Files.createFile(home.resolve("empty.jsonl"));
    try (GZIPOutputStream gzip =
        new GZIPOutputStream(Files.newOutputStream(home.resolve("c.csv.gz")))) {
      gzip.write(
          "id,title,text\nc1,T,from a compressed table\n"
              .getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }
    TestNights.run(
        TestNights.plan(task, "night", Optional.empty(), home + "/*.jsonl", home + "/*.csv.gz"),
        database,
        emulator,
        TestNights.engine(EngineOptions.Engine.FLINK_LOCAL));
    assertThat(one(database, "select count(*) from items where state = 'answered'"))
        .isEqualTo("11");
    assertThat(
            one(
                database,
                "select string_agg(code, ' ' order by code) from (select distinct code from dead_letters) d"))
        .isEqualTo(
            "INPUT_DUPLICATE_ID INPUT_EMPTY INPUT_FIELD_MISSING INPUT_MALFORMED INPUT_NOT_TEXT");
    assertThat(one(database, "select reason from dead_letters where code = 'INPUT_DUPLICATE_ID'"))
        .contains("unique ids");
    assertBooksAreRight();
  }

  @Test
  void aBudgetStopsTheSpendAndTheNextNightGoesOn() throws Exception {
    Path corpus = TestNights.write(home, "a.jsonl", TestNights.documents(0, 60));
    EngineOptions engine = TestNights.engine(EngineOptions.Engine.DIRECT);
    TestNights.run(
        TestNights.plan(task, "poor", Optional.of(new BigDecimal("0.002")), corpus.toString()),
        database,
        emulator,
        engine);
    assertThat(
            Integer.parseInt(
                one(
                    database,
                    "select count(*) from items where failure_code = 'BUDGET_EXHAUSTED'")))
        .isPositive();
    assertThat(emulator.invoice().total()).isLessThanOrEqualTo(new BigDecimal("0.002"));
    assertBooksAreRight();
    TestNights.run(
        TestNights.plan(task, "rich", Optional.empty(), corpus.toString()),
        database,
        emulator,
        engine);
    assertThat(
            one(
                database,
                "select count(*) from items where run_id = 'rich' and state = 'answered'"))
        .isEqualTo("60");
    assertBooksAreRight();
  }

  @Test
  void submitAndCollectDoTheSameInPieces() throws Exception {
    Path corpus = TestNights.write(home, "a.jsonl", TestNights.documents(0, 30));
    NightPlan plan = TestNights.plan(task, "pieces", Optional.empty(), corpus.toString());
    EngineOptions engine = TestNights.engine(EngineOptions.Engine.DIRECT);
    try (Night night = TestNights.open(plan, database, emulator, engine)) {
      night.submit();
      assertThat(night.finished()).isFalse();
    }
    boolean finished = false;
    for (int i = 0; i < 600 && !finished; i++) {
      try (Night night = TestNights.open(plan, database, emulator, engine)) {
        night.collect();
        finished = night.finished();
        if (finished) {
          night.finish();
        }
      }
    }
    assertThat(finished).isTrue();
    assertBooksAreRight();
  }

  @Test
  void theKeyIsRefusedInOneLineAndNothingIsLost() throws Exception {
    Path corpus = TestNights.write(home, "a.jsonl", TestNights.documents(0, 5));
    NightPlan plan = TestNights.plan(task, "locked-out", Optional.empty(), corpus.toString());
    EngineOptions engine = TestNights.engine(EngineOptions.Engine.FLINK_LOCAL);
    try (Emulator strict =
        Emulator.in(home.resolve("strict")).speed(200).apiKey("the right one").start()) {
      assertThatThrownBy(() -> TestNights.run(plan, database, strict, engine))
          .hasMessageStartingWith("PROVIDER_KEY_REFUSED: sub_")
          .hasMessageContaining("correct the API key")
          .hasMessageNotContaining("\n");
    }
    TestNights.run(plan, database, emulator, engine); // the key is right now
    assertThat(one(database, "select count(*) from items where state = 'answered'")).isEqualTo("5");
    assertBooksAreRight();
  }

  @Test
  void aCorpusWithoutAnyDocumentAndAModelWithoutAPriceAreRefusedBeforeTheSpend() throws Exception {
    EngineOptions engine = TestNights.engine(EngineOptions.Engine.DIRECT);
    Path empty = Files.createDirectories(home.resolve("none"));
    assertThatThrownBy(
            () ->
                TestNights.run(
                    TestNights.plan(task, "x", Optional.empty(), empty + "/*.jsonl"),
                    database,
                    emulator,
                    engine))
        .hasMessageStartingWith("CORPUS_EMPTY")
        .hasMessageContaining("no file matches");
    Path corpus = TestNights.write(home, "a.jsonl", TestNights.documents(0, 1));
    Path unpriced =
        Files.writeString(
            home.resolve("unpriced.yaml"), TestNights.TASK.replace("gpt-6-luna", "gpt-7-moth"));
    assertThatThrownBy(
            () ->
                TestNights.run(
                    TestNights.plan(unpriced, "y", Optional.empty(), corpus.toString()),
                    database,
                    emulator,
                    engine))
        .hasMessageStartingWith("PRICE_MISSING: openai/gpt-7-moth");
  }

  @Test
  void theSemanticCacheLearnsItsThresholdFromNightToNightAndSaysWhatItKnows() throws Exception {
    Path learning =
        Files.writeString(
            home.resolve("learning.yaml"),
            """
            name: learning
            system: You say what this is. Answer with JSON only.
            user: "{{text}}"
            output_schema:
              type: object
              additionalProperties: false
              required: [kind, remark]
              properties:
                kind: {enum: [note]}
                remark: {type: string, maxLength: 60}
            semantic_cache: {max_error: 0.3, confidence: 0.8, shadow_share: 0.1}
            answer_equality: {fields: [kind]}
            guards: []
            tiers:
              - {name: large, provider: openai, model: gpt-6.2-sol, output_tokens_max: 600}
            """);
    for (int night = 1; night <= 3; night++) {
      Path corpus =
          TestNights.write(home, night + ".jsonl", TestNights.documents(1_000 * night, DOCUMENTS));
      TestNights.run(
          TestNights.plan(learning, "night-" + night, Optional.empty(), corpus.toString()),
          database,
          emulator,
          TestNights.engine(EngineOptions.Engine.FLINK_LOCAL));
    }
    assertThat(
            one(
                database,
                "select string_agg(run_id, ' ') from semantic_thresholds where threshold > 1"))
        .as("no evidence, then none that anything is right: the first night had no neighbours")
        .isEqualTo("night-1 night-2");
    assertThat(one(database, "select max_error from semantic_thresholds where run_id = 'night-3'"))
        .isEqualTo("0.3");
    int hits =
        Integer.parseInt(
            one(database, "select hits from semantic_cache_risk where run_id = 'night-3'"));
    assertThat(hits).isGreaterThan(50);
    assertThat(one(database, "select count(*) from items where answered_by = 'semantic_hit'"))
        .as("each hit answered its document, and the exact copies of it")
        .satisfies(items -> assertThat(Integer.parseInt(items)).isGreaterThanOrEqualTo(hits));
    assertThat(
            one(
                database,
                "select shadows > 0 and verified = shadows and wrong = 0 and observed_error_high < 1"
                    + " and saved_net_usd < saved_usd from semantic_cache_risk where run_id = 'night-3'"))
        .as("a share was asked anyway, compared, and charged against the saving")
        .isEqualTo("t");
    assertThat(one(database, "select count(*) from text_embeddings"))
        .as("a text that an earlier night embedded is not embedded again")
        .isEqualTo(one(database, "select count(distinct item_key) from semantic_lookups"));
    assertBooksAreRight();
  }
}
