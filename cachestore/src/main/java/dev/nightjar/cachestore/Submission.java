package dev.nightjar.cachestore;

import java.io.Serializable;
import java.time.Instant;
import java.util.Optional;

/**
 * One provider batch.
 *
 * @param submissionId our name for it
 * @param runId the run that pays
 * @param provider provider name
 * @param model model name
 * @param tier tier name
 * @param state where it stands
 * @param requests attempts in it
 * @param requestBytes size of its request lines in bytes
 * @param providerBatchId the provider's name for it, once known
 * @param creatingAt when we began to create it at the provider, if we did
 */
public record Submission(
    String submissionId,
    String runId,
    String provider,
    String model,
    String tier,
    SubmissionState state,
    int requests,
    long requestBytes,
    Optional<String> providerBatchId,
    Optional<Instant> creatingAt)
    implements Serializable {}
