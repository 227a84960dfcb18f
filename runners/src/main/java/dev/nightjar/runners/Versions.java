package dev.nightjar.runners;

import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.VersionStore;
import dev.nightjar.pipelines.dedupe.ItemKeys;
import dev.nightjar.pipelines.model.Tokens;
import dev.nightjar.pipelines.task.FormerVersion;
import dev.nightjar.pipelines.task.TaskChanges;
import dev.nightjar.pipelines.task.TaskLoader;
import dev.nightjar.pipelines.task.TaskSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * What became of a task since its nights before: what was changed, what that makes void, and which
 * answers of former versions a night keeps.
 *
 * @param toKeepOf the versions that have answers to keep, the last one first
 * @param lastRunId the last night, if it was of another version
 * @param lines what to say of the change; empty if there is none
 */
record Versions(List<FormerVersion> toKeepOf, Optional<String> lastRunId, List<String> lines) {
  /** Further back somebody may have been right to ask again. */
  private static final int FORMERS_MAX = 5;

  private static final int CHANGES_SHOWN = 10;

  /** Of a task that is run for itself: audits and trials ask anew whatever their task asks. */
  static Versions of(VersionStore store, NightPlan plan, long namespaceId, TaskSpec task) {
    List<FormerVersion> toKeepOf = new ArrayList<>();
    List<String> lines = new ArrayList<>();
    Optional<String> lastRunId = Optional.empty();
    if (task.auditPass() > 0 || task.name().endsWith(Trial.NAME_SUFFIX)) {
      return new Versions(toKeepOf, lastRunId, lines);
    }
    for (VersionStore.Former known : store.formers(namespaceId, task.name(), FORMERS_MAX)) {
      TaskSpec before;
      try {
        before = TaskLoader.stored(task.name(), known.definitionJson());
      } catch (NightjarException e) {
        continue; // an older build's, of which this one cannot say what is different
      }
      FormerVersion former =
          FormerVersion.of(
              known,
              ItemKeys.namespace(plan.tenant(), known.fingerprint(), known.embeddingModel()),
              before,
              task,
              plan.keepsAnswers());
      if (former.mayKeep(task)) {
        toKeepOf.add(former);
      }
      if (known.isLast()) {
        lastRunId = Optional.of(known.lastRunId());
        lines.addAll(lines(store, known, former, before, task));
      }
    }
    return new Versions(List.copyOf(toKeepOf), lastRunId, List.copyOf(lines));
  }

  private static List<String> lines(
      VersionStore store,
      VersionStore.Former known,
      FormerVersion former,
      TaskSpec before,
      TaskSpec task) {
    List<String> lines = new ArrayList<>();
    List<TaskChanges.Change> changes = former.changes().changes();
    lines.add("the task was changed since run " + known.lastRunId() + ":");
    changes.stream().limit(CHANGES_SHOWN).forEach(change -> lines.add("  " + change.inWords()));
    if (changes.size() > CHANGES_SHOWN) {
      lines.add("  and " + (changes.size() - CHANGES_SHOWN) + " more changes");
    }
    if (changes.isEmpty()) {
      lines.add(
          "  embedding_model "
              + before.embeddingModel().label()
              + " → "
              + task.embeddingModel().label()
              + ": touches no answer; what texts are alike is learnt anew");
    }
    boolean isOther = !Set.copyOf(task.fields()).containsAll(before.fields());
    VersionStore.MadeVoid made =
        store.countVoid(
            known.lastRunId(),
            isOther ? VersionStore.Touched.ALL : former.changes().touched(),
            former.changes().touchesLong()
                ? OptionalInt.of(former.documentTokensOver() + frameTokens(before))
                : OptionalInt.empty());
    String most = former.changes().touchesLong() ? "about " : "";
    if (made.touched() == 0) {
      lines.add(
          "  none of its " + Terminal.count(made.answered()) + " answers is void; they are kept");
    } else {
      lines.add(
          "  of its "
              + Terminal.count(made.answered())
              + " answers "
              + most
              + Terminal.count(made.touched())
              + (former.keepsTouched() && !isOther
                  ? " would be void, and are kept by --keep-answers; they"
                  : " are void and asked again"
                      + (isOther ? "" : " (--keep-answers keeps them)")
                      + "; they")
              + " cost "
              + most
              + Terminal.usd(made.askedUsd())
              + " USD when they were asked");
    }
    return lines;
  }

  /** What a prompt has besides its document. */
  private static int frameTokens(TaskSpec task) {
    return Tokens.count(task.system())
        + Tokens.count(task.outputSchemaJson())
        + Tokens.REQUEST_FRAME
        + Tokens.count(task.sharedHead());
  }

  /** What a night has kept; empty for nothing. */
  static Optional<String> keptLine(VersionStore.KeptCounts kept) {
    if (kept.unaffected() + kept.byRequest() == 0) {
      return Optional.empty();
    }
    return Optional.of(
        "kept from former versions of the task: "
            + Terminal.count(kept.unaffected())
            + " answers that its change does not touch"
            + (kept.byRequest() > 0
                ? ", and " + Terminal.count(kept.byRequest()) + " by --keep-answers"
                : "")
            + " (view kept_answers)");
  }
}
