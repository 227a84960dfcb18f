package dev.nightjar.pipelines.submit;

import dev.nightjar.cachestore.PackingLimits;
import dev.nightjar.cachestore.QueueLimits;
import dev.nightjar.pipelines.task.TaskSpec;
import java.time.Duration;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * What is particular to one provider, before any connection. Immutable and thread-safe.
 *
 * @param packing how large one submission may be
 * @param queue how much may be at the provider at once
 * @param onlineRequestsMax most online requests in flight from one worker
 * @param resultsKept how long after it was created a batch's results can be fetched, at the least
 * @param bills whether a request costs money there; one that does not may be repeated when it is
 *     lost
 * @param takesBatches whether it takes batches at all, as it is set up
 * @param requests how it wants the requests of a task
 * @param open opens a client, with an API key
 */
record ProviderKind(
    PackingLimits packing,
    QueueLimits queue,
    int onlineRequestsMax,
    Duration resultsKept,
    boolean bills,
    Predicate<ProviderSettings> takesBatches,
    Function<TaskSpec, RequestFormat> requests,
    BiFunction<ProviderSettings, String, ProviderClient> open) {}
