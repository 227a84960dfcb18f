package dev.nightjar.cachestore;

import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Submissions and their state machine. Thread-safe.
 *
 * <p>Every transition is one compare-and-set transaction on the state and on the {@link Lease} that
 * the caller holds: a caller that comes second, or whose lease another worker has taken over, gets
 * false and must let go. Which transitions exist at all is a constraint of the database ({@link
 * SubmissionState}).
 */
public interface SubmissionStore {

  /** Attempts that wait to be packed: those of one tier that are asked the same way. */
  record Unpacked(String tier, AttemptMode mode) {}

  /** What came of wanting to send a submission. */
  enum Admission {
    /** It is the caller's to send. */
    ADMITTED,
    /** The account has no room at this provider now. */
    NO_ROOM,
    /** Its provider may have answered it already: see {@link StrayStore}. */
    HELD,
    /** No document waits for it any more, or stray batches have answered it: it was withdrawn. */
    UNWANTED,
    /** It is not planned any more, or another worker holds it. */
    LOST
  }

  // ---- packing ----

  /**
   * Packs planned attempts into new submissions, in order of item key, each as full as the limits
   * and the provider's learnt quota allow. A submission belongs to one run, which pays it.
   *
   * @param marking how its requests are marked, and how many are packed
   * @return ids of the submissions made
   */
  List<String> pack(
      long namespaceId,
      Unpacked what,
      PackingLimits limits,
      CacheMarking marking,
      Supplier<String> submissionIds);

  /**
   * What may be packed now. A tier waits while a submission of it is open that holds the rest; not
   * longer than a quarter of the time to its run's deadline.
   *
   * @param attended whether the caller stays to pack the rest; if not, nothing waits
   */
  List<Unpacked> unpacked(long namespaceId, boolean attended);

  // ---- reading ----

  /**
   * Submissions with something left to do, oldest first, whichever run made them: a run may wait
   * for an answer that an earlier run, now gone, has in flight.
   */
  List<Submission> open(long namespaceId);

  /**
   * Submissions of all namespaces, newest first.
   *
   * @param runId only those of this run
   * @param openOnly only those with something left to do
   * @param submissionsMax at most so many
   */
  List<Submission> list(Optional<String> runId, boolean openOnly, int submissionsMax);

  Optional<Submission> find(String submissionId);

  /** Provider batch ids that belong to some submission, among those given. */
  List<String> knownBatchIds(String provider, Collection<String> batchIds);

  /**
   * Of uploads that carry a submission's id as their name, those that nothing will ever read: their
   * submission is of this database and does not use them.
   *
   * @param uploads the provider's id of each upload, and the submission id in its name
   * @param now leases that are over by then protect nothing
   * @return the provider's ids
   */
  List<String> orphans(Map<String, String> uploads, Instant now);

  /** Whether anything was ever to be sent to a provider, by whichever task. */
  boolean knows(String provider);

  /**
   * Feeds the attempts of a submission to a consumer, in order of custom id, without holding them.
   */
  void forEachAttempt(String submissionId, Consumer<StoredAttempt> consumer);

  /**
   * Of some submissions one of which a request ended because its account is sold nothing more.
   *
   * @return empty if there is none
   */
  Optional<String> stopped(Collection<String> submissionIds);

  /** The attempts of the given ids that are still open, by custom id. */
  Map<String, StoredAttempt> openAttempts(String submissionId, Collection<String> customIds);

  /** Custom ids of a submission that no result has settled. */
  List<String> unsettled(String submissionId);

  // ---- leases ----

  /**
   * Takes a submission, if nobody holds it or the holder's lease is over.
   *
   * @param now what decides whether a lease is over
   * @return the submission as it stands under the new lease; empty if another worker holds it or
   *     nothing is left to do
   */
  Optional<Submission> claim(String submissionId, Lease lease, Instant now);

  /** Prolongs a lease; false if it was lost. */
  boolean renew(String submissionId, Lease lease);

  /** Gives a submission back; nothing happens if the lease was lost. */
  void release(String submissionId, String owner);

  // ---- transitions ----

  /**
   * planned to uploading, or straight to creating if there is nothing to upload or the upload is
   * there already. One transaction with the check for room, ordered among all workers.
   *
   * @param uploads whether this provider wants the requests as a file
   * @param account by which key and address it goes there, hashed; an upload under another is not
   *     used
   */
  Admission begin(
      String submissionId,
      String owner,
      boolean uploads,
      QueueLimits limits,
      String account,
      Instant at);

