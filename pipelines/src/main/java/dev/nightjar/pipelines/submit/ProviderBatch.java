package dev.nightjar.pipelines.submit;

import dev.nightjar.cachestore.Ending;
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
 * @param queueFull whether it failed only because the account's queue was full
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
    boolean queueFull,
    Optional<Long> enqueuedTokensMax,
    Instant workedAt) {

  static ProviderBatch working(String id, long requests, Instant at) {
    return new ProviderBatch(id, Optional.empty(), requests, 0, "", false, Optional.empty(), at);
  }

  static ProviderBatch ended(
      String id, Ending ending, long requests, long answered, Instant workedAt) {
    return new ProviderBatch(
        id, Optional.of(ending), requests, answered, "", false, Optional.empty(), workedAt);
  }

  static ProviderBatch failed(
      String id,
      long requests,
      String failure,
      boolean queueFull,
      Optional<Long> enqueuedTokensMax,
      Instant at) {
    return new ProviderBatch(
        id, Optional.of(Ending.FAILED), requests, 0, failure, queueFull, enqueuedTokensMax, at);
  }
}
