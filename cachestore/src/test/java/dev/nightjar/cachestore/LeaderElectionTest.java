package dev.nightjar.cachestore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class LeaderElectionTest {
  private static final double BOUND = 0.9;

  @Property
  void everyFollowerIsWithinTheBoundOfALeaderThatLeadsItself(
      @ForAll @Size(min = 2, max = 30) java.util.List<@IntRange(max = 100) Integer> positions) {
    Map<String, LeaderElection.Decision> decisions = elect(new TreeSet<>(positions));
    decisions.forEach(
        (key, decision) -> {
          assertThat(decisions.get(decision.leaderKey()).leaderKey())
              .as("the leader of %s leads itself", key)
              .isEqualTo(decision.leaderKey());
          assertThat(similarity(key, decision.leaderKey())).isGreaterThanOrEqualTo(BOUND);
        });
  }

  @Property
  void twoLeadersAreNeverNeighbours(
      @ForAll @Size(min = 2, max = 30) java.util.List<@IntRange(max = 100) Integer> positions) {
    Map<String, LeaderElection.Decision> decisions = elect(new TreeSet<>(positions));
    var leaders =
        decisions.entrySet().stream()
            .filter(d -> d.getKey().equals(d.getValue().leaderKey()))
            .toList();
    for (var a : leaders) {
      for (var b : leaders) {
        if (!a.getKey().equals(b.getKey())) {
          assertThat(similarity(a.getKey(), b.getKey())).isLessThan(BOUND);
        }
      }
    }
  }

  @Property
  void aStandingLeaderIsFollowedBeforeLeadingOneself(
      @ForAll @DoubleRange(min = 0.9, max = 1) double similarity) {
    LeaderElection election = new LeaderElection();
    assertThat(election.decide("b", Map.of(), Map.of("z", similarity)).leaderKey()).isEqualTo("z");
  }

  @Test
  void ofTwoLeadersTheMoreSimilarIsFollowed() {
    LeaderElection election = new LeaderElection();
    election.decide("a", Map.of(), Map.of());
    election.decide("b", Map.of(), Map.of());
    assertThat(election.decide("c", Map.of("a", 0.91, "b", 0.95), Map.of()).leaderKey())
        .isEqualTo("b");
  }

  @Test
  void candidatesOutOfOrderAreRefused() {
    LeaderElection election = new LeaderElection();
    election.decide("b", Map.of(), Map.of());
    assertThatThrownBy(() -> election.decide("a", Map.of(), Map.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("ascending");
  }

  /** Texts are points on a line; the nearer, the more similar. */
  private static double similarity(String a, String b) {
    return 1 - Math.abs(Integer.parseInt(a) - Integer.parseInt(b)) / 100.0;
  }

  private static Map<String, LeaderElection.Decision> elect(TreeSet<Integer> positions) {
    LeaderElection election = new LeaderElection();
    Map<String, LeaderElection.Decision> decisions = new TreeMap<>();
    for (String candidate : positions.stream().map(p -> String.format("%03d", p)).toList()) {
      Map<String, Double> smaller = new HashMap<>();
      for (String earlier : decisions.keySet()) {
        if (similarity(earlier, candidate) >= BOUND) {
          smaller.put(earlier, similarity(earlier, candidate));
        }
      }
      decisions.put(candidate, election.decide(candidate, smaller, Map.of()));
    }
    return decisions;
  }
}
