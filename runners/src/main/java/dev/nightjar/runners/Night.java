package dev.nightjar.runners;

import dev.nightjar.cachestore.AttemptMode;
import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.ForgetStore;
import dev.nightjar.cachestore.FundingStore;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.PriceStore;
import dev.nightjar.cachestore.Run;
import dev.nightjar.cachestore.RunProgress;
import dev.nightjar.cachestore.Submission;
import dev.nightjar.cachestore.SubmissionState;
import dev.nightjar.cachestore.postgres.PostgresStores;
import dev.nightjar.pipelines.Collect;
import dev.nightjar.pipelines.JobContext;
import dev.nightjar.pipelines.PrepareAndSubmit;
import dev.nightjar.pipelines.audit.ReferenceTask;
import dev.nightjar.pipelines.model.Provider;
import dev.nightjar.pipelines.reuse.SemanticLearning;
import dev.nightjar.pipelines.submit.BatchSubmitter;
import dev.nightjar.pipelines.submit.DeadlineFallback;
import dev.nightjar.pipelines.submit.Heartbeat;
import dev.nightjar.pipelines.submit.LeaseKeeper;
import dev.nightjar.pipelines.submit.OrphanUploads;
import dev.nightjar.pipelines.submit.ProviderClients;
import dev.nightjar.pipelines.submit.ProviderSettings;
import dev.nightjar.pipelines.submit.Providers;
import dev.nightjar.pipelines.submit.StrayBatches;
import dev.nightjar.pipelines.task.AnswerColumns;
import dev.nightjar.pipelines.task.RetentionSpec;
import dev.nightjar.pipelines.task.TaskLoader;
import dev.nightjar.pipelines.task.TaskSpec;
import dev.nightjar.pipelines.validate.JudgeAgain;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.apache.beam.sdk.io.FileSystems;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Drives one night: prepares and submits, then collects whenever a provider has finished something,
 * until no item is open or the deadline comes. Everything it knows is in the database, so it can be
 * stopped at any point and started again.
 */
