package dev.nightjar.pipelines;

import dev.nightjar.cachestore.AttemptMode;
import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.Stores;
import dev.nightjar.cachestore.embed.Embedder;
import dev.nightjar.cachestore.embed.MiniLmEmbedder;
import dev.nightjar.cachestore.postgres.PostgresStores;
import dev.nightjar.pipelines.beam.SharedResource;
import dev.nightjar.pipelines.submit.ProviderClients;
import dev.nightjar.pipelines.submit.ProviderSettings;
import dev.nightjar.pipelines.submit.Providers;
import dev.nightjar.pipelines.task.TaskSpec;
import dev.nightjar.pipelines.task.TierSpec;
import java.io.Serializable;
import java.time.Clock;
import java.time.Instant;

/**
 * What every stage of a run needs, small enough to travel with each of them. It says where things
 * are and holds no secret: workers read passwords and keys from their own environment.
 *
 * @param runId the run
 * @param namespaceId the run's namespace
 * @param database where the store is
 * @param task what to ask
 * @param providers where providers are
 * @param deadlineAt when the run stops waiting
 * @param workerId names the process that drives the run; leases for collecting carry it
 * @param clock the time
 */
public record JobContext(
    String runId,
    long namespaceId,
    DatabaseAddress database,
    TaskSpec task,
    ProviderSettings providers,
    Instant deadlineAt,
    String workerId,
    Clock clock)
    implements Serializable {

  /**
   * Connections of a worker's pool: a subtask that submits holds one for its cursor while its lease
   * is renewed on another.
   */
  private static final int POOL_CONNECTIONS_MAX =
      8 + 3 * Runtime.getRuntime().availableProcessors();

  /** The store, shared by all stages in this JVM. */
  public SharedResource.Lease<Stores> stores() {
    return SharedResource.acquire(
        database, Stores.class, () -> PostgresStores.open(database, POOL_CONNECTIONS_MAX, clock));
  }

  /** The embedding model, shared by all stages in this JVM. */
  public static SharedResource.Lease<Embedder> embedder() {
    return SharedResource.acquire(
        MiniLmEmbedder.MODEL,
        Embedder.class,
        () -> MiniLmEmbedder.load(1)); // subtasks run in parallel already: one thread each
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

  /**
   * How similar a borrowed answer's text must be for it to be used again; 2 if this task borrows
   * nothing.
   */
  public double borrowSimilarityMin() {
    Double semantic = task.semanticSimilarityMin();
    Double near = task.nearDuplicateSimilarityMin();
    return Math.min(semantic == null ? 2 : semantic, near == null ? 2 : near);
  }
}
