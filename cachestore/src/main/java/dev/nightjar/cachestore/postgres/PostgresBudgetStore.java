package dev.nightjar.cachestore.postgres;

import static dev.nightjar.cachestore.postgres.Sql.fetch;

import dev.nightjar.cachestore.BudgetStore;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import java.math.BigDecimal;
import java.time.Clock;
import java.util.List;
import java.util.Locale;
import org.jooq.DSLContext;

/** Budgets in {@code budgets}. */
final class PostgresBudgetStore implements BudgetStore {
  private final DSLContext context;
  private final Clock clock;

  PostgresBudgetStore(DSLContext context, Clock clock) {
    this.context = context;
    this.clock = clock;
  }

  @Override
  public void set(String tenant, String task, Period period, BigDecimal limitUsd) {
    List<String> known =
        Sql.column(
            fetch(
                context, "select distinct name from tasks where tenant = ? order by name", tenant),
            "name",
            String.class);
    if (!task.equals(ALL_TASKS) && !known.contains(task)) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "--task " + task,
          "the tenant " + tenant + " has no task of this name",
          (known.isEmpty() ? "it has run none yet" : "it has " + String.join(", ", known))
              + "; 'nightjar plan' makes a new one known without spending");
    }
    context.execute(
        """
        insert into budgets (tenant, task, period, limit_usd, changed_at)
        values (?, ?, ?, ?, ?)
        on conflict on constraint budgets_natural_key do update
        set limit_usd = excluded.limit_usd,
            changed_at = excluded.changed_at
        """,
        tenant,
        task,
        period.label(),
        limitUsd,
        Sql.now(clock));
  }

  @Override
  public boolean remove(String tenant, String task, Period period) {
    return context.execute(
            "delete from budgets where tenant = ? and task = ? and period = ?",
            tenant,
            task,
            period.label())
        > 0;
  }

  @Override
  public List<Budget> list() {
    return fetch(context, "select * from budget_status order by tenant, task, period")
        .map(
            row ->
                new Budget(
                    row.get("tenant", String.class),
                    row.get("task", String.class),
                    Period.valueOf(row.get("period", String.class).toUpperCase(Locale.ROOT)),
                    row.get("limit_usd", BigDecimal.class),
                    row.get("charged_usd", BigDecimal.class),
                    row.get("reserved_usd", BigDecimal.class),
                    row.get("left_usd", BigDecimal.class)));
  }
}
