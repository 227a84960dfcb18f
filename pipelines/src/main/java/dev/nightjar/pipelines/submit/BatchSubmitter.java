package dev.nightjar.pipelines.submit;

import dev.nightjar.cachestore.AttemptMode;
import dev.nightjar.cachestore.Ending;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.RunStore;
import dev.nightjar.cachestore.Stores;
import dev.nightjar.cachestore.StrayStore;
import dev.nightjar.cachestore.Submission;
import dev.nightjar.cachestore.SubmissionState;
import dev.nightjar.cachestore.SubmissionStore;
import dev.nightjar.pipelines.model.CacheTtl;
import dev.nightjar.pipelines.model.Provider;
import dev.nightjar.pipelines.task.TaskSpec;
import dev.nightjar.pipelines.task.TierSpec;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes one submission to its provider, whatever state it was left in.
 *
 * <ol>
 *   <li>A lease keeps two workers from doing this at once.
 *   <li>It waits, planned, until the account has room at the provider.
 *   <li>The intent ({@code creating}) is committed before the provider is asked to create anything.
 *   <li>If the call's outcome is unknown, now or because a process died, the provider is asked
 *       whether the batch exists. If it does, it is taken over.
 *   <li>Only when it does not, and enough time has passed for a create under way to show, is it
 *       created again.
 * </ol>
 *
 * <p>Stateless and thread-safe.
 */
public final class BatchSubmitter {
  private static final Logger LOG = LoggerFactory.getLogger(BatchSubmitter.class);

  /** How often a provider may say that it does not see an upload before it is made again. */
  private static final int MISSING_UPLOAD_TRIES_MAX = 3;

  private static final Duration GONE_AFTER_LOSS = Duration.ofDays(1);

  /** By how much the clocks of a provider's own machines may differ, and answers be dated late. */
  private static final Duration PROVIDER_CLOCKS_DIFFER_MAX = Duration.ofMinutes(2);

  private final SubmissionStore submissions;
  private final StrayStore strays;
  private final RunStore runs;
  private final ProviderClients clients;
  private final ProviderSettings settings;
  private final TaskSpec task;
  private final boolean sends;
  private final Clock clock;

  public BatchSubmitter(
      Stores stores,
      ProviderClients clients,
      ProviderSettings settings,
      TaskSpec task,
      Clock clock) {
    this(stores, clients, settings, task, true, clock);
  }

  private BatchSubmitter(
      Stores stores,
      ProviderClients clients,
      ProviderSettings settings,
      TaskSpec task,
      boolean sends,
      Clock clock) {
    this.submissions = stores.submissions();
    this.strays = stores.strays();
    this.runs = stores.runs();
    this.clients = clients;
    this.settings = settings;
    this.task = task;
    this.sends = sends;
    this.clock = clock;
  }

  /** One that finds out what providers have, and sends nothing. */
  public static BatchSubmitter bringingHome(
      Stores stores,
      ProviderClients clients,
      ProviderSettings settings,
      TaskSpec task,
      Clock clock) {
    return new BatchSubmitter(stores, clients, settings, task, false, clock);
  }

  /** Whether {@link #submit} has something to do for a submission in this state. */
  public static boolean isToSubmit(Submission submission) {
    return switch (submission.state()) {
      case PLANNED, UPLOADING, CREATING -> true;
      case IN_PROGRESS -> submission.mode() == AttemptMode.ONLINE;
      case ENDED, COLLECTED, FAILED, EXPIRED, CANCELLED -> false;
    };
  }

  /**
   * Moves a submission on as far as is possible now.
   *
   * @return whether this call moved it to the provider, or to its end there
   * @throws NightjarException PROVIDER_KEY_REFUSED or PROVIDER_UNAVAILABLE: nothing was created
   *     yet, and it will be tried again
   */
  public boolean submit(String submissionId) {
    try (LeaseKeeper lease =
        new LeaseKeeper(submissions, UUID.randomUUID().toString(), settings.lease(), clock)) {
      Optional<Submission> claimed = lease.claim(submissionId);
      if (claimed.isEmpty()) {
        return false;
      }
      Submission submission = claimed.get();
      return switch (submission.state()) {
        case PLANNED -> sends && send(submission, lease.owner());
        case UPLOADING -> {
          // Its worker died. The file, if there is one, is an orphan: it has no name here.
          submissions.giveBack(submissionId, lease.owner(), now(), false);
          yield resend(submissionId, lease);
        }
        case CREATING -> settle(submission, lease);
        case IN_PROGRESS ->
            submission.mode() == AttemptMode.ONLINE
                && submission.notBefore().filter(clock.instant()::isBefore).isEmpty()
                && askOnline(submission, lease.owner());
        case ENDED, COLLECTED, FAILED, EXPIRED, CANCELLED -> false;
      };
    }
  }

