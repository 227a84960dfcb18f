package dev.nightjar.pipelines.submit;

import dev.nightjar.cachestore.Ending;
import dev.nightjar.cachestore.ErrorCode;
import java.time.Instant;
import java.util.Optional;

/**
 * A batch as its provider sees it.
 *
 * @param id the provider's name for it
 * @param ending how it ended; empty while the provider works on it
 * @param requests how many requests it holds, 0 if the provider does not know yet
 * @param answered how many of them it says were answered, and billed; 0 if it does not say
 * @param failure why it failed as a whole, empty if it did not
 * @param failedBy what kind of failure that is: BATCH_FAILED, or QUEUE_FULL or
 *     PROVIDER_ACCOUNT_STOPPED, which are no fault of its requests; empty if it did not fail
 * @param enqueuedTokensMax the limit that the provider named then
 * @param workedAt when its requests were executed, as far as the provider says: decides the price
 *     in force
 */
public record ProviderBatch(
    String id,
    Optional<Ending> ending,
    long requests,
    long answered,
    String failure,
    Optional<ErrorCode> failedBy,
    Optional<Long> enqueuedTokensMax,
    Instant workedAt) {

  static ProviderBatch working(String id, long requests, Instant at) {
    return new ProviderBatch(
        id, Optional.empty(), requests, 0, "", Optional.empty(), Optional.empty(), at);
  }

  static ProviderBatch ended(
      String id, Ending ending, long requests, long answered, Instant workedAt) {
    return new ProviderBatch(
        id,
        Optional.of(ending),
        requests,
        answered,
        "",
        Optional.empty(),
        Optional.empty(),
        workedAt);
  }

  /** Whether it failed for a reason. */
  boolean failedBy(ErrorCode code) {
    return failedBy.equals(Optional.of(code));
  }

  static ProviderBatch failed(
      String id,
      long requests,
      String failure,
      ErrorCode failedBy,
      Optional<Long> enqueuedTokensMax,
      Instant at) {
    return new ProviderBatch(
        id,
        Optional.of(Ending.FAILED),
        requests,
        0,
        failure,
        Optional.of(failedBy),
        enqueuedTokensMax,
        at);
  }
}
