package dev.nightjar.cachestore;

import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Submissions and their state machine. Thread-safe. Every transition is one compare-and-set
 * transaction: a caller that comes second gets false and must read the state again.
 */
public interface SubmissionStore {

  /**
   * Packs the planned attempts of one tier into new submissions, in order of item key, each as full
   * as the limits allow. A submission belongs to one run, which pays it.
   *
   * @return ids of the submissions made
   */
  List<String> pack(
      long namespaceId, String tier, PackingLimits limits, Supplier<String> submissionIds);

  /** Tiers that have planned attempts not yet packed. */
  List<String> tiersToPack(long namespaceId);

  /**
   * Submissions that are not collected or failed, oldest first, whichever run made them: a run may
   * wait for an answer that an earlier run, now gone, has in flight.
   */
  List<Submission> open(long namespaceId);

  Optional<Submission> find(String submissionId);

  /** Provider batch ids that belong to some submission, among those given. */
  List<String> knownBatchIds(String provider, Collection<String> batchIds);

  /**
   * Feeds the attempts of a submission to a consumer, in order of custom id, without holding them.
   */
  void forEachAttempt(String submissionId, Consumer<StoredAttempt> consumer);

  /** The attempts of the given ids that are still open, by custom id. */
  Map<String, StoredAttempt> openAttempts(String submissionId, Collection<String> customIds);

  /** Custom ids of a submission that no result has settled. */
  List<String> unsettled(String submissionId);

  /**
   * Runs an action while no other worker can hold the same submission. The lock belongs to a
   * database session, so it ends with the process that took it, however that ends.
   *
   * @return false if another worker holds it; the action has not run
   */
  boolean withLock(String submissionId, Runnable action);

  /**
   * planned to creating: from here on the provider may know the submission. The time is also the
   * name of this intent: whoever holds an older one has lost the submission.
   */
  boolean beginCreating(String submissionId, Instant intent);

  /**
   * creating to creating with a later intent; false if the older one is no longer the current one.
   */
  boolean renewCreating(String submissionId, Instant intent, Instant renewed);

  /** creating to planned: the provider surely created nothing for this intent. */
  boolean abandonCreating(String submissionId, Instant intent);

  /** creating to failed: the provider refused the submission for good; its attempts are settled. */
  boolean refuseCreating(String submissionId, Instant intent, String reason);

  /** creating to in_progress. */
  boolean markInProgress(
      String submissionId, Instant intent, String inputFileId, String batchId, Instant at);

  /** in_progress to ended. */
  boolean markEnded(String submissionId, Instant at);

  /**
   * ended to collected, or to failed if the provider refused the batch as a whole.
   *
   * @throws NightjarException INTERNAL if an attempt of it is still open
   */
  boolean close(String submissionId, Instant at);
}
