package dev.nightjar.runners;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.postgres.PostgresStores;
import dev.nightjar.pipelines.task.TaskLoader;
import dev.nightjar.pipelines.task.TaskSpec;
import dev.nightjar.runners.report.Endings;
import java.io.PrintWriter;
import java.sql.SQLException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Answers, and why there are none. */
@Command(
    name = "results",
    mixinStandardHelpOptions = true,
    header = "Lists the answers of a night, and shows one with its prompt and every attempt.",
    description = {
      "",
      "Failures and refused input come first. What a model said that would not do is kept for 30"
          + " days, and shown with --show. All of them as a file: 'nightjar export results'.",
      ""
    },
    footer = {"", "Example: nightjar results --task tickets --failed"})
final class ResultsCommand implements Callable<Integer> {
  private static final int CHARACTERS_SHOWN = 100;
  private static final int RELATIVES_SHOWN = 10;

  @Mixin private final RehearsalOptions rehearsal = new RehearsalOptions();
  @Mixin private final StoreOptions store = new StoreOptions();
  @Spec private CommandSpec spec;

  @Option(
      names = {"--run-id", "--run"},
      paramLabel = "ID",
      description = "Of this night. Default: the newest.")
  @Nullable String runId;

  @Option(names = "--task", paramLabel = "NAME", description = "Of the newest night of this task.")
  @Nullable String task;

  @Option(
      names = "--failed",
      description = "Only documents without an answer: failed ones and refused input.")
  boolean failed;

  @Option(
      names = "--where",
      paramLabel = "PATH",
      description =
          "Only answers that meet this SQL/JSON path predicate, as '$.category == \"spam\"'.")
  @Nullable String where;

  @Option(
      names = "--limit",
      paramLabel = "N",
      defaultValue = "20",
      description = "How many at most. Default: ${DEFAULT-VALUE}.")
  int limit = 20;

  @Option(
      names = "--show",
      paramLabel = "ID",
      description = "Everything about this document: prompt, attempts, cost, whom it shares with.")
  @Nullable String show;

  @Option(
      names = "--tenant",
      paramLabel = "NAME",
      defaultValue = "default",
      description = "Whose. Default: ${DEFAULT-VALUE}.")
  String tenant = "default";

  @Option(names = "--json", description = "One JSON object a line.")
  boolean json;

  @Override
  public Integer call() throws SQLException {
    if (limit < 1) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "--limit",
          "expected 1 or more, but was " + limit,
          "correct it");
    }
    PrintWriter out = spec.commandLine().getOut();
    try (PostgresStores stores = StoreOptions.openFor(tenant, rehearsal.database(store))) {
      Results results = new Results(stores.dataSource());
      String run =
          runId == null
              ? results.newest(tenant, Optional.ofNullable(task))
              : NightReport.runs(stores.dataSource(), List.of(runId)).get(0);
      if (show == null) {
        list(out, results, run, Endings.of(stores.dataSource(), run));
      } else {
        show(out, results, run, show);
      }
      out.flush();
    }
    return 0;
  }

  private void list(PrintWriter out, Results results, String run, Endings endings)
      throws SQLException {
    List<Results.Item> items = results.items(run, failed, Optional.ofNullable(where), limit);
    if (json) {
      items.forEach(item -> out.println(JsonText.line(AnswerView.asJson(item))));
      return;
    }
    out.println("run " + run + ": " + endings.headline());
    endings.reasons().forEach(out::println);
    out.println();
    for (Results.Item item : items) {
      out.printf(
          Locale.ROOT,
          "%-24s %-9s %-8s %12s  %s%n",
          item.documentId(),
          item.state(),
          item.answeredBy().isEmpty() || item.answeredBy().equals("model")
              ? item.tier()
              : item.answeredBy().replace("_hit", "").replace('_', ' '),
          Terminal.usd(item.actualUsd()),
          shortened(item.outcome()));
    }
    long all = failed ? endings.failed() + endings.refused() : endings.documents();
    if (where != null) {
      if (items.size() == limit) {
        out.println("… and perhaps more; --limit shows more");
      }
    } else if (items.size() < all) {
      out.println("… and " + Terminal.count(all - items.size()) + " more; --limit shows more");
    }
    if (!items.isEmpty()) {
      out.println(
          "one of them with its prompt and every attempt: --show '"
              + items.get(0).documentId()
              + "'");
    }
  }

  private static String shortened(String text) {
    String line = text.replaceAll("\\s+", " ");
    return line.length() <= CHARACTERS_SHOWN ? line : line.substring(0, CHARACTERS_SHOWN) + "…";
  }

  private void show(PrintWriter out, Results results, String run, String documentId)
      throws SQLException {
    Results.Item item =
        results
            .item(run, documentId)
            .or(() -> refused(results, run, documentId))
            .orElseThrow(
                () ->
                    new NightjarException(
                        ErrorCode.OPTION_INVALID,
                        "--show " + documentId,
                        "run " + run + " has no document of this id",
                        "give an id as 'nightjar results' lists it"));
    List<Results.Attempt> attempts = results.attempts(run, documentId);
    List<Results.Relative> relatives = results.relatives(run, documentId, RELATIVES_SHOWN);
    Optional<SentPrompt> prompt =
        item.state().equals("refused") ? Optional.empty() : prompt(results, run, item);
    if (json) {
      ObjectNode node = AnswerView.asJson(item);
      prompt.ifPresent(
          sent -> {
            node.put("system", sent.system());
            node.put("prompt", sent.user());
          });
      ArrayNode asked = node.putArray("attempts");
      attempts.forEach(attempt -> asked.add(AnswerView.asJson(attempt)));
      ArrayNode related = node.putArray("relatives");
      relatives.forEach(relative -> related.add(AnswerView.asJson(relative)));
      out.println(JsonText.line(node));
      return;
    }
    Terminal.heading(out, item.documentId());
    out.println("run       " + run);
    out.println(
        "source    "
            + item.sourceUri()
            + (item.position() > 0 ? ", record " + item.position() : ""));
    out.println("state     " + item.state());
    out.println("cost      " + Terminal.usd(item.actualUsd()) + " USD in this run");
    for (Results.Relative relative : relatives) {
      out.printf(
          Locale.ROOT,
          "%-9s %s%s%s%n",
          relative.what(),
          relative.documentId(),
          relative.similarity() == null
              ? ""
              : String.format(Locale.ROOT, ", likeness %.4f", relative.similarity()),
          relative.note().isEmpty() ? "" : " (" + relative.note() + ")");
    }
    if (prompt.isEmpty() && !item.state().equals("refused")) {
      out.println("prompt    cannot be shown: " + item.sourceUri() + " has this document no more");
    }
    AnswerView.print(out, prompt, attempts, item, run);
  }

  private static Optional<Results.Item> refused(Results results, String run, String documentId) {
    try {
      return results.refused(run, documentId);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** From the file as it is now; prompts are not kept. */
  private static Optional<SentPrompt> prompt(Results results, String run, Results.Item item)
      throws SQLException {
    Optional<List<String>> stored = results.task(run);
    if (stored.isEmpty()) {
      return Optional.empty();
    }
    TaskSpec task = TaskLoader.stored(stored.get().get(0), stored.get().get(1));
    try {
      return CorpusSample.read(
              List.of(item.sourceUri()),
              task,
              document -> document.id().equals(item.documentId()),
              1)
          .documents()
          .stream()
          .findFirst()
          .map(document -> SentPrompt.of(task, document));
    } catch (NightjarException e) {
      return Optional.empty(); // the file is gone
    }
  }
}
