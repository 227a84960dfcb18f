package dev.nightjar.pipelines.reuse;

import dev.nightjar.cachestore.CacheHit;
import dev.nightjar.cachestore.Fingerprint;
import dev.nightjar.cachestore.LearntThreshold;
import dev.nightjar.cachestore.Neighbour;
import dev.nightjar.cachestore.ReuseBounds;
import dev.nightjar.cachestore.SemanticLookup;
import dev.nightjar.cachestore.SemanticLookup.Decision;
import dev.nightjar.pipelines.task.NearDuplicateSpec;
import dev.nightjar.pipelines.task.SemanticCacheSpec;
import dev.nightjar.pipelines.task.TaskSpec;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** How one run decides on texts that have neighbours in the cache. Immutable and thread-safe. */
public final class SemanticPolicy {
  /** Changes whenever scores become incomparable with those before. */
  private static final String VERSION = "vote 5";

  private static final int DIGEST_DIGITS = 16;

  private final TaskSpec task;
  private final Optional<LearntThreshold> learnt;
  private final String digest;
  private final double threshold;

  /**
   * The policy of a run.
   *
   * @param learnt what the run began with, if its task's threshold is learnt
   */
  public SemanticPolicy(TaskSpec task, Optional<LearntThreshold> learnt) {
    this.task = task;
    this.learnt = learnt;
    this.digest = digest(task);
    SemanticCacheSpec spec = task.semanticCache();
    Double similarityMin = spec == null ? null : spec.similarityMinOrNull();
    this.threshold =
        similarityMin != null
            ? similarityMin
            : learnt.map(LearntThreshold::threshold).orElse(ReuseBounds.NEVER);
  }

  /**
   * Names how a task decides and compares: evidence of another policy does not count, nor do
   * answers that another one let in.
   */
  public static String digest(TaskSpec task) {
    SemanticCacheSpec spec = task.semanticCache();
    boolean learnt = spec != null && spec.boundOrNull() != null;
    return Fingerprint.sha256(
            learnt ? VERSION : "nearest",
            task.guards().digest(),
            learnt ? task.answerEquality().digest() : "")
        .substring(0, DIGEST_DIGITS);
  }

  private static String followerDigest(TaskSpec task) {
    return Fingerprint.sha256("follower", task.guards().digest()).substring(0, DIGEST_DIGITS);
  }

  /** Whether neighbours are looked for at all. */
  public boolean isUsed() {
    return task.semanticCache() != null;
  }

  /** How many neighbours it takes to decide. */
  public int neighboursMax() {
    return NeighbourVote.NEIGHBOURS_MAX;
  }

  /** Decides on a text. Whether it is drawn is fixed before its neighbours are looked at. */
  public SemanticLookup decide(
      String itemKey, List<Neighbour> neighbours, List<String> guardMarks) {
    SemanticCacheSpec spec = task.semanticCache();
    if (spec == null) {
      throw new IllegalStateException("the task " + task.name() + " looks up no neighbours");
    }
    Double similarityMin = spec.similarityMinOrNull();
    NeighbourVote vote =
        similarityMin == null
            ? NeighbourVote.of(neighbours, task.guards(), guardMarks)
            : NeighbourVote.nearest(neighbours, similarityMin, task.guards(), guardMarks);
    boolean isDrawn =
        similarityMin == null
            && ShadowSampling.isSampled(
                itemKey, learnt.map(LearntThreshold::shadowShare).orElse(1.0));
    Decision decision =
        vote.source().isEmpty() || vote.score() < threshold
            ? Decision.MISS
            : vote.vetoOrNull() != null
                ? Decision.VETOED
                : isDrawn ? Decision.SHADOW : Decision.HIT;
    return new SemanticLookup(
        itemKey,
        vote.source(),
        vote.score(),
        threshold,
        learnt.map(LearntThreshold::errorBoundOrNull).orElse(null),
        decision,
        decision == Decision.VETOED ? vote.vetoOrNull() : null,
        // A text below the threshold is asked anyway, and tells of thresholds more lenient; one
        // that
        // a guard keeps from its neighbours says nothing of hits.
        similarityMin == null && (isDrawn || vote.score() < threshold) && vote.vetoOrNull() == null,
        digest);
  }

  /** The hit of a decision, if it is one. */
  public Optional<CacheHit> hit(SemanticLookup lookup) {
    if (lookup.decision() != Decision.HIT) {
      return Optional.empty();
    }
    return lookup
        .source()
        .map(
            source ->
                new CacheHit(
                    lookup.itemKey(),
                    source.itemKey(),
                    source.similarity(),
                    lookup.score(),
                    lookup.policy()));
  }

  /** Which stored answers may be used again. */
  public ReuseBounds bounds(Instant now) {
    NearDuplicateSpec near = task.nearDuplicates();
    return new ReuseBounds(
        near == null ? ReuseBounds.NEVER : near.similarityMin(),
        near == null ? ReuseBounds.NEVER : near.jaccardMin(),
        followerDigest(task),
        threshold,
        digest,
        task.retention().writtenAfter(now));
  }
}
