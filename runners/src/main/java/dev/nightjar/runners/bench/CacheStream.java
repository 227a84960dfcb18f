package dev.nightjar.runners.bench;

import dev.nightjar.cachestore.ErrorBound;
import dev.nightjar.cachestore.Evidence;
import dev.nightjar.cachestore.Fingerprint;
import dev.nightjar.cachestore.LearntThreshold;
import dev.nightjar.cachestore.Neighbour;
import dev.nightjar.cachestore.ReuseBounds;
import dev.nightjar.cachestore.SemanticLookup;
import dev.nightjar.cachestore.embed.EmbeddingModel;
import dev.nightjar.pipelines.reuse.AnswerEquality;
import dev.nightjar.pipelines.reuse.Guards;
import dev.nightjar.pipelines.reuse.NeighbourVote;
import dev.nightjar.pipelines.reuse.RiskController;
import dev.nightjar.pipelines.reuse.SemanticPolicy;
import dev.nightjar.pipelines.task.Compression;
import dev.nightjar.pipelines.task.RetentionSpec;
import dev.nightjar.pipelines.task.SemanticCacheSpec;
import dev.nightjar.pipelines.task.TaskSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The pipeline's vote and controller on one stream of texts, a hundred a night, from no evidence. A
 * text that is hit is not asked, so it joins the cache only if it was missed or drawn. Of the
 * copies of a text that missed one is asked for all. Not thread-safe.
 */
final class CacheStream {
  private static final int TEXTS_A_NIGHT = 100;
  private static final double SHADOW_SHARE = 0.05;
  private static final int HARD_ONES_LATE_NIGHTS = 3;

  /** In which order answers come back. */
  enum Arrival {
    /** All of a night's in the morning. */
    RANDOM,
    /** Those that neighbours would have got right in the morning, the others some nights later. */
    SORTED
  }

  /** How a stream went. */
  record Outcome(
      int texts,
      int hits,
      int wrong,
      int copiesHit,
      int copiesWrong,
      int shadows,
      double threshold,
      int firstHit) {
    double hitRate() {
      return (double) hits / texts;
    }

    double errorOfHits() {
      return hits == 0 ? 0 : (double) wrong / hits;
    }

    double errorOfRequests() {
      return (double) wrong / texts;
    }

    double errorOfCopies() {
      return copiesHit == 0 ? 0 : (double) copiesWrong / copiesHit;
    }

    /** The share of wrong answers that a bound is on. */
    double errorAsIn(ErrorBound bound) {
      return bound.isPerRequest() ? errorOfRequests() : errorOfHits();
    }
  }

  /** A text that was asked, and whether the neighbour it would have borrowed from says the same. */
  private record Asked(int text, int source, boolean isRight) {}

  /** What one night asked, and what it is evidence of. */
  private record Night(List<Asked> asked, List<Evidence> outcomes) {}

  private final LabelledTexts set;
  private final int[] order;
  private final int[] times;
  private final long seed;
  private final Arrival arrival;
  private final TaskSpec task;
  private final RiskController controller;
  private final boolean[] cached;
  private final int[] agreed;
  private final int[] contradicted;
  private final List<Night> nights = new ArrayList<>();
  private int known;
  private int hits;
  private int wrong;
  private int copiesHit;
  private int copiesWrong;
  private int shadows;
  private int firstHit;

  /**
   * A stream that nothing has come of yet.
   *
   * @param order in which texts come
   * @param times how often each comes on its night
   * @param seed of the draws
   */
  CacheStream(
      LabelledTexts set, int[] order, int[] times, ErrorBound bound, Arrival arrival, long seed) {
    this.set = set;
    this.order = order;
    this.times = times;
    this.seed = seed;
    this.arrival = arrival;
    this.task = task(bound);
    this.controller = new RiskController(bound);
    this.cached = new boolean[order.length];
    this.agreed = new int[order.length];
    this.contradicted = new int[order.length];
    this.firstHit = order.length;
  }

  Outcome run() {
    for (int from = 0; from < order.length; from += TEXTS_A_NIGHT) {
      LearntThreshold learnt = controller.learnt(SemanticPolicy.digest(task), SHADOW_SHARE);
      SemanticPolicy policy = new SemanticPolicy(task, Optional.of(learnt));
      nights.add(new Night(new ArrayList<>(), new ArrayList<>()));
      for (int at = from; at < Math.min(order.length, from + TEXTS_A_NIGHT); at++) {
        lookUp(at, policy, learnt);
      }
      answersArrive();
    }
    double last = controller.threshold();
    return new Outcome(
        order.length,
        hits,
        wrong,
        copiesHit,
        copiesWrong,
        shadows,
        last == ReuseBounds.NEVER ? 1 : last,
        firstHit);
  }

