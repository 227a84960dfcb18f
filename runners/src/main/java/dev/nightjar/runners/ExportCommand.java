package dev.nightjar.runners;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.postgres.PostgresStores;
import dev.nightjar.pipelines.task.AnswerColumns;
import dev.nightjar.pipelines.task.TaskLoader;
import dev.nightjar.runners.export.Export;
import dev.nightjar.runners.export.ExportFormat;
import dev.nightjar.runners.export.FlatExport;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Results and costs as files. */
@Command(
    name = "export",
    mixinStandardHelpOptions = true,
    header = "Writes results or costs to a file: JSONL, CSV, Parquet, or PostgreSQL's COPY.",
    description = {
      "",
      "One row a document, also of those that failed. The file appears when it is whole.",
      ""
    },
    footer = {
      "",
      "Example: nightjar export results --run-id 2026-11-24 --out results.parquet",
      "In SQL: \\copy (select * from item_costs where run_id = '2026-11-24') to 'costs.csv' csv"
          + " header"
    })
final class ExportCommand implements Callable<Integer> {
  @Mixin private final RehearsalOptions rehearsal = new RehearsalOptions();
  @Mixin private final StoreOptions store = new StoreOptions();
  @Spec private CommandSpec spec;

  /** What can be written. */
  enum Table {
    RESULTS,
    COSTS
  }

  @Parameters(index = "0", paramLabel = "TABLE", description = "${COMPLETION-CANDIDATES}.")
  Table table = Table.RESULTS;

  @Option(
      names = "--run-id",
      paramLabel = "ID",
      description = "Of this night; may be given more than once. Default: the tenant's newest.")
  List<String> runIds = new ArrayList<>();

  @Option(
      names = "--task",
      paramLabel = "NAME",
      description = "Of the newest night of this task; with --latest of all of its nights.")
  @Nullable String task;

  @Option(
      names = "--latest",
      description =
          "Of each document the last answer that any night of the task gave it, as its view in"
              + " nightjar_answers shows them.")
  boolean latest;

  @Option(
      names = "--flatten",
      description =
          "A column for each property of an answer, 'address.city' for those of objects in it.")
  boolean flatten;

  @Option(
      names = "--tenant",
      paramLabel = "NAME",
      defaultValue = "default",
      description = "Whose. Default: ${DEFAULT-VALUE}.")
  String tenant = "default";

  @Option(names = "--out", required = true, paramLabel = "FILE", description = "Where to.")
  Path out = Path.of("");

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      description = "${COMPLETION-CANDIDATES}. Default: by the file's name.")
  @Nullable ExportFormat format;

  @Option(
      names = "--raw-cells",
      description =
          "CSV as it stands. Without it, a text that a spreadsheet would take for a formula (it"
              + " begins with = + - @) gets a quotation mark before it.")
  boolean rawCells;

  @Override
  public Integer call() throws SQLException {
    ExportFormat chosen = format == null ? byName() : format;
    requireFitting();
    try (PostgresStores stores = StoreOptions.openFor(tenant, rehearsal.database(store))) {
      Results results = new Results(stores.dataSource());
      List<String> runs =
          task == null
              ? NightReport.runs(stores.dataSource(), runIds)
              : List.of(results.newest(tenant, Optional.of(task)));
      List<String> stored = results.task(runs.get(0)).orElseThrow();
      if (latest) {
        runs = results.runsOf(tenant, stored.get(0));
      }
      long rows =
          flatten
              ? new FlatExport(columns(stored), latest, rawCells)
                  .write(stores.dataSource(), runs, chosen, out)
              : plain().write(stores.dataSource(), runs, chosen, out);
      spec.commandLine()
          .getOut()
          .println(
              Terminal.count(rows)
                  + " rows of "
                  + (latest ? "all nights of " + stored.get(0) : String.join(", ", runs))
                  + " in "
                  + out);
      return 0;
    } catch (IOException e) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "--out " + out,
          "cannot be written (" + e.getClass().getSimpleName() + ")",
          "give a file in a directory that is there, with room for it",
          e);
    }
  }

  private void requireFitting() {
    if (table == Table.COSTS && (latest || flatten)) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "--latest, --flatten",
          "they are about answers, and costs have none",
          "export results, or leave them out");
    }
    if (!runIds.isEmpty() && (latest || task != null)) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "--run-id",
          "a night says which task's it is",
          "leave out --run-id, or --task and --latest");
    }
  }

  private Export<?> plain() {
    Export<?> export =
        switch (table) {
          case RESULTS -> latest ? Export.LATEST : Export.RESULTS;
          case COSTS -> Export.COSTS;
        };
    return rawCells ? export.withRawCells() : export;
  }

  /** Of the task as the night had it. */
  private static List<AnswerColumns.Column> columns(List<String> stored) {
    return AnswerColumns.flattened(
        TaskLoader.stored(stored.get(0), stored.get(1)).outputSchemaJson(), FlatExport.TAKEN);
  }

  private ExportFormat byName() {
    String name = out.getFileName() == null ? "" : out.getFileName().toString();
    String ending = name.substring(name.lastIndexOf('.') + 1).toUpperCase(Locale.ROOT);
    return Arrays.stream(ExportFormat.values())
        .filter(one -> one.name().equals(ending))
        .findFirst()
        .orElseThrow(
            () ->
                new NightjarException(
                    ErrorCode.OPTION_INVALID,
                    "--out " + out,
                    "its name says no format",
                    "give --format "
                        + Arrays.stream(ExportFormat.values())
                            .map(one -> one.name().toLowerCase(Locale.ROOT))
                            .collect(Collectors.joining(", "))));
  }
}
