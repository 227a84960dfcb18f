package dev.nightjar.cachestore.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nightjar.cachestore.AttemptPlan;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.Miss;
import dev.nightjar.cachestore.NewItem;
import dev.nightjar.cachestore.ReuseBounds;
import dev.nightjar.cachestore.Run;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.Statement;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The contract of {@link dev.nightjar.cachestore.RunStore}. */
class RunStoreTest extends StoresFixture {
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
                "task",
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
    assertThat(stores.submissions().unpacked(namespaceId, true)).as("a is not escalated").isEmpty();
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
        stores
            .runs()
            .open(Optional.empty(), namespaceId, "task", corpus, Optional.of(BigDecimal.ONE), NOW);
    assertThat(
            stores
                .runs()
                .open(Optional.empty(), namespaceId, "task", corpus, Optional.empty(), NOW)
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
  void whoOfAnotherRunWaitsForAStrandedLeaderIsAskedByItsOwn() {
    miss(runId, "a", Optional.of(at(1, 1)));
    stores.work().electLeaders(runId, 0.98, 2, List.of(1));
    stores.runs().keepAlive(runId, NOW.plusSeconds(60));
    String other = openRun(runId + "-other", "other", Optional.empty()).runId();
    miss(other, "a", Optional.of(at(1, 1)));
    stores.runs().markPrepared(runId);
    assertThat(itemState("a")).isEqualTo("failed INPUT_CHANGED");
    assertThat(stores.work().reclaim(other)).isEqualTo(1);
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
    try (Connection holder = Databases.connect(database);
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
}