  private void lookUp(int at, SemanticPolicy policy, LearntThreshold learnt) {
    int text = order[at];
    List<Neighbour> neighbours = neighbours(text);
    boolean isHit = false;
    boolean isWrong = false;
    Asked leader = null;
    List<Evidence> seen = new ArrayList<>();
    for (int copy = 0; copy < times[text]; copy++) {
      SemanticLookup lookup =
          policy.decide(
              Fingerprint.sha256(seed + " " + text + " " + copy),
              neighbours,
              set.guardMarks().get(text));
      int source = lookup.source().map(n -> Integer.parseInt(n.itemKey())).orElse(-1);
      boolean right = source >= 0 && set.agree(source, text);
      shadows += lookup.decision() == SemanticLookup.Decision.SHADOW ? 1 : 0;
      if (lookup.decision() == SemanticLookup.Decision.HIT) {
        copiesHit++;
        copiesWrong += right ? 0 : 1;
        isHit = true;
        isWrong = !right;
        continue;
      }
      leader = leader == null ? new Asked(text, source, right) : leader;
      if (lookup.isSampled() && source >= 0) {
        boolean isAbove = lookup.score() >= lookup.threshold();
        double share = learnt.shadowShare();
        seen.add(
            new Evidence(
                lookup.score(),
                isAbove,
                share,
                isAbove ? share : 1,
                right,
                !seen.isEmpty(),
                !right));
      }
    }
    hits += isHit ? 1 : 0;
    wrong += isWrong ? 1 : 0;
    firstHit = isHit ? Math.min(firstHit, at) : firstHit;
    if (leader != null) {
      nights.get(nights.size() - 1).asked().add(leader);
      nights.get(nights.size() - 1).outcomes().addAll(seen);
    }
  }

  /**
   * In the morning the answers are there: all of them, or the easy ones of this night and the hard
   * ones of one that is long over. A night is evidence when all of it is known, and none before its
   * predecessors.
   */
  private void answersArrive() {
    int hardFrom = nights.size() - 1 - (arrival == Arrival.SORTED ? HARD_ONES_LATE_NIGHTS : 0);
    for (Asked one : nights.get(nights.size() - 1).asked()) {
      if (hardFrom == nights.size() - 1 || one.isRight()) {
        takeIn(one);
      }
    }
    if (arrival == Arrival.SORTED && hardFrom >= 0) {
      nights.get(hardFrom).asked().stream().filter(one -> !one.isRight()).forEach(this::takeIn);
    }
    while (known < nights.size()
        && (known <= hardFrom || nights.get(known).asked().stream().allMatch(Asked::isRight))) {
      nights.get(known++).outcomes().forEach(controller::observe);
    }
  }

  private void takeIn(Asked one) {
    cached[one.text()] = true;
    if (one.source() >= 0) {
      agreed[one.source()] += one.isRight() ? 1 : 0;
      contradicted[one.source()] += one.isRight() ? 0 : 1;
    }
  }

  private List<Neighbour> neighbours(int text) {
    List<Neighbour> found = new ArrayList<>(NeighbourVote.NEIGHBOURS_MAX);
    int[] nearest = set.nearest()[text];
    for (int k = 0; k < nearest.length && found.size() < NeighbourVote.NEIGHBOURS_MAX; k++) {
      int other = nearest[k];
      if (cached[other]) {
        found.add(
            new Neighbour(
                Integer.toString(other),
                set.cosines()[text][k],
                set.labels().get(other),
                agreed[other],
                contradicted[other],
                set.guardMarks().get(other)));
      }
    }
    return found;
  }

  /** A task of which only the rules for sharing answers are used. */
  private static TaskSpec task(ErrorBound bound) {
    return new TaskSpec(
        "bench",
        "",
        "",
        "{}",
        "id",
        "text",
        List.of(),
        null,
        TaskSpec.OverBudget.DEFER,
        false,
        null,
        new SemanticCacheSpec(null, bound, SHADOW_SHARE),
        null,
        Guards.DEFAULT,
        AnswerEquality.ALL_FIELDS,
        RetentionSpec.UNLIMITED,
        EmbeddingModel.ALL_MINILM_L6_V2,
        Compression.NONE,
        null,
        null,
        false,
        List.of(),
        "",
        null,
        0,
        null,
        "",
        "{}");
  }
}
