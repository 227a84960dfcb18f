package dev.nightjar.runners;

import dev.nightjar.cachestore.AttemptMode;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.Run;
import dev.nightjar.cachestore.RunStore;
import dev.nightjar.cachestore.Submission;
import dev.nightjar.cachestore.SubmissionState;
import dev.nightjar.cachestore.postgres.PostgresStores;
import dev.nightjar.pipelines.Collect;
import dev.nightjar.pipelines.JobContext;
import dev.nightjar.pipelines.reuse.SemanticLearning;
import dev.nightjar.pipelines.submit.BatchSubmitter;
import dev.nightjar.pipelines.submit.LeaseKeeper;
import dev.nightjar.pipelines.submit.ProviderClients;
import dev.nightjar.pipelines.task.TaskLoader;
import dev.nightjar.pipelines.task.TaskSpec;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings home what the tenant has at providers under other tasks, and under former versions of this
 * one, where no process is driving it: answers that are paid for, charges that belong in the
 * ledger, reservations that hold a budget.
 *
 * <ul>
 *   <li>Each submission is judged by the task as it was when it was sent. Its answers are kept as
 *       that version's.
 *   <li>Nothing is sent. For a version that the task has replaced nothing more is bought either:
 *       what no provider has is withdrawn, and its run ends with what comes home. Another task's
 *       escalations are planned, for its own next run to send.
 *   <li>A run that nobody came back to ends at its deadline, as it would have.
 * </ul>
 *
 * <p>What goes wrong here is said and tried again at the next run; it never stops the night that
 * asks. Not thread-safe.
 */
final class BringHome {
  private static final Logger LOG = LoggerFactory.getLogger(BringHome.class);

  private final PostgresStores stores;
  private final ProviderClients clients;
  private final PipelineLauncher launcher;
  private final JobContext context;
  private final Clock clock;
  private final Set<String> said = new HashSet<>();

  BringHome(
      PostgresStores stores,
      ProviderClients clients,
      PipelineLauncher launcher,
      JobContext context,
      Clock clock) {
    this.stores = stores;
    this.clients = clients;
    this.launcher = launcher;
    this.context = context;
    this.clock = clock;
  }

  /**
   * What providers have ended.
   *
   * @param alsoHere whether also of the namespace of the run that asks, which has nobody else then
   */
  void collect(boolean alsoHere) {
    for (RunStore.Undriven undriven : undriven()) {
      if (undriven.superseded()) {
        guarded(undriven.run().runId(), () -> stopBuying(undriven.run()));
      }
    }
    for (RunStore.Elsewhere other : stores.runs().elsewhere(context.namespaceId(), alsoHere)) {
      guarded(other.taskName(), () -> collect(other));
    }
  }

  /** Runs of which nothing can come home any more; to be called when everything was looked at. */
  void end() {
    if (!stores.strays().held().isEmpty()) {
      return; // what such a run has planned may be answered by a stray batch
    }
    for (RunStore.Undriven undriven : undriven()) {
      guarded(undriven.run().runId(), () -> end(undriven));
    }
  }

  private List<RunStore.Undriven> undriven() {
    return stores.runs().undriven(context.namespaceId(), context.runId());
  }

  /** Whatever is wrong with another task, the night that asks goes on. */
  private void guarded(String what, Runnable work) {
    try {
      work.run();
    } catch (RuntimeException e) {
      NightjarException known = NightjarException.in(e);
      sayOnce(
          what
              + ": not all of it was brought home: "
              + (known == null ? e.toString() : known.getMessage()));
    }
  }

  /** Each once a process: a night of 24 hours comes here every half minute. */
  private void sayOnce(String line) {
    if (said.add(line)) {
      LOG.warn("{}", line);
    }
  }

  private void stopBuying(Run run) {
    long failed =
        stores
            .runs()
            .stopBuying(
                run.runId(),
                ErrorCode.TASK_CHANGED,
                "the task was changed while this run was open; the run of its new version asks the document");
    if (failed > 0) {
      LOG.warn(
          "{}: its task was changed: {} documents that were not asked are left to the new version",
          run.runId(),
          failed);
    }
  }

