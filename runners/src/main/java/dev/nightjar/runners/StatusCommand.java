package dev.nightjar.runners;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.postgres.PostgresStores;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What is under way. */
@Command(
    name = "status",
    mixinStandardHelpOptions = true,
    header = "Shows every open night: its stage, what providers have and since when, its money.",
    description = {"", "Of all tenants, from any terminal; asks no provider.", ""},
    footer = {"", "Example: nightjar status --json"})
final class StatusCommand implements Callable<Integer> {
  @Mixin private final RehearsalOptions rehearsal = new RehearsalOptions();
  @Mixin private final StoreOptions store = new StoreOptions();
  @Spec private CommandSpec spec;

  @Option(names = "--json", description = "One JSON object a line for each open night.")
  boolean json;

  @Option(
      names = "--watch",
      paramLabel = "SECONDS",
      arity = "0..1",
      fallbackValue = "5",
      description = "Look again, every 5 seconds or as given, until no night is open.")
  @Nullable Double watchSeconds;

  private record OpenRun(
      String runId,
      String tenant,
      String task,
      String stage,
      long documents,
      long settled,
      long failed,
      long refused,
      BigDecimal chargedUsd,
      BigDecimal reservedUsd,
      @Nullable BigDecimal budgetUsd,
      Instant startedAt,
      Instant deadlineAt,
      boolean isDriven) {}

  private record Batch(
      String submissionId,
      String provider,
      String model,
      String state,
      long requests,
      Instant since) {}

