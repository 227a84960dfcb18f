package dev.nightjar.cachestore.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nightjar.cachestore.AttemptPlan;
import dev.nightjar.cachestore.CacheHit;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NewItem;
import dev.nightjar.cachestore.Outcome;
import dev.nightjar.cachestore.Price;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What the ledger and the posted books say of every kind of end. */
class BooksTest extends StoresFixture {
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
}
