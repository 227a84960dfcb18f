package dev.nightjar.cachestore.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nightjar.cachestore.AttemptMode;
import dev.nightjar.cachestore.AttemptPlan;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.Miss;
import dev.nightjar.cachestore.NewItem;
import dev.nightjar.cachestore.Outcome;
import dev.nightjar.cachestore.ReuseBounds;
import dev.nightjar.cachestore.Served;
import dev.nightjar.cachestore.SettlementStore;
import dev.nightjar.cachestore.SubmissionStore;
import dev.nightjar.cachestore.Usage;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The contract of {@link dev.nightjar.cachestore.SettlementStore}. */
class SettlementStoreTest extends StoresFixture {
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
    assertThat(stores.submissions().unpacked(namespaceId, true)).as("it waits for money").isEmpty();
    stores.funding().fund(runId);
    assertThat(stores.submissions().unpacked(namespaceId, true))
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
  void anAnswerThatWouldNotDoIsNoTryOfAProviders() {
    submitted("a");
    stores
        .settlements()
        .settle(runId, List.of(rejected("a", 1, Optional.of(plan("a", 2, "small", "gpt-6-luna")))));
    stores.funding().fund(runId);
    String id = inProgress(packed("small").get(0));
    assertThat(
            stores
                .submissions()
                .openAttempts(id, List.of(customId("a", 2)))
                .get(customId("a", 2))
                .attemptsAtTier())
        .isEqualTo(1);
  }

  @Test
  void whatARejectedAnswerSaidIsKeptForThirtyDays() {
    submitted("a");
    Outcome rejected =
        new Outcome(
            customId("a", 1),
            Outcome.Kind.REJECTED,
            new Usage(1_000, 0, 0, 0, 50, 0),
            NOW,
            Optional.empty(),
            Optional.of(ErrorCode.ANSWER_INVALID),
            "not JSON",
            Optional.empty(),
            false,
            true,
            Optional.of("I \u0000 cannot tell"),
            Served.UNSAID);
    stores.settlements().settle(runId, List.of(rejected));
    String kept = "select count(*) from rejected_answers";
    assertThat(one("select answer from rejected_answers")).isEqualTo("\"I \\u0000 cannot tell\"");
    assertThat(stores.settlements().unjudged(namespaceId, "", 10)).as("nothing to judge").isEmpty();
    stores.cacheCare().evict(namespaceId, Instant.EPOCH, Optional.empty());
    assertThat(one(kept)).isEqualTo("1");
    execute("update rejected_answers set rejected_at = rejected_at - interval '31 days'");
    stores.cacheCare().evict(namespaceId, Instant.EPOCH, Optional.empty());
    assertThat(one(kept)).isEqualTo("0");
  }

  @Test
  void anAnswerThatCouldNotBeJudgedIsChargedOnceAndJudgedAgainWithoutARequest() {
    String said = "{\"a\": \"\u0000 \ud83d é\"}"; // with what a column of text cannot hold
    submitted("a");
    stores.settlements().settle(runId, List.of(unjudged("a", 1, said)));
    assertThat(itemState("a")).isEqualTo("failed ANSWER_UNJUDGED");
    assertThat(stores.settlements().unjudged(namespaceId, "", 10))
        .containsExactly(new SettlementStore.Unjudged(customId("a", 1), said));
    assertThat(stores.settlements().unjudged(namespaceId, customId("a", 1), 10)).isEmpty();

    SettlementStore.Judged good =
        new SettlementStore.Judged(
            customId("a", 1), Optional.of("{\"a\":1}"), Optional.empty(), "");
    assertThat(stores.settlements().settleJudged(List.of(good))).isEqualTo(1);
    assertThat(stores.settlements().settleJudged(List.of(good))).as("a second time").isZero();
    assertThat(itemState("a")).isEqualTo("answered by model");
    assertThat(one("select answer from results where run_id = '" + runId + "'"))
        .isEqualTo("{\"a\": 1}");
    assertThat(exact("a", ReuseBounds.OWN_ANSWERS)).isNotEmpty();
    assertThat(one("select count(*) from ledger where run_id = '" + runId + "'")).isEqualTo("1");
    assertThat(one("select state from attempts where run_id = '" + runId + "'"))
        .isEqualTo("succeeded");
    assertThat(stores.settlements().unjudged(namespaceId, "", 10)).isEmpty();
  }

