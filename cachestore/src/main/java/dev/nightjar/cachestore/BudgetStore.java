package dev.nightjar.cachestore;

import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;

/**
 * What tenants and their tasks may spend. A run's own budget is given with the run. Operators set
 * budgets; {@link FundingStore} keeps them. Thread-safe.
 */
public interface BudgetStore {

  /** How long a budget lasts; a run counts in the day and month (UTC) in which it began. */
  enum Period {
    DAY,
    MONTH,
    TOTAL;

    /** As the database writes it. */
    public String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** The task of a budget for all tasks of a tenant. */
  String ALL_TASKS = "*";

  /**
   * A budget and how much of it is used.
   *
   * @param tenant whose
   * @param task a task's name, or {@link #ALL_TASKS}
   * @param period how long it lasts
   * @param limitUsd most that may be spent
   * @param chargedUsd charged so far
   * @param reservedUsd held by what is in flight
   * @param leftUsd what may still be reserved; below 0 if the limit was lowered
   */
  record Budget(
      String tenant,
      String task,
      Period period,
      BigDecimal limitUsd,
      BigDecimal chargedUsd,
      BigDecimal reservedUsd,
      BigDecimal leftUsd) {}

  /**
   * Sets a budget, or changes its limit. It holds from the next reservation on.
   *
   * @throws NightjarException OPTION_INVALID if the tenant has no task of this name, which would be
   *     a budget that binds nobody
   */
  void set(String tenant, String task, Period period, BigDecimal limitUsd);

  /**
   * Removes a budget.
   *
   * @return whether it was there
   */
  boolean remove(String tenant, String task, Period period);

  /** All budgets in their current period, by tenant, task and period. */
  List<Budget> list();
}
