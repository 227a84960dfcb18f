package dev.nightjar.cachestore.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.nightjar.cachestore.AttemptMode;
import dev.nightjar.cachestore.AttemptPlan;
import dev.nightjar.cachestore.BudgetStore;
import dev.nightjar.cachestore.CacheCare;
import dev.nightjar.cachestore.CacheHit;
import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.DeadLetter;
import dev.nightjar.cachestore.EmbeddedText;
import dev.nightjar.cachestore.Embedding;
import dev.nightjar.cachestore.Ending;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.Evidence;
import dev.nightjar.cachestore.Fingerprint;
import dev.nightjar.cachestore.ForecastStore;
import dev.nightjar.cachestore.FundingStore;
import dev.nightjar.cachestore.LearningStore;
import dev.nightjar.cachestore.LearntThreshold;
import dev.nightjar.cachestore.Lease;
import dev.nightjar.cachestore.Miss;
import dev.nightjar.cachestore.Neighbour;
import dev.nightjar.cachestore.NewItem;
import dev.nightjar.cachestore.OnlineRequest;
import dev.nightjar.cachestore.Outcome;
import dev.nightjar.cachestore.PackingLimits;
import dev.nightjar.cachestore.Price;
import dev.nightjar.cachestore.QueueLimits;
import dev.nightjar.cachestore.ReuseBounds;
import dev.nightjar.cachestore.Run;
import dev.nightjar.cachestore.RunProgress;
import dev.nightjar.cachestore.SemanticLookup;
import dev.nightjar.cachestore.Submission;
import dev.nightjar.cachestore.SubmissionState;
import dev.nightjar.cachestore.SubmissionStore;
import dev.nightjar.cachestore.SubmissionStore.Admission;
import dev.nightjar.cachestore.TaskVersion;
import dev.nightjar.cachestore.Usage;
import dev.nightjar.cachestore.embed.HyperplaneBands;
import dev.nightjar.cachestore.embed.ShingleSet;
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
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The ports against a real server, one namespace a test. */
class PostgresStoresTest {
  private static final Instant NOW = Instant.parse("2026-11-24T01:00:00Z");
  private static final AtomicInteger TESTS = new AtomicInteger();
  private static final PackingLimits ANY = new PackingLimits(1_000, 1 << 20, 1 << 30);
  private static final QueueLimits ROOMY = new QueueLimits(100, 1_000, 1 << 30);
  private static final Lease MINE = new Lease("mine", NOW.plusSeconds(60));

  private static DatabaseAddress database;
  private static PostgresStores stores;
  private static final HyperplaneBands BANDS = new HyperplaneBands(384, 0.9);

  private long namespaceId;
  private String runId;
  private final AtomicInteger submissionNumbers = new AtomicInteger();

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

  private static long namespace(String tenant) {
    return stores
        .runs()
        .namespace(
            tenant,
            new TaskVersion(Fingerprint.sha256("task"), "task", "{}", "openai", "gpt-6.2-sol"),
            "model");
  }

  private Run openRun(String id, String corpus, Optional<BigDecimal> budget) {
    return stores.runs().open(Optional.of(id), namespaceId, corpus, budget, NOW.plusSeconds(3_600));
  }

  private String key(String name) {
    return Fingerprint.sha256(Long.toString(namespaceId), name);
  }

  /** A vector at a given cosine to the first axis, in the plane of two axes. */
  private static Embedding at(double cosine, int otherAxis) {
    float[] values = new float[384];
    values[0] = (float) cosine;
    values[otherAxis] = (float) Math.sqrt(1 - cosine * cosine);
    return Embedding.of(values);
  }

  private void miss(String run, String name, Optional<Embedding> embedding) {
    miss(run, name, embedding, List.of("-"));
  }