  @Override
  public Integer call() throws SQLException, InterruptedException {
    if (watchSeconds != null && !(watchSeconds >= 1)) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "--watch",
          "expected 1 second or more, but was " + watchSeconds,
          "correct it");
    }
    PrintWriter out = spec.commandLine().getOut();
    try (PostgresStores stores = StoreOptions.open(rehearsal.database(store))) {
      boolean isOpen = look(out, stores);
      while (watchSeconds != null && isOpen) { // or until Ctrl-C: it holds nothing
        Thread.sleep((long) (watchSeconds * 1_000));
        isOpen = look(out, stores);
      }
    }
    return 0;
  }

  /** Shows what is open now, and whether anything is. */
  private boolean look(PrintWriter out, PostgresStores stores) throws SQLException {
    Instant now = MachineClock.utc().instant();
    if (watchSeconds != null && !json) {
      out.println("at " + now.truncatedTo(ChronoUnit.SECONDS));
    }
    List<OpenRun> open = open(stores.dataSource());
    for (OpenRun run : open) {
      List<Batch> batches = batches(stores.dataSource(), run.runId());
      if (json) {
        out.println(JsonText.line(asJson(run, batches)));
      } else {
        print(out, run, batches, now);
      }
    }
    if (open.isEmpty() && !json) {
      out.println("no night is open" + last(stores.dataSource()));
    }
    out.flush();
    return !open.isEmpty();
  }

  private static List<OpenRun> open(DataSource source) throws SQLException {
    List<OpenRun> runs = new ArrayList<>();
    try (Connection connection = source.getConnection();
        PreparedStatement statement =
            connection.prepareStatement(
                """
                select
                    r.run_id,
                    n.tenant,
                    r.task_name,
                    case
                        when r.prepared_at is null then 'reading the corpus'
                        when p.submissions_open > 0 then 'waiting for providers'
                        when p.open > 0 then 'to be gone on with'
                        else 'to be closed'
                    end as stage,
                    p.items + p.dead_letters as documents,
                    p.settled,
                    p.failed,
                    p.dead_letters,
                    r.charged_usd,
                    r.reserved_usd,
                    r.budget_usd,
                    r.started_at,
                    r.deadline_at,
                    coalesce(r.alive_until > now(), false) as is_driven
                from runs r
                join namespaces n using (namespace_id)
                join run_progress p using (run_id)
                where r.state = 'open'
                order by r.started_at, r.run_id
                """);
        ResultSet rows = statement.executeQuery()) {
      while (rows.next()) {
        runs.add(
            new OpenRun(
                rows.getString("run_id"),
                rows.getString("tenant"),
                rows.getString("task_name"),
                rows.getString("stage"),
                rows.getLong("documents"),
                rows.getLong("settled"),
                rows.getLong("failed"),
                rows.getLong("dead_letters"),
                rows.getBigDecimal("charged_usd"),
                rows.getBigDecimal("reserved_usd"),
                rows.getBigDecimal("budget_usd"),
                instant(rows, "started_at"),
                instant(rows, "deadline_at"),
                rows.getBoolean("is_driven")));
      }
    }
    return runs;
  }

  private static Instant instant(ResultSet rows, String column) throws SQLException {
    return rows.getObject(column, OffsetDateTime.class).toInstant();
  }

  private static List<Batch> batches(DataSource source, String runId) throws SQLException {
    List<Batch> batches = new ArrayList<>();
    try (Connection connection = source.getConnection();
        PreparedStatement statement =
            connection.prepareStatement(
                """
                select
                    submission_id,
                    provider,
                    model,
                    state,
                    requests,
                    coalesce(in_progress_at, planned_at) as since
                from open_submissions
                where run_id = ?
                order by since, submission_id
                limit 20
                """)) {
      statement.setString(1, runId);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          batches.add(
              new Batch(
                  rows.getString("submission_id"),
                  rows.getString("provider"),
                  rows.getString("model"),
                  rows.getString("state"),
                  rows.getLong("requests"),
                  instant(rows, "since")));
        }
      }
    }
    return batches;
  }

  private static String last(DataSource source) throws SQLException {
    try (Connection connection = source.getConnection();
        PreparedStatement statement =
            connection.prepareStatement(
                """
                select run_id, task_name, to_char(finished_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"') as ended
                from runs
                where state = 'finished'
                  and audits_run_id is null
                order by finished_at desc
                limit 1
                """);
        ResultSet rows = statement.executeQuery()) {
      return rows.next()
          ? "; the last was "
              + rows.getString("run_id")
              + " (task "
              + rows.getString("task_name")
              + "), ended "
              + rows.getString("ended")
          : ", and there was none yet";
    }
  }

  private static void print(PrintWriter out, OpenRun run, List<Batch> batches, Instant now) {
    Terminal.heading(out, run.runId());
    out.println("task      " + run.task() + ", tenant " + run.tenant());
    out.println(
        "stage     "
            + run.stage()
            + (run.isDriven()
                ? ""
                : "; no process drives it: run 'collect' or 'run' with its arguments"));
    out.printf(
        Locale.ROOT,
        "documents %,d read, %,d settled, %,d of them failed, %,d refused%n",
        run.documents(),
        run.settled(),
        run.failed(),
        run.refused());
    out.println(
        "money     "
            + Terminal.usd(run.chargedUsd())
            + " USD spent, "
            + Terminal.usd(run.reservedUsd())
            + " reserved"
            + (run.budgetUsd() == null ? ", no --budget" : " of " + Terminal.usd(run.budgetUsd())));
    out.println(
        "time      begun "
            + age(run.startedAt(), now)
            + " ago, stops waiting "
            + (run.deadlineAt().isAfter(now)
                ? "in " + age(now, run.deadlineAt())
                : "at the next command: its deadline has passed"));
    for (Batch batch : batches) {
      out.printf(
          Locale.ROOT,
          "batch     %s: %s, %s, %,d requests, %s for %s%n",
          batch.submissionId(),
          batch.provider(),
          batch.model(),
          batch.requests(),
          batch.state().replace('_', ' '),
          age(batch.since(), now));
    }
  }

  private static String age(Instant from, Instant to) {
    Duration age = Duration.between(from, to);
    return age.toHours() > 0
        ? age.toHours() + " h " + age.toMinutesPart() + " min"
        : age.toMinutes() > 0 ? age.toMinutes() + " min" : Math.max(0, age.toSeconds()) + " s";
  }

  private static ObjectNode asJson(OpenRun run, List<Batch> batches) {
    ObjectNode node = JsonText.object();
    node.put("run_id", run.runId());
    node.put("tenant", run.tenant());
    node.put("task", run.task());
    node.put("stage", run.stage());
    node.put("is_driven", run.isDriven());
    node.put("documents", run.documents());
    node.put("settled", run.settled());
    node.put("failed", run.failed());
    node.put("refused", run.refused());
    node.put("charged_usd", run.chargedUsd());
    node.put("reserved_usd", run.reservedUsd());
    node.put("budget_usd", run.budgetUsd());
    node.put("started_at", run.startedAt().toString());
    node.put("deadline_at", run.deadlineAt().toString());
    ArrayNode list = node.putArray("submissions");
    for (Batch batch : batches) {
      list.addObject()
          .put("submission_id", batch.submissionId())
          .put("provider", batch.provider())
          .put("model", batch.model())
          .put("state", batch.state())
          .put("requests", batch.requests())
          .put("since", batch.since().toString());
    }
    return node;
  }
}
