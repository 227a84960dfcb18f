package dev.nightjar.pipelines.audit;

import dev.nightjar.cachestore.AuditStore;
import dev.nightjar.pipelines.reuse.AnswerEquality;
import dev.nightjar.pipelines.task.TaskSpec;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;

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
        new AuditStore.Terms(task.answerEquality().digest(), task.referenceTier(), task.shortens());
  }

  /** Compares with the answers of a run that asked the reference. */
  public void withReference(String runId, String referenceRunId) {
    compare(
        after -> store.referencePairs(runId, referenceRunId, terms, after, BATCH_MAX),
        pair -> Optional.of(equality().differing(pair.deliveredJson(), pair.otherJson())),
        verdicts -> store.recordReference(runId, referenceRunId, terms, verdicts));
  }

  /** Compares with what people say. Where they say nothing that is compared, nothing is. */
  public void withGold(String runId) {
    compare(
        after -> store.goldPairs(runId, terms, after, BATCH_MAX),
        pair ->
            equality().compares(pair.otherJson())
                ? Optional.of(equality().differingFromPart(pair.deliveredJson(), pair.otherJson()))
                : Optional.empty(),
        verdicts -> store.recordGold(runId, terms, verdicts));
  }

  private AnswerEquality equality() {
    return task.answerEquality();
  }

  /** Batch by batch, each after the last document of the one before: what is left open ends it. */
  private void compare(
      Function<String, List<AuditStore.Pair>> openAfter,
      Function<AuditStore.Pair, Optional<List<String>>> differing,
      Consumer<List<AuditStore.Verdict>> record) {
    List<AuditStore.Pair> open = openAfter.apply("");
    while (!open.isEmpty()) {
      record.accept(
          open.stream()
              .flatMap(
                  pair ->
                      differing.apply(pair).stream()
                          .map(fields -> new AuditStore.Verdict(pair.documentId(), fields)))
              .toList());
      open = openAfter.apply(open.get(open.size() - 1).documentId());
    }
  }
}
