package dev.nightjar.runners;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.Run;
import dev.nightjar.cachestore.RunProgress;
import dev.nightjar.cachestore.postgres.PostgresStores;
import dev.nightjar.pipelines.JobContext;
import dev.nightjar.pipelines.PrepareAndSubmit;
import dev.nightjar.pipelines.submit.Heartbeat;
import dev.nightjar.pipelines.submit.ProviderSettings;
import dev.nightjar.pipelines.task.TaskSpec;
import java.time.Clock;

/**
 * A night up to the spend: the same stages over the same store, as a run of its own that no other
 * run waits for. Closing it removes all that it wrote; embeddings stay, for they are the same
 * whoever makes them. Needs no provider's key.
 */
final class Planning implements AutoCloseable {
  private final PostgresStores stores;
  private final PipelineLauncher launcher;
  private final Corpus corpus;
  private final Run run;
  private final JobContext context;
  private final Versions versions;
  private final Clock clock;
  private final Heartbeat heartbeat;

  private Planning(
      PostgresStores stores,
      PipelineLauncher launcher,
      Corpus corpus,
      Run run,
      JobContext context,
      Versions versions,
      Clock clock) {
    this.versions = versions;
    this.stores = stores;
    this.launcher = launcher;
    this.corpus = corpus;
    this.run = run;
    this.context = context;
    this.clock = clock;
    keepAlive();
    this.heartbeat =
        Heartbeat.start("plan-" + run.runId(), context.providers().lease(), this::keepAlive);
  }

  private void keepAlive() {
    stores.runs().keepAlive(run.runId(), clock.instant().plus(context.providers().lease()));
  }

  /** Checks everything that can be checked, and begins the plan. */
  static Planning open(
      NightPlan plan,
      DatabaseAddress database,
      ProviderSettings providers,
      EngineOptions engine,
      Clock clock) {
    TaskSpec task = Night.load(plan);
    Corpus corpus = Corpus.resolve(plan.corpus(), plan.strict());
    PostgresStores stores = StoreOptions.openFor(plan.tenant(), database);
    try {
      Night.requirePrices(stores, task);
      long namespaceId = Night.namespace(stores, plan, task);
      stores.forecasts().discardAbandoned();
      Run run =
          stores
              .forecasts()
              .begin(
                  namespaceId,
                  corpus.identity(),
                  clock.instant().plus(providers.lease()),
                  clock.instant().plus(plan.deadline()));
      Versions versions = Versions.of(stores.versions(), plan, namespaceId, task);
      return new Planning(
          stores,
          new PipelineLauncher(engine),
          corpus,
          run,
          Night.contextOf(plan, stores, run, task, database, providers, clock)
              .keepingOf(versions.toKeepOf()),
          versions,
          clock);
    } catch (RuntimeException e) {
      stores.close();
      throw e;
    }
  }

  /** Goes through all stages up to the spend. */
  void prepare() {
    launcher.run(
        "nightjar plan " + run.runId(),
        pipeline ->
            new PrepareAndSubmit(context, corpus.patterns(), corpus.strict()).addPlanTo(pipeline));
    RunProgress progress = progress();
    if (progress.items() == 0 && progress.deadLetters() == 0) {
      throw new NightjarException(
          ErrorCode.CORPUS_EMPTY,
          corpus.identity(),
          "the files hold no document",
          "correct --corpus");
    }
  }

  Versions versions() {
    return versions;
  }

  RunProgress progress() {
    return stores.runs().progress(run.runId());
  }

  String runId() {
    return run.runId();
  }

  TaskSpec task() {
    return context.task();
  }

  PostgresStores stores() {
    return stores;
  }

  @Override
  public void close() {
    heartbeat.close();
    launcher.close();
    try {
      stores.forecasts().discard(run.runId());
    } finally {
      stores.close();
    }
  }
}
