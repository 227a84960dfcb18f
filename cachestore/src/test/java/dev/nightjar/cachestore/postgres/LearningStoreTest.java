package dev.nightjar.cachestore.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nightjar.cachestore.ErrorBound;
import dev.nightjar.cachestore.Evidence;
import dev.nightjar.cachestore.LearningStore;
import dev.nightjar.cachestore.LearntThreshold;
import dev.nightjar.cachestore.Neighbour;
import dev.nightjar.cachestore.SemanticLookup;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The contract of {@link LearningStore}. */
class LearningStoreTest extends StoresFixture {
  @Test
  void whatWasBorrowedIsNoEvidenceForTheEntryItWasBorrowedFrom() {
    answered("a", at(1, 1));
    borrows(runId, "b", "a", 0.96);
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
    borrows(next, "b", "a", 0.97);
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
    Evidence wrong = new Evidence(0.9f, false, 1, 1, false, false, true);
    assertThat(evidence("policy", 0.25)).containsExactly(wrong);
    assertThat(evidence("another policy", 0.25)).isEmpty();
    stores.learning().recordThreshold(namespaceId, runId, learnt(0.8, perHit(0.25), 0.125, 0));
    assertThat(evidence("policy", 0.25))
        .as("a hit, by the bound of its own run, seen as often as it drew")
        .containsExactly(new Evidence(0.9f, true, 0.125, 0.125, false, false, true));
    assertThat(evidence("policy", 0.125))
        .as("under another bound no hit, so that no drift is seen in it")
        .containsExactly(new Evidence(0.9f, false, 0.125, 0.125, false, false, true));
    List<Evidence> perRequest = new ArrayList<>();
    stores
        .learning()
        .evidence(namespaceId, "policy", new ErrorBound(0.25, true, 0.5), perRequest::add);
    assertThat(perRequest).as("nor under one that counts otherwise").noneMatch(Evidence::isHit);
    execute("update semantic_thresholds set threshold = 0.95");
    execute("update semantic_lookups set threshold = 0.95 where run_id = '" + runId + "'");
    assertThat(evidence("policy", 0.25))
        .as("below the threshold everything is seen, and counts an eighth of what was drawn")
        .containsExactly(new Evidence(0.9f, false, 0.125, 1, false, false, true))
        .allMatch(one -> one.weight() == 0.125);
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

  @Test
  void ofCopiesThatShareAPaidAnswerOneRightOutcomeCountsAndNoneBesideAWrongOne() {
    answered("a", at(1, 1));
    List<String> copies = List.of("b", "c", "d");
    for (String name : copies) {
      miss(runId, name, Optional.of(at(0.9, 2)));
      stores
          .cache()
          .answerFromCache(
              runId, List.of(), List.of(lookup(name, "a", SemanticLookup.Decision.MISS)));
    }
    stores.work().electLeaders(runId, 0.98, 2, List.of());
    String leader =
        copies.stream()
            .filter(name -> !stores.work().leadersToPlan(runId, List.of(key(name))).isEmpty())
            .findFirst()
            .orElseThrow();
    planned(runId, List.of(plan(leader, 1, "small", "gpt-6-luna")));
    inProgress(packed("small").get(0));
    stores.settlements().settle(runId, List.of(succeeded(leader, 1)));
    assertThat(stores.learning().comparisons(namespaceId, "policy", 10)).hasSize(3);
    List<String> followers = copies.stream().filter(name -> !name.equals(leader)).toList();
    verdict(leader, true);
    verdict(followers.get(0), true);
    assertThat(evidence("policy", 0.25)).as("one of them is not known yet").isEmpty();
    verdict(followers.get(1), false);
    assertThat(evidence("policy", 0.25))
        .allMatch(Evidence::isDisputed)
        .extracting(Evidence::isRight)
        .containsExactlyInAnyOrder(true, true, false);
    assertThat(nearest(namespaceId, java.util.Map.of("q", at(1, 1))).get("q").get(0))
        .as("an entry's record is of paid answers")
        .extracting(Neighbour::agreed, Neighbour::contradicted)
        .containsExactly(1, 0);
  }

  @Test
  void whatARunLeavesUnansweredIsNotComparedAnyMore() {
    answered("a", at(1, 1));
    stores
        .cache()
        .answerFromCache(runId, List.of(), List.of(lookup("b", "a", SemanticLookup.Decision.MISS)));
    stores.learning().close(runId);
    answered("b", at(0.9, 2));
    assertThat(stores.learning().comparisons(namespaceId, "policy", 10)).isEmpty();
  }

  private void verdict(String name, boolean isRight) {
    stores.learning().record(List.of(new LearningStore.Verdict(runId, key(name), isRight)));
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
    LearntThreshold first = learnt(0.75, perHit(0.25), 1, 10);
    stores.learning().recordThreshold(namespaceId, runId, first);
    stores
        .learning()
        .recordThreshold(
            namespaceId,
            runId,
            new LearntThreshold(0.5, "policy", perHit(0.25), 0.125, 1, 20, true));
    assertThat(stores.learning().threshold(namespaceId, runId)).contains(first);
    assertThat(stores.learning().threshold(namespaceId, "another")).isEmpty();
    LearntThreshold stricter = learnt(2, perHit(0.125), 1, 10);
    stores.learning().recordThreshold(namespaceId, runId, stricter);
    assertThat(stores.learning().threshold(namespaceId, runId))
        .as("unless somebody asks for another error")
        .contains(stricter);
    LearntThreshold perRequest = learnt(0.5, new ErrorBound(0.125, true, 0.5), 1, 10);
    stores.learning().recordThreshold(namespaceId, runId, perRequest);
    assertThat(stores.learning().threshold(namespaceId, runId))
        .as("or for one that counts otherwise")
        .contains(perRequest);
  }

  @Test
  void outcomesComeInOrderOfKeysHoweverTheyArriveAndARunsOnlyWhenAllAreKnown() {
    answered("a", at(1, 1));
    List<String> drawn =
        List.of("b", "c", "d", "e").stream()
            .sorted(java.util.Comparator.comparing(this::key))
            .toList();
    for (String name : drawn) {
      miss(runId, name, Optional.empty());
      stores
          .cache()
          .answerFromCache(
              runId, List.of(), List.of(lookup(name, "a", SemanticLookup.Decision.MISS)));
    }
    // The last of them fails, the others come back from the last to the first, right but for one.
    settle(drawn.get(3), "state = 'failed', failure_code = 'ANSWER_INVALID', failure_reason = 'x'");
    settle(drawn.get(0), "state = 'answered', answered_by = 'model'");
    verdict(drawn.get(2), true);
    verdict(drawn.get(1), true);
    assertThat(evidence("policy", 0.25)).as("the first of them is not compared yet").isEmpty();
    verdict(drawn.get(0), false);
    assertThat(evidence("policy", 0.25))
        .extracting(Evidence::isRight)
        .as("without an answer it counts against")
        .containsExactly(false, true, true, false);
    settle(drawn.get(3), "failure_code = 'BUDGET_EXHAUSTED'");
    assertThat(evidence("policy", 0.25)).as("for want of money, nothing is known").hasSize(3);

    execute("update runs set state = 'open', finished_at = null where run_id = '" + runId + "'");
    List<Evidence> whileOpen = new ArrayList<>();
    stores.learning().evidence(namespaceId, "policy", perHit(0.25), whileOpen::add);
    assertThat(whileOpen).as("of a run that is not over").isEmpty();
  }

  private static ErrorBound perHit(double maxError) {
    return new ErrorBound(maxError, false, 0.5);
  }

  private static LearntThreshold learnt(
      double threshold, ErrorBound bound, double shadowShare, int evidence) {
    return new LearntThreshold(threshold, "policy", bound, null, shadowShare, evidence, false);
  }

  private void settle(String name, String how) {
    execute(
        "update items set settled_at = now(), " + how + " where item_key = '" + key(name) + "'");
  }

  /** As the next run sees it, once the runs before are over. */
  private List<Evidence> evidence(String policy, double maxError) {
    execute(
        "update runs set state = 'finished', prepared_at = now(), finished_at = now() where state = 'open' and namespace_id = "
            + namespaceId);
    List<Evidence> all = new ArrayList<>();
    stores.learning().evidence(namespaceId, policy, perHit(maxError), all::add);
    return all;
  }
}