  @Test
  void anAnswerThatIsJudgedAtLastAndWillNotDoFailsForThatReason() {
    submitted("a");
    stores.settlements().settle(runId, List.of(unjudged("a", 1, "x")));
    stores
        .settlements()
        .settleJudged(
            List.of(
                new SettlementStore.Judged(
                    customId("a", 1),
                    Optional.empty(),
                    Optional.of(ErrorCode.ANSWER_INVALID),
                    "not JSON")));
    assertThat(itemState("a")).isEqualTo("failed ANSWER_INVALID");
    assertThat(one("select lasting_failure_code from misses where item_key = '" + key("a") + "'"))
        .isEqualTo("ANSWER_INVALID");
  }

  private static SettlementStore.Judged judged(String customId, Optional<String> json) {
    return new SettlementStore.Judged(
        customId,
        json,
        json.isPresent() ? Optional.empty() : Optional.of(ErrorCode.ANSWER_INVALID),
        json.isPresent() ? "" : "not JSON");
  }

  private void retry() {
    stores
        .work()
        .retryLasting(
            one("select tenant from namespaces where namespace_id = " + namespaceId),
            Optional.empty(),
            Optional.empty(),
            List.of());
  }

  /** A second run takes the text up and asks it. */
  private void askedAgain() {
    String second = openRun(runId + "-2", "second", Optional.empty()).runId();
    miss(second, "a", Optional.empty());
    stores.work().electLeaders(second, 2, 2, List.of(1));
    planned(second, List.of(plan("a", 2, "small", "gpt-6-luna")));
  }

  @Test
  void anAnswerThatIsThereIsNotBoughtBecauseSomebodyWantedItAskedAgain() {
    submitted("a");
    stores.settlements().settle(runId, List.of(unjudged("a", 1, "x")));
    retry();
    stores.settlements().settleJudged(List.of(judged(customId("a", 1), Optional.of("{\"a\":1}"))));
    assertThat(itemState("a")).isEqualTo("answered by model");
    assertThat(exact("a", ReuseBounds.OWN_ANSWERS)).isNotEmpty();
  }

  @Test
  void anAnswerThatIsJudgedAtLastChangesNothingIfItsTextIsBeingAskedAgain() {
    submitted("a");
    stores.settlements().settle(runId, List.of(unjudged("a", 1, "x")));
    retry();
    askedAgain();
    stores.settlements().settleJudged(List.of(judged(customId("a", 1), Optional.of("{\"a\":1}"))));
    assertThat(exact("a", ReuseBounds.OWN_ANSWERS)).isEmpty();
    assertThat(stores.settlements().unjudged(namespaceId, "", 10)).isEmpty();
  }

  @Test
  void anAnswerThatNobodyJudgedIsKeptNoLongerThanOthers() {
    submitted("a");
    stores.settlements().settle(runId, List.of(unjudged("a", 1, "x")));
    stores.cacheCare().evict(namespaceId, NOW.minusSeconds(1), Optional.empty());
    assertThat(stores.settlements().unjudged(namespaceId, "", 10)).hasSize(1);
    stores.cacheCare().evict(namespaceId, NOW.plusSeconds(1), Optional.empty());
    assertThat(stores.settlements().unjudged(namespaceId, "", 10)).isEmpty();
  }

