package dev.nightjar.runners;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.postgres.PostgresStores;
import dev.nightjar.runners.report.Report;
import dev.nightjar.runners.report.ReviewPage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** One night as a page. */
@Command(
    name = "report",
    mixinStandardHelpOptions = true,
    header = "Writes what a night cost, and why, as one HTML page that works offline.")
final class ReportCommand implements Callable<Integer> {
  @Mixin private final RehearsalOptions rehearsal = new RehearsalOptions();
  @Mixin private final StoreOptions store = new StoreOptions();
  @Spec private CommandSpec spec;

  @Option(
      names = {"--run", "--run-id"},
      paramLabel = "ID",
      description = "Of this night. Default: the newest.")
  @Nullable String runId;

  @Option(
      names = "--review",
      paramLabel = "N",
      description =
          "Instead: so many of its answers with what they quote highlighted, of a task with"
              + " x-quote.")
  @Nullable Integer review;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description =
          "Where to. Default: nightjar-report.html, and nightjar-review.html with --review.")
  @Nullable Path outGiven;

  @Override
  public Integer call() throws SQLException {
    if (review != null && review < 1) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "--review",
          "expected 1 or more, but was " + review,
          "correct it");
    }
    Path out =
        outGiven != null
            ? outGiven
            : Path.of(review == null ? "nightjar-report.html" : "nightjar-review.html");
    try (PostgresStores stores = StoreOptions.open(rehearsal.database(store))) {
      String run =
          NightReport.runs(stores.dataSource(), runId == null ? List.of() : List.of(runId)).get(0);
      Instant now = MachineClock.utc().instant();
      Files.writeString(
          out,
          review == null
              ? Report.html(stores.dataSource(), run, now)
              : ReviewPage.html(stores.dataSource(), run, review, now));
      spec.commandLine().getOut().println("run " + run + ": " + out.toAbsolutePath());
      return 0;
    } catch (IllegalArgumentException e) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "report",
          String.valueOf(e.getMessage()),
          review != null
              ? "mark what is to be quoted by x-quote: true in the task's output_schema, and run it"
              : "wait for its first answers; if all of its input was refused, 'nightjar results"
                  + " --failed' says why");
    } catch (IOException e) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "--out " + out,
          "cannot be written (" + e.getClass().getSimpleName() + ")",
          "give a file in a directory that is there, with room for it",
          e);
    }
  }
}
