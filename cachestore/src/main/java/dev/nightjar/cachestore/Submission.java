package dev.nightjar.cachestore;

import java.io.Serializable;
import java.time.Instant;
import java.util.Optional;

/**
 * One provider batch, or one list of online requests.
 *
 * @param submissionId our name for it
 * @param runId the run that pays
 * @param provider provider name
 * @param model model name
 * @param tier tier name
 * @param mode how it is asked
 * @param state where it stands
 * @param requests attempts in it
 * @param requestBytes size of its request lines in bytes, line ends included
 * @param promptTokens estimated prompt tokens
 * @param inputFileId the provider's name for the uploaded requests, if they are uploaded
 * @param providerBatchId the provider's name for it, once known
 * @param ending how the provider ended it, once it has
 * @param tries how often it was given back to wait
 * @param notBefore when it may be tried again, if it waits
 * @param plannedAt when it was packed
 * @param creatingAt when we began to create it at the provider, if we did
 * @param account by which key and address it went to the provider, hashed; empty until it did
 * @param providerCreatingAt what the provider's clock showed when its create was first intended,
 *     also if it was given back since: no batch of it is older
 * @param providerRenewedAt the same, when it was last intended; empty in state creating means that
 *     nothing was sent
 * @param inProgressAt when we knew that the provider has it
 * @param endedAt when we first saw that the provider had ended it
 * @param cancelRequestedAt when somebody asked to cancel it
 * @param cancelReason why, if so: see {@link SubmissionStore#requestCancel}
 * @param cacheMark the way in which its requests mark what they share for the provider's prompt
 *     cache, if they do: see {@link CacheMarking}
 * @param lease who holds it, if anybody does
 * @param failure why it failed or was withdrawn, empty if it did not
 */
public record Submission(
    String submissionId,
    String runId,
    String provider,
    String model,
    String tier,
    AttemptMode mode,
    SubmissionState state,
    int requests,
    long requestBytes,
    long promptTokens,
    Optional<String> inputFileId,
    Optional<String> providerBatchId,
    Optional<Ending> ending,
    int tries,
    Optional<Instant> notBefore,
    Instant plannedAt,
    Optional<Instant> creatingAt,
    Optional<String> account,
    Optional<Instant> providerCreatingAt,
    Optional<Instant> providerRenewedAt,
    Optional<Instant> inProgressAt,
    Optional<Instant> endedAt,
    Optional<Instant> cancelRequestedAt,
    Optional<ErrorCode> cancelReason,
    Optional<String> cacheMark,
    Optional<Lease> lease,
    String failure)
    implements Serializable {}
