package dev.nightjar.pipelines.submit;

import dev.nightjar.cachestore.Ending;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.StoredAttempt;
import dev.nightjar.cachestore.Submission;
import dev.nightjar.cachestore.SubmissionStore;
import dev.nightjar.pipelines.task.TierSpec;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Works through an online submission: a bounded number of requests in flight, each intended in the
 * database before it is sent and kept there when it is answered. After a crash, what was intended
 * and not answered is known; a provider that bills is never sent it again.
 */
final class OnlineRequests {
  private static final Logger LOG = LoggerFactory.getLogger(OnlineRequests.class);

  /** Full blocks without one answer before the rest is left to the next try. */
  private static final int BARREN_BLOCKS_MAX = 3;

  private final SubmissionStore submissions;
  private final ProviderClient client;
  private final ProviderKind kind;
  private final RequestLines lines;
  private final Clock clock;

  OnlineRequests(
      SubmissionStore submissions,
      ProviderClient client,
      ProviderKind kind,
      RequestLines lines,
      Clock clock) {
    this.submissions = submissions;
    this.client = client;
    this.kind = kind;
    this.lines = lines;
    this.clock = clock;
  }

  /**
   * Asks everything that was not asked yet, and ends the submission.
   *
   * @param deadlineAt nothing is sent any more from then on
   * @return whether it has ended; if not, it goes on at the next try
   */
  boolean work(Submission submission, String owner, TierSpec tier, Instant deadlineAt) {
    String id = submission.submissionId();
    int barren = 0;
    ExecutorService senders = Executors.newFixedThreadPool(kind.onlineRequestsMax());
    try {
      while (barren < BARREN_BLOCKS_MAX
          && clock.instant().isBefore(deadlineAt)
          && stillOurs(id, owner)) {
        List<StoredAttempt> block = submissions.unasked(id, kind.onlineRequestsMax());
        if (block.isEmpty()) {
          break;
        }
        submissions.beginAsking(
            id, block.stream().map(StoredAttempt::customId).toList(), clock.instant());
        barren = ask(senders, tier, block) == 0 ? barren + 1 : 0;
      }
    } finally {
      senders.shutdownNow();
    }
    boolean cancelled = submissions.find(id).flatMap(Submission::cancelRequestedAt).isPresent();
    boolean done =
        cancelled || submissions.unasked(id, 1).isEmpty() || !clock.instant().isBefore(deadlineAt);
    return done
        && submissions.markEnded(
            id, owner, cancelled ? Ending.CANCELLED : Ending.COMPLETED, "", clock.instant());
  }

  private boolean stillOurs(String id, String owner) {
    return submissions
        .find(id)
        .filter(now -> now.cancelRequestedAt().isEmpty())
        .flatMap(Submission::lease)
        .filter(lease -> lease.owner().equals(owner))
        .isPresent();
  }

  /** Sends one block and returns how many were answered. */
  private int ask(ExecutorService senders, TierSpec tier, List<StoredAttempt> block) {
    List<Future<Boolean>> sent = new ArrayList<>();
    for (StoredAttempt attempt : block) {
      sent.add(senders.submit(() -> ask(tier, attempt)));
    }
    int answered = 0;
    for (Future<Boolean> one : sent) {
      try {
        answered += one.get() ? 1 : 0;
      } catch (ExecutionException e) {
        throw e.getCause() instanceof NightjarException known
            ? known
            : new IllegalStateException(e.getCause());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new NightjarException(
            ErrorCode.INTERNAL, "online requests", "interrupted", "run the same command again", e);
      }
    }
    return answered;
  }

  private boolean ask(TierSpec tier, StoredAttempt attempt) {
    String line = RequestLines.write(lines.of(tier, attempt.customId(), attempt.prompt()));
    try {
      ProviderClient.Response response = client.ask(tier, line);
      if (response.status() == 429) { // surely not done
        submissions.notAsked(attempt.customId());
        return false;
      }
      submissions.answered(attempt.customId(), response.status(), response.body(), clock.instant());
      return true;
    } catch (ProviderException e) {
      boolean surelyNotDone = e.kind() != ProviderException.Kind.OUTCOME_UNKNOWN || !kind.bills();
      LOG.warn("{}: {}", attempt.customId(), e.getMessage());
      if (surelyNotDone) {
        submissions.notAsked(attempt.customId());
      }
      // Else the intent stays without an answer: the collector says what that means.
      return false;
    }
  }
}
