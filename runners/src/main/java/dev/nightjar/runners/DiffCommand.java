package dev.nightjar.runners;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nightjar.cachestore.VersionStore;
import dev.nightjar.cachestore.postgres.PostgresStores;
import dev.nightjar.pipelines.task.TaskChanges;
import dev.nightjar.pipelines.task.TaskLoader;
import dev.nightjar.pipelines.task.TaskSpec;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** What a changed task made of the same documents. */
@Command(
    name = "diff",
    mixinStandardHelpOptions = true,
    header = "Compares two nights: which answers are others, in which fields, and at what cost.",
    description = {
      "",
      "Answers are compared as the second night's task says under 'answer_equality'. The agreement"
          + " is of texts, each counted once, with an interval at 95 %.",
      ""
    },
    footer = {"", "Example: nightjar diff 2026-11-24 2026-11-25"})
final class DiffCommand implements Callable<Integer> {
  private static final int BATCH_MAX = 1_000;
  private static final int CHARACTERS_SHOWN = 80;

  @Mixin private final RehearsalOptions rehearsal = new RehearsalOptions();
  @Mixin private final StoreOptions store = new StoreOptions();
  @Spec private CommandSpec spec;

  @Parameters(index = "0", paramLabel = "RUN_A", description = "The night before.")
  String first = "";

  @Parameters(index = "1", paramLabel = "RUN_B", description = "The night that is looked at.")
  String second = "";

  @Option(
      names = "--limit",
      paramLabel = "N",
      defaultValue = "20",
      description = "How many changed answers at most. Default: ${DEFAULT-VALUE}.")
  int limit = 20;

  @Option(
      names = "--tenant",
      paramLabel = "NAME",
      defaultValue = "default",
      description = "Whose. Default: ${DEFAULT-VALUE}.")
  String tenant = "default";

  @Option(names = "--json", description = "One JSON object a line: the changed answers, then all.")
  boolean json;

  /** What all documents came to. */
  private static final class Counts {
    private long onlyInFirst;
    private long onlyInSecond;
    private long inBoth;
    private long same;
    private long changed;
    private long answeredInFirstOnly;
    private long answeredInSecondOnly;
    private long texts;
    private long textsAgreeing;
    private final Map<String, Long> byField = new TreeMap<>();
  }

  /** An answer that is another, or is there in one night only. */
  private record Changed(VersionStore.Pair pair, List<String> fields) {}

  @Override
  public Integer call() throws SQLException {
    PrintWriter out = spec.commandLine().getOut();
    try (PostgresStores stores = StoreOptions.openFor(tenant, rehearsal.database(store))) {
      String before = NightReport.runs(stores.dataSource(), List.of(first)).get(0);
      String after = NightReport.runs(stores.dataSource(), List.of(second)).get(0);
      Results results = new Results(stores.dataSource());
      TaskSpec taskBefore = task(results, before);
      TaskSpec task = task(results, after);
      Counts counts = new Counts();
      List<Changed> changed = new ArrayList<>();
      compare(stores.versions(), before, after, task, counts, changed);
      VersionStore.Interval interval =
          stores.versions().interval(counts.textsAgreeing, counts.texts);
      BigDecimal usdBefore = usd(stores, before);
      BigDecimal usdAfter = usd(stores, after);
      if (json) {
        changed.forEach(one -> out.println(JsonText.line(asJson(one))));
        out.println(JsonText.line(asJson(counts, interval, usdBefore, usdAfter)));
        return 0;
      }
      out.println("run " + before + " → " + after);
      TaskChanges.between(taskBefore, task)
          .changes()
          .forEach(change -> out.println("  " + change.inWords()));
      VersionStore.KeptCounts kept = stores.versions().kept(after);
      Versions.keptLine(kept).ifPresent(out::println);
      print(out, counts, interval);
      out.println(
          "cost       " + Terminal.usd(usdBefore) + " → " + Terminal.usd(usdAfter) + " USD");
      changed.forEach(one -> print(out, one));
      long more =
          counts.changed
              + counts.answeredInFirstOnly
              + counts.answeredInSecondOnly
              - changed.size();
      if (more > 0) {
        out.println("… and " + Terminal.count(more) + " more; --limit shows more");
      }
      out.flush();
    }
    return 0;
  }

  private static TaskSpec task(Results results, String run) throws SQLException {
    List<String> stored = results.task(run).orElseThrow();
    return TaskLoader.stored(stored.get(0), stored.get(1));
  }

  private void compare(
      VersionStore store,
      String before,
      String after,
      TaskSpec task,
      Counts counts,
      List<Changed> changed) {
    String last = "";
    List<VersionStore.Pair> pairs;
    do {
      pairs = store.pairs(before, after, last, BATCH_MAX);
      for (VersionStore.Pair pair : pairs) {
        last = pair.documentId();
        List<String> fields = count(pair, task, counts);
        boolean isChanged =
            !fields.isEmpty()
                || (pair.isInFirst()
                    && pair.isInSecond()
                    && pair.first().isPresent() != pair.second().isPresent());
        if (isChanged && changed.size() < limit) {
          changed.add(new Changed(pair, fields));
        }
      }
    } while (pairs.size() == BATCH_MAX);
  }

