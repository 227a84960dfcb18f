package dev.nightjar.cachestore;

import java.math.BigDecimal;

/**
 * Money for attempts that have been worked out. The worst case of an attempt is reserved in the
 * transaction that funds it, against the run's own budget and every budget of its tenant and task:
 * what is in flight counts, and concurrent runs cannot spend the same dollar. Thread-safe; every
 * method may be repeated.
 */
public interface FundingStore {

  /**
   * What one round of funding came to.
   *
   * @param funded attempts that may be sent now
   * @param downgraded those of them that were funded at a cheaper tier than planned
   * @param left attempts for which there is no money now
   * @param heldUsd what attempts that were in flight before hold of the tightest budget; part of it
   *     comes free when they end
   */
  record Round(long funded, long downgraded, long left, BigDecimal heldUsd) {

    /** Whether waiting for attempts in flight may fund what is left. */
    public boolean mayGoOn() {
      return funded > 0 || heldUsd.signum() > 0;
    }
  }

  /**
   * Raises what is held for a run's open requests to what they can cost at most as its deadline and
   * the prices are now; to be called when a run is gone on with.
   */
  void renew(String runId);

  /**
   * Funds the attempts of a run that wait for money, those worth most a dollar first: by the
   * document's own priority, then by the number of documents that wait for the answer over its
   * worst case. One that does not fit is tried at its cheaper tiers, if it has any, and else passed
   * over.
   */
  Round fund(String runId);

  /**
   * Gives up the attempts of a run that wait for money: their documents fail with BUDGET_EXHAUSTED
   * and a reason, and the next run asks them again.
   *
   * @return how many attempts were given up
   */
  long defer(String runId);
}
