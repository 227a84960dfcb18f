package dev.nightjar.cachestore.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nightjar.cachestore.AttemptMode;
import dev.nightjar.cachestore.AttemptPlan;
import dev.nightjar.cachestore.CacheHit;
import dev.nightjar.cachestore.CacheMarking;
import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.Embedding;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.Fingerprint;
import dev.nightjar.cachestore.Lease;
import dev.nightjar.cachestore.Miss;
import dev.nightjar.cachestore.Neighbour;
import dev.nightjar.cachestore.NewItem;
import dev.nightjar.cachestore.Outcome;
import dev.nightjar.cachestore.PackingLimits;
import dev.nightjar.cachestore.QueueLimits;
import dev.nightjar.cachestore.ReuseBounds;
import dev.nightjar.cachestore.Run;
import dev.nightjar.cachestore.SemanticLookup;
import dev.nightjar.cachestore.Served;
import dev.nightjar.cachestore.SubmissionStore;
import dev.nightjar.cachestore.SubmissionStore.Admission;
import dev.nightjar.cachestore.TaskVersion;
import dev.nightjar.cachestore.Usage;
import dev.nightjar.cachestore.embed.HyperplaneBands;
import dev.nightjar.cachestore.testing.MutableClock;
import dev.nightjar.cachestore.testing.TestPostgres;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;

/**
 * Stores over a database of their own, one namespace and one run a test, and what brings a text to
 * where it is needed.
 */
abstract class StoresFixture {
  static final Instant NOW = Instant.parse("2026-11-24T01:00:00Z");
  static final AtomicInteger TESTS = new AtomicInteger();
  static final PackingLimits ANY = new PackingLimits(1_000, 1 << 20, 1 << 30);
  static final QueueLimits ROOMY = new QueueLimits(100, 1_000, 1 << 30);
  static final Lease MINE = new Lease("mine", NOW.plusSeconds(60));
  static DatabaseAddress database;
  static PostgresStores stores;
  static final HyperplaneBands BANDS = new HyperplaneBands(384, 0.9);
  long namespaceId;
  String runId;
  final AtomicInteger submissionNumbers = new AtomicInteger();

  @BeforeAll
  static void open() {
    database = TestPostgres.newDatabase();
    stores = PostgresStores.open(database, 8, new MutableClock(NOW));
  }

  @AfterAll
  static void close() {
    stores.close();
  }

  @BeforeEach
  void openRun() {
    int test = TESTS.incrementAndGet();
    namespaceId = namespace("tenant-" + test);
    runId = openRun("run-" + test, "corpus-" + test, Optional.empty()).runId();
  }

  static long namespace(String tenant) {
    return stores
        .runs()
        .namespace(
            tenant,
            new TaskVersion(Fingerprint.sha256("task"), "task", "{}", "openai", "gpt-6.2-sol"),
            "model");
  }

  Run openRun(String id, String corpus, Optional<BigDecimal> budget) {
    return stores
        .runs()
        .open(Optional.of(id), namespaceId, "task", corpus, budget, NOW.plusSeconds(3_600));
  }

  String key(String name) {
    return Fingerprint.sha256(Long.toString(namespaceId), name);
  }

  /** A vector at a given cosine to the first axis, in the plane of two axes. */
  static Embedding at(double cosine, int otherAxis) {
    float[] values = new float[384];
    values[0] = (float) cosine;
    values[otherAxis] = (float) Math.sqrt(1 - cosine * cosine);
    return Embedding.of(values);
  }

  void miss(String run, String name, Optional<Embedding> embedding) {
    miss(run, name, embedding, List.of("-"));
  }

  void miss(String run, String name, Optional<Embedding> embedding, List<String> guardMarks) {
    stores
        .work()
        .recordItems(run, List.of(new NewItem("doc-" + name, key(name), "file", 1, true, 100)));
    stores
        .work()
        .recordMisses(
            run,
            List.of(
                new Miss(
                    key(name),
                    "doc-" + name,
                    embedding,
                    guardMarks,
                    embedding.map(e -> new Miss.Likeness.Cosine(BANDS.of(e))))),
            bounds(0.9));
  }