  private void miss(
      String run, String name, Optional<Embedding> embedding, List<String> guardMarks) {
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

  private AttemptPlan plan(String name, int number, String tier, String model) {
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

  private String customId(String name, int number) {
    return plan(name, number, "small", "gpt-6-luna").customId();
  }

  /** Brings leaders to a submission that the provider works on. */
  private String submitted(String... names) {
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

  private void planned(String run, List<AttemptPlan> plans) {
    stores.work().planAttempts(run, plans);
    stores.funding().fund(run);
  }

  private List<String> packed(String tier) {
    stores.funding().fund(runId);
    return stores
        .submissions()
        .pack(
            namespaceId,
            new SubmissionStore.Unpacked(tier, AttemptMode.BATCH),
            ANY,
            () -> "sub_" + namespaceId + "_" + submissionNumbers.incrementAndGet());
  }

  private String inProgress(String submissionId) {
    assertThat(stores.submissions().claim(submissionId, MINE, NOW)).isPresent();
    assertThat(stores.submissions().begin(submissionId, "mine", true, ROOMY, NOW))
        .isEqualTo(Admission.ADMITTED);
    assertThat(stores.submissions().beginCreating(submissionId, "mine", "file", NOW)).isTrue();
    assertThat(
            stores.submissions().markInProgress(submissionId, "mine", "batch_" + submissionId, NOW))
        .isTrue();
    return submissionId;
  }

  private Outcome succeeded(String name, int number) {
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

  private Outcome rejected(String name, int number, Optional<AttemptPlan> next) {
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

  private static String one(String sql) {
    try (Connection connection = Migrations.connect(database);
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      rows.next();
      return String.valueOf(rows.getString(1));
    } catch (java.sql.SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private String itemState(String name) {
    return one(
        "select state || coalesce(' by ' || answered_by, '') || coalesce(' ' || failure_code, '') from items"
            + " where run_id = '"
            + runId
            + "' and document_id = 'doc-"
            + name
            + "'");
  }

  // ---- runs ----

  @Test
  void theSameCommandAgainContinuesTheOpenRun() {
    Run again = openRun(runId, "corpus-" + runId.substring(4), Optional.empty());
    assertThat(again.runId()).isEqualTo(runId);
    Run withoutId =
        stores
            .runs()
            .open(
                Optional.empty(),
                namespaceId,
                "corpus-" + runId.substring(4),
                Optional.empty(),
                NOW);
    assertThat(withoutId.runId()).isEqualTo(runId);
  }

  @Test
  void aRunIdOfAnotherCorpusIsRefused() {
    assertThatThrownBy(() -> openRun(runId, "another corpus", Optional.empty()))
        .hasMessageStartingWith("RUN_MISMATCH: " + runId);
  }

  @Test
  void aRunWithOpenItemsCannotBeFinished() {
    miss(runId, "a", Optional.empty());
    assertThatThrownBy(() -> stores.runs().finish(runId)).hasMessageContaining("open items");
  }

  @Test
  void whatTheDeadlineOvertakesFailsWithACode() {
    submitted("a");
    stores.runs().markPrepared(runId);
    assertThat(stores.runs().failOpenItems(runId, ErrorCode.DEADLINE_PASSED, "too late"))
        .isEqualTo(1);
    assertThat(itemState("a")).isEqualTo("failed DEADLINE_PASSED");
    stores.runs().finish(runId);
    // The answer that comes later is still charged, and kept for the next night.
    stores.settlements().settle(runId, List.of(succeeded("a", 1)));
    assertThat(one("select count(*) from ledger where run_id = '" + runId + "'")).isEqualTo("1");
    assertThat(exact("a", ReuseBounds.OWN_ANSWERS)).hasSize(1);
  }

  @Test
  void whatNobodyWaitsForAnyMoreIsNotSentAndNotAskedAgain() {
    submitted("a");
    miss(runId, "b", Optional.empty());
    stores.work().electLeaders(runId, 2, 2, List.of(1));
    planned(runId, List.of(plan("b", 1, "small", "gpt-6-luna")));
    stores.runs().markPrepared(runId);
    stores.runs().failOpenItems(runId, ErrorCode.DEADLINE_PASSED, "too late");
    assertThat(packed("small")).as("b was withdrawn").isEmpty();
    AttemptPlan next = plan("a", 2, "mid", "gpt-6.1-terra");
    stores.settlements().settle(runId, List.of(rejected("a", 1, Optional.of(next))));
    assertThat(stores.submissions().unpacked(namespaceId)).as("a is not escalated").isEmpty();
    stores.runs().finish(runId);
    assertBalanced(runId);
  }

  @Test
  void aRunWhoseInputWasNotReadToTheEndCannotBeFinished() {
    assertThatThrownBy(() -> stores.runs().finish(runId)).hasMessageContaining("was not read");
  }

  @Test
  void continuingARunWithoutABudgetKeepsItsBudgetAndAnotherIdIsRefused() {
    String corpus = "budgeted-" + runId;
    Run first =
        stores.runs().open(Optional.empty(), namespaceId, corpus, Optional.of(BigDecimal.ONE), NOW);
    assertThat(
            stores
                .runs()
                .open(Optional.empty(), namespaceId, corpus, Optional.empty(), NOW)
                .budgetUsd())
        .hasValueSatisfying(budget -> assertThat(budget).isEqualByComparingTo("1"));
    assertThat(openRun(first.runId(), corpus, Optional.of(BigDecimal.TEN)).budgetUsd())
        .hasValueSatisfying(budget -> assertThat(budget).isEqualByComparingTo("10"));
    assertThatThrownBy(() -> openRun("another-" + runId, corpus, Optional.empty()))
        .hasMessageStartingWith("RUN_MISMATCH: another-" + runId)
        .hasMessageContaining(first.runId());
  }

  @Test
  void aStrandedLeaderTakesItsFollowersWithIt() {
    miss(runId, "a", Optional.of(at(1, 1)));
    miss(runId, "b", Optional.of(at(0.995, 2)));
    stores.work().electLeaders(runId, 0.98, 2, List.of(1));
    stores.runs().markPrepared(runId);
    assertThat(itemState("a")).isEqualTo("failed INPUT_CHANGED");
    assertThat(itemState("b")).isEqualTo("failed INPUT_CHANGED");
    String other = openRun(runId + "-other", "other", Optional.empty()).runId();
    miss(other, "a", Optional.empty());
    miss(other, "b", Optional.empty());
    stores.work().electLeaders(other, 2, 2, List.of(1));
    assertThat(stores.work().leadersToPlan(other, List.of(key("a"), key("b")))).hasSize(2);
  }

  @Test
  void aFollowerOfALeaderThatADeadRunNeverAskedStandsForItself() {
    miss(runId, "a", Optional.of(at(1, 1)));
    miss(runId, "b", Optional.of(at(0.995, 2)));
    stores.work().electLeaders(runId, 0.98, 2, List.of(1)); // and then its process died
    String follower =
        stores.work().leadersToPlan(runId, List.of(key("a"), key("b"))).containsKey(key("a"))
            ? "b"
            : "a";
    String other = openRun(runId + "-other", "other", Optional.empty()).runId();
    miss(other, follower, Optional.of(at(0.995, 2)));
    stores.work().electLeaders(other, 0.98, 2, List.of(1));
    assertThat(stores.work().leadersToPlan(other, List.of(key(follower)))).hasSize(1);
  }

  @Test
  void aDocumentThatBeginsToWaitWhileItsLeaderIsSettledIsAnsweredToo() throws Exception {
    submitted("a");
    String other = openRun(runId + "-other", "other", Optional.empty()).runId();
    stores.work().recordItems(other, List.of(new NewItem("doc-a", key("a"), "f", 1, true, 100)));
    Thread settling =
        new Thread(() -> stores.settlements().settle(runId, List.of(succeeded("a", 1))));
    Thread waiting =
        new Thread(
            () ->
                stores
                    .work()
                    .recordMisses(
                        other,
                        List.of(
                            new Miss(
                                key("a"), "doc-a", Optional.empty(), List.of(), Optional.empty())),
                        ReuseBounds.OWN_ANSWERS));
    // Both begin while the miss is held, so that they meet in it whichever comes first.
    try (Connection holder = Migrations.connect(database);
        Statement statement = holder.createStatement()) {
      holder.setAutoCommit(false);
      statement.execute("select 1 from misses where item_key = '" + key("a") + "' for update");
      settling.start();
      waiting.start();
      while (!one("select count(*) from pg_locks where not granted").equals("2")) {
        Thread.onSpinWait();
      }
      holder.commit();
    }
    settling.join();
    waiting.join();
    assertThat(stores.runs().progress(other).open()).isZero();
  }

  @Test
  void aDocumentThatVanishedWhileTheRunWasInterruptedFailsInsteadOfWaitingForEver() {
    miss(runId, "gone", Optional.empty());
    stores.work().electLeaders(runId, 2, 2, List.of(1));
    stores.runs().markPrepared(runId);
    assertThat(itemState("gone")).isEqualTo("failed INPUT_CHANGED");
  }

  // ---- settling ----

  @Test
  void aResultThatIsCollectedTwiceIsChargedOnce() {
    submitted("a");
    assertThat(stores.settlements().settle(runId, List.of(succeeded("a", 1)))).isEqualTo(1);
    assertThat(stores.settlements().settle(runId, List.of(succeeded("a", 1)))).isZero();
    assertThat(one("select count(*) from ledger where run_id = '" + runId + "'")).isEqualTo("1");
    // 1,000 input tokens at 0.05 and 50 output tokens at 0.25 USD a million.
    assertThat(new BigDecimal(one("select charged_usd from runs where run_id = '" + runId + "'")))
        .isEqualByComparingTo("0.0000625");
    assertThat(new BigDecimal(one("select reserved_usd from runs where run_id = '" + runId + "'")))
        .isEqualByComparingTo("0");
    assertThat(itemState("a")).isEqualTo("answered by model");
  }

  @Test
  void aRejectedAnswerIsChargedAndAskedAgainOneTierUp() {
    submitted("a");
    AttemptPlan next = plan("a", 2, "mid", "gpt-6.1-terra");
    stores.settlements().settle(runId, List.of(rejected("a", 1, Optional.of(next))));
    assertThat(itemState("a")).isEqualTo("waiting");
    assertThat(stores.submissions().unpacked(namespaceId)).as("it waits for money").isEmpty();
    stores.funding().fund(runId);
    assertThat(stores.submissions().unpacked(namespaceId))
        .containsExactly(new SubmissionStore.Unpacked("mid", AttemptMode.BATCH));
    inProgress(packed("mid").get(0));
    stores.settlements().settle(runId, List.of(succeeded("a", 2)));
    assertThat(itemState("a")).isEqualTo("answered by model");
    assertThat(one("select count(*) from ledger where run_id = '" + runId + "'")).isEqualTo("2");
  }

  @Test
  void aRejectedAnswerWithoutAnotherTierFailsWithItsReasonAndIsNotCached() {
    submitted("a");
    stores.settlements().settle(runId, List.of(rejected("a", 1, Optional.empty())));
    assertThat(itemState("a")).isEqualTo("failed ANSWER_INVALID");
    assertThat(exact("a", ReuseBounds.OWN_ANSWERS)).isEmpty();
  }

  @Test
  void retryingOneFailedDocumentCostsExactlyOneAttempt() {
    submitted("a", "b");
    stores
        .settlements()
        .settle(runId, List.of(succeeded("a", 1), rejected("b", 1, Optional.empty())));
    String second = openRun(runId + "-again", "again", Optional.empty()).runId();
    for (String name : List.of("a", "b")) {
      stores
          .work()
          .recordItems(second, List.of(new NewItem("doc-" + name, key(name), "f", 1, true, 100)));
    }
    var hits =
        stores
            .cache()
            .lookupExact(namespaceId, Set.of(key("a"), key("b")), ReuseBounds.OWN_ANSWERS);
    stores.cache().answerFromCache(second, List.copyOf(hits.values()), List.of());
    stores
        .work()
        .recordMisses(
            second,
            List.of(new Miss(key("b"), "doc-b", Optional.empty(), List.of(), Optional.empty())),
            ReuseBounds.OWN_ANSWERS);
    stores.work().electLeaders(second, 2, 2, List.of(1));
    assertThat(stores.work().leadersToPlan(second, List.of(key("a"), key("b"))))
        .hasSize(1)
        .hasEntrySatisfying(key("b"), leader -> assertThat(leader.attemptNumber()).isEqualTo(2));
  }

  @Test
  void aModelWithoutAPriceIsRefusedBeforeAnythingIsPlanned() {
    miss(runId, "a", Optional.empty());
    stores.work().electLeaders(runId, 2, 2, List.of(1));
    assertThatThrownBy(
            () ->
                stores
                    .work()
                    .planAttempts(runId, List.of(plan("a", 1, "small", "gpt-nobody-sells"))))
        .hasMessageStartingWith("PRICE_MISSING: openai/gpt-nobody-sells");
    assertThat(one("select count(*) from attempts where run_id = '" + runId + "'")).isEqualTo("0");
  }

  @Test
  void aRequestThatExceedsTheSizeBandIsPricedWhollyByTheDearerRow() {
    submitted("a");
    Outcome large =
        new Outcome(
            customId("a", 1),
            Outcome.Kind.SUCCEEDED,
            new Usage(272_001, 0, 0, 0, 0, 0),
            NOW,
            Optional.of("{\"a\":1}"),
            Optional.empty(),
            "",
            Optional.empty());
    stores.settlements().settle(runId, List.of(large));
    assertThat(new BigDecimal(one("select total_usd from ledger where run_id = '" + runId + "'")))
        .isEqualByComparingTo("0.0272001"); // 272,001 at 0.10, not at 0.05
  }

  // ---- budget ----

  @Test
  void whatTheBudgetDoesNotCoverFailsAndNothingOfItIsSent() {
    String poor = openRun(runId + "-poor", "poor", Optional.of(new BigDecimal("0.00015"))).runId();
    for (String name : List.of("a", "b", "c")) {
      miss(poor, name, Optional.empty());
    }
    stores.work().electLeaders(poor, 2, 2, List.of(1));
    stores
        .work()
        .planAttempts(
            poor,
            List.of(
                plan("a", 1, "small", "gpt-6-luna"),
                plan("b", 1, "small", "gpt-6-luna"),
                plan("c", 1, "small", "gpt-6-luna")));
    // Worst case of each: 500 bytes and 256 at 0.0625 and 100 at 0.25 USD a million = 0.00007225.
    assertThat(stores.funding().fund(poor))
        .satisfies(
            round -> {
              assertThat(round.funded()).isEqualTo(2);
              assertThat(round.left()).isEqualTo(1);
              assertThat(round.heldUsd()).as("may come free").isZero();
            });
    assertThat(
            one(
                "select count(*) from attempts where run_id = '"
                    + poor
                    + "' and state = 'planned'"))
        .isEqualTo("2");
    assertThat(stores.funding().defer(poor)).isEqualTo(1);
    assertThat(one("select count(*) from attempts where run_id = '" + poor + "'")).isEqualTo("2");
    assertThat(
            one(
                "select failure_reason from items where run_id = '"
                    + poor
                    + "' and state = 'failed'"))
        .contains("0.00007225 USD")
        .contains("0.0000055 USD that are left of the run's budget of 0.00015 USD");
    assertThat(
            one(
                "select failure_code from items where run_id = '"
                    + poor
                    + "' and state = 'failed'"))
        .isEqualTo("BUDGET_EXHAUSTED");
    assertThat(new BigDecimal(one("select reserved_usd from runs where run_id = '" + poor + "'")))
        .isEqualByComparingTo("0.0001445");
  }

  private AttemptPlan plan(String name, double priority, AttemptPlan.Alternative... cheaper) {
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

  private String fundedOf(String run) {
    return one(
        "select string_agg(i.document_id || ' ' || a.tier || coalesce(' from ' || a.downgraded_from, ''), ', ' order by i.document_id)"
            + " from attempts a join items i on i.item_key = a.item_key and i.run_id = a.run_id"
            + " where a.state = 'planned' and a.run_id = '"
            + run
            + "'");
  }

  // Worst case of one request at gpt-6.1-terra: 756 bytes at 1.25, the long write, and 100 tokens
  // at 2.5 USD a million = 0.001195.
  @Test
  void whenMoneyIsShortPriorityGoesFirstThenWhatMostDocumentsWaitFor() {
    String poor = openRun(runId + "-poor", "poor", Optional.of(new BigDecimal("0.0025"))).runId();
    for (String name : List.of("a", "b", "c", "d")) {
      miss(poor, name, Optional.empty());
    }
    stores
        .work()
        .recordItems(poor, List.of(new NewItem("copy-of-c", key("c"), "f", 9, false, 100)));
    execute(
        "update items set state = 'waiting', leader_key = item_key where document_id = 'copy-of-c' and run_id = '"
            + poor
            + "'");
    stores.work().electLeaders(poor, 2, 2, List.of(1));
    stores
        .work()
        .planAttempts(poor, List.of(plan("a", 0), plan("b", 1.5), plan("c", 0), plan("d", 0)));
    assertThat(stores.funding().fund(poor).funded()).isEqualTo(2);
    assertThat(fundedOf(poor)).isEqualTo("copy-of-c mid, doc-b mid, doc-c mid");

    // What comes free is given to the next, and what nothing can free is left.
    inProgress(packedOf(poor, "mid"));
    stores.settlements().settle(poor, List.of(succeeded("b", 1), succeeded("c", 1)));
    FundingStore.Round second = stores.funding().fund(poor);
    assertThat(second.funded()).isEqualTo(1);
    assertThat(second.left()).isEqualTo(1);
    assertThat(stores.funding().fund(poor).mayGoOn()).as("one is in flight").isTrue();
  }

  private String packedOf(String run, String tier) {
    return stores
        .submissions()
        .pack(
            namespaceId,
            new SubmissionStore.Unpacked(tier, AttemptMode.BATCH),
            ANY,
            () -> "sub_" + run + "_" + submissionNumbers.incrementAndGet())
        .get(0);
  }

  @Test
  void aRequestIsNotSentToACheaperModelThatDoesNotTakeItsLength() {
    String poor = openRun(runId + "-poor", "poor", Optional.of(new BigDecimal("0.0005"))).runId();
    miss(poor, "a", Optional.empty());
    stores.work().electLeaders(poor, 2, 2, List.of(1));
    AttemptPlan asked =
        plan(
            "a",
            1,
            new AttemptPlan.Alternative(
                "small", "openai", "gpt-6-luna", AttemptMode.BATCH, 100, 500));
    stores
        .work()
        .planAttempts(
            poor,
            List.of(
                new AttemptPlan(
                    asked.customId(),
                    asked.itemKey(),
                    1,
                    asked.tier(),
                    asked.provider(),
                    asked.model(),
                    asked.mode(),
                    asked.prompt(),
                    10_000_000,
                    asked.outputTokensMax(),
                    asked.requestBytes(),
                    1,
                    asked.cheaper())));
    assertThat(stores.funding().fund(poor).left()).isEqualTo(1);
  }

  @Test
  void whatDoesNotFitIsAskedAtACheaperTierIfItsTaskSaysSo() {
    String poor = openRun(runId + "-poor", "poor", Optional.of(new BigDecimal("0.0014"))).runId();
    for (String name : List.of("a", "b", "c")) {
      miss(poor, name, Optional.empty());
    }
    stores.work().electLeaders(poor, 2, 2, List.of(1));
    AttemptPlan.Alternative small =
        new AttemptPlan.Alternative("small", "openai", "gpt-6-luna", AttemptMode.BATCH, 100, 500);
    stores
        .work()
        .planAttempts(poor, List.of(plan("a", 3, small), plan("b", 2, small), plan("c", 1)));
    assertThat(stores.funding().fund(poor))
        .satisfies(
            round -> {
              assertThat(round.funded()).isEqualTo(2);
              assertThat(round.downgraded()).isEqualTo(1);
              assertThat(round.left()).isEqualTo(1);
            });
    assertThat(fundedOf(poor)).isEqualTo("doc-a mid, doc-b small from mid");
  }

  @Test
  void aTenantsBudgetCountsAllItsRunsOfThePeriodAndWhatIsInFlight() {
    String tenant = one("select tenant from namespaces where namespace_id = " + namespaceId);
    stores.budgets().set(tenant, "task", BudgetStore.Period.DAY, new BigDecimal("0.0014"));
    for (String name : List.of("a", "b")) {
      miss(runId, name, Optional.empty());
    }
    stores.work().electLeaders(runId, 2, 2, List.of(1));
    stores.work().planAttempts(runId, List.of(plan("a", 0), plan("b", 0)));
    assertThat(stores.funding().fund(runId).funded()).isEqualTo(1);

    String second = openRun("second-" + runId, "second-" + runId, Optional.empty()).runId();
    miss(second, "c", Optional.empty());
    stores.work().electLeaders(second, 2, 2, List.of(1));
    stores.work().planAttempts(second, List.of(plan("c", 0)));
    FundingStore.Round round = stores.funding().fund(second);
    assertThat(round.funded()).as("the first run holds it").isZero();
    assertThat(round.mayGoOn()).as("and may give it back").isTrue();
    assertThat(stores.budgets().remove(tenant, "task", BudgetStore.Period.DAY)).isTrue();
    assertThat(stores.funding().fund(second).funded()).isEqualTo(1);
  }

  private String beginPlan() {
    return stores
        .forecasts()
        .begin(namespaceId, "corpus", NOW.plusSeconds(60), NOW.plusSeconds(90))
        .runId();
  }

  @Test
  void aPlanTakesNoRequestThatWaitsToBeSent() {
    miss(runId, "a", Optional.empty());
    stores.work().electLeaders(runId, 2, 2, List.of(1));
    stores.work().planAttempts(runId, List.of(plan("a", 1)));
    execute("update runs set alive_until = null where run_id = '" + runId + "'"); // submitted
    String plan = beginPlan();
    miss(plan, "a", Optional.empty());
    assertThat(stores.forecasts().reuse(plan))
        .as("said, not priced as a copy")
        .containsOnlyKeys(ForecastStore.Outcome.ELSEWHERE);
    stores.forecasts().discard(plan);
    assertThat(
            one(
                "select m.run_id || ' ' || m.state || ' ' || m.prompt || ' ' || a.state from misses m join attempts a using (item_key) where m.item_key = '"
                    + key("a")
                    + "'"))
        .isEqualTo(runId + " leader prompt of a unfunded");
    assertThat(stores.funding().fund(runId).funded()).isEqualTo(1);
  }

  @Test
  void aPlanPricesNothingThatANightHasTakenOverAndLeavesWhatThatAsks() {
    String plan = beginPlan();
    miss(plan, "a", Optional.empty());
    miss(plan, "b", Optional.empty());
    stores.work().electLeaders(plan, 2, 2, List.of(1));
    stores.work().planAttempts(plan, List.of(plan("b", 1)));
    miss(runId, "a", Optional.empty());
    miss(runId, "b", Optional.empty());
    stores.work().planAttempts(plan, List.of(plan("a", 1)));
    assertThat(one("select count(*) from attempts where item_key = '" + key("a") + "'"))
        .isEqualTo("0");
    stores.work().planAttempts(runId, List.of(plan("a", 1), plan("b", 1)));
    // As if the plan had come last.
    execute("update misses set run_id = '" + plan + "' where item_key = '" + key("b") + "'");
    stores.forecasts().discard(plan);
    assertThat(
            one(
                "select string_agg(m.state || ' ' || m.prompt, ', ' order by m.prompt) from misses m where m.run_id = '"
                    + runId
                    + "'"))
        .isEqualTo("leader prompt of a, leader prompt of b");
    assertThat(stores.funding().fund(runId).funded()).isEqualTo(2);
  }

  @Test
  void anElectionLeavesWhatAnotherRunHasTakenOverSinceItWasRead() throws Exception {
    String plan = beginPlan();
    miss(plan, "a", Optional.empty());
    ExecutorService electing = Executors.newSingleThreadExecutor();
    try (Connection night = stores.dataSource().getConnection();
        Statement statement = night.createStatement()) {
      night.setAutoCommit(false);
      statement.execute(
          "update misses set run_id = '" + runId + "' where item_key = '" + key("a") + "'");
      Future<?> election =
          electing.submit(() -> stores.work().electLeaders(plan, 2, 2, List.of(1)));
      while (one("select count(*) from pg_locks where not granted").equals("0")) {
        Thread.onSpinWait(); // it has read the candidate, and wants its row
      }
      night.commit();
      election.get();
    } finally {
      electing.shutdown();
    }
    assertThat(one("select run_id || ' ' || state from misses where item_key = '" + key("a") + "'"))
        .isEqualTo(runId + " candidate");
    stores.forecasts().discard(plan);
  }

  @Test
  void aPlanHoldsNothingAgainstARunAndGoesWithoutATrace() {
    String plan = beginPlan();
    miss(plan, "a", Optional.of(at(1, 1)));
    miss(plan, "b", Optional.of(at(0.99, 1)));
    stores.work().electLeaders(plan, 0.9, 2, List.of());
    stores.work().planAttempts(plan, List.of(plan("a", 1), plan("b", 1)));
    assertThat(stores.forecasts().worstCaseUsd(plan)).isPositive();

    miss(runId, "a", Optional.of(at(1, 1)));
    assertThat(one("select run_id from misses where item_key = '" + key("a") + "'"))
        .as("taken over at once")
        .isEqualTo(runId);
    // As if the run had been given a leader of the plan while that elected.
    execute(
        "update misses set state = 'follower', leader_key = '"
            + key("b")
            + "' where item_key = '"
            + key("a")
            + "'");
    execute(
        "update misses set state = 'leader', leader_key = item_key, run_id = '"
            + plan
            + "' where item_key = '"
            + key("b")
            + "'");
    stores.forecasts().discard(plan);
    assertThat(one("select state from misses where item_key = '" + key("a") + "'"))
        .isEqualTo("candidate");
    assertThat(one("select count(*) from misses where item_key = '" + key("b") + "'"))
        .isEqualTo("0");
    assertThat(one("select count(*) from runs where run_id = '" + plan + "'")).isEqualTo("0");
    stores.forecasts().discard(runId); // is no plan
    assertThat(one("select count(*) from runs where run_id = '" + runId + "'")).isEqualTo("1");
  }

  @Test
  void theIdOfAPlanIsNoNightsAndAPlanThatNobodyDrivesIsRemoved() {
    String plan = beginPlan();
    assertThatThrownBy(() -> openRun(plan, "corpus", Optional.empty()))
        .hasMessageContaining("for a plan");
    assertThatThrownBy(this::beginPlan)
        .as("both would claim the same documents")
        .hasMessageStartingWith("RUN_MISMATCH: " + plan);
    stores.forecasts().discardAbandoned();
    assertThat(one("select count(*) from runs where run_id = '" + plan + "'")).isEqualTo("1");
    execute("update runs set alive_until = '2026-11-23Z' where run_id = '" + plan + "'");
    stores.forecasts().discardAbandoned();
    assertThat(one("select count(*) from runs where run_id = '" + plan + "'")).isEqualTo("0");
  }

  @Test
  void aRunWithoutMoneyFailsItsOwnDocumentsAndNotThoseOfWhoWaitsForIt() {
    String poor = openRun(runId + "-poor", "poor", Optional.of(BigDecimal.ZERO)).runId();
    stores.runs().keepAlive(poor, NOW.plusSeconds(60));
    miss(poor, "a", Optional.empty());
    stores.work().electLeaders(poor, 2, 2, List.of(1));
    stores.work().planAttempts(poor, List.of(plan("a", 0)));
    miss(runId, "a", Optional.empty());
    assertThat(one("select state from items where run_id = '" + runId + "'")).isEqualTo("waiting");
    assertThat(stores.funding().fund(poor).mayGoOn()).isFalse();
    assertThat(stores.funding().defer(poor)).isEqualTo(1);
    assertThat(one("select failure_code from items where run_id = '" + poor + "'"))
        .isEqualTo("BUDGET_EXHAUSTED");
    assertThat(stores.work().reclaim(runId)).as("it asks itself").isEqualTo(1);
  }

  @Test
  void whatAGoneRunLeftWithoutMoneyIsAdoptedAndPaidByWhoWaitsForIt() {
    String gone = openRun(runId + "-gone", "gone", Optional.of(new BigDecimal("0.00008"))).runId();
    stores.runs().keepAlive(gone, NOW.plusSeconds(1));
    miss(gone, "a", Optional.empty());
    stores.work().electLeaders(gone, 2, 2, List.of(1));
    planned(gone, List.of(plan("a", 1, "small", "gpt-6-luna")));
    String id = inProgress(packedOf(gone, "small"));
    miss(runId, "a", Optional.empty());
    stores
        .settlements()
        .settle(gone, List.of(rejected("a", 1, Optional.of(plan("a", 2, "mid", "gpt-6.1-terra")))));
    assertThat(stores.funding().fund(gone).left()).isEqualTo(1);
    execute("update runs set alive_until = null where run_id = '" + gone + "'");
    assertThat(stores.funding().fund(runId).funded()).isEqualTo(1);
    inProgress(packedOf(runId, "mid"));
    stores.settlements().settle(runId, List.of(succeeded("a", 2)));
    assertThat(id).isNotEmpty();
    for (String run : List.of(gone, runId)) {
      stores.runs().markPrepared(run);
      stores.runs().finish(run);
    }
    stores.runs().postFinished(namespaceId);
    assertBalanced(gone);
    assertBalanced(runId);
  }

  // ---- the books ----

  @Test
  void theBooksOfAFinishedRunArePostedSharedAndTakenBackByALateCharge() {
    submitted("a", "b");
    stores.settlements().settle(runId, List.of(succeeded("a", 1)));
    stores.runs().markPrepared(runId);
    stores.runs().failOpenItems(runId, ErrorCode.DEADLINE_PASSED, "late");
    stores.runs().finish(runId);
    assertThat(
            one(
                "select attributed_usd from item_costs where document_id = 'doc-a' and run_id = '"
                    + runId
                    + "'"))
        .as("not shared yet")
        .isEqualTo("null");
    stores.runs().postFinished(namespaceId);
    assertThat(
            new BigDecimal(
                one("select sum(attributed_usd) from item_costs where run_id = '" + runId + "'")))
        .isEqualByComparingTo("0.0000625");
    stores.settlements().settle(runId, List.of(succeeded("b", 1)));
    assertThat(one("select posted_at from runs where run_id = '" + runId + "'")).isEqualTo("null");
    assertThat(
            new BigDecimal(
                one("select actual_usd from cost_by_run where run_id = '" + runId + "'")))
        .isEqualByComparingTo("0.000125");
    stores.runs().postFinished(namespaceId);
    stores.runs().postFinished(namespaceId);
    assertThat(one("select count(*) from posted_item_costs where run_id = '" + runId + "'"))
        .isEqualTo("2");
    assertBalanced(runId);
  }

  @Test
  void aPriceThatChangesAtMidnightIsChargedByWhenTheProviderBilled() {
    String model = "gpt-of-" + runId;
    price(model);
    Instant midnight = Instant.parse("2026-11-25T00:00:00Z");
    Price old =
        stores.prices().list(Optional.empty()).stream()
            .filter(price -> price.model().equals(model) && price.inputTokensAbove() == 0)
            .findFirst()
            .orElseThrow();
    stores
        .prices()
        .add(
            List.of(
                new Price(
                    "openai",
                    model,
                    midnight,
                    0,
                    old.online().times(BigDecimal.TEN),
                    old.batch().times(BigDecimal.TEN),
                    BigDecimal.ZERO,
                    java.util.OptionalInt.empty(),
                    java.util.OptionalInt.empty(),
                    java.util.OptionalInt.empty(),
                    "test")));
    for (String name : List.of("a", "b")) {
      miss(runId, name, Optional.empty());
    }
    stores.work().electLeaders(runId, 2, 2, List.of(1));
    planned(runId, List.of(plan("a", 1, "small", model), plan("b", 1, "small", model)));
    inProgress(packed("small").get(0));
    stores
        .settlements()
        .settle(runId, List.of(billedAt("a", midnight.minusMillis(1)), billedAt("b", midnight)));
    assertThat(
            one(
                "select string_agg(trim_scale(total_usd)::text, ' ' order by billed_at) from ledger where run_id = '"
                    + runId
                    + "'"))
        .isEqualTo("0.0000625 0.000625");
    assertThatThrownBy(() -> stores.prices().add(List.of(changed(old))))
        .hasMessageStartingWith("PRICE_IN_USE: openai/" + model);
  }

  private static Price changed(Price price) {
    return new Price(
        price.provider(),
        price.model(),
        price.effectiveFrom(),
        price.inputTokensAbove(),
        price.online().times(BigDecimal.TEN),
        price.batch(),
        price.cacheStorageUsdHour(),
        price.cacheableTokensMin(),
        price.contextTokensMax(),
        price.outputTokensMax(),
        "changed");
  }

  private Outcome billedAt(String name, Instant billedAt) {
    Outcome outcome = succeeded(name, 1);
    return new Outcome(
        outcome.customId(),
        outcome.kind(),
        outcome.usage(),
        billedAt,
        outcome.answerJson(),
        outcome.code(),
        outcome.reason(),
        outcome.next());
  }

  @Test
  void oneAttemptHasOneChargeInWhicheverMonth() {
    submitted("a");
    stores.settlements().settle(runId, List.of(succeeded("a", 1)));
    assertThatThrownBy(
            () ->
                execute(
                    "select add_month('ledger', '2027-01-05'); insert into ledger (custom_id, run_id, item_key, submission_id,"
                        + " provider, model, tier, price_id, billed_at, input_tokens, cached_input_tokens, cache_write_tokens,"
                        + " cache_write_long_tokens, output_tokens, reasoning_tokens, input_usd, cached_input_usd, cache_write_usd,"
                        + " output_usd, reasoning_usd) select custom_id, run_id, item_key, submission_id, provider, model, tier, price_id,"
                        + " timestamptz '2027-01-05', input_tokens, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 from ledger where run_id = '"
                        + runId
                        + "'"))
        .hasMessageContaining("ledger_attempt_fkey");
  }

  @Test
  void planningTwiceReservesOnce() {
    miss(runId, "a", Optional.empty());
    stores.work().electLeaders(runId, 2, 2, List.of(1));
    List<AttemptPlan> plans = List.of(plan("a", 1, "small", "gpt-6-luna"));
    planned(runId, plans);
    planned(runId, plans);
    assertThat(new BigDecimal(one("select reserved_usd from runs where run_id = '" + runId + "'")))
        .isEqualByComparingTo("0.00007225");
  }

  // ---- cache ----

  @Test
  void anAnswerIsFoundByLikenessOnlyWithinItsNamespace() {
    miss(runId, "a", Optional.of(at(1, 1)));
    stores.work().electLeaders(runId, 2, 2, List.of(1));
    planned(runId, List.of(plan("a", 1, "small", "gpt-6-luna")));
    inProgress(packed("small").get(0));
    stores.settlements().settle(runId, List.of(succeeded("a", 1)));
    var query = java.util.Map.of("q", at(0.97, 2));
    assertThat(nearest(namespaceId, query).get("q"))
        .singleElement()
        .satisfies(
            neighbour -> {
              assertThat(neighbour.itemKey()).isEqualTo(key("a"));
              assertThat(neighbour.similarity()).isCloseTo(0.97, within(1e-6));
              assertThat(neighbour.answerClass()).as("a class of its own").isEqualTo(key("a"));
              assertThat(neighbour.guardMarks()).containsExactly("-");
            });
    assertThat(nearest(namespace("someone else"), query)).isEmpty();
    assertThat(stores.cache().lookupExact(namespace("someone else"), Set.of(key("a")), bounds(0)))
        .isEmpty();
  }

  @Test
  void aBorrowedAnswerHitsExactlyNextTimeUnlessTheThresholdWasRaised() {
    submitted("a");
    stores.settlements().settle(runId, List.of(succeeded("a", 1)));
    stores.work().recordItems(runId, List.of(new NewItem("doc-b", key("b"), "f", 2, true, 100)));
    stores
        .cache()
        .answerFromCache(
            runId, List.of(new CacheHit(key("b"), key("a"), 0.96, 0.96, "semantic")), List.of());
    assertThat(itemState("b")).isEqualTo("answered by semantic_hit");
    assertThat(exact("b", bounds(0.95))).hasSize(1);
    assertThat(exact("b", bounds(0.97))).isEmpty();
  }

  /** Followers and semantic hits down to a cosine, by the rules of the day. */
  private static ReuseBounds bounds(double similarityMin) {
    return new ReuseBounds(similarityMin, 2, "near", similarityMin, "semantic", Instant.EPOCH);
  }

  private java.util.Map<String, CacheHit> exact(String name, ReuseBounds bounds) {
    return stores.cache().lookupExact(namespaceId, Set.of(key(name)), bounds);
  }

  private static java.util.Map<String, List<Neighbour>> nearest(
      long namespace, java.util.Map<String, Embedding> query) {
    return stores.cache().nearest(namespace, query, 5, Instant.EPOCH);
  }

  /** Leads, is asked and is answered. */
  private void answered(String name, Embedding embedding) {
    miss(runId, name, Optional.of(embedding));
    stores.work().electLeaders(runId, 2, 2, List.of());
    planned(runId, List.of(plan(name, 1, "small", "gpt-6-luna")));
    inProgress(packed("small").get(0));
    stores.settlements().settle(runId, List.of(succeeded(name, 1)));
  }

  private SemanticLookup lookup(String name, String source, SemanticLookup.Decision decision) {
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

  @Test
  void manyNeighboursComeNearestFirst() {
    answered("a", at(0.9, 1));
    answered("b", at(0.99, 2));
    answered("c", at(0.5, 3));
    assertThat(nearest(namespaceId, java.util.Map.of("q", at(1, 1), "r", at(0.5, 3))))
        .satisfies(
            found -> {
              assertThat(found.get("q"))
                  .extracting(Neighbour::itemKey)
                  .containsExactly(key("b"), key("a"), key("c"));
              assertThat(found.get("r").get(0).itemKey()).isEqualTo(key("c"));
            });
  }

  @Test
  void anExpiredEntryIsFoundNeitherExactlyNorByLikenessAndIsAskedAgain() {
    answered("a", at(1, 1));
    ReuseBounds young = new ReuseBounds(2, 2, "", 2, "", NOW.plusSeconds(1));
    assertThat(exact("a", young)).isEmpty();
    assertThat(
            stores
                .cache()
                .nearest(namespaceId, java.util.Map.of("q", at(1, 1)), 5, young.writtenAfter()))
        .isEmpty();
    String next = openRun("again-" + runId, "again-" + runId, Optional.empty()).runId();
    stores.work().recordItems(next, List.of(new NewItem("d", key("a"), "f", 1, true, 100)));
    stores
        .work()
        .recordMisses(
            next,
            List.of(new Miss(key("a"), "d", Optional.empty(), List.of(), Optional.empty())),
            young);
    stores.work().electLeaders(next, 2, 2, List.of());
    assertThat(stores.work().leadersToPlan(next, List.of(key("a"))).get(key("a")).attemptNumber())
        .isEqualTo(2);
  }

  @Test
  void anAnswerBorrowedAtALearntThresholdIsKeptOnlyWhileTheThresholdAllows() {
    answered("a", at(1, 1));
    stores.work().recordItems(runId, List.of(new NewItem("doc-b", key("b"), "f", 2, true, 100)));
    stores
        .cache()
        .answerFromCache(
            runId,
            List.of(new CacheHit(key("b"), key("a"), 0.7, 0.9, "semantic")),
            List.of(lookup("b", "a", SemanticLookup.Decision.HIT)));
    assertThat(itemState("b")).isEqualTo("answered by semantic_hit");
    assertThat(exact("b", new ReuseBounds(0.5, 2, "near", 0.95, "semantic", Instant.EPOCH)))
        .as("the vote is too low, whatever the cosine")
        .isEmpty();
    assertThat(exact("b", new ReuseBounds(2, 2, "near", 0.9, "semantic", Instant.EPOCH)))
        .hasSize(1);
    assertThat(exact("b", new ReuseBounds(2, 2, "near", 0.9, "other guards", Instant.EPOCH)))
        .as("other rules let it in")
        .isEmpty();
    assertThat(
            one(
                "select count(*) from cache_entries a join cache_entries b using (created_at) where a.item_key = '"
                    + key("a")
                    + "' and b.item_key = '"
                    + key("b")
                    + "'"))
        .as("a borrowed answer is as old as its source, so that it expires with it")
        .isEqualTo("1");
  }

  @Test
  void anEntryForgottenBetweenLookUpAndUseAnswersNothing() {
    answered("a", at(1, 1));
    String next = openRun("next-" + runId, "next-" + runId, Optional.empty()).runId();
    stores.work().recordItems(next, List.of(new NewItem("d", key("a"), "f", 1, true, 100)));
    var hits = exact("a", ReuseBounds.OWN_ANSWERS);
    assertThat(stores.cacheCare().forget(selection(Optional.of("$.answer == \"zzz\"")), false))
        .isZero();
    assertThat(stores.cacheCare().forget(selection(Optional.empty()), false)).isEqualTo(1);
    assertThat(stores.cache().answerFromCache(next, List.copyOf(hits.values()), List.of()))
        .isEmpty();
  }

  private CacheCare.Selection selection(Optional<String> predicate) {
    return new CacheCare.Selection(
        one("select tenant from namespaces where namespace_id = " + namespaceId),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        predicate);
  }

  @Test
  void whatIsLentWhileItsSourceIsForgottenIsForgottenToo() throws Exception {
    answered("a", at(1, 1));
    stores.work().recordItems(runId, List.of(new NewItem("doc-b", key("b"), "f", 2, true, 100)));
    List<CacheHit> hits = List.of(new CacheHit(key("b"), key("a"), 0.96, 0.96, "semantic"));
    ExecutorService forgetting = Executors.newSingleThreadExecutor();
    try {
      Future<Long> forgotten =
          org.jooq
              .impl
              .DSL
              .using(stores.dataSource(), org.jooq.SQLDialect.POSTGRES)
              .transactionResult(
                  lending -> {
                    PostgresCacheStore.answer(lending.dsl(), new MutableClock(NOW), runId, hits);
                    Future<Long> running =
                        forgetting.submit(
                            () -> stores.cacheCare().forget(selection(Optional.empty()), false));
                    while (one("select count(*) from pg_locks where not granted").equals("0")) {
                      Thread.onSpinWait(); // it wants the source, and has not seen the copy
                    }
                    return running;
                  });
      assertThat(forgotten.get()).isEqualTo(2);
    } finally {
      forgetting.shutdown();
    }
    assertThat(one("select count(*) from cache_entries where namespace_id = " + namespaceId))
        .isEqualTo("0");
  }

  @Test
  void answersOfAModelAreForgottenBorrowedAndImportedOnesAmongThem() throws Exception {
    answered("a", at(1, 1));
    stores.work().recordItems(runId, List.of(new NewItem("doc-b", key("b"), "f", 2, true, 100)));
    stores
        .cache()
        .answerFromCache(
            runId, List.of(new CacheHit(key("b"), key("a"), 0.96, 0.96, "semantic")), List.of());
    CacheCare.Selection all = selection(Optional.empty());
    java.io.StringWriter exported = new java.io.StringWriter();
    stores.cacheCare().export(all.tenant(), exported);
    String elsewhere = exported.toString().replace(key("a"), key("x")).replace(key("b"), key("y"));
    assertThat(
            stores
                .cacheCare()
                .importFrom(new java.io.BufferedReader(new java.io.StringReader(elsewhere))))
        .isEqualTo(2);
    assertThat(stores.cacheCare().forget(of(all, "gpt-6.2-sol"), false)).isZero();
    assertThat(stores.cacheCare().forget(of(all, "gpt-6-luna"), true)).isEqualTo(4);
    assertThat(stores.cacheCare().forget(of(all, "gpt-6-luna"), false)).isEqualTo(4);
  }

  private static CacheCare.Selection of(CacheCare.Selection all, String model) {
    return new CacheCare.Selection(
        all.tenant(), all.task(), Optional.of(model), all.writtenBefore(), all.answerPredicate());
  }

  @Test
  void aBorrowedAnswerThatNobodyUsedAgainGoesBeforeItsSource() {
    // Of equals the one with the larger key would go.
    boolean isLarger = key("a").compareTo(key("b")) > 0;
    String source = isLarger ? "a" : "b";
    String borrower = isLarger ? "b" : "a";
    answered(source, at(1, 1));
    String next = openRun("next-" + runId, "next-" + runId, Optional.empty()).runId();
    stores.work().recordItems(next, List.of(new NewItem("d", key(borrower), "f", 1, true, 100)));
    stores
        .cache()
        .answerFromCache(
            next,
            List.of(new CacheHit(key(borrower), key(source), 0.96, 0.96, "semantic")),
            List.of());
    long bytes =
        Long.parseLong(
            one(
                "select sum(pg_column_size(c.*)) from cache_entries c where namespace_id = "
                    + namespaceId));
    assertThat(stores.cacheCare().evict(namespaceId, Instant.EPOCH, Optional.of(bytes - 1)))
        .isEqualTo(1);
    assertThat(one("select item_key from cache_entries where namespace_id = " + namespaceId))
        .isEqualTo(key(source));
  }

  @Test
  void whatSavesLeastAnHourGoesFirstAndWhatHasExpiredBeforeThat() {
    answered("used", at(1, 1));
    answered("unused", at(0.5, 2));
    String next = openRun("next-" + runId, "next-" + runId, Optional.empty()).runId();
    stores.work().recordItems(next, List.of(new NewItem("d", key("used"), "f", 1, true, 100)));
    stores
        .cache()
        .answerFromCache(next, List.of(CacheHit.exact(key("used"), key("used"), 1)), List.of());
    long bytes =
        Long.parseLong(
            one(
                "select sum(pg_column_size(c.*)) from cache_entries c where namespace_id = "
                    + namespaceId));
    assertThat(stores.cacheCare().evict(namespaceId, Instant.EPOCH, Optional.of(bytes))).isZero();
    assertThat(stores.cacheCare().evict(namespaceId, Instant.EPOCH, Optional.of(bytes - 1)))
        .isEqualTo(1);
    assertThat(one("select item_key from cache_entries where namespace_id = " + namespaceId))
        .isEqualTo(key("used"));
    assertThat(stores.cacheCare().evict(namespaceId, NOW, Optional.empty())).isEqualTo(1);
  }

  @Test
  void whatMustNotBeInACacheIsFound() {
    answered("a", at(1, 1));
    answered("b", at(0.9, 2));
    String tenant = one("select tenant from namespaces where namespace_id = " + namespaceId);
    assertThat(stores.cacheCare().defects(tenant, 10)).isEmpty();
    assertThat(stores.cacheCare().recallAtOne(tenant, 10)).contains(1.0);
    assertThatThrownBy(
            () ->
                execute(
                    "update cache_entries set answer = '{}' where item_key = '" + key("a") + "'"))
        .as("no answer at all cannot even be stored")
        .hasMessageContaining("cache_entries_answer_is_not_empty");
    execute("update cache_entries set answer = '7' where item_key = '" + key("a") + "'");
    execute(
        "update cache_entries set embedding = embedding + embedding where item_key = '"
            + key("b")
            + "'");
    assertThat(stores.cacheCare().defects(tenant, 10))
        .extracting(CacheCare.Defect::what)
        .containsExactlyInAnyOrder("its answer is empty", "its vector is not of unit length");
  }

  // ---- learning ----

  @Test
  void whatWasBorrowedIsNoEvidenceForTheEntryItWasBorrowedFrom() {
    answered("a", at(1, 1));
    stores.work().recordItems(runId, List.of(new NewItem("doc-b", key("b"), "f", 2, true, 100)));
    stores
        .cache()
        .answerFromCache(
            runId, List.of(new CacheHit(key("b"), key("a"), 0.96, 0.96, "semantic")), List.of());
    String next = openRun("again-" + runId, "again-" + runId, Optional.empty()).runId();
    // Its rules have changed: what they let in is withdrawn, and the text is looked up anew.
    stores
        .cache()
        .answerFromCache(
            next, List.of(), List.of(lookup("b", "a", SemanticLookup.Decision.SHADOW)));
    assertThat(stores.learning().comparisons(namespaceId, "policy", 10)).isEmpty();
    miss(next, "b", Optional.of(at(0.97, 2)));
    stores.work().electLeaders(next, 2, 2, List.of());
    planned(next, List.of(plan("b", 1, "small", "gpt-6-luna")));
    inProgress(packed("small").get(0));
    stores.settlements().settle(next, List.of(succeeded("b", 1)));
    assertThat(stores.learning().comparisons(namespaceId, "policy", 10)).hasSize(1);
  }

  @Test
  void aSemanticHitDeliversTheNeighboursAnswerEvenIfAnOldOneOfItsOwnIsThere() {
    answered("a", at(1, 1));
    answered("b", at(0.97, 2));
    String next = openRun("again-" + runId, "again-" + runId, Optional.empty()).runId();
    stores.work().recordItems(next, List.of(new NewItem("doc-b", key("b"), "f", 2, true, 100)));
    stores
        .cache()
        .answerFromCache(
            next, List.of(new CacheHit(key("b"), key("a"), 0.97, 0.97, "semantic")), List.of());
    assertThat(one("select answer ->> 'answer' from results where run_id = '" + next + "'"))
        .isEqualTo("a");
  }

  @Test
  void aShadowIsComparedOnceAndCountsForItsNeighbour() {
    answered("a", at(1, 1));
    SemanticLookup shadow = lookup("b", "a", SemanticLookup.Decision.SHADOW);
    stores.cache().answerFromCache(runId, List.of(), List.of(shadow));
    assertThat(stores.learning().comparisons(namespaceId, "policy", 10))
        .as("not answered yet")
        .isEmpty();
    answered("b", at(0.97, 2));
    assertThat(stores.learning().unclassified(namespaceId, 10)).hasSize(2);
    stores.learning().classify(java.util.Map.of(key("a"), "x:1", key("b"), "x:1"));
    assertThat(stores.learning().unclassified(namespaceId, 10)).isEmpty();
    stores.learning().declassify(namespaceId, "x:");
    assertThat(stores.learning().unclassified(namespaceId, 10)).isEmpty();

    List<LearningStore.Comparison> open = stores.learning().comparisons(namespaceId, "policy", 10);
    assertThat(open)
        .singleElement()
        .satisfies(
            comparison -> {
              assertThat(comparison.answerJson()).contains("b");
              assertThat(comparison.neighbourAnswerJson()).contains("a");
            });
    List<LearningStore.Verdict> verdicts =
        List.of(new LearningStore.Verdict(runId, key("b"), false));
    stores.learning().record(verdicts);
    stores.learning().record(verdicts);
    assertThat(stores.learning().comparisons(namespaceId, "policy", 10)).isEmpty();
    assertThat(evidence("policy", 0.25)).containsExactly(new Evidence(0.9f, 2, false));
    assertThat(evidence("another policy", 0.25)).isEmpty();
    stores
        .learning()
        .recordThreshold(
            namespaceId, runId, new LearntThreshold(0.8, "policy", 0.25, 0.5, null, 1, 0, false));
    assertThat(evidence("policy", 0.25))
        .as("a hit, by the bound of its own run")
        .containsExactly(new Evidence(0.9f, 0.8f, false));
    assertThat(evidence("policy", 0.125))
        .as("under another bound no hit, so that no drift is seen in it")
        .containsExactly(new Evidence(0.9f, 2, false));
    assertThat(nearest(namespaceId, java.util.Map.of("q", at(1, 1))).get("q").get(0).contradicted())
        .as("counted once")
        .isEqualTo(1);
    stores.learning().declassify(namespaceId, "y:");
    assertThat(nearest(namespaceId, java.util.Map.of("q", at(1, 1))).get("q").get(0))
        .satisfies(
            neighbour -> {
              assertThat(neighbour.answerClass())
                  .as("another way of comparing knows no classes yet")
                  .isEqualTo(key("a"));
              assertThat(neighbour.contradicted()).as("nor what this one counted").isZero();
            });
  }

  private List<Evidence> evidence(String policy, double maxError) {
    List<Evidence> all = new ArrayList<>();
    stores.learning().evidence(namespaceId, policy, maxError, all::add);
    return all;
  }

  @Test
  void copiesOfATextThatShareAPaidAnswerAreOneOutcome() {
    answered("a", at(1, 1));
    miss(runId, "b", Optional.of(at(0.9, 2)));
    miss(runId, "c", Optional.of(at(0.9, 2)));
    for (String name : List.of("b", "c")) {
      stores
          .cache()
          .answerFromCache(
              runId, List.of(), List.of(lookup(name, "a", SemanticLookup.Decision.MISS)));
    }
    stores.work().electLeaders(runId, 0.98, 2, List.of());
    String leader = stores.work().leadersToPlan(runId, List.of(key("b"))).isEmpty() ? "c" : "b";
    planned(runId, List.of(plan(leader, 1, "small", "gpt-6-luna")));
    inProgress(packed("small").get(0));
    stores.settlements().settle(runId, List.of(succeeded(leader, 1)));
    assertThat(stores.learning().comparisons(namespaceId, "policy", 10))
        .extracting(LearningStore.Comparison::itemKey)
        .containsExactly(key(leader));
    stores.learning().close(runId);
    assertThat(stores.learning().comparisons(namespaceId, "policy", 10)).isEmpty();
  }

  @Test
  void anAnswerThatTwoRunsWaitedForIsOneOutcomeAndOnlyOfItsOwnRules() {
    answered("a", at(1, 1));
    String next = openRun("again-" + runId, "again-" + runId, Optional.empty()).runId();
    SemanticLookup lookup = lookup("b", "a", SemanticLookup.Decision.MISS);
    stores.cache().answerFromCache(runId, List.of(), List.of(lookup));
    stores.cache().answerFromCache(next, List.of(), List.of(lookup));
    answered("b", at(0.97, 2));
    assertThat(stores.learning().comparisons(namespaceId, "another policy", 10)).isEmpty();
    assertThat(stores.learning().comparisons(namespaceId, "policy", 10))
        .extracting(LearningStore.Comparison::runId)
        .containsExactly(next);
    stores.learning().record(List.of(new LearningStore.Verdict(next, key("b"), true)));
    assertThat(stores.learning().comparisons(namespaceId, "policy", 10)).isEmpty();
    assertThat(evidence("policy", 0.25)).hasSize(1);
  }

  @Test
  void theFirstDecisionOnATextInARunStands() {
    answered("a", at(1, 1));
    stores
        .cache()
        .answerFromCache(
            runId, List.of(), List.of(lookup("b", "a", SemanticLookup.Decision.SHADOW)));
    stores
        .cache()
        .answerFromCache(runId, List.of(), List.of(lookup("b", "a", SemanticLookup.Decision.MISS)));
    assertThat(one("select decision from semantic_lookups where item_key = '" + key("b") + "'"))
        .isEqualTo("shadow");
  }

  @Test
  void aRunKeepsTheThresholdItBeganWith() {
    LearntThreshold first = new LearntThreshold(0.75, "policy", 0.25, 0.5, null, 1, 10, false);
    stores.learning().recordThreshold(namespaceId, runId, first);
    stores
        .learning()
        .recordThreshold(
            namespaceId, runId, new LearntThreshold(0.5, "policy", 0.25, 0.5, 0.125, 1, 20, true));
    assertThat(stores.learning().threshold(namespaceId, runId)).contains(first);
    assertThat(stores.learning().threshold(namespaceId, "another")).isEmpty();
    LearntThreshold stricter = new LearntThreshold(2, "policy", 0.125, 0.5, null, 1, 10, false);
    stores.learning().recordThreshold(namespaceId, runId, stricter);
    assertThat(stores.learning().threshold(namespaceId, runId))
        .as("unless somebody asks for another error")
        .contains(stricter);
  }

  // ---- embeddings ----

  @Test
  void aVectorIsFoundAgainByItsContentBitForBitButNotByAnotherTenantOrModel() {
    String hash = Fingerprint.sha256("text");
    EmbeddedText embedded = new EmbeddedText(Optional.of(at(0.123456789, 7)), 3);
    stores.embeddings().save(namespaceId, java.util.Map.of(hash, embedded));
    stores
        .embeddings()
        .save(namespaceId, java.util.Map.of(hash, new EmbeddedText(Optional.empty(), 1)));
    assertThat(stores.embeddings().find(namespaceId, Set.of(hash, Fingerprint.sha256("other"))))
        .containsExactly(java.util.Map.entry(hash, embedded));
    assertThat(stores.embeddings().find(namespace("someone else"), Set.of(hash))).isEmpty();
  }

  // ---- followers ----

  @Test
  void followersGetTheirLeadersAnswerAndNothingIsAskedForThem() {
    miss(runId, "a", Optional.of(at(1, 1)));
    miss(runId, "b", Optional.of(at(0.995, 2)));
    stores.work().electLeaders(runId, 0.98, 2, List.of(1));
    var leaders = stores.work().leadersToPlan(runId, List.of(key("a"), key("b")));
    assertThat(leaders).hasSize(1);
    String leader = leaders.containsKey(key("a")) ? "a" : "b";
    String follower = leader.equals("a") ? "b" : "a";
    planned(runId, List.of(plan(leader, 1, "small", "gpt-6-luna")));
    inProgress(packed("small").get(0));
    stores.settlements().settle(runId, List.of(succeeded(leader, 1)));
    assertThat(itemState(leader)).isEqualTo("answered by model");
    assertThat(itemState(follower)).isEqualTo("answered by leader");
    assertThat(exact(follower, bounds(0.98))).hasSize(1);
  }

  /** More than are decided at a time, so that most find their leader among those decided before. */
  @Test
  void ofManyCopiesTheFirstByKeyLeadsAndTheOthersFollowIt() {
    List<NewItem> items = new ArrayList<>();
    List<Miss> misses = new ArrayList<>();
    for (int i = 0; i < 1_200; i++) {
      String name = "copy " + i;
      Embedding embedding = at(0, 1 + i % 7);
      items.add(new NewItem("doc " + i, key(name), "f", i, true, 100));
      misses.add(
          new Miss(
              key(name),
              "doc " + i,
              Optional.of(embedding),
              List.of("-"),
              Optional.of(new Miss.Likeness.Cosine(BANDS.of(embedding)))));
    }
    stores.work().recordItems(runId, items);
    stores.work().recordMisses(runId, misses, bounds(0.9));
    stores.work().electLeaders(runId, 0.9, 2, List.of(1));
    assertThat(
            one(
                """
                select count(*) || ' led by ' || count(distinct m.leader_key)
                from misses m
                join (
                    select embedding, min(item_key) as first
                    from misses
                    where run_id = '%1$s'
                    group by embedding) f on f.embedding = m.embedding and f.first = m.leader_key
                where m.run_id = '%1$s'
                """
                    .formatted(runId)))
        .isEqualTo("1200 led by 7");
  }

  @Test
  void textsThatAGuardTellsApartDoNotFollowEachOther() {
    miss(runId, "a", Optional.of(at(1, 1)), List.of("7", "x"));
    miss(runId, "b", Optional.of(at(0.995, 2)), List.of("8", "x"));
    miss(runId, "c", Optional.of(at(0.995, 3)), List.of("7", "y"));
    stores.work().electLeaders(runId, 0.98, 2, List.of(1));
    List<String> leaders =
        List.copyOf(
            stores.work().leadersToPlan(runId, List.of(key("a"), key("b"), key("c"))).keySet());
    assertThat(leaders).as("b, and one of a and c").hasSize(2).contains(key("b"));
  }

  @Test
  void longTextsFollowByTheirShinglesAndNeverAShortOne() {
    String text = "the quick brown fox jumps over the lazy dog and runs into the deep forest ";
    String longer = text.repeat(3) + "where nobody has ever seen it again";
    java.util.Map<String, String> texts =
        java.util.Map.of("a", longer, "b", longer + " today", "c", "entirely different words here");
    texts.forEach(
        (name, words) -> {
          stores
              .work()
              .recordItems(
                  runId, List.of(new NewItem("doc-" + name, key(name), "f", 1, true, 100)));
          stores
              .work()
              .recordMisses(
                  runId,
                  List.of(
                      new Miss(
                          key(name),
                          "doc-" + name,
                          Optional.of(at(1, 1)),
                          List.of("-"),
                          Optional.of(new Miss.Likeness.Jaccard(ShingleSet.of(words))))),
                  ReuseBounds.OWN_ANSWERS);
        });
    miss(runId, "short", Optional.of(at(1, 1)));
    stores.work().electLeaders(runId, 0.98, 0.8, List.of(1));
    String leader = key("a").compareTo(key("b")) < 0 ? key("a") : key("b");
    assertThat(
            stores
                .work()
                .leadersToPlan(runId, List.of(key("a"), key("b"), key("c"), key("short")))
                .keySet())
        .containsExactlyInAnyOrder(leader, key("c"), key("short"));
    String follower = leader.equals(key("a")) ? key("b") : key("a");
    assertThat(
            Double.parseDouble(
                one("select similarity from misses where item_key = '" + follower + "'")))
        .as("the exact Jaccard similarity")
        .isCloseTo(
            ShingleSet.of(texts.get("a")).jaccard(ShingleSet.of(texts.get("b"))), within(1e-6));
  }

  @Test
  void followersOfALeaderThatFailsFailToo() {
    miss(runId, "a", Optional.of(at(1, 1)));
    miss(runId, "b", Optional.of(at(0.995, 2)));
    stores.work().electLeaders(runId, 0.98, 2, List.of(1));
    String leader =
        stores.work().leadersToPlan(runId, List.of(key("a"), key("b"))).containsKey(key("a"))
            ? "a"
            : "b";
    planned(runId, List.of(plan(leader, 1, "small", "gpt-6-luna")));
    inProgress(packed("small").get(0));
    stores.settlements().settle(runId, List.of(rejected(leader, 1, Optional.empty())));
    assertThat(itemState("a")).isEqualTo("failed ANSWER_INVALID");
    assertThat(itemState("b")).isEqualTo("failed ANSWER_INVALID");
  }

  // ---- two runs ----

  @Test
  void aTextThatAnotherRunHasInFlightIsWaitedForAndNotAskedAgain() {
    submitted("a");
    String other = openRun(runId + "-other", "other", Optional.empty()).runId();
    miss(other, "a", Optional.empty());
    stores.work().electLeaders(other, 2, 2, List.of(1));
    assertThat(stores.work().leadersToPlan(other, List.of(key("a")))).isEmpty();
    stores.settlements().settle(runId, List.of(succeeded("a", 1)));
    RunProgress progress = stores.runs().progress(other);
    assertThat(progress.open()).isZero();
    assertThat(one("select answered_by from items where run_id = '" + other + "'"))
        .isEqualTo("leader");
  }

  @Test
  void whatADeadRunLeftUnaskedIsTakenOver() {
    miss(runId, "a", Optional.empty());
    stores.work().electLeaders(runId, 2, 2, List.of(1)); // and then its process died
    String other = openRun(runId + "-other", "other", Optional.empty()).runId();
    miss(other, "a", Optional.empty());
    stores.work().electLeaders(other, 2, 2, List.of(1));
    assertThat(stores.work().leadersToPlan(other, List.of(key("a")))).hasSize(1);
    planned(other, List.of(plan("a", 1, "small", "gpt-6-luna")));
    inProgress(packed("small").get(0));
    stores.settlements().settle(other, List.of(succeeded("a", 1)));
    assertThat(itemState("a")).isEqualTo("answered by leader");
    assertThat(one("select answered_by from items where run_id = '" + other + "'"))
        .isEqualTo("model");
    for (String run : List.of(runId, other)) {
      stores.runs().markPrepared(run);
      stores.runs().finish(run);
    }
    assertBalanced(runId);
    assertBalanced(other);
  }

  // ---- submissions ----

  @Test
  void packingRespectsBothLimitsAndPutsEachAttemptInOneSubmission() {
    for (int i = 0; i < 7; i++) {
      miss(runId, "d" + i, Optional.empty());
    }
    stores.work().electLeaders(runId, 2, 2, List.of(1));
    List<AttemptPlan> plans = new ArrayList<>();
    for (int i = 0; i < 7; i++) {
      plans.add(plan("d" + i, 1, "small", "gpt-6-luna"));
    }
    planned(runId, plans);
    List<String> ids =
        stores
            .submissions()
            .pack(
                namespaceId,
                new SubmissionStore.Unpacked("small", AttemptMode.BATCH),
                new PackingLimits(3, 2 * 501, 1 << 30), // 500 bytes and a line end each
                () -> "sub_" + namespaceId + "_" + submissionNumbers.incrementAndGet());
    assertThat(ids).hasSize(4);
    List<Submission> open = stores.submissions().open(namespaceId);
    assertThat(open).extracting(Submission::requests).containsExactlyInAnyOrder(2, 2, 2, 1);
    assertThat(open).allSatisfy(s -> assertThat(s.requestBytes()).isLessThanOrEqualTo(2 * 501));
    assertThat(packed("small")).isEmpty();
  }

  @Test
  void packingRespectsAQuotaThatTheProviderHasTaught() {
    for (int i = 0; i < 4; i++) {
      miss(runId, "q" + i, Optional.empty());
    }
    stores.work().electLeaders(runId, 2, 2, List.of(1));
    List<AttemptPlan> plans = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      plans.add(plan("q" + i, 1, "small", "gpt-of-" + runId));
    }
    price("gpt-of-" + runId);
    planned(runId, plans);
    stores
        .submissions()
        .learnQuota(
            "openai", "gpt-of-" + runId, Optional.of(2_500L), NOW, NOW); // 1,000 tokens each
    assertThat(packed("small")).hasSize(2);
  }

  private static void price(String model) {
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

  private static void execute(String sql) {
    try (Connection connection = Migrations.connect(database);
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (java.sql.SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A packed submission of one attempt that nobody has begun to send. */
  private String plannedSubmission(String name) {
    miss(runId, name, Optional.empty());
    stores.work().electLeaders(runId, 2, 2, List.of(1));
    planned(runId, List.of(plan(name, 1, "small", "gpt-6-luna")));
    return packed("small").get(0);
  }

  private SubmissionState state(String submissionId) {
    return stores.submissions().find(submissionId).orElseThrow().state();
  }

  @Test
  void everyTransitionThatIsNotInTheTableIsImpossible() {
    Set<String> legal = new java.util.HashSet<>();
    for (String pair :
        one("select string_agg(from_state || '>' || to_state, ' ') from submission_transitions")
            .split(" ")) {
      legal.add(pair);
    }
    int refused = 0;
    for (SubmissionState from : SubmissionState.values()) {
      for (SubmissionState to : SubmissionState.values()) {
        if (from == to) {
          continue;
        }
        String id = "sub_" + namespaceId + "_" + from.label() + "_" + to.label();
        // A row in any state, as if it had come there legally.
        execute(
            "alter table submissions disable trigger submissions_record_transition;"
                + " insert into submissions (submission_id, namespace_id, run_id, provider, model, tier, state,"
                + " requests, request_bytes, planned_at, provider_batch_id, ending, failure_code) select '"
                + id
                + "', namespace_id, run_id, 'openai', 'm', 't', '"
                + from.label()
                + "', 1, 1, now(), '"
                + id
                + "', 'completed', 'X' from runs where run_id = '"
                + runId
                + "'; alter table submissions enable trigger submissions_record_transition");
        String change =
            "update submissions set state = '"
                + to.label()
                + "' where submission_id = '"
                + id
                + "'";
        if (legal.contains(from.label() + ">" + to.label())) {
          execute(change);
        } else {
          assertThatThrownBy(() -> execute(change))
              .as(from + " to " + to)
              .hasMessageContaining("submissions_transition_is_legal");
          refused++;
        }
      }
    }
    assertThat(refused).isEqualTo(9 * 8 - (legal.size() - 1)); // all but 'new' to 'planned'
    execute("delete from submissions where submission_id like 'sub_" + namespaceId + "_%_%'");
  }

  @Test
  void aSubmissionIsBornPlannedAndNotOtherwise() {
    assertThatThrownBy(
            () ->
                execute(
                    "insert into submissions (submission_id, namespace_id, run_id, provider, model, tier, state,"
                        + " requests, request_bytes, planned_at, provider_batch_id) select 'sub_born', namespace_id,"
                        + " run_id, 'openai', 'm', 't', 'in_progress', 1, 1, now(), 'b' from runs limit 1"))
        .hasMessageContaining("submissions_transition_is_legal");
  }

  @Test
  void aTransitionFromAnotherStateOrByAnotherOwnerIsRefused() {
    String id = submitted("a");
    SubmissionStore submissions = stores.submissions();
    assertThat(submissions.begin(id, "mine", true, ROOMY, NOW)).isEqualTo(Admission.LOST);
    assertThat(submissions.beginCreating(id, "mine", "file", NOW)).isFalse();
    assertThat(submissions.markInProgress(id, "mine", "other", NOW)).isFalse();
    assertThat(submissions.giveBack(id, "mine", NOW, true)).isFalse();
    assertThat(submissions.refuse(id, "mine", ErrorCode.PROVIDER_REFUSED, "x")).isFalse();
    assertThat(submissions.withdraw(id, ErrorCode.DEADLINE_PASSED, "x")).isFalse();
    assertThat(submissions.markEnded(id, "another", Ending.COMPLETED, "", NOW)).isFalse();
    assertThat(submissions.markEnded(id, "mine", Ending.COMPLETED, "", NOW)).isTrue();
    assertThat(submissions.markEnded(id, "mine", Ending.COMPLETED, "", NOW)).isFalse();
  }

  @Test
  void aSubmissionWithOpenAttemptsCannotBeClosed() {
    String id = submitted("a");
    stores.submissions().markEnded(id, "mine", Ending.EXPIRED, "", NOW);
    assertThat(stores.submissions().close(id, "mine", NOW)).as("an attempt is open").isFalse();
    stores.settlements().settle(runId, List.of(succeeded("a", 1)));
    assertThat(stores.submissions().close(id, "another", NOW)).isFalse();
    assertThat(stores.submissions().close(id, "mine", NOW)).isTrue();
    assertThat(state(id)).isEqualTo(SubmissionState.EXPIRED);
    assertThat(stores.submissions().find(id).orElseThrow().lease()).isEmpty();
  }

  @Test
  void aLeaseKeepsOthersOutUntilItIsOverAndTheOldOwnerIsThenPowerless() {
    String id = plannedSubmission("a");
    SubmissionStore submissions = stores.submissions();
    assertThat(submissions.claim(id, MINE, NOW)).isPresent();
    Lease theirs = new Lease("theirs", NOW.plusSeconds(120));
    assertThat(submissions.claim(id, theirs, NOW.plusSeconds(59))).isEmpty();
    assertThat(submissions.renew(id, new Lease("mine", NOW.plusSeconds(90)))).isTrue();
    assertThat(submissions.claim(id, theirs, NOW.plusSeconds(61))).isEmpty();
    assertThat(submissions.claim(id, theirs, NOW.plusSeconds(90))).isPresent();
    assertThat(submissions.renew(id, MINE)).isFalse();
    assertThat(submissions.begin(id, "mine", true, ROOMY, NOW)).isEqualTo(Admission.LOST);
    submissions.release(id, "mine"); // not its to release
    assertThat(submissions.find(id).orElseThrow().lease()).contains(theirs);
    submissions.release(id, "theirs");
    assertThat(submissions.find(id).orElseThrow().lease()).isEmpty();
  }

  @Test
  void aSubmissionWaitsForRoomInTheQueueAndGoesWhenThereIsSome() {
    String first = submitted("a"); // 1,000 tokens at the provider
    String second = plannedSubmission("b");
    SubmissionStore submissions = stores.submissions();
    submissions.claim(second, MINE, NOW);
    // Other tests of this class have submissions at this provider, hence the model of its own.
    execute("update submissions set provider = 'p" + runId + "' where run_id = '" + runId + "'");
    for (QueueLimits full :
        List.of(
            new QueueLimits(1, 1_000, 1 << 30),
            new QueueLimits(100, 1, 1 << 30),
            new QueueLimits(100, 1_000, 1_999))) {
      assertThat(submissions.begin(second, "mine", true, full, NOW)).isEqualTo(Admission.NO_ROOM);
    }
    submissions.learnQuota("p" + runId, "gpt-6-luna", Optional.of(1_500L), NOW, NOW);
    assertThat(submissions.begin(second, "mine", true, ROOMY, NOW)).isEqualTo(Admission.NO_ROOM);
    submissions.markEnded(first, "mine", Ending.COMPLETED, "", NOW);
    submissions.learnQuota("p" + runId, "gpt-6-luna", Optional.empty(), NOW.plusSeconds(60), NOW);
    QueueLimits enough = new QueueLimits(1, 2, 1_999);
    assertThat(submissions.begin(second, "mine", true, enough, NOW)).isEqualTo(Admission.NO_ROOM);
    assertThat(submissions.begin(second, "mine", true, enough, NOW.plusSeconds(60)))
        .isEqualTo(Admission.ADMITTED);
  }

  @Test
  void aSubmissionThatNobodyWaitsForIsWithdrawnInsteadOfSent() {
    String id = plannedSubmission("a");
    stores.submissions().claim(id, MINE, NOW);
    execute(
        "update items set state = 'failed', failure_code = 'X', settled_at = now() where run_id = '"
            + runId
            + "'");
    assertThat(stores.submissions().begin(id, "mine", true, ROOMY, NOW))
        .isEqualTo(Admission.UNWANTED);
    assertThat(state(id)).isEqualTo(SubmissionState.CANCELLED);
    stores.runs().markPrepared(runId);
    stores.runs().finish(runId);
    assertBalanced(runId);
  }

  @Test
  void aRefusedSubmissionFailsItsDocumentsAndCanBeReopened() {
    String id = plannedSubmission("a");
    stores.submissions().claim(id, MINE, NOW);
    stores.submissions().begin(id, "mine", true, ROOMY, NOW);
    assertThat(stores.submissions().refuse(id, "mine", ErrorCode.PROVIDER_REFUSED, "413")).isTrue();
    assertThat(itemState("a")).isEqualTo("failed PROVIDER_REFUSED");
    stores.runs().markPrepared(runId);
    stores.runs().finish(runId);
    assertBalanced(runId);
    assertThat(stores.submissions().reopen(id)).isEqualTo(1);
    assertThat(itemState("a")).isEqualTo("new");
    miss(runId, "a", Optional.empty());
    stores.work().electLeaders(runId, 2, 2, List.of(1));
    assertThat(stores.work().leadersToPlan(runId, List.of(key("a"))).get(key("a")).attemptNumber())
        .as("a custom id is never used twice")
        .isEqualTo(2);
  }

  @Test
  void aBatchIdThatAnotherSubmissionHasIsRefusedInOneLine() {
    String first = submitted("a");
    String second = plannedSubmission("b");
    stores.submissions().claim(second, MINE, NOW);
    stores.submissions().begin(second, "mine", false, ROOMY, NOW);
    assertThatThrownBy(
            () -> stores.submissions().markInProgress(second, "mine", "batch_" + first, NOW))
        .hasMessageStartingWith("PROVIDER_MISMATCH: " + second)
        .hasMessageNotContaining("\n");
  }

  @Test
  void uploadsThatNothingWillReadAreOrphans() {
    String used = plannedSubmission("a");
    SubmissionStore submissions = stores.submissions();
    submissions.claim(used, MINE, NOW);
    submissions.begin(used, "mine", true, ROOMY, NOW);
    assertThat(submissions.orphans(java.util.Map.of("file-1", used), NOW))
        .as("an upload under way")
        .isEmpty();
    assertThat(submissions.orphans(java.util.Map.of("file-1", used), NOW.plusSeconds(61)))
        .as("its worker is gone")
        .containsExactly("file-1");
    submissions.beginCreating(used, "mine", "file-2", NOW);
    assertThat(
            submissions.orphans(
                java.util.Map.of("file-1", used, "file-2", used, "file-3", "sub_of_nobody"), NOW))
        .containsExactly("file-1");
  }

  @Test
  void onlineRequestsAreIntendedBeforeTheyAreSentAndTheUnknownStaysCommitted() {
    miss(runId, "a", Optional.empty());
    miss(runId, "b", Optional.empty());
    stores.work().electLeaders(runId, 2, 2, List.of(1));
    AttemptPlan a = plan("a", 1, "small", "gpt-6-luna");
    AttemptPlan b = plan("b", 1, "small", "gpt-6-luna");
    planned(runId, List.of(online(a), online(b)));
    assertThat(packed("small")).as("not for a batch").isEmpty();
    SubmissionStore submissions = stores.submissions();
    String id =
        submissions
            .pack(
                namespaceId,
                new SubmissionStore.Unpacked("small", AttemptMode.ONLINE),
                ANY,
                () -> "sub_online_" + namespaceId)
            .get(0);
    submissions.claim(id, MINE, NOW);
    submissions.begin(id, "mine", false, ROOMY, NOW);
    submissions.markInProgress(id, "mine", "online_" + id, NOW);
    assertThat(submissions.unasked(id, 10)).hasSize(2);
    submissions.beginAsking(id, List.of(a.customId(), b.customId()), NOW);
    assertThat(submissions.unasked(id, 10)).isEmpty();
    submissions.answered(a.customId(), 200, "{}", NOW);
    submissions.notAsked(a.customId()); // it was: nothing happens
    List<OnlineRequest> requests = new ArrayList<>();
    submissions.forEachOnlineRequest(id, requests::add);
    assertThat(requests).extracting(r -> r.status().isPresent()).containsOnly(true, false);
    stores
        .settlements()
        .settle(
            runId,
            List.of(
                succeeded("a", 1),
                new Outcome(
                    b.customId(),
                    Outcome.Kind.ERRORED,
                    Usage.NONE,
                    NOW,
                    Optional.empty(),
                    Optional.of(ErrorCode.OUTCOME_UNKNOWN),
                    "the process died",
                    Optional.empty())));
    assertThat(
            one(
                "select trim_scale(total_usd) from ledger where custom_id = '"
                    + a.customId()
                    + "'"))
        .as("at the list price, twice the batch price")
        .isEqualTo("0.000125");
    assertThat(one("select unknown_usd > 0 from runs where run_id = '" + runId + "'"))
        .isEqualTo("t");
    assertThat(
            one(
                "select worst_case_usd = (select unknown_usd from runs r where r.run_id = u.run_id) from"
                    + " unknown_spend u where run_id = '"
                    + runId
                    + "'"))
        .isEqualTo("t");
    stores.runs().markPrepared(runId);
    stores.runs().finish(runId);
    assertBalanced(runId);
  }

  private static AttemptPlan online(AttemptPlan plan) {
    return new AttemptPlan(
        plan.customId(),
        plan.itemKey(),
        plan.attemptNumber(),
        plan.tier(),
        plan.provider(),
        plan.model(),
        AttemptMode.ONLINE,
        plan.prompt(),
        plan.promptTokens(),
        plan.outputTokensMax(),
        plan.requestBytes(),
        plan.priority(),
        plan.cheaper());
  }

  // ---- two runs over the same texts ----

  @Test
  void aLeaderOfALiveRunIsWaitedForAndOfADeadOneTakenOver() {
    miss(runId, "a", Optional.empty());
    stores.work().electLeaders(runId, 2, 2, List.of(1));
    stores.runs().keepAlive(runId, NOW.plusSeconds(60));
    String other = openRun(runId + "-other", "other", Optional.empty()).runId();
    miss(other, "a", Optional.empty());
    assertThat(stores.work().leadersToPlan(other, List.of(key("a")))).as("not ours").isEmpty();
    assertThat(stores.work().leadersToPlan(runId, List.of(key("a")))).hasSize(1);
    assertThat(stores.work().reclaim(other)).as("it is being driven").isZero();
    execute("update runs set alive_until = '2026-11-24T00:00:00Z' where run_id = '" + runId + "'");
    assertThat(stores.work().reclaim(other)).as("its process died").isEqualTo(1);
    miss(other, "a", Optional.empty());
    stores.work().electLeaders(other, 2, 2, List.of(1));
    assertThat(stores.work().leadersToPlan(other, List.of(key("a")))).hasSize(1);
  }

  @Test
  void documentsOfAnotherRunWhoseLeaderWasWithdrawnAreAskedByTheirOwn() {
    String id = plannedSubmission("a");
    String other = openRun(runId + "-other", "other", Optional.empty()).runId();
    miss(other, "a", Optional.empty());
    assertThat(stores.submissions().withdraw(id, ErrorCode.SUBMISSION_CANCELLED, "by hand"))
        .isTrue();
    assertThat(itemState("a")).isEqualTo("failed SUBMISSION_CANCELLED");
    assertThat(stores.work().reclaim(other)).isEqualTo(1);
    miss(other, "a", Optional.empty());
    stores.work().electLeaders(other, 2, 2, List.of(1));
    assertThat(stores.work().leadersToPlan(other, List.of(key("a")))).hasSize(1);
  }

  @Test
  void aKeyThatAnotherProcessOfTheRunHasSettledIsNotAskedAgain() {
    submitted("a");
    stores.settlements().settle(runId, List.of(rejected("a", 1, Optional.empty())));
    // The slower process looked before that and records its miss only now.
    stores
        .work()
        .recordMisses(
            runId,
            List.of(new Miss(key("a"), "doc-a", Optional.empty(), List.of(), Optional.empty())),
            bounds(0.9));
    stores.work().electLeaders(runId, 2, 2, List.of(1));
    assertThat(stores.work().leadersToPlan(runId, List.of(key("a")))).isEmpty();
  }

  @Test
  void deadLettersAreRecordedOnce() {
    DeadLetter letter =
        new DeadLetter("mail.jsonl", 7, "", ErrorCode.INPUT_MALFORMED, "expected a JSON object");
    stores.work().recordDeadLetters(runId, List.of(letter));
    stores.work().recordDeadLetters(runId, List.of(letter));
    assertThat(stores.runs().progress(runId).deadLetters()).isEqualTo(1);
  }

  // ---- books ----

  @Test
  void theBooksBalanceOverEveryKindOfEnd() {
    submitted("a", "b", "c");
    stores
        .settlements()
        .settle(
            runId,
            List.of(
                succeeded("a", 1),
                rejected("b", 1, Optional.of(plan("b", 2, "large", "gpt-6.2-sol"))),
                rejected("c", 1, Optional.empty())));
    inProgress(packed("large").get(0));
    stores.settlements().settle(runId, List.of(succeeded("b", 2)));
    stores.work().recordItems(runId, List.of(new NewItem("doc-d", key("d"), "f", 9, true, 40)));
    stores
        .cache()
        .answerFromCache(
            runId, List.of(new CacheHit(key("d"), key("a"), 0.97, 0.97, "semantic")), List.of());
    stores.runs().markPrepared(runId);
    stores.runs().finish(runId);
    assertBalanced(runId);
    assertThat(
            one(
                "select count(*) from item_costs where run_id = '"
                    + runId
                    + "' and saved_by_escalation_usd < 0"))
        .isEqualTo("1"); // what the rejected attempt cost is shown, not hidden
  }

  private static void assertBalanced(String run) {
    assertThat(
            one(
                "select concat_ws(' ', charged_difference_usd, reserved_difference_usd,"
                    + " attributed_difference_usd, shared_difference_usd, unbalanced_items, open_items) from"
                    + " run_balance_check where run_id = '"
                    + run
                    + "'"))
        .matches("[0. ]+");
  }
}
