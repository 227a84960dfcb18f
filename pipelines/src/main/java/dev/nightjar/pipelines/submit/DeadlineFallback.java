package dev.nightjar.pipelines.submit;

import dev.nightjar.cachestore.AttemptMode;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.Outcome;
import dev.nightjar.cachestore.Stores;
import dev.nightjar.cachestore.Submission;
import dev.nightjar.cachestore.SubmissionState;
import dev.nightjar.cachestore.Usage;
import dev.nightjar.pipelines.JobContext;
import dev.nightjar.pipelines.route.PlanAttempts;
import dev.nightjar.pipelines.task.TierSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Gives batches up for online requests when a run's deadline is near and its task wants that: what
 * no provider has yet is withdrawn and planned online; what a provider has is cancelled there, and
 * what it did not come to is asked online when its results are collected. What it did by then is
 * billed, charged and kept. Stateless and thread-safe.
 */
public final class DeadlineFallback {
  private DeadlineFallback() {}

  /**
   * Gives the run's batches up.
   *
   * @return whether anything was withdrawn now
   */
  public static boolean giveBatchesUp(Stores stores, JobContext context) {
    boolean withdrawn = false;
    for (Submission submission : stores.submissions().open(context.namespaceId())) {
      if (submission.mode() != AttemptMode.BATCH
          || !submission.runId().equals(context.runId())
          || context.mode(context.task().tier(submission.tier())) != AttemptMode.ONLINE) {
        continue;
      }
      if (submission.state() == SubmissionState.PLANNED) {
        withdrawn |= withdraw(stores, context, submission);
      } else if (submission.state() == SubmissionState.IN_PROGRESS) {
        stores
            .submissions()
            .requestCancel(
                submission.submissionId(), ErrorCode.DEADLINE_NEAR, context.clock().instant());
      }
    }
    return withdrawn;
  }

  private static boolean withdraw(Stores stores, JobContext context, Submission submission) {
    String id = submission.submissionId();
    TierSpec tier = context.task().tier(submission.tier());
    RequestLines lines = new RequestLines(context.task());
    List<Outcome> outcomes = new ArrayList<>();
    // Read one by one, and kept without their prompts: a submission may hold 190 MB of them.
    stores
        .submissions()
        .forEachAttempt(
            id,
            attempt ->
                outcomes.add(
                    new Outcome(
                        attempt.customId(),
                        Outcome.Kind.ERRORED,
                        Usage.NONE,
                        context.clock().instant(),
                        Optional.empty(),
                        Optional.of(ErrorCode.DEADLINE_NEAR),
                        "withdrawn from its batch to be asked online before "
                            + context.deadlineAt(),
                        Optional.of(
                            PlanAttempts.plan(
                                    lines,
                                    tier,
                                    attempt.itemKey(),
                                    attempt.attemptNumber() + 1,
                                    attempt.prompt(),
                                    attempt.promptTokens(),
                                    attempt.priority(),
                                    context::mode)
                                .keepingPrompt()))));
    return stores
            .settlements()
            .settleWithdrawn(
                submission.runId(),
                id,
                ErrorCode.DEADLINE_NEAR,
                "its requests are asked online",
                outcomes)
        > 0;
  }
}
