package dev.nightjar.runners;

import dev.nightjar.cachestore.BudgetStore;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.postgres.PostgresStores;
import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Budgets of tenants and tasks. */
@Command(
    name = "budget",
    mixinStandardHelpOptions = true,
    header = "Shows and sets what tenants and tasks may spend in a day, a month or in all.",
    description = {
      "",
      "A night counts in the day and month (UTC) in which it began, with what it has spent and what it holds"
          + " in flight. A night's own limit is 'nightjar run --budget'.",
      ""
    },
    subcommands = {BudgetCommand.Show.class, BudgetCommand.Set.class, BudgetCommand.Remove.class})
final class BudgetCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }

  /** Which budget. */
  static final class Which {
    @Option(
        names = "--tenant",
        paramLabel = "NAME",
        defaultValue = "default",
        description = "Whose. Default: ${DEFAULT-VALUE}.")
    String tenant = "default";

    @Option(
        names = "--task",
        paramLabel = "NAME",
        defaultValue = BudgetStore.ALL_TASKS,
        description = "One task's, by its name; default: all of the tenant's together.")
    String task = BudgetStore.ALL_TASKS;

    @Option(
        names = "--per",
        required = true,
        paramLabel = "PERIOD",
        description = "One of ${COMPLETION-CANDIDATES}.")
    BudgetStore.Period period = BudgetStore.Period.DAY;
  }

  @Command(
      name = "list",
      mixinStandardHelpOptions = true,
      header = "What is set, spent, held and left.")
  static final class Show implements Callable<Integer> {
    @Mixin private final StoreOptions store = new StoreOptions();
    @Spec private CommandSpec spec;

    @Override
    public Integer call() {
      PrintWriter out = spec.commandLine().getOut();
      try (PostgresStores stores = StoreOptions.open(store.migrated(Optional.empty()))) {
        List<BudgetStore.Budget> budgets = stores.budgets().list();
        if (budgets.isEmpty()) {
          out.println("no budgets are set: 'nightjar budget set 25USD --per day'");
          return 0;
        }
        out.printf(
            "%-16s %-20s %-6s %14s %14s %14s %14s%n",
            "tenant", "task", "per", "limit USD", "spent", "held", "left");
        for (BudgetStore.Budget budget : budgets) {
          out.printf(
              "%-16s %-20s %-6s %14s %14s %14s %14s%n",
              budget.tenant(),
              budget.task(),
              budget.period().label(),
              Terminal.usd(budget.limitUsd()),
              Terminal.usd(budget.chargedUsd()),
              Terminal.usd(budget.reservedUsd()),
              Terminal.usd(budget.leftUsd()));
        }
        return 0;
      }
    }
  }

  @Command(
      name = "set",
      mixinStandardHelpOptions = true,
      header = "Sets a budget, from the next reservation on.",
      footer = {"", "Example: nightjar budget set 25USD --per day --task email-triage"})
  static final class Set implements Callable<Integer> {
    @Mixin private final StoreOptions store = new StoreOptions();
    @Mixin private final Which which = new Which();

    @Parameters(index = "0", paramLabel = "AMOUNT", description = "As 25USD.")
    String amount = "";

    @Spec private CommandSpec spec;

    @Override
    public Integer call() {
      try (PostgresStores stores = StoreOptions.open(store.migrated(Optional.empty()))) {
        stores
            .budgets()
            .set(which.tenant, which.task, which.period, TaskOptions.usd("AMOUNT", amount));
      }
      spec.commandLine().getOut().println("set; 'nightjar budget list' shows it");
      return 0;
    }
  }

  @Command(name = "remove", mixinStandardHelpOptions = true, header = "Removes a budget.")
  static final class Remove implements Callable<Integer> {
    @Mixin private final StoreOptions store = new StoreOptions();
    @Mixin private final Which which = new Which();
    @Spec private CommandSpec spec;

    @Override
    public Integer call() {
      try (PostgresStores stores = StoreOptions.open(store.migrated(Optional.empty()))) {
        if (!stores.budgets().remove(which.tenant, which.task, which.period)) {
          throw new NightjarException(
              ErrorCode.OPTION_INVALID,
              which.tenant + "/" + which.task + "/" + which.period.label(),
              "no such budget is set",
              "'nightjar budget list' shows those that are");
        }
      }
      spec.commandLine().getOut().println("removed");
      return 0;
    }
  }
}
