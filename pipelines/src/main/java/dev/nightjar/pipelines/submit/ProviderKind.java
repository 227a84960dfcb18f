package dev.nightjar.pipelines.submit;

import dev.nightjar.cachestore.PackingLimits;
import dev.nightjar.cachestore.QueueLimits;
import dev.nightjar.pipelines.task.TaskSpec;
import java.time.Duration;

/** What is particular to one provider, before any connection. Immutable and thread-safe. */
interface ProviderKind {

  /** How large one submission may be. */
  PackingLimits packing();

  /** How much may be at the provider at once. */
  QueueLimits queue();

  /** Most online requests in flight from one worker. */
  int onlineRequestsMax();

  /** How long after it was created a batch's results can be fetched, at the least. */
  Duration resultsKept();

  /** Whether a request costs money there; one that does not may be repeated when it is lost. */
  boolean bills();

  /** Whether this provider takes batches at all, as it is set up. */
  default boolean takesBatches(ProviderSettings settings) {
    return true;
  }

  /** How it wants the requests of a task. */
  RequestFormat requests(TaskSpec task);

  /** Opens a client. */
  ProviderClient open(ProviderSettings settings, String apiKey);
}
