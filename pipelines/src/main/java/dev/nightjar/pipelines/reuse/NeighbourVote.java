package dev.nightjar.pipelines.reuse;

import dev.nightjar.cachestore.Neighbour;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Which neighbour's answer a text would borrow, and how much speaks for it. Neighbours vote for
 * their answer's class with a weight that falls off with distance (a kernel classifier); the score
 * is the winner's share of all votes and of one more, cast against it from a fixed distance, so
 * that a lone far neighbour does not win unopposed. One nearest cosine says much less: on Banking77
 * at an error of 2 %, it finds a third of the hits that this share finds, because two intents can
 * lie as close as two phrasings of one.
 *
 * <p>An entry whose answer turned out wrong for texts near it loses weight (the rule of succession
 * on its record): that is the evidence per entry.
 *
 * @param source the neighbour to borrow from, which no guard refuses
 * @param score share of the votes, in [0, 1)
 * @param vetoOrNull the guard that refused every neighbour of the winning class
 */
public record NeighbourVote(Optional<Neighbour> source, double score, @Nullable String vetoOrNull) {
  /** How many neighbours vote. */
  public static final int NEIGHBOURS_MAX = 20;

  /** Cosine over which a vote falls to 1/e; Banking77 is flat between .05 and .07. */
  private static final double SCALE = 0.07;

  /** Cosine of the vote against; from .5 to .65 all the same on Banking77. */
  private static final double OPPONENT_COSINE = 0.6;

  /**
   * How much further away than a refused neighbour one with the same answer may be, for the refused
   * one to speak for it: with .3 as many hits as without a limit on Banking77, with .1 a hundredth
   * fewer.
   */
  private static final double REACH = 0.3;

  /** Verdicts it takes for an entry's own record to weigh as much as its good name. */
  private static final double RECORD_PRIOR = 2;

  private static final Comparator<Neighbour> NEAREST =
      Comparator.comparingDouble((Neighbour n) -> -n.similarity())
          .thenComparing(Neighbour::itemKey);

  /**
   * Counts the votes. What a guard refuses is to lend, not to testify: a refused neighbour votes
   * for its answer if one that may lend it is about as near, else for nobody, for a far text must
   * not be carried by near ones that are not to be borrowed from. Where its answer is not the
   * winner's it always speaks against that. The order of the neighbours does not matter.
   *
   * @param guardMarks of the text
   */
  public static NeighbourVote of(
      List<Neighbour> neighbours, Guards guards, List<String> guardMarks) {
    Predicate<Neighbour> allowed = n -> guards.difference(n.guardMarks(), guardMarks).isEmpty();
    List<Neighbour> nearestFirst = neighbours.stream().sorted(NEAREST).toList();
    Map<String, Double> lenders = new TreeMap<>(); // of each answer the cosine of its nearest
    nearestFirst.stream()
        .filter(allowed)
        .forEach(n -> lenders.putIfAbsent(n.answerClass(), n.similarity()));
    Map<String, Double> votes = new TreeMap<>();
    Map<String, Double> all = new TreeMap<>();
    for (Neighbour neighbour : nearestFirst) {
      double weight =
          weight(neighbour.similarity())
              * (neighbour.agreed() + RECORD_PRIOR)
              / (neighbour.agreed() + neighbour.contradicted() + RECORD_PRIOR);
      String answer = neighbour.answerClass();
      all.merge(answer, weight, Double::sum);
      Double lender = lenders.get(answer);
      // Where all are refused, how they would have voted tells a veto from a miss.
      if (lenders.isEmpty()
          || (lender != null
              && (allowed.test(neighbour) || lender >= neighbour.similarity() - REACH))) {
        votes.merge(answer, weight, Double::sum);
      }
    }
    Map.Entry<String, Double> winner = null;
    for (Map.Entry<String, Double> candidate : votes.entrySet()) {
      if (winner == null || candidate.getValue() > winner.getValue()) {
        winner = candidate;
      }
    }
    if (winner == null) {
      return new NeighbourVote(Optional.empty(), 0, null);
    }
    String won = winner.getKey();
    all.put(won, winner.getValue());
    return choose(
        neighbours.stream().filter(n -> n.answerClass().equals(won)).toList(),
        guards,
        guardMarks,
        winner.getValue()
            / (weight(OPPONENT_COSINE)
                + all.values().stream().mapToDouble(Double::doubleValue).sum()));
  }

  /** The nearest neighbour alone, its cosine as the score: for a threshold set by the task. */
  public static NeighbourVote nearest(
      List<Neighbour> neighbours, double similarityMin, Guards guards, List<String> guardMarks) {
    Optional<Neighbour> first = neighbours.stream().min(NEAREST);
    return choose(
        neighbours.stream()
            .filter(n -> n.similarity() >= similarityMin || first.filter(n::equals).isPresent())
            .toList(),
        guards,
        guardMarks,
        first.map(n -> Math.max(0, n.similarity())).orElse(0.0));
  }

  private static NeighbourVote choose(
      List<Neighbour> eligible, Guards guards, List<String> guardMarks, double score) {
    Optional<Neighbour> nearest = eligible.stream().min(NEAREST);
    Optional<Neighbour> allowed =
        eligible.stream()
            .filter(n -> guards.difference(n.guardMarks(), guardMarks).isEmpty())
            .min(NEAREST);
    return new NeighbourVote(
        allowed.or(() -> nearest),
        score,
        allowed.isPresent()
            ? null
            : nearest.flatMap(n -> guards.difference(n.guardMarks(), guardMarks)).orElse(null));
  }

  private static double weight(double cosine) {
    return Math.exp((cosine - 1) / SCALE);
  }
}
