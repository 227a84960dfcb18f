package dev.nightjar.runners;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.RunProgress;
import dev.nightjar.pipelines.submit.ProviderSettings;
import java.io.PrintWriter;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** What {@code run}, {@code submit} and {@code collect} have in common. */
abstract class NightCommand implements Callable<Integer> {
  @Mixin private final TaskOptions task = new TaskOptions();
  @Mixin private final PatienceOptions patience = new PatienceOptions();
  @Mixin private final StoreOptions store = new StoreOptions();
  @Mixin private final EngineOptions engine = new EngineOptions();
  @Spec private CommandSpec spec;

  /** Whether the command begins a run where there is none. */
  boolean begins() {
    return true;
  }

  /** Whether the command stays until the run's end, so that requests may wait for others. */
  boolean stays() {
    return false;
  }

  /** Does the command's part of the night. */
  abstract void drive(Night night) throws InterruptedException;

  @Override
  public final Integer call() throws InterruptedException, SQLException {
    PrintWriter out = spec.commandLine().getOut();
    DatabaseAddress database = store.migrated(Optional.empty());
    ProviderSettings providers =
        ProviderSettings.fromEnvironment(System.getenv(), patience.patience());
    NightPlan plan = stays() ? task.plan().toTheEnd() : task.plan();
    if (!begins() && plan.runId().isEmpty()) {
      Optional<String> submitted = Night.submitted(plan, database);
      if (submitted.isEmpty()) {
        Night.bringHome(plan, database, providers, engine, MachineClock.utc());
        out.println("nothing is open: nothing of this task and corpus was submitted");
        return 0;
      }
      plan = plan.of(submitted.get());
    }
    try (Night night =
        Night.open(
            plan,
            database,
            providers,
            engine,
            MachineClock.utc(),
            Signals.handled(spec.commandLine().getErr()))) {
      out.println("run " + night.runId() + " (task " + night.task().name() + ")");
      TierNotes.of(night.task()).forEach(out::println);
      out.flush();
      try (ProgressDisplay display =
          ProgressDisplay.show(night.task().name(), night::progress, spec.commandLine().getErr())) {
        drive(night);
      }
      return finish(night, database, out);
    }
  }

  private int finish(Night night, DatabaseAddress database, PrintWriter out) throws SQLException {
    NightReport report = new NightReport(night.stores().dataSource());
    List<String> runIds = List.of(night.runId());
    report.print(out, runIds);
    InputSummary.print(out, night.stores().runs(), night.runId());
    RunProgress progress = night.progress();
    out.println();
    if (progress.deadLetters() > 0) {
      out.println(
          Terminal.count(progress.deadLetters())
              + " inputs were refused: select * from dead_letters where run_id = '"
              + night.runId()
              + "'");
    }
    out.println(
        "results: select * from results where run_id = '"
            + night.runId()
            + "'; costs: cost_by_run, cost_by_tier, item_costs");
    out.println(database.psqlCommand());
    long withoutMoney = report.failedFor(runIds, ErrorCode.BUDGET_EXHAUSTED);
    if (withoutMoney > 0) {
      out.println(
          Terminal.count(withoutMoney)
              + " documents were left to the next night, for no budget had room for them; those worth most go"
              + " first then. 'nightjar budget list' shows the tenants' budgets");
    }
    if (!night.finished() && progress.open() == 0) {
      out.println(
          "the input of this run was not read to its end; run 'submit' or 'run' with the same arguments");
      return Main.EXIT_STOPPED;
    }
    if (progress.open() > 0) {
      out.println(
          Terminal.count(progress.open())
              + " items are open in "
              + Terminal.count(night.submissionsOpen())
              + " submissions; run 'collect' or 'run' with the same arguments to go on");
      return Main.EXIT_STOPPED;
    }
    return progress.failed() > 0 || progress.deadLetters() > 0 ? Main.EXIT_FAILED : 0;
  }
}
