package dev.nightjar.runners;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.RunProgress;
import dev.nightjar.runners.report.Endings;
import java.io.PrintWriter;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** What {@code run}, {@code submit} and {@code collect} have in common. */
abstract class NightCommand implements Callable<Integer> {
  @Mixin private final TaskOptions task = new TaskOptions();
  @Mixin private final NightOptions ends = new NightOptions();
  @Mixin private final KeepOptions keep = new KeepOptions();
  @Mixin private final RehearsalOptions rehearsal = new RehearsalOptions();
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
    NightPlan plan =
        keep.of(ends.of(rehearsal.paced(stays() ? task.plan().toTheEnd() : task.plan())));
    double failedPercentMax = ends.failedPercentMax();
    try (Setting setting = rehearsal.setting(store, patience.patience(), out)) {
      if (!begins() && plan.runId().isEmpty()) {
        Optional<String> submitted = Night.submitted(plan, setting.database());
        if (submitted.isEmpty()) {
          Night.bringHome(
              plan, setting.database(), setting.providers(), engine, MachineClock.utc());
          out.println("nothing is open: nothing of this task and corpus was submitted");
          return 0;
        }
        plan = plan.of(submitted);
      }
      Pause pause = Signals.handled(spec.commandLine().getErr());
      try (Night night =
              Night.open(
                  plan,
                  setting.database(),
                  setting.providers(),
                  engine,
                  MachineClock.utc(),
                  pause);
          Audit audit =
              Audit.beside(
                  night,
                  plan,
                  new Audit.Opening(
                      setting.database(),
                      setting.providers(),
                      engine,
                      MachineClock.utc(),
                      pause,
                      begins()),
                  spec.commandLine().getErr()::println)) {
        return night(night, audit, setting, failedPercentMax, out);
      }
    }
  }

  private int night(
      Night night, Audit audit, Setting setting, double failedPercentMax, PrintWriter out)
      throws InterruptedException, SQLException {
    boolean wasFinished = night.finished();
    out.println("run " + night.runId() + " (task " + night.task().name() + ")");
    if (begins() && !wasFinished) {
      night.versions().lines().forEach(out::println);
    }
    TierNotes.of(night.task()).forEach(out::println);
    PriceLadder.of(night.task(), night.stores().prices(), MachineClock.utc().instant())
        .warnings()
        .forEach(out::println);
    out.flush();
    try (ProgressDisplay display =
        ProgressDisplay.show(night.task().name(), night::progress, spec.commandLine().getErr())) {
      audit.around(this::drive);
    } catch (NightjarException e) {
      if (e.code() == ErrorCode.ANSWERS_REJECTED) {
        finish(night, audit, setting, failedPercentMax, out);
        out.flush();
      }
      throw e;
    }
    int exitCode = finish(night, audit, setting, failedPercentMax, out);
    if (!begins() && wasFinished) {
      out.println("nothing is open: this run had ended before");
    }
    return exitCode;
  }

  private int finish(
      Night night, Audit audit, Setting setting, double failedPercentMax, PrintWriter out)
      throws SQLException {
    NightReport report = new NightReport(night.stores().dataSource());
    List<String> runIds = List.of(night.runId());
    Endings endings = Endings.of(night.stores().dataSource(), night.runId());
    out.println();
    out.println(endings.headline());
    endings.reasons().forEach(out::println);
    if (endings.refused() < endings.documents()) {
      List<String> all = new ArrayList<>(runIds);
      all.addAll(audit.runIds());
      report.print(out, all);
    }
    Versions.keptLine(night.stores().versions().kept(night.runId())).ifPresent(out::println);
    InputSummary.print(out, night.stores().runs(), night.runId());
    RunProgress progress = night.progress();
    String rehearse = setting.isRehearsal() ? " --rehearse" : "";
    out.println();
    out.println(
        "answers: 'nightjar results --run-id "
            + night.runId()
            + rehearse
            + "', of failed ones with --failed; a page: 'nightjar report"
            + rehearse
            + "'");
    out.println(
        "in SQL: select * from "
            + night.answersView().orElse("results where run_id = '" + night.runId() + "'")
            + "; costs: cost_by_run, cost_by_tier, item_costs");
    out.println(setting.database().psqlCommand());
    long withoutMoney = report.failedFor(runIds, ErrorCode.BUDGET_EXHAUSTED);
    if (withoutMoney > 0) {
      out.println(
          Terminal.count(withoutMoney)
              + " documents were left to the next night, for no budget had room for them; those"
              + " worth most go first then. 'nightjar budget list' shows the tenants' budgets");
    }
    if (!night.finished() && progress.open() == 0) {
      out.println(
          "the input of this run was not read to its end; run 'submit' or 'run' with the same"
              + " arguments");
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
    if (audit.open() > 0) {
      out.println(
          "all documents have their ends; "
              + Terminal.count(audit.open())
              + " of the audit have none yet; run 'collect' or 'run' with the same arguments to go"
              + " on");
      return Main.EXIT_STOPPED;
    }
    return verdict(endings, failedPercentMax, out);
  }

  private static int verdict(Endings endings, double failedPercentMax, PrintWriter out) {
    double percent = endings.withoutAnswerPercent();
    if (percent == 0) {
      return 0;
    }
    boolean isTooMuch = percent > failedPercentMax;
    out.printf(
        Locale.ROOT,
        "%s: %.2f %% of the documents have no answer, %s the %s %% of --failed-max%n",
        isTooMuch ? "failed" : "warning",
        percent,
        isTooMuch ? "more than" : "within",
        Double.toString(failedPercentMax).replaceFirst("\\.0$", ""));
    return isTooMuch ? Main.EXIT_FAILED : 0;
  }
}
