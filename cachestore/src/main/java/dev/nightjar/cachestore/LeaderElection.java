package dev.nightjar.cachestore;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Chooses leaders greedily in order of item key. A candidate follows the most similar leader among
 * its neighbours; if none of its neighbours leads, it leads. Every follower is therefore within the
 * similarity bound of its own leader, and likeness is never chained through another follower.
 *
 * <p>Keys are SHA-256, so their order is arbitrary but the same on every machine: the outcome
 * depends only on the set of candidates. Feed candidates in ascending order, each with the pairs in
 * which it is the larger key. Memory: one set of leaders' keys. Not thread-safe.
 */
public final class LeaderElection {

  /**
   * A decision.
   *
   * @param leaderKey the leader to follow; the candidate's own key if it leads
   * @param similarity to the leader; 1 if it leads
   */
  public record Decision(String leaderKey, double similarity) {}

  private final Set<String> leaders = new HashSet<>();
  private @Nullable String previous;

  /**
   * Decides on one candidate.
   *
   * @param candidate its key, larger than all candidates before it
   * @param smallerNeighbours similarity by key of neighbours with smaller keys
   * @param standingLeaders similarity by key of neighbours that lead already, elected by other runs
   */
  public Decision decide(
      String candidate,
      Map<String, Double> smallerNeighbours,
      Map<String, Double> standingLeaders) {
    if (previous != null && previous.compareTo(candidate) >= 0) {
      throw new IllegalArgumentException(
          "candidates must come in ascending order, but " + candidate + " came after " + previous);
    }
    previous = candidate;
    Map<String, Double> choices = new HashMap<>(standingLeaders);
    smallerNeighbours.forEach(
        (key, similarity) -> {
          if (leaders.contains(key)) {
            choices.put(key, similarity);
          }
        });
    Decision best = null;
    for (Map.Entry<String, Double> choice : choices.entrySet()) {
      if (best == null
          || choice.getValue() > best.similarity()
          || (choice.getValue() == best.similarity()
              && choice.getKey().compareTo(best.leaderKey()) < 0)) {
        best = new Decision(choice.getKey(), choice.getValue());
      }
    }
    if (best != null) {
      return best;
    }
    leaders.add(candidate);
    return new Decision(candidate, 1);
  }
}