  private boolean resend(String submissionId, LeaseKeeper lease) {
    return sends
        && lease
            .claim(submissionId)
            .filter(submission -> submission.state() == SubmissionState.PLANNED)
            .map(submission -> send(submission, lease.owner()))
            .orElse(false);
  }

  /** As PostgreSQL keeps it, so that a time read back equals the one that was written. */
  private Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MICROS);
  }

  private ProviderClient client(Submission submission) {
    return clients.of(Provider.ofLabel(submission.provider()));
  }

  private boolean send(Submission submission, String owner) {
    if (submission.notBefore().filter(clock.instant()::isBefore).isPresent()) {
      return false;
    }
    String id = submission.submissionId();
    if (submission.cancelRequestedAt().isPresent()) {
      submissions.withdraw(
          id, ErrorCode.SUBMISSION_CANCELLED, "an operator cancelled its submission");
      return false;
    }
    boolean online = submission.mode() == AttemptMode.ONLINE;
    ProviderClient client = client(submission);
    boolean uploads = !online && client.uploads(submission);
    switch (submissions.begin(
        id,
        owner,
        uploads,
        Providers.of(submission).queue(),
        clients.account(Provider.ofLabel(submission.provider())),
        now())) {
      case ADMITTED -> {}
      case NO_ROOM -> {
        LOG.info("{} waits for room at {}", id, submission.provider());
        return false;
      }
      case HELD -> {
        LOG.info("{} waits until the stray batches at {} are read", id, submission.provider());
        return false;
      }
      case UNWANTED, LOST -> {
        return false;
      }
    }
    if (online) {
      submissions.markInProgress(id, owner, "online_" + id, now());
      return askOnline(submissions.find(id).orElseThrow(), owner);
    }
    return create(submissions.find(id).orElseThrow(), owner, client, uploads);
  }

  private boolean create(Submission begun, String owner, ProviderClient client, boolean uploads) {
    String id = begun.submissionId();
    TierSpec tier = task.tier(begun.tier());
    // An upload that is there already needs no second copy of the requests.
    boolean needsRequests = begun.state() == SubmissionState.UPLOADING || !uploads;
    try (Spool spool =
        needsRequests ? Spool.write(begun, line -> forEachLine(begun, tier, line)) : null) {
      if (begun.state() == SubmissionState.UPLOADING) {
        String fileId;
        Instant there;
        try {
          fileId = client.upload(begun, Objects.requireNonNull(spool).file());
          there = providerTime(begun);
        } catch (ProviderException e) {
          uploadFailed(begun, owner, e);
          return false;
        }
        if (!submissions.beginCreating(id, owner, fileId, now(), there)) {
          return false; // taken over or withdrawn meanwhile; the file is an orphan
        }
      } else {
        Instant there;
        try {
          there = providerTime(begun);
        } catch (ProviderException e) {
          createFailed(begun, owner, e.as(ProviderException.Kind.UNAVAILABLE)); // nothing was sent
          return false;
        }
        if (!submissions.renewCreating(id, owner, now(), there)) {
          return false;
        }
      }
      Submission current = submissions.find(id).orElseThrow();
      try {
        ProviderBatch batch =
            client.create(current, tier, Optional.ofNullable(spool).map(Spool::file));
        return submissions.markInProgress(id, owner, batch.id(), now())
            || disown(client, current, batch.id());
      } catch (ProviderException e) {
        createFailed(current, owner, e);
        return false;
      }
    }
  }

  /**
   * Another worker took the submission over while this one created its batch. Either it has found
   * that batch, or it makes one of its own: then this one must not be worked on, and what it has
   * done by then is somebody's to book.
   *
   * @return false: this worker has moved nothing
   */
  private boolean disown(ProviderClient client, Submission submission, String batchId) {
    String submissionId = submission.submissionId();
    if (!submissions
        .find(submissionId)
        .orElseThrow()
        .providerBatchId()
        .equals(Optional.of(batchId))) {
      LOG.warn(
          "{}: its lease was lost while {} was created; cancelling that batch",
          submissionId,
          batchId);
      strays.found(
          submission.provider(),
          clients.account(Provider.ofLabel(submission.provider())),
          false,
          List.of(new StrayStore.Found(batchId, now())));
      try {
        client.cancel(batchId);
      } catch (ProviderException e) {
        LOG.warn("{}: {} could not be cancelled: {}", submissionId, batchId, e.getMessage());
      }
    }
    return false;
  }

  /** The provider's clock, or ours where it shows none. */
  private Instant providerTime(Submission submission) {
    return clients
        .time(Provider.ofLabel(submission.provider()))
        .map(time -> time.truncatedTo(ChronoUnit.MICROS))
        .orElseGet(this::now);
  }

  private void forEachLine(Submission submission, TierSpec tier, Consumer<String> line) {
    RequestLines lines = new RequestLines(task);
    Optional<CacheTtl> mark = submission.cacheMark().map(CacheTtl::ofLabel);
    submissions.forEachAttempt(
        submission.submissionId(),
        attempt ->
            line.accept(
                RequestLines.write(
                    mark.map(ttl -> lines.marked(tier, attempt.customId(), attempt.prompt(), ttl))
                        .orElseGet(() -> lines.of(tier, attempt.customId(), attempt.prompt())))));
  }

  private void uploadFailed(Submission submission, String owner, ProviderException e) {
    String id = submission.submissionId();
    switch (believed(submission, e).kind()) {
      case REFUSED -> refuse(submission, owner, e);
      case KEY_REFUSED, ACCOUNT_STOPPED -> {
        submissions.giveBack(id, owner, now(), false);
        throw refusal(id, e);
      }
      case UPLOAD_MISSING, UNAVAILABLE, OUTCOME_UNKNOWN -> {
        submissions.giveBack(id, owner, retryAt(submission, e), false);
        throw refusal(id, e.as(ProviderException.Kind.UNAVAILABLE));
      }
    }
  }

  private void createFailed(Submission submission, String owner, ProviderException e) {
    String id = submission.submissionId();
    switch (believed(submission, e).kind()) {
      case OUTCOME_UNKNOWN -> {
        // From now on it may still turn up.
        Duration took = Duration.between(submission.creatingAt().orElseThrow(), now());
        submissions.renewCreating(
            id,
            owner,
            now(),
            submission
                .providerRenewedAt()
                .orElseThrow()
                .plus(took.isNegative() ? Duration.ZERO : took)); // our clock may be set back
        LOG.warn("{}: {}: whether it was created will be asked", id, e.getMessage());
      }
      case REFUSED -> refuse(submission, owner, e);
      case UPLOAD_MISSING -> {
        boolean keep = submission.tries() < MISSING_UPLOAD_TRIES_MAX;
        submissions.giveBack(id, owner, retryAt(submission, e), keep);
        LOG.warn("{}: {}: tried again{}", id, e.getMessage(), keep ? "" : " with a new upload");
      }
      case KEY_REFUSED, ACCOUNT_STOPPED -> {
        submissions.giveBack(id, owner, now(), true);
        throw refusal(id, e);
      }
      case UNAVAILABLE -> {
        submissions.giveBack(id, owner, retryAt(submission, e), true);
        throw refusal(id, e.as(ProviderException.Kind.UNAVAILABLE));
      }
    }
  }

  /**
   * A refused key is believed if it is refused again: a gateway, or a provider on a bad day,
   * answers 401 or 403 to one call of a key that is good.
   */
  private ProviderException believed(Submission submission, ProviderException e) {
    return believed(client(submission), e);
  }

  static ProviderException believed(ProviderClient client, ProviderException e) {
    return e.kind() == ProviderException.Kind.KEY_REFUSED
            && client
                .check()
                .filter(again -> again.kind() == ProviderException.Kind.KEY_REFUSED)
                .isEmpty()
        ? e.as(ProviderException.Kind.UNAVAILABLE)
        : e;
  }

  private Instant retryAt(Submission submission, ProviderException e) {
    return now().plus(settings.waitBefore(submission.tries(), e.retryAfter()));
  }

  /** Refused for good: the documents fail with the reason, and the rest of the night goes on. */
  private void refuse(Submission submission, String owner, ProviderException e) {
    String reason = String.valueOf(e.getMessage());
    submissions.refuse(submission.submissionId(), owner, ErrorCode.PROVIDER_REFUSED, reason);
    LOG.warn("{}: {}: {}", ErrorCode.PROVIDER_REFUSED, submission.submissionId(), reason);
  }

  private boolean askOnline(Submission submission, String owner) {
    Instant deadlineAt = runs.find(submission.runId()).orElseThrow().deadlineAt();
    return new OnlineRequests(
            submissions,
            client(submission),
            Providers.of(submission),
            new RequestLines(task),
            settings,
            task.isTrial(),
            clock)
        .work(submission, owner, task.tier(submission.tier()), deadlineAt);
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
      case ACCOUNT_STOPPED -> stopped(key, String.valueOf(e.getMessage()), e);
      case REFUSED ->
          new NightjarException(
              ErrorCode.PROVIDER_REFUSED,
              key,
              String.valueOf(e.getMessage()),
              "see what the provider's console says of it; everything else goes on",
              e);
      case UPLOAD_MISSING, UNAVAILABLE, OUTCOME_UNKNOWN ->
          new NightjarException(
              ErrorCode.PROVIDER_UNAVAILABLE,
              key,
              String.valueOf(e.getMessage()),
              "run the same command again; nothing is lost",
              e);
    };
  }

  /** The line a user sees when an account is sold nothing more. */
  public static NightjarException stopped(String key, String what, @Nullable Throwable cause) {
    return new NightjarException(
        ErrorCode.PROVIDER_ACCOUNT_STOPPED,
        key,
        what,
        "see the billing page and the limits of the account, then run the same command again: what is"
            + " sent is kept, and goes on",
        cause);
  }

  /** Asks the provider about a create whose outcome is unknown. */
  private boolean settle(Submission submission, LeaseKeeper lease) {
    String id = submission.submissionId();
    if (submission.mode() == AttemptMode.ONLINE) { // nothing is asked before in_progress
      return submissions.giveBack(id, lease.owner(), now(), false) && resend(id, lease);
    }
    if (submission.providerRenewedAt().isEmpty()) { // the process died before it sent anything
      return submissions.giveBack(id, lease.owner(), now(), true) && resend(id, lease);
    }
    Set<String> customIds = new TreeSet<>(submissions.unsettled(id));
    ProviderClient.Found found;
    Instant there;
    try {
      there = providerTime(submission);
      found =
          client(submission)
              .find(
                  submission,
                  submission.providerCreatingAt().orElseThrow().minus(PROVIDER_CLOCKS_DIFFER_MAX),
                  ids -> submissions.knownBatchIds(submission.provider(), ids),
                  customIds);
    } catch (ProviderException e) {
      throw refusal(id, blip(submission, e));
    }
    if (found instanceof ProviderClient.Found.Batch known) {
      return submissions.markInProgress(id, lease.owner(), known.batch().id(), now());
    }
    if (found instanceof ProviderClient.Found.Undecided) {
      return false;
    }
    if (!clients.isOfThisAccount(submission)) {
      LOG.warn(
          "{}: {}: it was sent to {} with another key or at another address, where it may be; set those"
              + " again, or, if that account has no batch of it, 'nightjar submissions not-created {}'",
          ErrorCode.PROVIDER_MISMATCH,
          id,
          submission.provider(),
          id);
      return false;
    }
    boolean settled =
        Duration.between(submission.providerRenewedAt().orElseThrow(), there)
                .compareTo(settleMin(submission))
            >= 0;
    return settled && submissions.giveBack(id, lease.owner(), now(), true) && resend(id, lease);
  }

  /**
   * How long a create may still be under way, counted from when it was last intended: where the
   * requests travel with it, as long as their transfer may take, in case a worker lost its lease
   * and does not know; and as much as two workers' clocks may differ.
   */
  private Duration settleMin(Submission submission) {
    Duration skewed = settings.settleMin().plus(settings.lease().dividedBy(2));
    return client(submission).uploads(submission)
        ? skewed
        : skewed.plus(RawHttp.transferMax(submission.requestBytes()));
  }

  /**
   * Looks at a submission that the provider works on.
   *
   * @param keeper takes the submission if it has ended, so that one process collects it
   * @return whether it has ended and is the keeper's to collect
   * @throws NightjarException PROVIDER_ACCOUNT_STOPPED if it has ended, and is to be collected, but
   *     nothing more is to be sent; PROVIDER_UNAVAILABLE also for an answer of 404: providers give
   *     false ones, and a batch that is gone would take its bill with it
   */
  public boolean poll(Submission submission, LeaseKeeper keeper) {
    String id = submission.submissionId();
    ProviderClient client = client(submission);
    String batchId = submission.providerBatchId().orElseThrow();
    ProviderBatch batch;
    try {
      if (submission.cancelRequestedAt().isPresent()) {
        cancel(client, submission);
      }
      batch = client.status(batchId);
    } catch (ProviderException e) {
      if (isGone(submission, e, clients, clock.instant())) {
        return keeper.claim(id).isPresent()
            && submissions.markEnded(id, keeper.owner(), Ending.EXPIRED, "", now());
      }
      throw refusal(id, blip(submission, e));
    }
    if (batch.ending().isEmpty()) {
      return false;
    }
    Optional<Submission> claimed = keeper.claim(id);
    if (claimed.isEmpty()) {
      return false;
    }
    if (claimed.get().state() != SubmissionState.IN_PROGRESS) {
      return claimed.get().state() == SubmissionState.ENDED;
    }
    if (batch.failedBy(ErrorCode.QUEUE_FULL)) {
      submissions.learnQuota(
          submission.provider(),
          submission.model(),
          submission.account().orElse(""),
          // Without a limit in the refusal: smaller batches until they fit.
          batch
              .enqueuedTokensMax()
              .or(() -> Optional.of(Math.max(1, submission.promptTokens() * 4 / 5))),
          now().plus(settings.waitMax()),
          now());
    }
    boolean ended =
        submissions.markEnded(id, keeper.owner(), batch.ending().get(), batch.failure(), now());
    if (ended && batch.failedBy(ErrorCode.PROVIDER_ACCOUNT_STOPPED)) {
      throw stopped(id, submission.provider() + ": " + batch.failure(), null);
    }
    return ended;
  }

  /**
   * What a refused read comes to: providers answer 404 and 403 to reads that they answer the next
   * time, and another key sees other batches. Only a key that is refused again ends a night.
   */
  private ProviderException blip(Submission submission, ProviderException e) {
    return blip(submission, e, clients);
  }

  static ProviderException blip(
      Submission submission, ProviderException e, ProviderClients clients) {
    boolean refused =
        e.kind() == ProviderException.Kind.REFUSED
            || e.kind() == ProviderException.Kind.KEY_REFUSED;
    if (refused && !clients.isOfThisAccount(submission)) {
      return new ProviderException(
          ProviderException.Kind.UNAVAILABLE,
          e.getMessage() + "; it was sent with another key or to another address: set those again",
          e);
    }
    return e.kind() == ProviderException.Kind.REFUSED
        ? e.as(ProviderException.Kind.UNAVAILABLE)
        : believed(clients.of(Provider.ofLabel(submission.provider())), e);
  }

  /**
   * Whether a provider's "there is no such batch" is to be believed: only once it may have deleted
   * it, and of the account that has it. Providers say so falsely too.
   */
  static boolean isGone(
      Submission submission, ProviderException e, ProviderClients clients, Instant now) {
    return e.kind() == ProviderException.Kind.REFUSED
        && clients.isOfThisAccount(submission)
        && Providers.resultsLostAt(submission)
            .filter(lostAt -> now.isAfter(lostAt.plus(GONE_AFTER_LOSS)))
            .isPresent();
  }

  /** Repeated until the batch has ended: the provider may not have heard the first. */
  private static void cancel(ProviderClient client, Submission submission) {
    try {
      client.cancel(submission.providerBatchId().orElseThrow());
    } catch (ProviderException e) {
      LOG.info("{}: its cancellation: {}", submission.submissionId(), e.getMessage());
    }
  }
}
