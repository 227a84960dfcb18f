package dev.nightjar.cachestore;

import java.util.List;

/** Where attempts become charges, answers and cache entries. Thread-safe. */
public interface SettlementStore {

  /**
   * Settles attempts of one run, all in one transaction: the attempt's end, its charge, the budget,
   * the cache entry, the results of every document that waited, and the next attempt or the
   * failure. An attempt that was settled before is passed over, so a result that is collected twice
   * is charged once.
   *
   * @return how many attempts this call settled
   * @throws NightjarException PRICE_MISSING if a billed model has no price in force; nothing is
   *     settled
   */
  int settle(String runId, List<Outcome> outcomes);

  /**
   * Withdraws a submission that no provider has yet and settles its attempts, in one transaction:
   * planned or uploading to cancelled.
   *
   * @return how many attempts were settled; 0 if the submission was not there to withdraw
   */
  int settleWithdrawn(
      String runId, String submissionId, ErrorCode code, String reason, List<Outcome> outcomes);
}