  @Test
  void ofTwoAnswersToATextThatAreJudgedAtLastAGoodOneIsEnough() {
    submitted("a");
    stores.settlements().settle(runId, List.of(unjudged("a", 1, "x")));
    retry();
    askedAgain();
    String second = runId + "-2";
    stores.funding().fund(second);
    inProgress(packed("small").get(0));
    stores.settlements().settle(second, List.of(unjudged("a", 2, "y")));
    assertThat(
            stores
                .settlements()
                .settleJudged(
                    List.of(
                        judged(customId("a", 1), Optional.empty()),
                        judged(customId("a", 2), Optional.of("{\"a\":2}")),
                        judged(customId("a", 2), Optional.of("{\"a\":2}")))))
        .isEqualTo(2);
    assertThat(
            one(
                "select count(*) from results where run_id in ('"
                    + runId
                    + "', '"
                    + second
                    + "') and answer = '{\"a\": 2}'"))
        .isEqualTo("2");
    assertThat(one("select state from misses where item_key = '" + key("a") + "'"))
        .isEqualTo("answered");
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

  @Test
  void eachBandOfThePriceListIsInForceAboveItsSize() {
    assertThat(one("select count(distinct model) > 15 from prices where input_tokens_above > 0"))
        .isEqualTo("t");
    assertThat(
            one(
                "select coalesce(string_agg(p.model, ' '), '') from prices p where"
                    + " input_tokens_above > 0 and not exists (select from"
                    + " price_in_force(p.provider, p.model, p.effective_from, 300000) q where"
                    + " q.price_id = p.price_id)"))
        .isEmpty();
  }

  @Test
  void anAnswerIsChargedAtThePriceOfWhatAnsweredAndSaidIfThatIsNotWhatWasAsked() {
    submitted("same", "other", "unknown", "flex", "window", "none");
    List<Outcome> outcomes = new ArrayList<>();
    for (String[] one :
        List.of(
            new String[] {"same", "gpt-6-luna-2026-10-15", "batch"},
            new String[] {"other", "gpt-6-sol-2026-10-15", "batch"},
            new String[] {"unknown", "gpt-7", "batch"},
            new String[] {"flex", "gpt-6-luna", "flex"},
            new String[] {"window", "gpt-6-luna", "background_8h"},
            new String[] {"none", "gpt-6-luna", "priority"})) {
      outcomes.add(
          new Outcome(
              customId(one[0], 1),
              Outcome.Kind.SUCCEEDED,
              new Usage(1_000_000, 0, 0, 0, 0, 0),
              NOW,
              Optional.of("{\"a\":1}"),
              Optional.empty(),
              "",
              Optional.empty(),
              false,
              false,
              Optional.empty(),
              new Served(one[1], one[2])));
    }
    stores.settlements().settle(runId, outcomes);
    assertThat(
            one(
                "select string_agg(round(total_usd, 2)::text, ' ' order by total_usd) from ledger"
                    + " where run_id = '"
                    + runId
                    + "'"))
        .as("luna above 272,000 tokens, in a window, four times whole, and sol")
        .isEqualTo("0.06 0.10 0.10 0.10 0.10 2.00");
    assertThat(
            one(
                "select string_agg(asked_model || ' ' || served_model || coalesce(' ' ||"
                    + " service_tier, ''), ', ' order by served_model) from served_otherwise where"
                    + " run_id = '"
                    + runId
                    + "'"))
        .contains(
            "gpt-6-luna gpt-6-luna flex",
            "gpt-6-luna gpt-6-luna background_8h",
            "gpt-6-luna gpt-6-luna priority",
            "gpt-6-luna gpt-6-sol-2026-10-15",
            "gpt-6-luna gpt-7");
  }

  @Test
  void anAnswerWithoutAUsageIsHeldAtItsWorstCaseUntilSomebodyReadsTheInvoice() {
    submitted("a", "b");
    BigDecimal held =
        new BigDecimal(one("select reserved_usd from runs where run_id = '" + runId + "'"));
    stores
        .settlements()
        .settle(
            runId,
            List.of("a", "b").stream()
                .map(
                    name ->
                        new Outcome(
                            customId(name, 1),
                            Outcome.Kind.SUCCEEDED,
                            Usage.NONE,
                            NOW,
                            Optional.of("{\"a\":1}"),
                            Optional.empty(),
                            "",
                            Optional.empty(),
                            true,
                            false,
                            Optional.empty(),
                            Served.UNSAID))
                .toList());
    assertThat(one("select count(*) from results where run_id = '" + runId + "'")).isEqualTo("2");
    assertThat(new BigDecimal(one("select unknown_usd from runs where run_id = '" + runId + "'")))
        .isEqualByComparingTo(held);
    List<String> ours =
        stores.settlements().unknownSpend().stream()
            .filter(spend -> spend.runId().equals(Optional.of(runId)))
            .map(SettlementStore.UnknownSpend::customId)
            .toList();
    assertThat(ours).containsExactlyInAnyOrder(customId("a", 1), customId("b", 1));

    stores.settlements().resolve(ours, new BigDecimal("0.0000001"));
    assertThat(
            new BigDecimal(one("select sum(total_usd) from ledger where run_id = '" + runId + "'")))
        .isEqualByComparingTo("0.0000001");
    assertThat(
            one(
                "select unknown_usd || ' ' || charged_usd from runs where run_id = '"
                    + runId
                    + "'"))
        .matches("0(\\.0+)? 0\\.00000010*");
    assertThatThrownBy(() -> stores.settlements().resolve(ours, BigDecimal.ZERO))
        .hasMessageStartingWith("OPTION_INVALID: ")
        .hasMessageContaining("nightjar spend unknown");
  }
}
