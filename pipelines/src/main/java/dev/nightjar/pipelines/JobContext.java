package dev.nightjar.pipelines;

import dev.nightjar.cachestore.AttemptMode;
import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.LearntThreshold;
import dev.nightjar.cachestore.ReuseBounds;
import dev.nightjar.cachestore.Stores;
import dev.nightjar.cachestore.embed.Embedder;
import dev.nightjar.cachestore.embed.EmbeddingModel;
import dev.nightjar.cachestore.embed.OnnxEmbedder;
import dev.nightjar.cachestore.postgres.PostgresStores;
import dev.nightjar.pipelines.beam.SharedResource;
import dev.nightjar.pipelines.reuse.SemanticPolicy;
import dev.nightjar.pipelines.submit.ProviderClients;
import dev.nightjar.pipelines.submit.ProviderSettings;
import dev.nightjar.pipelines.submit.Providers;
import dev.nightjar.pipelines.task.FormerVersion;
import dev.nightjar.pipelines.task.TaskSpec;
import dev.nightjar.pipelines.task.TierSpec;
import java.io.Serializable;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What every stage of a run needs, small enough to travel with each of them. It says where things
 * are and holds no secret: workers read passwords and keys from their own environment.
 *
 * @param runId the run
 * @param tenant whose answers may be reused
 * @param namespaceId the run's namespace
 * @param database where the store is
 * @param task what to ask
 * @param providers where providers are
 * @param learntThresholdOrNull the least vote for a semantic hit, if the task has it learnt
 * @param deadlineAt when the run stops waiting
 * @param workerId names the process that drives the run; leases for collecting carry it
 * @param clock the time
 * @param attended whether this process stays until the run's end, so that requests may wait for
 *     what others show
 * @param formers former versions of the task whose answers may be kept, the last one first
 */
public record JobContext(
    String runId,
    String tenant,
    long namespaceId,
    DatabaseAddress database,
    TaskSpec task,
    ProviderSettings providers,
    @Nullable LearntThreshold learntThresholdOrNull,
    Instant deadlineAt,
    String workerId,
    Clock clock,
    boolean attended,
    List<FormerVersion> formers)
    implements Serializable {

  public JobContext {
    formers = List.copyOf(formers);
  }

  /** One that keeps no answers of former versions. */
  public JobContext(
      String runId,
      String tenant,
      long namespaceId,
      DatabaseAddress database,
      TaskSpec task,
      ProviderSettings providers,
      @Nullable LearntThreshold learntThresholdOrNull,
      Instant deadlineAt,
      String workerId,
      Clock clock,
      boolean attended) {
    this(
        runId,
        tenant,
        namespaceId,
        database,
        task,
        providers,
        learntThresholdOrNull,
        deadlineAt,
        workerId,
        clock,
        attended,
        List.of());
  }

  /** The same, keeping answers of former versions. */
  public JobContext keepingOf(List<FormerVersion> versions) {
    return new JobContext(
        runId,
        tenant,
        namespaceId,
        database,
        task,
        providers,
        learntThresholdOrNull,
        deadlineAt,
        workerId,
        clock,
        attended,
        versions);
  }

  /**
   * Connections of a worker's pool: a subtask that submits holds one for its cursor while its lease
   * is renewed on another.
   */
  private static final int POOL_CONNECTIONS_MAX =
      8 + 3 * Runtime.getRuntime().availableProcessors();

  /**
   * What the stages need to bring home the answers of another task of the tenant.
   *
   * @param anyRunId a run of that task
   */
  public JobContext forTask(long itsNamespaceId, TaskSpec itsTask, String anyRunId) {
    return new JobContext(
        anyRunId,
        tenant,
        itsNamespaceId,
        database,
        itsTask,
        providers,
        null,
        deadlineAt,
        workerId,
        clock,
        attended);
  }

  private record StoresOf(String tenant, DatabaseAddress database) {}

  /** The store as the tenant sees it, shared by all stages in this JVM. */
  public SharedResource.Lease<Stores> stores() {
    return SharedResource.acquire(
        new StoresOf(tenant, database),
        Stores.class,
        () -> PostgresStores.openFor(tenant, database, POOL_CONNECTIONS_MAX, clock));
  }

  /** The task's embedding model, shared by all stages in this JVM. */
  public SharedResource.Lease<Embedder> embedder() {
    EmbeddingModel model = task.embeddingModel();
    return SharedResource.acquire(
        model,
        Embedder.class,
        () -> OnnxEmbedder.load(model, Runtime.getRuntime().availableProcessors()));
  }

  /** The provider clients, shared by all stages in this JVM. */
  public SharedResource.Lease<ProviderClients> clients() {
    return SharedResource.acquire(
        providers, ProviderClients.class, () -> ProviderClients.open(providers));
  }

  /** How an attempt at a tier is to be asked now. */
  public AttemptMode mode(TierSpec tier) {
    return Providers.mode(task, tier, providers, clock.instant(), deadlineAt);
  }

  /** Whether batches are given up for online requests now, because the deadline is near. */
  public boolean isForOnline() {
    return Providers.isForOnline(task, clock.instant(), deadlineAt);
  }

  /** How this run decides on texts that have neighbours in the cache. */
  public SemanticPolicy semanticPolicy() {
    return new SemanticPolicy(task, Optional.ofNullable(learntThresholdOrNull));
  }

  /** Which stored answers this run may use. */
  public ReuseBounds reuseBounds() {
    return semanticPolicy().bounds(clock.instant());
  }
}