  AttemptPlan plan(String name, int number, String tier, String model) {
    return new AttemptPlan(
        "nj_" + key(name).substring(0, 40) + "_" + number,
        key(name),
        number,
        tier,
        "openai",
        model,
        AttemptMode.BATCH,
        "prompt of " + name,
        1_000,
        100,
        500,
        0,
        List.of());
  }

  AttemptPlan plan(String name, double priority, AttemptPlan.Alternative... cheaper) {
    AttemptPlan plan = plan(name, 1, "mid", "gpt-6.1-terra");
    return new AttemptPlan(
        plan.customId(),
        plan.itemKey(),
        1,
        plan.tier(),
        plan.provider(),
        plan.model(),
        plan.mode(),
        plan.prompt(),
        plan.promptTokens(),
        plan.outputTokensMax(),
        plan.requestBytes(),
        priority,
        List.of(cheaper));
  }

  String customId(String name, int number) {
    return plan(name, number, "small", "gpt-6-luna").customId();
  }

  /** Brings leaders to a submission that the provider works on. */
  String submitted(String... names) {
    for (String name : names) {
      miss(runId, name, Optional.empty());
    }
    stores.work().electLeaders(runId, 2, 2, List.of(1));
    List<AttemptPlan> plans = new ArrayList<>();
    for (String name : names) {
      plans.add(plan(name, 1, "small", "gpt-6-luna"));
    }
    planned(runId, plans);
    return inProgress(packed("small").get(0));
  }

  void planned(String run, List<AttemptPlan> plans) {
    stores.work().planAttempts(run, plans);
    stores.funding().fund(run);
  }

  List<String> packed(String tier) {
    stores.funding().fund(runId);
    return stores
        .submissions()
        .pack(
            namespaceId,
            new SubmissionStore.Unpacked(tier, AttemptMode.BATCH),
            ANY,
            CacheMarking.NONE,
            () -> "sub_" + namespaceId + "_" + submissionNumbers.incrementAndGet());
  }

  String inProgress(String submissionId) {
    assertThat(stores.submissions().claim(submissionId, MINE, NOW)).isPresent();
    assertThat(stores.submissions().begin(submissionId, "mine", true, ROOMY, "account", NOW))
        .isEqualTo(Admission.ADMITTED);
    assertThat(stores.submissions().beginCreating(submissionId, "mine", "file", NOW, NOW)).isTrue();
    assertThat(
            stores.submissions().markInProgress(submissionId, "mine", "batch_" + submissionId, NOW))
        .isTrue();
    return submissionId;
  }

  Outcome succeeded(String name, int number) {
    return new Outcome(
        customId(name, number),
        Outcome.Kind.SUCCEEDED,
        new Usage(1_000, 0, 0, 0, 50, 0),
        NOW,
        Optional.of("{\"answer\":\"" + name + "\"}"),
        Optional.empty(),
        "",
        Optional.empty());
  }

  Outcome rejected(String name, int number, Optional<AttemptPlan> next) {
    return new Outcome(
        customId(name, number),
        Outcome.Kind.REJECTED,
        new Usage(1_000, 0, 0, 0, 50, 0),
        NOW,
        Optional.empty(),
        Optional.of(ErrorCode.ANSWER_INVALID),
        "not JSON",
        next);
  }

  /** Billed, and the judging failed. */
  Outcome unjudged(String name, int number, String text) {
    return new Outcome(
        customId(name, number),
        Outcome.Kind.REJECTED,
        new Usage(1_000, 0, 0, 0, 50, 0),
        NOW,
        Optional.empty(),
        Optional.of(ErrorCode.ANSWER_UNJUDGED),
        "the judge fell over",
        Optional.empty(),
        false,
        true,
        Optional.of(text),
        Served.UNSAID);
  }

