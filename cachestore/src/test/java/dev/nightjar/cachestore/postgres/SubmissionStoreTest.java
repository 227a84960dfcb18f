package dev.nightjar.cachestore.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nightjar.cachestore.AttemptMode;
import dev.nightjar.cachestore.AttemptPlan;
import dev.nightjar.cachestore.CacheMarking;
import dev.nightjar.cachestore.Ending;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.Lease;
import dev.nightjar.cachestore.OnlineRequest;
import dev.nightjar.cachestore.Outcome;
import dev.nightjar.cachestore.PackingLimits;
import dev.nightjar.cachestore.QueueLimits;
import dev.nightjar.cachestore.StrayStore;
import dev.nightjar.cachestore.Submission;
import dev.nightjar.cachestore.SubmissionState;
import dev.nightjar.cachestore.SubmissionStore;
import dev.nightjar.cachestore.SubmissionStore.Admission;
import dev.nightjar.cachestore.Usage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The contract of {@link SubmissionStore}. */
class SubmissionStoreTest extends StoresFixture {
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
                CacheMarking.NONE,
                () -> "sub_" + namespaceId + "_" + submissionNumbers.incrementAndGet());
    assertThat(ids).hasSize(4);
    List<Submission> open = stores.submissions().open(namespaceId);
    assertThat(open).extracting(Submission::requests).containsExactlyInAnyOrder(2, 2, 2, 1);
    assertThat(open).allSatisfy(s -> assertThat(s.requestBytes()).isLessThanOrEqualTo(2 * 501));
    assertThat(packed("small")).isEmpty();
  }

  private List<String> packed(CacheMarking marking) {
    return stores
        .submissions()
        .pack(
            namespaceId,
            new SubmissionStore.Unpacked("small", AttemptMode.BATCH),
            ANY,
            marking,
            () -> "sub_" + namespaceId + "_" + submissionNumbers.incrementAndGet());
  }

  private void threePlanned() {
    List<AttemptPlan> plans = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      miss(runId, "m" + i, Optional.empty());
      plans.add(plan("m" + i, 1, "small", "gpt-6-luna"));
    }
    stores.work().electLeaders(runId, 2, 2, List.of(1));
    planned(runId, plans);
  }

  @Test
  void whatWaitsForAPrimerIsNotPackedButForWhomDoesNotStay() {
    threePlanned();
    String primer = packed(CacheMarking.primer("30m", 40)).get(0);
    Submission first = stores.submissions().find(primer).orElseThrow();
    assertThat(first.requests()).isEqualTo(1);
    assertThat(first.requestBytes()).as("500 bytes, a mark, a line end").isEqualTo(541);
    assertThat(stores.submissions().unpacked(namespaceId, true)).isEmpty();
    assertThat(packed(CacheMarking.all("30m", 40))).as("another packer").isEmpty();
    stores.submissions().claim(primer, MINE, NOW);
    stores.submissions().begin(primer, "mine", true, ROOMY, "account", NOW);
    assertThat(stores.submissions().unpacked(namespaceId, true)).as("while uploading").isEmpty();
    assertThat(stores.submissions().unpacked(namespaceId, false)).hasSize(1);
  }

  @Test
  void whatIsRefusedWithMarksIsPackedAnewAndMarkedNoMore() {
    threePlanned();
    String primer = packed(CacheMarking.primer("30m", 40)).get(0);
    stores.submissions().claim(primer, MINE, NOW);
    stores.submissions().begin(primer, "mine", true, ROOMY, "account", NOW);
    assertThat(stores.promptCaches().areRefused("openai", "gpt-6-luna")).isFalse();
    assertThat(
            stores
                .submissions()
                .refuse(primer, "mine", ErrorCode.PROVIDER_REFUSED, "no breakpoints here"))
        .isTrue();
    assertThat(stores.promptCaches().areRefused("openai", "gpt-6-luna")).isTrue();
    assertThat(packed(CacheMarking.NONE)).hasSize(1);
    assertThat(
            one(
                "select count(*) from attempts where state = 'submitted' and run_id = '"
                    + runId
                    + "'"))
        .isEqualTo("3");
  }

  @Test
  void whatHasGoneColdBeforeItIsSentIsPackedAnew() {
    threePlanned();
    String rest = packed(CacheMarking.all("30m", 40)).get(0); // and nothing has written it
    stores.submissions().claim(rest, MINE, NOW);
    assertThat(stores.submissions().begin(rest, "mine", true, ROOMY, "account", NOW))
        .isEqualTo(Admission.UNWANTED);
    assertThat(packed(CacheMarking.NONE)).hasSize(1);
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
            "openai",
            "gpt-of-" + runId,
            "account",
            Optional.of(2_500L),
            NOW,
            NOW); // 1,000 tokens each
    assertThat(packed("small")).hasSize(2);
  }

  @Test
  void aStrayOfAnAliasOrADeploymentIsTakenOverUnderItsNumberAndAnotherModelsIsNot() {
    List<AttemptPlan> plans = new ArrayList<>();
    for (String name : List.of("alias", "other")) {
      miss(runId, name, Optional.empty());
    }
    stores.work().electLeaders(runId, 2, 2, List.of(1));
    for (String name : List.of("alias", "other")) {
      plans.add(plan(name, 1, "small", "my-deployment-" + runId));
    }
    price("my-deployment-" + runId);
    planned(runId, plans);
    String batch = "stray-" + runId;
    stores.strays().found("openai", "account", false, List.of(new StrayStore.Found(batch, NOW)));
    Usage usage = new Usage(1_000, 0, 0, 0, 50, 0);
    stores
        .strays()
        .read(
            "openai",
            batch,
            List.of(
                new StrayStore.Charge(customId("alias", 3), "its-model-2026-10-01", NOW, usage),
                new StrayStore.Charge(customId("other", 1), "gpt-6-sol-2026-10-01", NOW, usage)));
    packed("small");
    assertThat(
            one(
                "select string_agg(attempt_number || ' ' || s.adopted, ', ' order by a.attempt_number desc)"
                    + " from attempts a join submissions s using (submission_id) where a.run_id = '"
                    + runId
                    + "'"))
        .as("the model that has a price of its own is another")
        .isEqualTo("3 true, 1 false");
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
    assertThat(submissions.begin(id, "mine", true, ROOMY, "account", NOW))
        .isEqualTo(Admission.LOST);
    assertThat(submissions.beginCreating(id, "mine", "file", NOW, NOW)).isFalse();
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
    assertThat(submissions.begin(id, "mine", true, ROOMY, "account", NOW))
        .isEqualTo(Admission.LOST);
    submissions.release(id, "mine"); // not its to release
    assertThat(submissions.find(id).orElseThrow().lease()).contains(theirs);
    submissions.release(id, "theirs");
    assertThat(submissions.find(id).orElseThrow().lease()).isEmpty();
  }

  @Test
  void aLeaseThatWasTakenBeforeTheClockWasSetBackKeepsNobodyOut() {
    String id = submitted("a");
    Lease other = new Lease("other", NOW.plusSeconds(60));
    stores.runs().endTimesAhead(Duration.ofMinutes(10));
    assertThat(stores.submissions().claim(id, other, NOW)).as("it is good").isEmpty();
    assertThat(stores.submissions().renew(id, new Lease("mine", NOW.plus(Duration.ofHours(1)))))
        .isTrue();
    stores.runs().endTimesAhead(Duration.ofMinutes(10));
    assertThat(stores.submissions().claim(id, other, NOW)).isPresent();
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
      assertThat(submissions.begin(second, "mine", true, full, "account", NOW))
          .isEqualTo(Admission.NO_ROOM);
    }
    submissions.learnQuota("p" + runId, "gpt-6-luna", "account", Optional.of(1_500L), NOW, NOW);
    assertThat(submissions.begin(second, "mine", true, ROOMY, "account", NOW))
        .isEqualTo(Admission.NO_ROOM);
    submissions.markEnded(first, "mine", Ending.COMPLETED, "", NOW);
    submissions.learnQuota(
        "p" + runId, "gpt-6-luna", "account", Optional.empty(), NOW.plusSeconds(60), NOW);
    QueueLimits enough = new QueueLimits(1, 2, 1_999);
    assertThat(submissions.begin(second, "mine", true, enough, "account", NOW))
        .isEqualTo(Admission.NO_ROOM);
    assertThat(submissions.begin(second, "mine", true, enough, "account", NOW.plusSeconds(60)))
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
    assertThat(stores.submissions().begin(id, "mine", true, ROOMY, "account", NOW))
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
    stores.submissions().begin(id, "mine", true, ROOMY, "account", NOW);
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
    stores.submissions().begin(second, "mine", false, ROOMY, "account", NOW);
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
    submissions.begin(used, "mine", true, ROOMY, "account", NOW);
    assertThat(submissions.orphans(java.util.Map.of("file-1", used), NOW))
        .as("an upload under way")
        .isEmpty();
    assertThat(submissions.orphans(java.util.Map.of("file-1", used), NOW.plusSeconds(61)))
        .as("its worker is gone")
        .containsExactly("file-1");
    submissions.beginCreating(used, "mine", "file-2", NOW, NOW);
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
                CacheMarking.NONE,
                () -> "sub_online_" + namespaceId)
            .get(0);
    submissions.claim(id, MINE, NOW);
    submissions.begin(id, "mine", false, ROOMY, "account", NOW);
    submissions.markInProgress(id, "mine", "online_" + id, NOW);
    assertThat(submissions.unasked(id, 10)).hasSize(2);
    List<String> both = List.of(a.customId(), b.customId());
    assertThat(submissions.beginAsking(id, "another", both, NOW))
        .as("who has lost the lease spends nothing")
        .isEmpty();
    assertThat(submissions.beginAsking(id, "mine", both, NOW)).hasSize(2);
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

  private SubmissionState state(String submissionId) {
    return stores.submissions().find(submissionId).orElseThrow().state();
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
}
