package dev.nightjar.cachestore.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.nightjar.cachestore.DeadLetter;
import dev.nightjar.cachestore.Embedding;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.FileReading;
import dev.nightjar.cachestore.LeaderFailure;
import dev.nightjar.cachestore.Miss;
import dev.nightjar.cachestore.NewItem;
import dev.nightjar.cachestore.ReuseBounds;
import dev.nightjar.cachestore.RunProgress;
import dev.nightjar.cachestore.RunStore;
import dev.nightjar.cachestore.embed.ShingleSet;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * The contract of {@link dev.nightjar.cachestore.WorkStore}: leaders, followers, and runs that want
 * the same texts.
 */
class WorkStoreTest extends StoresFixture {
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

  @Test
  void aCandidateWhoseTextWasAnsweredSinceTheRunWasInterruptedLeadsNobody() {
    String first = key("a").compareTo(key("b")) < 0 ? "a" : "b";
    String second = first.equals("a") ? "b" : "a";
    miss(runId, first, Optional.of(at(1, 1)));
    miss(runId, second, Optional.of(at(1, 1)));
    execute(
        "update items set state = 'answered', answered_by = 'semantic_hit', leader_key = 'x',"
            + " similarity = 1, settled_at = now() where item_key = '"
            + key(first)
            + "'");
    stores.work().electLeaders(runId, 0.9, 2, List.of(1));
    assertThat(stores.work().leadersToPlan(runId, List.of(key(first), key(second))))
        .containsOnlyKeys(key(second));
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
  void aLeaderThatCannotBeAskedFailsByItselfAndForGood() {
    miss(runId, "a", Optional.empty());
    miss(runId, "b", Optional.empty());
    stores.work().electLeaders(runId, 2, 2, List.of(1));
    String other = openRun(runId + "-other", "other", Optional.empty()).runId();
    stores
        .work()
        .failLeaders(
            other,
            List.of(new LeaderFailure(key("b"), ErrorCode.REQUEST_TOO_LONG, "another run's")));
    stores
        .work()
        .failLeaders(
            runId, List.of(new LeaderFailure(key("a"), ErrorCode.REQUEST_TOO_LONG, "no tier")));
    assertThat(itemState("a")).isEqualTo("failed REQUEST_TOO_LONG");
    assertThat(itemState("b")).isEqualTo("waiting");
    assertThat(stores.work().leadersToPlan(runId, List.of(key("a"), key("b"))))
        .containsOnlyKeys(key("b"));
    miss(other, "a", Optional.empty());
    assertThat(
            one(
                "select failure_code || ': ' || failure_reason from items where run_id = '"
                    + other
                    + "'"))
        .startsWith("REQUEST_TOO_LONG: no tier; it failed so before");
  }

  @Test
  void deadLettersAreRecordedOnce() {
    DeadLetter letter =
        new DeadLetter("mail.jsonl", 7, "", ErrorCode.INPUT_MALFORMED, "expected a JSON object");
    stores.work().recordDeadLetters(runId, List.of(letter));
    stores.work().recordDeadLetters(runId, List.of(letter));
    assertThat(stores.runs().progress(runId).deadLetters()).isEqualTo(1);
  }

  @Test
  void aPathOfAnyLengthIsAKey() {
    String path =
        new java.util.Random(7)
            .ints(4_000, 'a', 'z')
            .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
            .toString();
    DeadLetter letter = new DeadLetter(path, 7, "", ErrorCode.INPUT_MALFORMED, "why");
    stores.work().recordDeadLetters(runId, List.of(letter, letter));
    stores
        .work()
        .recordFiles(
            runId, List.of(new FileReading(path, "CSV", "", "", List.of(), List.of(), 0, 1)));
    assertThat(stores.runs().progress(runId).deadLetters()).isEqualTo(1);
  }

  @Test
  void whatWasAssumedAndRefusedIsToldAFile() {
    List<String> columns = List.of("id", "a \"b\", {c}");
    FileReading first =
        new FileReading("b.csv", "CSV", "UTF-8", "';'", columns, List.of("by ';'", "by ü"), 3, 2);
    stores.work().recordFiles(runId, List.of(first));
    stores
        .work()
        .recordFiles(
            runId,
            List.of(
                new FileReading("a.csv", "CSV", "UTF-8", "','", columns, List.of(), 3, 0),
                new FileReading("b.csv", "CSV", "UTF-8", "';'", columns, List.of("by ;"), 3, 2)));
    stores
        .work()
        .recordDeadLetters(
            runId,
            List.of(
                new DeadLetter("b.csv", 9, "x", ErrorCode.INPUT_EMPTY, "later"),
                new DeadLetter("b.csv", 7, "", ErrorCode.INPUT_EMPTY, "first")));
    assertThat(stores.runs().inputNotes(runId, 10))
        .containsExactly(
            new RunStore.InputNotes(
                "b.csv", List.of("by ;", "2 refused with INPUT_EMPTY, the first at 7: first")));
  }
}
