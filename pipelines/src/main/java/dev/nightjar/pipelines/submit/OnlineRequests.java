package dev.nightjar.pipelines.submit;

import dev.nightjar.cachestore.Ending;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.StoredAttempt;
import dev.nightjar.cachestore.Submission;
import dev.nightjar.cachestore.SubmissionStore;
import dev.nightjar.pipelines.task.TierSpec;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
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

  private static final int KEEP_TRIES_MAX = 5;

  /** More than any slow way leaves time for: they are not counted to the end. */
  private static final int LEFT_COUNTED_MAX = 1_000;

  /** Then whoever drives the night looks at its batches, and at whether it was asked to stop. */
  private static final Duration TURN_MAX = Duration.ofMinutes(1);

  private final SubmissionStore submissions;
  private final ProviderClient client;
  private final ProviderKind kind;
  private final RequestLines lines;
  private final ProviderSettings settings;
  private final boolean atOnce;
  private final Clock clock;

  /** The provider asked to be left alone until then. */
  private volatile Instant restUntil = Instant.EPOCH;

  OnlineRequests(
      SubmissionStore submissions,
      ProviderClient client,
      ProviderKind kind,
      RequestLines lines,
      ProviderSettings settings,
      boolean atOnce,
      Clock clock) {
    this.submissions = submissions;
    this.client = client;
    this.kind = kind;
    this.lines = lines;
    this.settings = settings;
    this.atOnce = atOnce;
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
    Instant turnEnds = clock.instant().plus(TURN_MAX);
    int left = submissions.unaskedOnline(id, LEFT_COUNTED_MAX);
    ExecutorService senders = Executors.newFixedThreadPool(kind.onlineRequestsMax());
    try {
      while (barren < BARREN_BLOCKS_MAX
          && clock.instant().isBefore(deadlineAt)
          && clock.instant().isBefore(turnEnds)
          && !clock.instant().isBefore(restUntil)
          && stillOurs(id, owner)) {
        List<StoredAttempt> block = submissions.unasked(id, kind.onlineRequestsMax());
        if (block.isEmpty()) {
          break;
        }
        Set<String> begun =
            submissions.beginAsking(
                id, owner, block.stream().map(StoredAttempt::customId).toList(), clock.instant());
        List<StoredAttempt> ours =
            block.stream().filter(attempt -> begun.contains(attempt.customId())).toList();
        int turns = turns(Math.max(left, block.size()));
        barren = ask(senders, tier, ours, deadlineAt, turns) == 0 ? barren + 1 : 0;
        left -= block.size();
      }
    } finally {
      senders.shutdownNow();
    }
    boolean cancelled = submissions.find(id).flatMap(Submission::cancelRequestedAt).isPresent();
    boolean done =
        cancelled || submissions.unasked(id, 1).isEmpty() || !clock.instant().isBefore(deadlineAt);
    if (!done) {
      // Left alone: for as long as the provider asks, or longer with each barren try.
      Instant next =
          barren == 0
              ? clock.instant()
              : clock.instant().plus(settings.waitBefore(submission.tries(), Optional.empty()));
      submissions.postpone(id, owner, next.isAfter(restUntil) ? next : restUntil);
      return false;
    }
    return submissions.markEnded(
        id, owner, cancelled ? Ending.CANCELLED : Ending.COMPLETED, "", clock.instant());
  }

  private int turns(int requests) {
    int atOnceMax = kind.onlineRequestsMax();
    return (requests + atOnceMax - 1) / atOnceMax;
  }

  private boolean stillOurs(String id, String owner) {
    return submissions
        .find(id)
        .filter(now -> now.cancelRequestedAt().isEmpty())
        .flatMap(Submission::lease)
        .filter(lease -> lease.owner().equals(owner))
        .isPresent();
  }

  /** Sends one block, waits for all of it, and returns how many were answered. */
  private int ask(
      ExecutorService senders,
      TierSpec tier,
      List<StoredAttempt> block,
      Instant deadlineAt,
      int turns) {
    List<Future<Boolean>> sent = new ArrayList<>();
    for (StoredAttempt attempt : block) {
      sent.add(senders.submit(() -> ask(tier, attempt, deadlineAt, turns)));
    }
    int answered = 0;
    RuntimeException failed = null;
    for (Future<Boolean> one : sent) {
      try {
        answered += one.get() ? 1 : 0;
      } catch (ExecutionException e) { // the others are paid for too: theirs are kept first
        failed =
            e.getCause() instanceof RuntimeException known
                ? known
                : new IllegalStateException(e.getCause());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new NightjarException(
            ErrorCode.INTERNAL, "online requests", "interrupted", "run the same command again", e);
      }
    }
    if (failed != null) {
      throw failed;
    }
    return answered;
  }

  private boolean ask(TierSpec tier, StoredAttempt attempt, Instant deadlineAt, int turns) {
    String customId = attempt.customId();
    String line = RequestLines.write(lines.of(tier, customId, attempt.prompt()));
    ProviderClient.Response response;
    try {
      response =
          client.ask(
              tier,
              line,
              atOnce ? Duration.ZERO : Duration.between(clock.instant(), deadlineAt),
              turns,
              id -> submissions.accepted(customId, id));
    } catch (ProviderException e) {
      LOG.warn("{}: {}", customId, e.getMessage());
      if (e.kind() != ProviderException.Kind.OUTCOME_UNKNOWN || !kind.bills()) {
        submissions.notAsked(customId); // surely not done, or done for nothing
      }
      // Else the intent stays without an answer: the collector says what that means.
      return false;
    }
    if (response.isAccepted()) {
      return true;
    }
    switch (meaning(response)) {
      case ANSWER -> {
        keep(customId, response);
        return true;
      }
      case LATER -> {
        submissions.notAsked(customId);
        response.retryAfter().ifPresent(this::rest);
        return false;
      }
      case KEY_REFUSED -> {
        ProviderException refused =
            new ProviderException(
                ProviderException.Kind.KEY_REFUSED, "it answered " + response.status(), null);
        if (BatchSubmitter.believed(client, refused).kind() != ProviderException.Kind.KEY_REFUSED) {
          keep(customId, response); // about this prompt, by a gateway, say: the key is good
          return true;
        }
        submissions.notAsked(customId);
        throw new NightjarException(
            ErrorCode.PROVIDER_KEY_REFUSED,
            tier.provider().label(),
            "it answered " + response.status(),
            "correct the API key in the environment and run the same command again");
      }
      case STOPPED -> {
        submissions.notAsked(customId);
        throw BatchSubmitter.stopped(
            tier.provider().label(), "it answered " + response.status(), null);
      }
      case UNKNOWN -> {
        LOG.warn("{}: {} answered {}", customId, tier.provider().label(), response.status());
        if (!kind.bills()) {
          submissions.notAsked(customId);
        }
        return false;
      }
    }
    return false;
  }

  /** What an answer says about the request and its bill. */
  private enum Meaning {
    /** It was answered, or refused for good: nothing else will come of it. */
    ANSWER,
    /** It was not done, and may be later. */
    LATER,
    KEY_REFUSED,
    /** The account is sold nothing more. */
    STOPPED,
    /** Something between us and the provider answered: it may have been done. */
    UNKNOWN
  }

  private static Meaning meaning(ProviderClient.Response response) {
    int status = response.status();
    if (status / 100 != 2 && AccountStop.isIn(status, RawHttp.lenient(response.body()))) {
      return Meaning.STOPPED;
    }
    if (RawHttp.refusesKey(status, response.body())) {
      return Meaning.KEY_REFUSED;
    }
    boolean providersOwn = RawHttp.lenient(response.body()).path("error").isObject();
    return switch (status) {
      case 429 -> Meaning.LATER;
      case 503, 529 -> providersOwn ? Meaning.LATER : Meaning.UNKNOWN;
      case 408, 409 -> Meaning.UNKNOWN;
      default ->
          status / 100 == 2
              ? RawHttp.lenient(response.body()).isObject() ? Meaning.ANSWER : Meaning.UNKNOWN
              : status < 500 || providersOwn ? Meaning.ANSWER : Meaning.UNKNOWN;
    };
  }

  /** Paid for: worth more than one try. */
  private void keep(String customId, ProviderClient.Response response) {
    for (int tries = 1; ; tries++) {
      try {
        submissions.answered(customId, response.status(), response.body(), clock.instant());
        return;
      } catch (RuntimeException e) {
        if (tries == KEEP_TRIES_MAX) {
          throw e;
        }
      }
    }
  }

  private void rest(Duration asked) {
    restUntil = clock.instant().plus(settings.waitBefore(0, Optional.of(asked)));
  }
}
