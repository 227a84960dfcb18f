package dev.nightjar.pipelines.submit;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.Submission;
import dev.nightjar.cachestore.SubmissionState;
import dev.nightjar.cachestore.SubmissionStore;
import dev.nightjar.pipelines.model.Provider;
import dev.nightjar.pipelines.task.TaskSpec;
import java.time.Clock;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes one submission to its provider, whatever state it was left in.
 *
 * <ol>
 *   <li>The intent ({@code creating}) is committed before the provider is called.
 *   <li>If the call's outcome is unknown, now or because a process died, the provider is asked
 *       whether the batch exists. If it does, it is taken over.
 *   <li>Only when it does not, and enough time has passed for a create under way to show, is it
 *       created again.
 * </ol>
 *
 * <p>A lock on the submission keeps two workers from doing this at once. Stateless and thread-safe.
 */
public final class BatchSubmitter {
  private static final Logger LOG = LoggerFactory.getLogger(BatchSubmitter.class);

  private final SubmissionStore submissions;
  private final ProviderClients clients;
  private final ProviderSettings settings;
  private final TaskSpec task;
  private final Clock clock;

  public BatchSubmitter(
      SubmissionStore submissions,
      ProviderClients clients,
      ProviderSettings settings,
      TaskSpec task,
      Clock clock) {
    this.submissions = submissions;
    this.clients = clients;
    this.settings = settings;
    this.task = task;
    this.clock = clock;
  }

  /**
   * Moves a submission on as far as is possible now.
   *
   * @return whether the provider has it now
   * @throws NightjarException PROVIDER_KEY_REFUSED or PROVIDER_REFUSED: the provider said no, and
   *     nothing was created; PROVIDER_UNAVAILABLE: nothing was created yet
   */
  public boolean submit(String submissionId) {
    submissions.withLock(submissionId, () -> move(submissionId));
    return submissions
        .find(submissionId)
        .map(
            submission ->
                submission.state() != SubmissionState.PLANNED
                    && submission.state() != SubmissionState.CREATING)
        .orElse(false);
  }

  private void move(String submissionId) {
    Submission submission = submissions.find(submissionId).orElseThrow();
    if (submission.state() == SubmissionState.CREATING && !settle(submission)) {
      return;
    }
    if (submissions.beginCreating(submissionId, clock.instant())) {
      create(submissions.find(submissionId).orElseThrow());
    }
  }

  private ProviderClient client(Submission submission) {
    return clients.of(Provider.ofLabel(submission.provider()));
  }

  private void create(Submission submission) {
    try {
      ProviderBatch batch =
          client(submission)
              .create(
                  submission,
                  line ->
                      submissions.forEachAttempt(
                          submission.submissionId(),
                          attempt ->
                              line.accept(
                                  RequestLines.write(
                                      RequestLines.of(
                                          task,
                                          task.tier(submission.tier()),
                                          attempt.customId(),
                                          attempt.prompt())))));
      submissions.markInProgress(
          submission.submissionId(), batch.inputFileId(), batch.id(), clock.instant());
    } catch (ProviderException e) {
      if (e.kind() == ProviderException.Kind.OUTCOME_UNKNOWN) {
        LOG.warn(
            "{}: {}: the outcome of creating {} is unknown; the provider will be asked",
            ErrorCode.PROVIDER_UNAVAILABLE,
            submission.submissionId(),
            e.getMessage());
        return;
      }
      submissions.abandonCreating(submission.submissionId());
      throw refusal(submission.submissionId(), e);
    }
  }

  /** The line a user sees for a call that surely had no effect. */
  static NightjarException refusal(String key, ProviderException e) {
    return switch (e.kind()) {
      case KEY_REFUSED ->
          new NightjarException(
              ErrorCode.PROVIDER_KEY_REFUSED,
              key,
              String.valueOf(e.getMessage()),
              "correct the API key in the environment and run the same command again",
              e);
      case REFUSED ->
          new NightjarException(
              ErrorCode.PROVIDER_REFUSED,
              key,
              String.valueOf(e.getMessage()),
              "correct the task and run it again; nothing was submitted",
              e);
      case UNAVAILABLE, OUTCOME_UNKNOWN ->
          new NightjarException(
              ErrorCode.PROVIDER_UNAVAILABLE,
              key,
              String.valueOf(e.getMessage()),
              "run the same command again; nothing is lost",
              e);
    };
  }

  /**
   * Asks the provider about a create whose outcome is unknown.
   *
   * @return true if the submission is planned again, because the provider surely does not have it
   */
  private boolean settle(Submission submission) {
    Set<String> customIds = new TreeSet<>(submissions.unsettled(submission.submissionId()));
    ProviderClient.Found found;
    try {
      found =
          client(submission)
              .find(
                  submission,
                  ids -> submissions.knownBatchIds(submission.provider(), ids),
                  customIds);
    } catch (ProviderException e) {
      throw refusal(submission.submissionId(), e);
    }
    if (found instanceof ProviderClient.Found.Batch known) {
      submissions.markInProgress(
          submission.submissionId(),
          known.batch().inputFileId(),
          known.batch().id(),
          clock.instant());
      return false;
    }
    if (found instanceof ProviderClient.Found.Undecided) {
      return false;
    }
    Duration waited =
        Duration.between(submission.creatingAt().orElse(clock.instant()), clock.instant());
    return waited.toSeconds() >= settings.settleSecondsMin()
        && submissions.abandonCreating(submission.submissionId());
  }

  /**
   * Looks at a submission that the provider works on.
   *
   * @return whether it has ended, and its results can be collected
   */
  public boolean poll(Submission submission) {
    try {
      ProviderBatch batch = client(submission).status(submission.providerBatchId().orElseThrow());
      return batch.progress() != ProviderBatch.Progress.WORKING
          && submissions.markEnded(submission.submissionId(), clock.instant());
    } catch (ProviderException e) {
      throw refusal(submission.submissionId(), e);
    }
  }
}
