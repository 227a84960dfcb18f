package dev.nightjar.pipelines.reuse;

import dev.nightjar.cachestore.ErrorBound;
import dev.nightjar.cachestore.LearningStore;
import dev.nightjar.cachestore.LearntThreshold;
import dev.nightjar.pipelines.task.SemanticCacheSpec;
import dev.nightjar.pipelines.task.TaskSpec;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Learns from answers: a run begins with the threshold that the evidence so far supports, and every
 * answer that comes back is compared with the one that a neighbour would have lent. Both may be
 * repeated at any time. Thread-safe.
 */
public final class SemanticLearning {
  private static final int BATCH_MAX = 1_000;

  private final LearningStore store;
  private final TaskSpec task;
  private final long namespaceId;

  /** Learning in one namespace. */
  public SemanticLearning(LearningStore store, TaskSpec task, long namespaceId) {
    this.store = store;
    this.task = task;
    this.namespaceId = namespaceId;
  }

  /**
   * The threshold of a run: the one it began with, or else what the evidence supports now. Empty if
   * the task does not have its threshold learnt.
   */
  public Optional<LearntThreshold> begin(String runId) {
    SemanticCacheSpec spec = task.semanticCache();
    ErrorBound bound = spec == null ? null : spec.boundOrNull();
    if (spec == null || bound == null) {
      return Optional.empty();
    }
    String policy = SemanticPolicy.digest(task);
    Optional<LearntThreshold> begun = store.threshold(namespaceId, runId);
    if (begun.isPresent()
        && begun.get().policy().equals(policy)
        && begun.get().bound().isAs(bound)) {
      return begun;
    }
    store.declassify(namespaceId, task.answerEquality().classPrefix());
    learn(); // what was answered since nobody looked
    RiskController controller = new RiskController(bound);
    store.evidence(namespaceId, policy, bound, controller::observe);
    store.recordThreshold(namespaceId, runId, controller.learnt(policy, spec.shadowShare()));
    return store.threshold(namespaceId, runId);
  }

  /** Compares what has been answered since the last call. */
  public void learn() {
    SemanticCacheSpec spec = task.semanticCache();
    if (spec == null || spec.boundOrNull() == null) {
      return;
    }
    AnswerEquality equality = task.answerEquality();
    for (Map<String, String> answers = unclassified();
        !answers.isEmpty();
        answers = unclassified()) {
      store.classify(
          answers.entrySet().stream()
              .collect(Collectors.toMap(Map.Entry::getKey, e -> equality.classOf(e.getValue()))));
    }
    String policy = SemanticPolicy.digest(task);
    for (List<LearningStore.Comparison> open = store.comparisons(namespaceId, policy, BATCH_MAX);
        !open.isEmpty();
        open = store.comparisons(namespaceId, policy, BATCH_MAX)) {
      store.record(
          open.stream()
              .map(
                  c ->
                      new LearningStore.Verdict(
                          c.runId(),
                          c.itemKey(),
                          equality.equal(c.answerJson(), c.neighbourAnswerJson())))
              .toList());
    }
  }

  private Map<String, String> unclassified() {
    return store.unclassified(namespaceId, BATCH_MAX);
  }
}
