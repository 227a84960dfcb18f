package dev.nightjar.pipelines.audit;

import dev.nightjar.cachestore.AuditStore;
import dev.nightjar.pipelines.reuse.AnswerEquality;
import dev.nightjar.pipelines.task.TaskSpec;
import java.util.List;

/**
 * Compares what a run delivered with what its documents should have been answered, as the task's
 * {@code answer_equality} says. May be repeated at any time: what was compared is passed over.
 * Thread-safe.
 */
public final class AuditComparison {
  private static final int BATCH_MAX = 1_000;

  private final AuditStore store;
  private final TaskSpec task;
  private final AuditStore.Terms terms;

  /** Comparisons for a task. */
  public AuditComparison(AuditStore store, TaskSpec task) {
    this.store = store;
    this.task = task;
    this.terms =
        new AuditStore.Terms(
            task.answerEquality().digest(), task.referenceTier(), task.retrieval() != null);
  }

  /** Compares with the answers of a run that asked the reference. */
  public void withReference(String runId, String referenceRunId) {
    String after = "";
    for (List<AuditStore.Pair> open =
            store.referencePairs(runId, referenceRunId, terms, after, BATCH_MAX);
        !open.isEmpty();
        open = store.referencePairs(runId, referenceRunId, terms, after, BATCH_MAX)) {
      store.recordReference(
          runId, referenceRunId, terms, verdicts(open, AnswerEquality::differing));
      after = open.get(open.size() - 1).documentId();
    }
  }

  /** Compares with what people say. Where they say nothing that is compared, nothing is. */
  public void withGold(String runId) {
    String after = "";
    for (List<AuditStore.Pair> open = store.goldPairs(runId, terms, after, BATCH_MAX);
        !open.isEmpty();
        open = store.goldPairs(runId, terms, after, BATCH_MAX)) {
      store.recordGold(
          runId,
          terms,
          verdicts(
              open.stream()
                  .filter(pair -> task.answerEquality().compares(pair.otherJson()))
                  .toList(),
              AnswerEquality::differingFromPart));
      after = open.get(open.size() - 1).documentId();
    }
  }

  private interface Comparing {
    List<String> differing(AnswerEquality equality, String delivered, String other);
  }

  private List<AuditStore.Verdict> verdicts(List<AuditStore.Pair> pairs, Comparing comparing) {
    return pairs.stream()
        .map(
            pair ->
                new AuditStore.Verdict(
                    pair.documentId(),
                    comparing.differing(
                        task.answerEquality(), pair.deliveredJson(), pair.otherJson())))
        .toList();
  }
}