  /** Counts a document, and says in which fields its answers differ. */
  private static List<String> count(VersionStore.Pair pair, TaskSpec task, Counts counts) {
    if (!pair.isInFirst() || !pair.isInSecond()) {
      counts.onlyInFirst += pair.isInFirst() ? 1 : 0;
      counts.onlyInSecond += pair.isInSecond() ? 1 : 0;
      return List.of();
    }
    counts.inBoth++;
    if (pair.first().isEmpty() || pair.second().isEmpty()) {
      counts.answeredInFirstOnly += pair.first().isPresent() ? 1 : 0;
      counts.answeredInSecondOnly += pair.second().isPresent() ? 1 : 0;
      return List.of();
    }
    List<String> fields = task.answerEquality().differing(pair.first().get(), pair.second().get());
    counts.same += fields.isEmpty() ? 1 : 0;
    counts.changed += fields.isEmpty() ? 0 : 1;
    if (pair.isText()) {
      counts.texts++;
      counts.textsAgreeing += fields.isEmpty() ? 1 : 0;
    }
    fields.forEach(field -> counts.byField.merge(field, 1L, Long::sum));
    return fields;
  }

  private static void print(PrintWriter out, Counts counts, VersionStore.Interval interval) {
    out.println(
        "documents  "
            + Terminal.count(counts.inBoth)
            + " in both, "
            + Terminal.count(counts.onlyInFirst)
            + " only in the first, "
            + Terminal.count(counts.onlyInSecond)
            + " only in the second");
    out.println(
        "answers    "
            + Terminal.count(counts.same)
            + " the same, "
            + Terminal.count(counts.changed)
            + " changed, "
            + Terminal.count(counts.answeredInFirstOnly)
            + " only in the first, "
            + Terminal.count(counts.answeredInSecondOnly)
            + " only in the second");
    if (counts.texts > 0) {
      out.printf(
          Locale.ROOT,
          "agreement  %.1f %% of %,d texts (%.1f to %.1f at 95 %%)%n",
          100.0 * counts.textsAgreeing / counts.texts,
          counts.texts,
          100 * interval.low(),
          100 * interval.high());
    }
    counts.byField.forEach(
        (field, number) -> out.printf(Locale.ROOT, "  %-20s %,d changed%n", field, number));
  }

  private static void print(PrintWriter out, Changed one) {
    if (one.fields().isEmpty()) {
      out.println(
          one.pair().documentId()
              + ": "
              + (one.pair().first().isPresent() ? "has no answer any more" : "has an answer now"));
      return;
    }
    JsonNode before = JsonText.parsed(one.pair().first().orElse(""));
    JsonNode after = JsonText.parsed(one.pair().second().orElse(""));
    out.println(one.pair().documentId() + ":");
    for (String field : one.fields()) {
      out.println(
          "  " + field + "  " + shown(before.path(field)) + " → " + shown(after.path(field)));
    }
  }

  private static String shown(JsonNode value) {
    String text = value.isMissingNode() ? "none" : value.toString();
    return text.length() <= CHARACTERS_SHOWN ? text : text.substring(0, CHARACTERS_SHOWN) + "…";
  }

  private static ObjectNode asJson(Changed one) {
    ObjectNode line = JsonText.object();
    line.put("document_id", one.pair().documentId());
    one.fields().forEach(line.putArray("differing_fields")::add);
    line.set("first", JsonText.parsed(one.pair().first().orElse("")));
    line.set("second", JsonText.parsed(one.pair().second().orElse("")));
    return line;
  }

  private static ObjectNode asJson(
      Counts counts, VersionStore.Interval interval, BigDecimal before, BigDecimal after) {
    ObjectNode line = JsonText.object();
    line.put("in_both", counts.inBoth);
    line.put("only_in_first", counts.onlyInFirst);
    line.put("only_in_second", counts.onlyInSecond);
    line.put("same", counts.same);
    line.put("changed", counts.changed);
    line.put("answered_in_first_only", counts.answeredInFirstOnly);
    line.put("answered_in_second_only", counts.answeredInSecondOnly);
    line.put("texts", counts.texts);
    line.put("texts_agreeing", counts.textsAgreeing);
    line.put("low", interval.low());
    line.put("high", interval.high());
    ObjectNode fields = line.putObject("changed_by_field");
    counts.byField.forEach(fields::put);
    line.put("first_usd", before);
    line.put("second_usd", after);
    return line;
  }

  private static BigDecimal usd(PostgresStores stores, String run) throws SQLException {
    try (Connection connection = stores.dataSource().getConnection();
        PreparedStatement statement =
            connection.prepareStatement(
                "select coalesce(sum(actual_usd), 0) as usd from cost_by_run where run_id = ?")) {
      statement.setString(1, run);
      try (ResultSet rows = statement.executeQuery()) {
        rows.next();
        return rows.getBigDecimal("usd");
      }
    }
  }
}
