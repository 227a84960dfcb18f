package dev.nightjar.pipelines.submit;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.Outcome;
import dev.nightjar.cachestore.SettlementStore;
import dev.nightjar.cachestore.Stores;
import dev.nightjar.cachestore.Submission;
import dev.nightjar.cachestore.SubmissionState;
import dev.nightjar.cachestore.SubmissionStore;
import dev.nightjar.cachestore.Usage;
import dev.nightjar.pipelines.model.Provider;
import dev.nightjar.pipelines.task.TaskSpec;
import dev.nightjar.pipelines.task.TierSpec;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
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
  private final SettlementStore settlements;
  private final ProviderClients clients;
  private final ProviderSettings settings;
  private final TaskSpec task;
  private final Clock clock;

  public BatchSubmitter(
      Stores stores,
      ProviderClients clients,
      ProviderSettings settings,
      TaskSpec task,
      Clock clock) {
    this.submissions = stores.submissions();
    this.settlements = stores.settlements();
    this.clients = clients;
    this.settings = settings;
    this.task = task;
    this.clock = clock;
  }

  /**
   * Moves a submission on as far as is possible now.
   *
   * @return whether the provider has it now * @throws NightjarException PROVIDER_KEY_REFUSED or
   *     PROVIDER_UNAVAILABLE: nothing was created yet
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
    Instant intent = now();
    if (submissions.beginCreating(submissionId, intent)) {
      create(submissions.find(submissionId).orElseThrow(), intent);
    }
  }

  /** As PostgreSQL keeps it, so that an intent read back equals the one that was written. */
  private Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MICROS);
  }

  private ProviderClient client(Submission submission) {
    return clients.of(Provider.ofLabel(submission.provider()));
  }

  private void create(Submission submission, Instant intent) {
    String id = submission.submissionId();
    // Renewed immediately before the call: an upload takes minutes, and the wait for a batch that
    // may still
    // turn up must not have passed before the batch could exist.
    Intent current = new Intent(intent);
    try {
      ProviderBatch batch =
          client(submission)
              .create(submission, line -> forEachLine(submission, line), () -> renew(id, current));
      if (!submissions.markInProgress(
          id, current.at, batch.inputFileId(), batch.id(), clock.instant())) {
        throw new NightjarException(
            ErrorCode.INTERNAL,
            id,
            "another worker took this submission over while " + batch.id() + " was created",
            "cancel " + batch.id() + " at " + submission.provider() + " and report this");
      }
    } catch (ProviderException e) {
      switch (e.kind()) {
        case OUTCOME_UNKNOWN -> {
          renew(id, current); // from now on it may still turn up
          LOG.warn("{}: {}: whether it was created will be asked", id, e.getMessage());
        }
        case REFUSED -> refuse(submission, current.at, e);
        case KEY_REFUSED, UNAVAILABLE -> {
          submissions.abandonCreating(id, current.at);
          throw refusal(id, e);
        }
      }
    }
  }

  /** The intent that this worker holds; it is renewed on the way. */
  private static final class Intent {
    Instant at;

    Intent(Instant at) {
      this.at = at;
    }
  }

  private void forEachLine(Submission submission, Consumer<String> line) {
    RequestLines lines = new RequestLines(task);
    TierSpec tier = task.tier(submission.tier());
    submissions.forEachAttempt(
        submission.submissionId(),
        attempt ->
            line.accept(RequestLines.write(lines.of(tier, attempt.customId(), attempt.prompt()))));
  }

  private void renew(String submissionId, Intent intent) {
    Instant renewed = now();
    if (!submissions.renewCreating(submissionId, intent.at, renewed)) {
      throw new NightjarException(
          ErrorCode.INTERNAL,
          submissionId,
          "another worker took this submission over",
          "run the same command again");
    }
    intent.at = renewed;
  }

  /** Refused for good: the documents fail with the reason, and the rest of the night goes on. */
  private void refuse(Submission submission, Instant intent, ProviderException e) {
    String reason = String.valueOf(e.getMessage());
    settlements.settle(
        submission.runId(),
        submissions.unsettled(submission.submissionId()).stream()
            .map(
                customId ->
                    new Outcome(
                        customId,
                        Outcome.Kind.ERRORED,
                        Usage.NONE,
                        clock.instant(),
                        Optional.empty(),
                        Optional.of(ErrorCode.PROVIDER_REFUSED),
                        reason,
                        Optional.empty()))
            .toList());
    submissions.refuseCreating(submission.submissionId(), intent, reason);
    LOG.warn("{}: {}: {}", ErrorCode.PROVIDER_REFUSED, submission.submissionId(), reason);
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
              "see what the provider's console says of it; everything else goes on",
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
          submission.creatingAt().orElseThrow(),
          known.batch().inputFileId(),
          known.batch().id(),
          clock.instant());
      return false;
    }
    if (found instanceof ProviderClient.Found.Undecided) {
      return false;
    }
    Instant intent = submission.creatingAt().orElseThrow();
    return Duration.between(intent, clock.instant()).toSeconds() >= settings.settleSecondsMin()
        && submissions.abandonCreating(submission.submissionId(), intent);
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