  static String one(String sql) {
    try (Connection connection = Databases.connect(database);
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      rows.next();
      return String.valueOf(rows.getString(1));
    } catch (java.sql.SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  String itemState(String name) {
    return one(
        "select state || coalesce(' by ' || answered_by, '') || coalesce(' ' || failure_code, '') from items"
            + " where run_id = '"
            + runId
            + "' and document_id = 'doc-"
            + name
            + "'");
  }

  /** Followers and semantic hits down to a cosine, by the rules of the day. */
  static ReuseBounds bounds(double similarityMin) {
    return new ReuseBounds(similarityMin, 2, "near", similarityMin, "semantic", Instant.EPOCH);
  }

  java.util.Map<String, CacheHit> exact(String name, ReuseBounds bounds) {
    return stores.cache().lookupExact(namespaceId, Set.of(key(name)), bounds);
  }

  static java.util.Map<String, List<Neighbour>> nearest(
      long namespace, java.util.Map<String, Embedding> query) {
    return stores.cache().nearest(namespace, query, 5, Instant.EPOCH);
  }

  /** Leads, is asked and is answered. */
  void answered(String name, Embedding embedding) {
    miss(runId, name, Optional.of(embedding));
    stores.work().electLeaders(runId, 2, 2, List.of());
    planned(runId, List.of(plan(name, 1, "small", "gpt-6-luna")));
    inProgress(packed("small").get(0));
    stores.settlements().settle(runId, List.of(succeeded(name, 1)));
  }

  SemanticLookup lookup(String name, String source, SemanticLookup.Decision decision) {
    return new SemanticLookup(
        key(name),
        Optional.of(new Neighbour(key(source), 0.97, "class", 0, 0, List.of())),
        0.9,
        0.8,
        0.01,
        decision,
        null,
        true,
        "policy");
  }

  static void price(String model) {
    execute(
        "insert into prices (provider, model, effective_from, input_tokens_above, input_usd, cached_input_usd,"
            + " cache_write_usd, cache_write_long_usd, output_usd, reasoning_usd, batch_input_usd, batch_cached_input_usd,"
            + " batch_cache_write_usd, batch_cache_write_long_usd, batch_output_usd, batch_reasoning_usd, source)"
            + " select provider, '"
            + model
            + "', effective_from, input_tokens_above, input_usd, cached_input_usd, cache_write_usd,"
            + " cache_write_long_usd, output_usd, reasoning_usd, batch_input_usd, batch_cached_input_usd,"
            + " batch_cache_write_usd, batch_cache_write_long_usd, batch_output_usd, batch_reasoning_usd, 'test' from prices where model = 'gpt-6-luna'");
  }

  static void execute(String sql) {
    try (Connection connection = Databases.connect(database);
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (java.sql.SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A packed submission of one attempt that nobody has begun to send. */
  String plannedSubmission(String name) {
    miss(runId, name, Optional.empty());
    stores.work().electLeaders(runId, 2, 2, List.of(1));
    planned(runId, List.of(plan(name, 1, "small", "gpt-6-luna")));
    return packed("small").get(0);
  }

  static void assertBalanced(String run) {
    assertThat(
            one(
                "select concat_ws(' ', charged_difference_usd, reserved_difference_usd,"
                    + " attributed_difference_usd, shared_difference_usd, unbalanced_items, open_items) from"
                    + " run_balance_check where run_id = '"
                    + run
                    + "'"))
        .matches("[0. ]+");
  }

  /** A document whose text gets another's answer by likeness. */
  void borrows(String run, String name, String source, double similarity) {
    stores
        .work()
        .recordItems(run, List.of(new NewItem("doc-" + name, key(name), "f", 2, true, 100)));
    stores
        .cache()
        .answerFromCache(
            run,
            List.of(new CacheHit(key(name), key(source), similarity, similarity, "semantic")),
            List.of());
  }
}