  /**
   * uploading to creating: from here on the provider may know the submission.
   *
   * @param providerAt what the provider's clock shows
   */
  boolean beginCreating(
      String submissionId, String owner, String inputFileId, Instant at, Instant providerAt);

  /**
   * creating to creating, with a later time to count the wait for a lost create from.
   *
   * @param providerAt what the provider's clock shows
   */
  boolean renewCreating(String submissionId, String owner, Instant at, Instant providerAt);

  /**
   * uploading or creating to planned: the provider surely has no batch of it.
   *
   * @param notBefore when to try again; also counts a try
   * @param keepUpload whether the next try may use the uploaded file
   */
  boolean giveBack(String submissionId, String owner, Instant notBefore, boolean keepUpload);

  /**
   * uploading or creating to failed: the provider refused the submission for good. Its attempts end
   * and their documents fail, in the same transaction.
   */
  boolean refuse(String submissionId, String owner, ErrorCode code, String reason);

  /**
   * creating to in_progress.
   *
   * @throws NightjarException PROVIDER_MISMATCH if another submission has this batch id
   */
  boolean markInProgress(String submissionId, String owner, String batchId, Instant at);

  /** in_progress to ended. */
  boolean markEnded(String submissionId, String owner, Ending ending, String failure, Instant at);

  /**
   * ended to collected, failed, expired or cancelled; false also while an attempt of it is open,
   * because its results could not be read to the end.
   */
  boolean close(String submissionId, String owner, Instant at);

  /**
   * planned or uploading to cancelled, with its attempts and the documents that wait for them, in
   * one transaction. Any holder loses it: its next transition is refused.
   */
  boolean withdraw(String submissionId, ErrorCode code, String reason);

  /** Leaves an online submission that is in_progress alone until a time, and counts a try. */
  boolean postpone(String submissionId, String owner, Instant notBefore);

  /**
   * Notes that an in_progress submission shall be cancelled at its provider.
   *
   * @param reason SUBMISSION_CANCELLED: its requests are not asked again; DEADLINE_NEAR: they are,
   *     online. The former stands once it is given
   */
  boolean requestCancel(String submissionId, ErrorCode reason, Instant at);

  /** Lets a waiting submission be tried now. */
  boolean hurry(String submissionId);

  /**
   * Makes the failed documents of a failed or withdrawn submission unread again: the same command
   * asks them with new attempts.
   *
   * @return how many documents
   * @throws NightjarException RUN_MISMATCH if another run of the same corpus is open
   */
  long reopen(String submissionId);

  // ---- quotas ----

  /**
   * Remembers that a provider refused a batch because the account's queue was full.
   *
   * @param account whose queue
   * @param enqueuedTokensMax the limit that it named; empty keeps what is known
   * @param holdUntil nothing is sent to this model before
   */
  void learnQuota(
      String provider,
      String model,
      String account,
      Optional<Long> enqueuedTokensMax,
      Instant holdUntil,
      Instant at);

  // ---- online submissions ----

  /** Attempts of an online submission that were never about to be sent, in order of custom id. */
  List<StoredAttempt> unasked(String submissionId, int attemptsMax);

  /**
   * How many requests of all online submissions of the same run were not about to be sent yet.
   *
   * @param max where counting ends
   */
  int unaskedOnline(String submissionId, int max);

  /**
   * Commits the intent to send requests, if the submission is at work and the caller's.
   *
   * @return those that are the caller's to send; another worker that believes to hold the lease may
   *     have begun with the others
   */
  Set<String> beginAsking(
      String submissionId, String owner, Collection<String> customIds, Instant at);

  /**
   * Keeps the name under which a provider keeps the answer to an online request, from which on it
   * can be fetched whatever becomes of whoever asked.
   */
  void accepted(String customId, String responseId);

  /** Keeps a response. */
  void answered(String customId, int status, String body, Instant at);

  /** Withdraws the intent to send a request that surely had no effect. */
  void notAsked(String customId);

  /** Feeds the requests of an online submission to a consumer without holding them. */
  void forEachOnlineRequest(String submissionId, Consumer<OnlineRequest> consumer);
}
