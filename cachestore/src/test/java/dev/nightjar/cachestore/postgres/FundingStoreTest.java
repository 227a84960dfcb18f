package dev.nightjar.cachestore.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nightjar.cachestore.AttemptMode;
import dev.nightjar.cachestore.AttemptPlan;
import dev.nightjar.cachestore.BudgetStore;
import dev.nightjar.cachestore.CacheMarking;
import dev.nightjar.cachestore.Fingerprint;
import dev.nightjar.cachestore.ForecastStore;
import dev.nightjar.cachestore.FundingStore;
import dev.nightjar.cachestore.NewItem;
import dev.nightjar.cachestore.SubmissionStore;
import dev.nightjar.cachestore.TaskVersion;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.Statement;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/**
 * The contract of {@link dev.nightjar.cachestore.FundingStore} and of plans, which hold no money.
 */
class FundingStoreTest extends StoresFixture {
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

  /** A workspace of Anthropic's may have a region, and then pays a tenth more, unasked. */
  @Test
  void whatMayBeChargedOnTopOfThePriceIsHeldBackToo() {
    execute(
        "insert into price_factors values ('openai', 'dearest', '2000-01-01Z', 'asked', 1.5, 'a test'),"
            + " ('openai', 'cheap', '2000-01-01Z', 'asked', 0.5, 'a test')");
    assertThat(stores.prices().surcharge("openai", java.time.Instant.parse("2026-11-29T00:00:00Z")))
        .isEqualByComparingTo("1.5");
    assertThat(stores.prices().surcharge("nobody", java.time.Instant.parse("2026-11-29T00:00:00Z")))
        .isEqualByComparingTo("1");
    miss(runId, "a", Optional.empty());
    stores.work().electLeaders(runId, 2, 2, List.of(1));
    stores.work().planAttempts(runId, List.of(plan("a", 1, "small", "gpt-6-luna")));
    execute("delete from price_factors where source = 'a test'"); // the other tests' worst cases
    assertThat(
            new BigDecimal(one("select reserved_usd from attempts where run_id = '" + runId + "'")))
        .isEqualByComparingTo("0.000108375");
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

  @Test
  void aBudgetOnARenamedTaskIsKeptAndAnotherTenantsNameIsNobodysBusiness() {
    String tenant = one("select tenant from namespaces where namespace_id = " + namespaceId);
    assertThatThrownBy(
            () -> stores.budgets().set(tenant, "renamed", BudgetStore.Period.DAY, BigDecimal.ONE))
        .hasMessageStartingWith("OPTION_INVALID: --task renamed")
        .hasMessageContaining("it has task;");
    TaskVersion renamed =
        new TaskVersion(
            Fingerprint.sha256("task"), "renamed", "{\"new\":1}", "openai", "gpt-6.2-sol");
    assertThat(stores.runs().namespace(tenant, renamed, "model")).isEqualTo(namespaceId);
    assertThat(one("select name from tasks where tenant = '" + tenant + "'")).isEqualTo("renamed");
    assertThat(one("select count(*) from tasks where name = 'renamed'")).isEqualTo("1");
    stores.budgets().set(tenant, "renamed", BudgetStore.Period.DAY, new BigDecimal("0.0014"));
    String second =
        stores
            .runs()
            .open(
                Optional.of("renamed-" + runId),
                namespaceId,
                "renamed",
                "renamed-" + runId,
                Optional.empty(),
                NOW.plusSeconds(60))
            .runId();
    for (String name : List.of("a", "b")) {
      miss(second, name, Optional.empty());
    }
    stores.work().electLeaders(second, 2, 2, List.of(1));
    stores.work().planAttempts(second, List.of(plan("a", 0), plan("b", 0)));
    assertThat(stores.funding().fund(second).funded()).isEqualTo(1);
  }

  @Test
  void whatIsHeldIsTheWorstCaseUntilTheProvidersLastBillingTimeAlsoAfterAResume() {
    String model = "gpt-of-" + runId;
    execute(price(model, "2026-01-01", "1")); // half of it in a batch
    execute(price(model, NOW.plusSeconds(3_600 + 40 * 3_600).toString(), "3"));
    String held = "select reserved_usd from runs where run_id = '" + runId + "'";
    miss(runId, "a", Optional.empty());
    stores.work().electLeaders(runId, 2, 2, List.of(1));
    planned(runId, List.of(plan("a", 1, "small", model)));
    // 756 tokens of input and 100 of output at 1.5: a batch sent at the deadline may take 48 hours.
    assertThat(new BigDecimal(one(held))).isEqualByComparingTo("0.001284");

    execute(price(model, NOW.plusSeconds(100 * 3_600).toString(), "5"));
    stores.funding().renew(runId);
    assertThat(new BigDecimal(one(held)))
        .as("later than it can be billed")
        .isEqualByComparingTo("0.001284");
    execute(
        "update runs set deadline_at = deadline_at + interval '4 days' where run_id = '"
            + runId
            + "'");
    stores.funding().renew(runId);
    assertThat(new BigDecimal(one(held))).as("gone on with").isEqualByComparingTo("0.00214");
    stores.funding().renew(runId);
    assertThat(new BigDecimal(one(held))).isEqualByComparingTo("0.00214");
    assertThat(
            new BigDecimal(
                one(
                    "select sum(reserved_usd) from attempts where state in ('planned', 'submitted') and run_id = '"
                        + runId
                        + "'")))
        .isEqualByComparingTo("0.00214");
  }

  private static String price(String model, String from, String usd) {
    return "insert into prices (provider, model, effective_from, input_tokens_above, input_usd, cached_input_usd,"
        + " cache_write_usd, cache_write_long_usd, output_usd, reasoning_usd, batch_input_usd,"
        + " batch_cached_input_usd, batch_cache_write_usd, batch_cache_write_long_usd, batch_output_usd,"
        + " batch_reasoning_usd, source) select 'openai', '"
        + model
        + "', '"
        + from
        + "', 0, p, p, p, p, p, p, p / 2, p / 2, p / 2, p / 2, p / 2, p / 2, 'test' from (values ("
        + usd
        + "::numeric)) v (p)";
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

  private String fundedOf(String run) {
    return one(
        "select string_agg(i.document_id || ' ' || a.tier || coalesce(' from ' || a.downgraded_from, ''), ', ' order by i.document_id)"
            + " from attempts a join items i on i.item_key = a.item_key and i.run_id = a.run_id"
            + " where a.state = 'planned' and a.run_id = '"
            + run
            + "'");
  }

  private String packedOf(String run, String tier) {
    return stores
        .submissions()
        .pack(
            namespaceId,
            new SubmissionStore.Unpacked(tier, AttemptMode.BATCH),
            ANY,
            CacheMarking.NONE,
            () -> "sub_" + run + "_" + submissionNumbers.incrementAndGet())
        .get(0);
  }

  private String beginPlan() {
    return stores
        .forecasts()
        .begin(namespaceId, "corpus", NOW.plusSeconds(60), NOW.plusSeconds(90))
        .runId();
  }
}
