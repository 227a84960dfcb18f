package dev.nightjar.pipelines.dedupe;

import dev.nightjar.cachestore.VersionStore;
import dev.nightjar.pipelines.JobContext;
import dev.nightjar.pipelines.beam.StoreFn;
import dev.nightjar.pipelines.model.Candidate;
import dev.nightjar.pipelines.model.Document;
import dev.nightjar.pipelines.model.SourceDocument;
import dev.nightjar.pipelines.model.Tokens;
import dev.nightjar.pipelines.task.FormerVersion;
import dev.nightjar.pipelines.task.TaskChanges;
import dev.nightjar.pipelines.validate.AnswerValidator;
import dev.nightjar.pipelines.validate.QuoteSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Answers candidates by what former versions of the task answered, where its change cannot have
 * touched that, or where answers are kept all the same. The last version that has an answer to keep
 * gives it. Outputs the others.
 */
final class KeepAnswersFn extends StoreFn<Candidate, Candidate> {
  private static final long serialVersionUID = 1L;
  private static final int LOOKUP_BATCH_MAX = 500;

  private transient @Nullable AnswerValidator validator;

  KeepAnswersFn(JobContext context) {
    super(context, LOOKUP_BATCH_MAX);
  }

  @Override
  protected void open() {
    super.open();
    validator = new AnswerValidator(context.task().outputSchemaJson());
  }

  @Override
  protected void processBatch(List<Candidate> candidates, Consumer<Candidate> output) {
    List<String> keys = candidates.stream().map(Candidate::itemKey).toList();
    // A leader that an interrupted pass elected stays one: others may follow it already.
    Set<String> leaders = stores().work().leadersToPlan(context.runId(), keys).keySet();
    Map<String, VersionStore.Keeping> keeping = new HashMap<>();
    for (FormerVersion former : context.formers()) {
      Map<String, List<Candidate>> byFormerKey = new HashMap<>();
      for (Candidate candidate : candidates) {
        if (!leaders.contains(candidate.itemKey()) && !keeping.containsKey(candidate.itemKey())) {
          byFormerKey
              .computeIfAbsent(formerKey(former, candidate.document()), key -> new ArrayList<>())
              .add(candidate);
        }
      }
      if (!byFormerKey.isEmpty()) {
        stores()
            .versions()
            .answers(
                former.namespaceId(),
                byFormerKey.keySet(),
                former.changes().touched(),
                context.reuseBounds())
            .forEach(
                (key, answer) ->
                    byFormerKey
                        .getOrDefault(key, List.of())
                        .forEach(
                            candidate ->
                                keeping(former, key, candidate, answer)
                                    .ifPresent(one -> keeping.put(one.itemKey(), one))));
      }
    }
    Set<String> answered =
        new HashSet<>(stores().versions().keep(context.runId(), new ArrayList<>(keeping.values())));
    candidates.stream()
        .filter(candidate -> !answered.contains(candidate.itemKey()))
        .forEach(output);
  }

  private static String formerKey(FormerVersion former, Document document) {
    Map<String, String> fields = new HashMap<>(document.fields());
    fields.keySet().retainAll(Set.copyOf(former.fields()));
    return ItemKeys.of(
        former.namespace(),
        new Document(
            document.id(),
            document.text(),
            fields,
            document.priority(),
            document.sourceUri(),
            document.position()),
        former.showsId());
  }

  private Optional<VersionStore.Keeping> keeping(
      FormerVersion former,
      String formerKey,
      Candidate candidate,
      VersionStore.FormerAnswer answer) {
    TaskChanges changes = former.changes();
    boolean isTouched =
        answer.isTouched()
            || (changes.touchesLong()
                && Tokens.count(candidate.document().text()) > former.documentTokensOver());
    if (isTouched && !former.keepsTouched()) {
      return Optional.empty();
    }
    if (changes.isOfSchema() && !meetsSchema(answer.answerJson(), candidate.document())) {
      return Optional.empty();
    }
    return Optional.of(
        new VersionStore.Keeping(
            candidate.itemKey(),
            formerKey,
            isTouched ? VersionStore.Kept.BY_REQUEST : VersionStore.Kept.UNAFFECTED,
            former.comparesAlike()));
  }

  /** Also its quotes, which have to stand in the document. */
  private boolean meetsSchema(String answerJson, Document document) {
    if (validator == null) {
      throw new IllegalStateException("setup has not run");
    }
    return validator
        .validate(
            answerJson, QuoteSource.of(SourceDocument.of(document), context.task().compression()))
        .answerJson()
        .isPresent();
  }
}