final class Night implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Night.class);
  private static final Duration LOSS_WARNING = Duration.ofDays(1);
  private static final int SUBMISSIONS_MAX = 100_000;

  private final PostgresStores stores;
  private final ProviderClients clients;
  private final PipelineLauncher launcher;
  private final NightPlan plan;
  private final Corpus corpus;
  private final Run run;
  private final JobContext context;
  private final Versions versions;
  private final Optional<String> answersView;
  private final BatchSubmitter submitter;
  private final Clock clock;
  private final Pause pause;
  private final BringHome home;
  private final StrayBatches strays;
  private final Heartbeat heartbeat;
  private final FirstAnswers firstAnswers;
  private Runnable beside = () -> {};
  private final Set<String> warnedOf = new HashSet<>();

  /** A command's part of a night. */
  interface Driving {
    void drive(Night night) throws InterruptedException;
  }

  private Night(
      PostgresStores stores,
      ProviderClients clients,
      PipelineLauncher launcher,
      NightPlan plan,
      Corpus corpus,
      Run run,
      JobContext context,
      Versions versions,
      Clock clock,
      Pause pause) {
    this.versions = versions;
    this.stores = stores;
    this.clients = clients;
    this.launcher = launcher;
    this.plan = plan;
    this.corpus = corpus;
    this.run = run;
    this.context = context;
    this.clock = clock;
    this.pause = pause;
    this.submitter =
        new BatchSubmitter(stores, clients, context.providers(), context.task(), clock);
    this.home = new BringHome(stores, clients, launcher, context, clock);
    this.strays = new StrayBatches(stores, clients, clock);
    this.answersView = answersView(stores, plan, context.task());
    this.firstAnswers = new FirstAnswers(stores.dataSource(), run.runId(), plan.rejectedMin());
    keepAlive();
    this.heartbeat =
        Heartbeat.start("run-" + run.runId(), context.providers().lease(), this::keepAlive);
  }

  /** Of trials and audits there are none. A night needs no view: what keeps it away is said. */
  private static Optional<String> answersView(
      PostgresStores stores, NightPlan plan, TaskSpec task) {
    if (task.auditPass() > 0 || task.name().endsWith(Trial.NAME_SUFFIX)) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          stores
              .runs()
              .answersView(
                  plan.tenant(),
                  task.name(),
                  AnswerColumns.json(AnswerColumns.forView(task.outputSchemaJson()))));
    } catch (RuntimeException e) {
      LOG.warn(
          "the view of the current answers of {} is as it was, or not there: {}",
          task.name(),
          String.valueOf(e.getCause() == null ? e.getMessage() : e.getCause().getMessage())
              .replaceAll("\\s+", " "));
      return Optional.empty();
    }
  }

  private void keepAlive() {
    stores.runs().keepAlive(run.runId(), clock.instant().plus(context.providers().lease()));
  }

  /**
   * Checks everything that can be checked without spending, then opens or continues the run.
   *
   * @throws NightjarException or TaskInvalidException: nothing has been sent
   */
  static Night open(
      NightPlan plan,
      DatabaseAddress database,
      ProviderSettings providers,
      EngineOptions engine,
      Clock clock,
      Pause pause) {
    return open(plan, load(plan), database, providers, engine, clock, pause);
  }

  /** The same of a task that is not as its file has it. */
  static Night open(
      NightPlan plan,
      TaskSpec task,
      DatabaseAddress database,
      ProviderSettings providers,
      EngineOptions engine,
      Clock clock,
      Pause pause) {
    Corpus corpus = Corpus.resolve(plan.corpus(), plan.strict());
    PostgresStores stores = StoreOptions.openFor(plan.tenant(), database);
    ProviderClients clients = ProviderClients.open(providers);
    try {
      requireClock(stores, providers);
      requirePrices(stores, task);
      providersUsed(task)
          .forEach(clients::of); // a missing key is found now, not after the corpus was read
      long namespaceId = namespace(stores, plan, task);
      stores.forecasts().discardAbandoned();
      // Before this run is there: the last is then another one.
      Versions versions = Versions.of(stores.versions(), plan, namespaceId, task);
      Run run =
          stores
              .runs()
              .open(
                  plan.runId(),
                  namespaceId,
                  ReferenceTask.auditedName(task),
                  corpus.identity(),
                  plan.budgetUsd(),
                  clock.instant().plus(plan.deadline()));
      stores.runs().keepAlive(run.runId(), clock.instant().plus(providers.lease()));
      stores.funding().renew(run.runId());
      return new Night(
          stores,
          clients,
          new PipelineLauncher(engine),
          plan,
          corpus,
          run,
          contextOf(plan, stores, run, task, database, providers, clock)
              .keepingOf(versions.toKeepOf()),
          versions,
          clock,
          pause);
    } catch (RuntimeException e) {
      clients.close();
      stores.close();
      throw e;
    }
  }

  /**
   * The run that 'collect' goes on with: the open one of this task and corpus, else the last.
   *
   * @return empty if there was none: nothing was submitted
   */
  static Optional<String> submitted(NightPlan plan, DatabaseAddress database) {
    TaskSpec task = load(plan);
    try (PostgresStores stores = StoreOptions.openFor(plan.tenant(), database)) {
      return latest(plan, task, stores).map(Run::runId);
    }
  }

  /** The open run of a task and the plan's corpus, else the last. */
  static Optional<Run> latest(NightPlan plan, TaskSpec task, PostgresStores stores) {
    Corpus corpus = Corpus.resolve(plan.corpus(), plan.strict());
    return stores.runs().latest(namespace(stores, plan, task), corpus.identity());
  }

  /** Brings home what the tenant has at providers, where this task and corpus have no run. */
  static void bringHome(
      NightPlan plan,
      DatabaseAddress database,
      ProviderSettings providers,
      EngineOptions engine,
      Clock clock) {
    TaskSpec task = load(plan);
    try (PostgresStores stores = StoreOptions.openFor(plan.tenant(), database);
        ProviderClients clients = ProviderClients.open(providers);
        PipelineLauncher launcher = new PipelineLauncher(engine)) {
      requireClock(stores, providers);
      JobContext context =
          new JobContext(
              "",
              plan.tenant(),
              namespace(stores, plan, task),
              database,
              task,
              providers,
              null,
              clock.instant().plus(plan.deadline()),
              "home-" + UUID.randomUUID(),
              clock,
              false);
      new StrayBatches(stores, clients, clock).look(providersUsed(task));
      BringHome home = new BringHome(stores, clients, launcher, context, clock);
      home.collect(true);
      home.end();
    }
  }

  /** Reads the task; also lets file patterns with a scheme be looked up. */
  static TaskSpec load(NightPlan plan) {
    FileSystems.setDefaultPipelineOptions(PipelineOptionsFactory.create());
    return TaskLoader.load(plan.taskFile());
  }

  static long namespace(PostgresStores stores, NightPlan plan, TaskSpec task) {
    return stores.runs().namespace(plan.tenant(), task.version(), task.embeddingModel().label());
  }

  /** What the stages of a run need; keeps what its reports assume. */
  static JobContext contextOf(
      NightPlan plan,
      PostgresStores stores,
      Run run,
      TaskSpec task,
      DatabaseAddress database,
      ProviderSettings providers,
      Clock clock) {
    stores
        .runs()
        .assume(
            run.runId(),
            Optional.ofNullable(task.uncappedOutputTokens())
                .map(OptionalInt::of)
                .orElse(OptionalInt.empty()),
            plan.machineUsdPerHour());
    return new JobContext(
        run.runId(),
        plan.tenant(),
        run.namespaceId(),
        database,
        task,
        providers,
        new SemanticLearning(stores.learning(), task, run.namespaceId())
            .begin(run.runId())
            .orElse(null),
        run.deadlineAt(),
        "night-" + UUID.randomUUID(),
        clock,
        plan.attended());
  }

  private static Set<Provider> providersUsed(TaskSpec task) {
    return task.tiers().stream().map(tier -> tier.provider()).collect(Collectors.toSet());
  }

  /** Leases are compared with the clock of whoever wants them. */
  private static void requireClock(PostgresStores stores, ProviderSettings providers) {
    Duration ahead = stores.runs().clockAhead();
    if (ahead.abs().compareTo(providers.lease().dividedBy(2)) > 0) {
      throw new NightjarException(
          ErrorCode.CLOCK_SKEWED,
          "this machine's clock",
          "it is " + ahead.toMillis() / 1_000.0 + " s ahead of the database's",
          "set both by NTP, or give a longer --lease-seconds");
    }
    stores.runs().endTimesAhead(providers.waitMax());
  }

  static void requirePrices(PostgresStores stores, TaskSpec task) {
    List<PriceStore.Model> models =
        task.tiers().stream()
            .map(tier -> new PriceStore.Model(tier.provider().label(), tier.model()))
            .toList();
    List<PriceStore.Model> without = stores.prices().withoutPrice(models);
    if (!without.isEmpty()) {
      throw new NightjarException(
          ErrorCode.PRICE_MISSING,
          without.stream()
              .map(model -> model.provider() + "/" + model.model())
              .collect(Collectors.joining(", ")),
          "no price is in force, so its cost cannot be bounded",
          "correct the model's name in " + task.name() + ", or add one with 'nightjar prices set'");
    }
  }

  String runId() {
    return run.runId();
  }

  TaskSpec task() {
    return context.task();
  }

  /** The view of the task's current answers, by its name in SQL; empty if it has none. */
  Optional<String> answersView() {
    return answersView;
  }

  Versions versions() {
    return versions;
  }

  RunProgress progress() {
    return stores.runs().progress(run.runId());
  }

  /** What to do, too, each time that {@link #runToEnd} looks at its submissions. */
  void beside(Runnable work) {
    beside = work;
  }

  /**
   * Both sides, to the end.
   *
   * @return whether the end was reached; if not, it was asked to stop
   */
  boolean runToEnd() throws InterruptedException {
    // What an earlier night left at the providers is charged even if nothing waits for it.
    if (prepared()) {
      stopIfFirstAnswersFail(); // a process that died may have got as far as to judge them
    }
    collect();
    judgeAgain(); // before what is there is asked again
    submit();
    while (!finished()) {
      if (pause.stopRequested()) {
        return false;
      }
      beside.run();
      if (!step() && !deadlinePassed()) {
        pause.sleep(plan.pollInterval());
      }
    }
    finish();
    return true;
  }

  /**
   * Everything that can be done now, once.
   *
   * @return whether anything moved, so that another step may find more to do
   */
  boolean step() {
    boolean moved = readAgain();
    moved |= giveBatchesUp();
    moved |= fund();
    moved |= collect();
    return moved && !pause.stopRequested();
  }

  /**
   * Reads the corpus again if documents of it are unread: an operator had them retried, or they
   * waited for a leader that another run was to ask, which is gone.
   */
  private boolean readAgain() {
    boolean begun = stores.runs().hasItems(run.runId()); // 'collect' begins no night
    if (!begun || (prepared() && stores.work().reclaim(run.runId()) == 0)) {
      return false;
    }
    prepare();
    return true;
  }

  /**
   * Gives what waits for money what has come free. Once nothing in flight can free any more, the
   * rest is left to the next night.
   *
   * @return whether documents were left to it
   */
  private boolean fund() {
    if (!prepared() || finished()) {
      return false;
    }
    FundingStore.Round round = stores.funding().fund(run.runId());
    return round.left() > 0 && !round.mayGoOn() && stores.funding().defer(run.runId()) > 0;
  }

  /** In the last minutes before the deadline, if the task wants that. */
  private boolean giveBatchesUp() {
    return context.isForOnline() && DeadlineFallback.giveBatchesUp(stores, context);
  }

  /** Fails what is open once the deadline has passed. */
  boolean deadlinePassed() {
    if (clock.instant().isBefore(run.deadlineAt()) || !prepared()) {
      return false;
    }
    stores.funding().defer(run.runId()); // for want of money, not of an answer
    stores
        .runs()
        .failOpenItems(
            run.runId(),
            ErrorCode.DEADLINE_PASSED,
            "the provider had not answered at " + run.deadlineAt());
    return true;
  }

  private boolean prepared() {
    return stores.runs().find(run.runId()).orElseThrow().prepared();
  }

  /**
   * Reads the corpus and hands it to the providers. A run that has read it before reads it again if
   * its files are others now: what an earlier pass decided is passed over.
   */
  void submit() {
    Run now = stores.runs().find(run.runId()).orElseThrow();
    boolean asItWas = stores.runs().listing(run.runId()).equals(corpus.listing());
    if (!now.finished() && !(now.prepared() && asItWas)) {
      prepare();
    }
  }

  private void prepare() {
    launcher.run(
        "nightjar prepare " + run.runId(),
        pipeline ->
            new PrepareAndSubmit(context, corpus.patterns(), corpus.strict()).addTo(pipeline));
    RunProgress progress = progress();
    // An audit's draw may be of nothing, in a small corpus.
    boolean isEmpty = progress.items() == 0 && progress.deadLetters() == 0;
    if (isEmpty && context.task().auditPass() == 0) {
      throw new NightjarException(
          ErrorCode.CORPUS_EMPTY,
          corpus.identity(),
          "the files hold no document",
          "correct --corpus");
    }
    stores.runs().markPrepared(run.runId());
    stores.runs().keepListing(run.runId(), corpus.listing());
  }

  /**
   * Asks the providers, and collects what has ended.
   *
   * @return whether anything moved
   */
  boolean collect() {
    strays.look(providersUsed(context.task()));
    home.collect(false);
    try {
      return collectOwn();
    } finally {
      home.end(); // after all of it was looked at: an answer may have been there
    }
  }

  private boolean collectOwn() {
    List<String> ended = new ArrayList<>();
    boolean moved = false;
    boolean online = false;
    NightjarException refused = null;
    try (LeaseKeeper keeper =
        new LeaseKeeper(
            stores.submissions(), context.workerId(), context.providers().lease(), clock)) {
      for (Submission submission : stores.submissions().open(context.namespaceId())) {
        String id = submission.submissionId();
        warnOfLoss(submission);
        try {
          if (submission.state() == SubmissionState.ENDED) {
            if (keeper.claim(id).isPresent()) {
              ended.add(id);
            }
          } else if (submission.mode() == AttemptMode.ONLINE) {
            online |= isFree(submission); // asked in the pipeline, not here: it takes its time
          } else if (submission.state() == SubmissionState.IN_PROGRESS) {
            if (submitter.poll(submission, keeper)) {
              ended.add(id);
            }
          } else {
            moved |= submitter.submit(id);
          }
        } catch (NightjarException e) {
          if (e.code() == ErrorCode.PROVIDER_UNAVAILABLE) {
            LOG.warn("{}", e.getMessage()); // a blip in a night of 24 hours: asked again later
          } else {
            refused = e; // the others are collected first
          }
          if (e.code() == ErrorCode.PROVIDER_ACCOUNT_STOPPED
              && submission.state() == SubmissionState.IN_PROGRESS
              && submission.mode() == AttemptMode.BATCH) {
            ended.add(id); // that is how it ended
          }
        }
      }
      boolean unpacked =
          !stores.submissions().unpacked(context.namespaceId(), context.attended()).isEmpty();
      if (unpacked || online || !ended.isEmpty()) {
        moved |= runCollect(ended) && (unpacked || movedOn(ended));
        Optional<String> stopped = stores.submissions().stopped(ended);
        if (refused == null && stopped.isPresent()) {
          refused =
              BatchSubmitter.stopped(
                  stopped.get(), "its requests were ended for want of money, or a hold", null);
        }
      }
    }
    if (refused != null && (!moved || refused.code() == ErrorCode.PROVIDER_ACCOUNT_STOPPED)) {
      throw refused;
    }
    return moved;
  }

  /**
   * Whether one that had ended is closed, or online work goes on at once: results that cannot be
   * read yet, and requests that were refused, are no reason to look again without a pause.
   */
  private boolean movedOn(List<String> ended) {
    Set<String> open = new HashSet<>();
    boolean online = false;
    for (Submission submission : stores.submissions().open(context.namespaceId())) {
      open.add(submission.submissionId());
      online |=
          submission.mode() == AttemptMode.ONLINE
              && submission.state() != SubmissionState.ENDED
              && isFree(submission);
    }
    return online || !open.containsAll(ended);
  }

  private boolean isFree(Submission submission) {
    Instant now = clock.instant();
    return submission.lease().filter(lease -> lease.until().isAfter(now)).isEmpty()
        && submission.notBefore().filter(now::isBefore).isEmpty();
  }

  /** Said once for each submission and process. */
  private void warnOfLoss(Submission submission) {
    Providers.resultsLostAt(submission)
        .filter(lostAt -> clock.instant().isAfter(lostAt.minus(LOSS_WARNING)))
        .filter(lostAt -> warnedOf.add(submission.submissionId()))
        .ifPresent(
            lostAt ->
                LOG.warn(
                    "{}: {} deletes its results at {} or soon after; they are paid for",
                    submission.submissionId(),
                    submission.provider(),
                    lostAt));
  }

  private boolean runCollect(List<String> ended) {
    try {
      if (prepared()) {
        stopIfFirstAnswersFail(); // another process may have settled them
      }
      boolean judgesFirst = prepared() && firstAnswers.completedBy(ended);
      if (judgesFirst) {
        // Before anything is asked one tier up, which would cost many times as much.
        launcher.run(
            "nightjar judge " + run.runId(),
            pipeline -> new Collect(context, ended).addSettlingTo(pipeline, true));
        stopIfFirstAnswersFail();
      }
      List<String> unsettled = judgesFirst ? List.of() : ended;
      launcher.run(
          "nightjar collect " + run.runId(),
          pipeline -> new Collect(context, unsettled).addTo(pipeline));
      new SemanticLearning(stores.learning(), context.task(), context.namespaceId()).learn();
      return true;
    } catch (NightjarException e) {
      if (e.code() != ErrorCode.PROVIDER_UNAVAILABLE) {
        throw e;
      }
      LOG.warn("{}", e.getMessage());
      return false; // what was claimed is given back, and collected at the next poll
    }
  }

  /**
   * Ends a run whose first answers are nearly all rejected: nothing more of it is sent, and what
   * the providers have in work is cancelled.
   *
   * @throws NightjarException ANSWERS_REJECTED if so
   */
  private void stopIfFirstAnswersFail() {
    Optional<FirstAnswers.Failing> failing = firstAnswers.failing();
    if (failing.isEmpty() || finished()) {
      return;
    }
    String reason = failing.get().inWords();
    long out = stop(reason);
    throw new NightjarException(
        ErrorCode.ANSWERS_REJECTED,
        "run " + run.runId(),
        reason,
        (out == 0
                ? ""
                : out + " of its batches are cancelled; 'collect' charges what they had done; ")
            + "nothing more of it is sent; 'nightjar results --failed' shows the answers, 'nightjar"
            + " try' what the task makes of a few; correct the task, or go on regardless with"
            + " --rejected-min "
            + (FirstAnswers.LOOKED_AT + 1));
  }

  /**
   * Ends the run as one whose answers will not do: nothing more of it is sent, and what the
   * providers have in work is cancelled.
   *
   * @return how many batches they have
   */
  long stop(String reason) {
    stores.runs().failOpenItems(run.runId(), ErrorCode.ANSWERS_REJECTED, reason);
    long out = cancelled();
    finish();
    return out;
  }

  /**
   * Cancels what the providers have in work, of this run.
   *
   * @return how many batches they have
   */
  private long cancelled() {
    long out = 0;
    try (LeaseKeeper keeper =
        new LeaseKeeper(
            stores.submissions(), context.workerId(), context.providers().lease(), clock)) {
      for (Submission submission :
          stores.submissions().list(Optional.of(run.runId()), true, SUBMISSIONS_MAX)) {
        String id = submission.submissionId();
        if (submission.state() == SubmissionState.PLANNED
            || submission.state() == SubmissionState.ENDED) {
          continue;
        }
        out++;
        stores.submissions().requestCancel(id, ErrorCode.SUBMISSION_CANCELLED, clock.instant());
        try {
          if (submission.state() == SubmissionState.IN_PROGRESS) {
            submitter.poll(stores.submissions().find(id).orElseThrow(), keeper);
          }
        } catch (NightjarException e) {
          LOG.warn("{}", e.getMessage()); // whoever polls it next cancels it
        }
      }
    }
    return out;
  }

  /** Whether all input was read and no item is open. */
  boolean finished() {
    return prepared() && !stores.runs().hasOpenItems(run.runId());
  }

  /** What was paid for and could not be judged; after collecting, which it must not hold up. */
  void judgeAgain() {
    try {
      new JudgeAgain(stores.settlements(), context.task(), clock).judge(context.namespaceId());
    } catch (NightjarException e) {
      LOG.warn("answers that could not be judged stay so: {}", e.getMessage());
    }
  }

  /** Closes the run. */
  void finish() {
    stores.runs().finish(run.runId());
    // Also what was answered just before this process took over.
    new SemanticLearning(stores.learning(), context.task(), context.namespaceId()).learn();
    stores.learning().close(run.runId());
    stores.runs().tidy(run.runId());
    stores.runs().postFinished(context.namespaceId());
    RetentionSpec retention = context.task().retention();
    stores
        .cacheCare()
        .evict(
            context.namespaceId(), retention.writtenAfter(clock.instant()), retention.bytesMax());
    retention
        .forgottenBefore(clock.instant())
        .ifPresent(
            before ->
                stores
                    .forgetting()
                    .forget(
                        new ForgetStore.Selection(
                            plan.tenant(),
                            Optional.empty(),
                            Optional.of(before),
                            Optional.of(ReferenceTask.auditedName(context.task()))),
                        ""));
    OrphanUploads.delete(stores.submissions(), clients, tidied(), clock);
  }

  /**
   * The providers that may have uploads of ours: also those that no tier of the task asks any more,
   * if their key is still there. A stray batch may still read its upload.
   */
  private List<Provider> tidied() {
    Set<String> held = stores.strays().held();
    return Arrays.stream(Provider.values())
        .filter(provider -> !held.contains(provider.label()))
        .filter(
            provider ->
                providersUsed(context.task()).contains(provider)
                    || (stores.submissions().knows(provider.label()) && clients.hasKey(provider)))
        .toList();
  }

  /** Submissions of this namespace that are not collected yet. */
  long submissionsOpen() {
    return stores.submissions().open(context.namespaceId()).size();
  }

  PostgresStores stores() {
    return stores;
  }

  @Override
  public void close() {
    heartbeat.close();
    launcher.close();
    clients.close();
    stores.close();
  }
}
