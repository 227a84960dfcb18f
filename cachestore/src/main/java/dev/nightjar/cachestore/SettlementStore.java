package dev.nightjar.cachestore;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

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
   * An answer that could not be judged when it came.
   *
   * @param customId the attempt that it came to
   * @param text what the model said
   */
  record Unjudged(String customId, String text) {}

  /**
   * Answers of a namespace that are kept because they could not be judged.
   *
   * @param after the attempt that the page before ended with; empty for the first page
   * @param limit rows at most
   * @return by attempt
   */
  List<Unjudged> unjudged(long namespaceId, String after, int limit);

  /**
   * An answer that could be judged at last.
   *
   * @param customId the attempt that it came to
   * @param answerJson the answer, if it will do
   * @param code why not, if not
   * @param reason the same in words
   */
  record Judged(
      String customId, Optional<String> answerJson, Optional<ErrorCode> code, String reason) {}

  /**
   * Settles answers that were charged before and could not be judged: nothing is charged again.
   * Every document that failed with such an answer, in any run, gets it, or the reason why it will
   * not do. An answer to a text that has been asked again since is only ended.
   *
   * @return how many answers this call ended
   */
  int settleJudged(List<Judged> answers);

  /**
   * A request that may have been billed, and nobody knows how much.
   *
   * @param customId the attempt; of a stray batch, which has no attempt, its id, a slash, and the
   *     request's
   * @param runId the run that pays; empty for a stray batch's
   * @param provider provider
   * @param model model
   * @param askedAt when it was asked
   * @param worstCaseUsd what it cost at most, and what is held for it
   */
  record UnknownSpend(
      String customId,
      Optional<String> runId,
      String provider,
      String model,
      Instant askedAt,
      BigDecimal worstCaseUsd) {}

  /** All unknown spend, oldest first. */
  List<UnknownSpend> unknownSpend();

  /**
   * Books what a person read off an invoice for some unknown spend, in parts as large as their
   * worst cases are to each other, and gives back what was held for it. One transaction.
   *
   * @param usd all of it together; 0 if nothing was billed
   * @throws NightjarException OPTION_INVALID if one of them is no unknown spend (any more)
   */
  void resolve(Collection<String> customIds, BigDecimal usd);

  /**
   * Withdraws a submission that no provider has yet and settles its attempts, in one transaction:
   * planned or uploading to cancelled.
   *
   * @return how many attempts were settled; 0 if the submission was not there to withdraw
   */
  int settleWithdrawn(
      String runId, String submissionId, ErrorCode code, String reason, List<Outcome> outcomes);
}