  private void collect(RunStore.Elsewhere other) {
    List<Submission> open = stores.submissions().open(other.namespaceId());
    if (open.isEmpty()) {
      return;
    }
    TaskSpec task = TaskLoader.stored(other.taskName(), other.definitionJson());
    JobContext theirs = context.forTask(other.namespaceId(), task, open.get(0).runId());
    BatchSubmitter submitter =
        BatchSubmitter.bringingHome(stores, clients, context.providers(), task, clock);
    List<String> ended = new ArrayList<>();
    try (LeaseKeeper keeper =
        new LeaseKeeper(
            stores.submissions(), theirs.workerId(), context.providers().lease(), clock)) {
      for (Submission submission : open) {
        try {
          if (look(submission, other, submitter, keeper)) {
            ended.add(submission.submissionId());
          }
        } catch (NightjarException e) {
          sayOnce(String.valueOf(e.getMessage()));
        }
      }
      if (!ended.isEmpty()) {
        launcher.run(
            "nightjar bring home " + theirs.runId(),
            pipeline -> new Collect(theirs, ended).addSettlingTo(pipeline, !other.superseded()));
        new SemanticLearning(stores.learning(), task, other.namespaceId()).learn();
      }
    }
    Set<String> left = new HashSet<>();
    stores.submissions().open(other.namespaceId()).forEach(one -> left.add(one.submissionId()));
    String whose =
        (other.superseded() ? "a former version of " : "") + "the task " + other.taskName();
    for (String id : ended) {
      if (!left.contains(id)) {
        LOG.warn("{}: brought home, of {}", id, whose);
      }
    }
    for (Submission submission : open) {
      if (left.contains(submission.submissionId())
          && submission.state() != SubmissionState.PLANNED) {
        sayOnce(
            submission.submissionId()
                + ": of "
                + whose
                + ", is still "
                + submission.state().label()
                + " at "
                + submission.provider()
                + "; any later run of this tenant brings it home");
      }
    }
  }

  /** Whether a submission has ended and is the keeper's to collect. */
  private boolean look(
      Submission submission,
      RunStore.Elsewhere other,
      BatchSubmitter submitter,
      LeaseKeeper keeper) {
    String id = submission.submissionId();
    if (submission.state() == SubmissionState.ENDED) {
      return keeper.claim(id).isPresent();
    }
    if (submission.state() == SubmissionState.PLANNED) {
      boolean over = stores.runs().find(submission.runId()).filter(Run::finished).isPresent();
      if (over || other.superseded()) {
        stores
            .submissions()
            .withdraw(
                id,
                over ? ErrorCode.DEADLINE_PASSED : ErrorCode.TASK_CHANGED,
                "its run is over, or its task was changed, before any provider had it");
      }
      return false;
    }
    if (submission.state() != SubmissionState.IN_PROGRESS) {
      submitter.submit(id); // finds out whether the provider has it
      return false;
    }
    if (submission.mode() == AttemptMode.BATCH) {
      return submitter.poll(submission, keeper);
    }
    if (other.superseded() && submission.cancelRequestedAt().isEmpty()) {
      stores.submissions().requestCancel(id, ErrorCode.SUBMISSION_CANCELLED, clock.instant());
    }
    if (other.superseded() || isOver(submission)) {
      submitter.submit(id); // ends it with what was answered
    }
    return false;
  }

  private boolean isOver(Submission submission) {
    return stores
        .runs()
        .find(submission.runId())
        .filter(run -> !clock.instant().isBefore(run.deadlineAt()))
        .isPresent();
  }

  /** Closes a run that nobody came back to, once nothing of it can come home any more. */
  private void end(RunStore.Undriven undriven) {
    Run run = undriven.run();
    boolean over = !clock.instant().isBefore(run.deadlineAt());
    if ((over || undriven.superseded())
        && stores
            .runs()
            .endUndriven(
                run.runId(),
                ErrorCode.DEADLINE_PASSED,
                "nobody drove the run when its deadline passed at " + run.deadlineAt())) {
      stores.runs().tidy(run.runId());
      stores.runs().postFinished(run.namespaceId());
      LOG.warn(
          "{}: ended, for {}",
          run.runId(),
          over ? "its deadline has passed" : "its task was changed and all that was asked is home");
    }
  }
}
