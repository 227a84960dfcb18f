package dev.nightjar.runners;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nightjar.cachestore.AuditStore;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.postgres.PostgresStores;
import dev.nightjar.pipelines.audit.AuditComparison;
import dev.nightjar.pipelines.task.TaskLoader;
import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** What audits have found, and what people say of it. */
@Command(
    name = "audit",
    mixinStandardHelpOptions = true,
    header =
        "Shows where answers differ from the task's reference, and takes a person's word for it.",
    description = {
      "",
      "A task with an 'audit' has a share of its documents asked at its reference, too. What each saving costs in"
          + " quality is in the view 'agreement', by task, mechanism and month.",
      ""
    })
final class AuditCommand implements Runnable {
  @Mixin private final StoreOptions store = new StoreOptions();
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }

  /** One audited answer. */
  private record Shown(
      String documentId,
      String mechanisms,
      String tier,
      String comparedWith,
      boolean agrees,
      List<String> differing,
      String delivered,
      String other) {}

  @Command(
      name = "show",
      mixinStandardHelpOptions = true,
      description = "Shows answers that differ from the reference's, both side by side.",
      footer = {"", "Example: nightjar audit show --limit 10"})
  void show(
      @Mixin RehearsalOptions rehearsal,
      @Option(
              names = "--run-id",
              paramLabel = "ID",
              description = "Of this run. Default: the last.")
          @Nullable String runId,
      @Option(names = "--all", description = "Also those that agree.") boolean all,
      @Option(
              names = "--limit",
              paramLabel = "N",
              defaultValue = "20",
              description = "At most so many. Default: ${DEFAULT-VALUE}.")
          int limit,
      @Option(names = "--json", description = "One JSON object a line.") boolean json)
      throws SQLException {
    PrintWriter out = spec.commandLine().getOut();
    try (PostgresStores stores = StoreOptions.open(rehearsal.database(store))) {
      String run =
          NightReport.runs(stores.dataSource(), runId == null ? List.of() : List.of(runId)).get(0);
      List<Shown> found = audited(stores.dataSource(), run, Optional.empty(), all, limit);
      if (json) {
        found.forEach(one -> out.println(JsonText.line(asJson(run, one))));
        return;
      }
      print(out, stores.dataSource(), run, found);
    }
  }

  private static List<Shown> audited(
      DataSource dataSource, String run, Optional<String> documentId, boolean all, int limit)
      throws SQLException {
    List<Shown> found = new ArrayList<>();
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement =
            connection.prepareStatement(
                """
                select *, array_to_string(mechanisms, ', ') as by_what
                from audited_answers
                where run_id = ?
                  and (? or not agrees)
                  and document_id = coalesce(?, document_id)
                order by document_id
                limit ?
                """)) {
      statement.setString(1, run);
      statement.setBoolean(2, all);
      statement.setString(3, documentId.orElse(null));
      statement.setInt(4, limit);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          found.add(
              new Shown(
                  rows.getString("document_id"),
                  rows.getString("by_what"),
                  Objects.requireNonNullElse(rows.getString("tier"), "unknown"),
                  rows.getString("compared_with"),
                  rows.getBoolean("agrees"),
                  List.of((String[]) rows.getArray("differing_fields").getArray()),
                  String.valueOf(rows.getString("delivered_answer")),
                  String.valueOf(rows.getString("other_answer"))));
        }
      }
    }
    return found;
  }

  private static ObjectNode asJson(String run, Shown one) {
    ObjectNode line = JsonText.object();
    line.put("run_id", run);
    line.put("document_id", one.documentId());
    line.put("mechanisms", one.mechanisms());
    line.put("tier", one.tier());
    line.put("compared_with", one.comparedWith());
    line.put("agrees", one.agrees());
    one.differing().forEach(line.putArray("differing_fields")::add);
    line.set("delivered", JsonText.parsed(one.delivered()));
    line.set("other", JsonText.parsed(one.other()));
    return line;
  }

  private static void print(PrintWriter out, DataSource dataSource, String run, List<Shown> found)
      throws SQLException {
    for (Shown one : found) {
      out.println(
          one.documentId()
              + ": from tier "
              + one.tier()
              + (one.mechanisms().isEmpty() ? "" : ", by " + one.mechanisms())
              + (one.agrees() ? ": agrees" : ": differs in " + String.join(", ", one.differing())));
      out.println("  delivered  " + one.delivered());
      out.println(String.format(Locale.ROOT, "  %-9s  %s", one.comparedWith(), one.other()));
    }
    List<String> lines = new NightReport(dataSource).agreement(List.of(run));
    if (found.isEmpty()) {
      out.println(
          lines.isEmpty()
              ? "nothing of run " + run + " was audited"
              : "nothing differs that was audited");
    }
    lines.forEach(out::println);
    if (!found.isEmpty()) {
      out.println(
          "who is right? 'nightjar audit label DOCUMENT --right delivered' (or reference), or --answer JSON");
    }
  }

  /** Who was right. */
  enum Right {
    DELIVERED,
    REFERENCE
  }

  @Command(
      name = "label",
      mixinStandardHelpOptions = true,
      description = {
        "Says what a document's answer should be. It stands above the reference from then on, in every night of the"
            + " task, and counts where the document was drawn."
      },
      footer = {"", "Example: nightjar audit label mail-17 --right delivered"})
  void label(
      @Mixin RehearsalOptions rehearsal,
      @Parameters(paramLabel = "DOCUMENT", description = "The document, by id.") String documentId,
      @Option(
              names = "--right",
              paramLabel = "WHO",
              description = "Whose answer is right: delivered or reference.")
          @Nullable Right right,
      @Option(
              names = "--answer",
              paramLabel = "JSON",
              description = "The right answer, or those properties of it that matter.")
          @Nullable String answer,
      @Option(
              names = "--run-id",
              paramLabel = "ID",
              description = "In this run. Default: the last.")
          @Nullable String runId,
      @Option(
              names = "--by",
              paramLabel = "NAME",
              defaultValue = "${sys:user.name}",
              description = "Who says so. Default: the user.")
          String by)
      throws SQLException {
    if ((right == null) == (answer == null)) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "audit label",
          "expected one of --right and --answer",
          "say whose answer is right, or give it");
    }
    try (PostgresStores stores = StoreOptions.open(rehearsal.database(store))) {
      String run =
          NightReport.runs(stores.dataSource(), runId == null ? List.of() : List.of(runId)).get(0);
      Shown shown =
          audited(stores.dataSource(), run, Optional.of(documentId), true, 1).stream()
              .findFirst()
              .orElseThrow(
                  () ->
                      new NightjarException(
                          ErrorCode.OPTION_INVALID,
                          documentId,
                          "run " + run + " has no audited answer of this document",
                          "see 'nightjar audit show --all', or give --run-id"));
      String gold =
          answer != null
              ? object(answer)
              : right == Right.DELIVERED ? shown.delivered() : shown.other();
      keep(stores, run, new AuditStore.Gold(documentId, gold), by);
      new NightReport(stores.dataSource())
          .agreement(List.of(run))
          .forEach(spec.commandLine().getOut()::println);
    }
  }

  private static String object(String answer) {
    if (!JsonText.parsed(answer).isObject()) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "--answer",
          "expected a JSON object, but was '" + answer + "'",
          "give some of the answer's properties, as '{\"label\": \"spam\"}'");
    }
    return answer;
  }

  private static void keep(PostgresStores stores, String run, AuditStore.Gold gold, String by)
      throws SQLException {
    try (Connection connection = stores.dataSource().getConnection();
        PreparedStatement statement =
            connection.prepareStatement(
                """
                select n.tenant, r.task_name, t.definition::text as definition
                from runs r
                join namespaces n using (namespace_id)
                join tasks t on t.tenant = n.tenant and t.task_fingerprint = n.task_fingerprint
                where r.run_id = ?
                """)) {
      statement.setString(1, run);
      try (ResultSet rows = statement.executeQuery()) {
        rows.next();
        String task = rows.getString("task_name");
        stores
            .audits()
            .keepGold(
                rows.getString("tenant"),
                task,
                AuditStore.Giver.PERSON,
                by,
                List.of(gold),
                MachineClock.utc().instant());
        new AuditComparison(stores.audits(), TaskLoader.stored(task, rows.getString("definition")))
            .withGold(run);
      }
    }
  }
}
