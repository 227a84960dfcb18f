package dev.nightjar.runners;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nightjar.cachestore.DeadLetter;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.pipelines.model.Document;
import dev.nightjar.pipelines.read.CorpusFiles;
import dev.nightjar.pipelines.task.TaskLoader;
import dev.nightjar.pipelines.task.TaskSpec;
import java.io.IOException;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** What a task makes of a few documents. */
@Command(
    name = "try",
    mixinStandardHelpOptions = true,
    header = "Asks a few documents online, and shows prompt, answer, verdict and cost of each.",
    description = {
      "",
      "Asked at once and at list price, each document for itself: nothing comes from the night's cache, and"
          + " nothing goes there. The same trial again costs nothing. With --rehearse it is free, and answers"
          + " are made up.",
      ""
    },
    footer = {"", "Example: nightjar try tickets.yaml --corpus tickets.csv -n 5 --rehearse"})
final class TryCommand implements Callable<Integer> {
  private static final int DOCUMENTS_MAX = 100;
  private static final int REFUSALS_SHOWN = 3;
  private static final Duration DEADLINE = Duration.ofHours(1);
  private static final Duration POLL_INTERVAL = Duration.ofSeconds(2);

  @Mixin private final RehearsalOptions rehearsal = new RehearsalOptions();
  @Mixin private final PatienceOptions patience = new PatienceOptions();
  @Mixin private final CorpusOptions corpus = new CorpusOptions();
  @Mixin private final StoreOptions store = new StoreOptions();
  @Spec private CommandSpec spec;

  @Parameters(index = "0", paramLabel = "TASK", description = "The task file (YAML).")
  Path taskFile = Path.of("");

  @Option(
      names = {"-n", "--documents"},
      paramLabel = "N",
      defaultValue = "5",
      description = "How many of the first documents, at most 100. Default: ${DEFAULT-VALUE}.")
  int documentsMax = 5;

  @Option(
      names = "--doc",
      paramLabel = "ID",
      description = "This document instead; may be given more than once.")
  List<String> ids = new ArrayList<>();

  @Option(
      names = "--tier",
      paramLabel = "NAME",
      description = "Ask this tier only. Default: as a night does, from the cheapest that fits.")
  @Nullable String tier;

  @Option(
      names = "--tenant",
      paramLabel = "NAME",
      defaultValue = "default",
      description = "Whose budgets pay. Default: ${DEFAULT-VALUE}.")
  String tenant = "default";

  @Option(names = "--budget", paramLabel = "AMOUNT", description = "Hard stop, as 0.10USD.")
  @Nullable String budget;

  @Option(names = "--json", description = "One JSON object a line for each document.")
  boolean json;

  @Override
  public Integer call() throws IOException, InterruptedException, SQLException {
    if (documentsMax < 1 || documentsMax > DOCUMENTS_MAX) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "-n",
          "expected 1 to " + DOCUMENTS_MAX + ", but was " + documentsMax,
          "correct it; 'nightjar run' is for more");
    }
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter said = json ? spec.commandLine().getErr() : out;
    TaskSpec task = TaskLoader.load(taskFile);
    TaskSpec trial = Trial.of(task, Optional.ofNullable(tier));
    List<Document> documents = documents(task, said);
    Path file = Trial.corpus(StoreOptions.home(), trial, documents);
    EngineOptions engine = new EngineOptions();
    engine.engine = EngineOptions.Engine.DIRECT;
    NightPlan plan =
        new NightPlan(
                taskFile,
                List.of(file.toString()),
                false,
                tenant,
                Optional.ofNullable(budget).map(text -> TaskOptions.usd("--budget", text)),
                Optional.empty(),
                Optional.empty(),
                DEADLINE,
                POLL_INTERVAL)
            .stoppedBy(FirstAnswers.LOOKED_AT + 1);
    try (Setting setting = rehearsal.setting(store, patience.patience(), said);
        Night night =
            Night.open(
                rehearsal.paced(plan),
                trial,
                setting.database(),
                setting.providers(),
                engine,
                MachineClock.utc(),
                Signals.handled(spec.commandLine().getErr()))) {
      if (!night.runToEnd()) {
        said.println("stopped; the same command goes on where it stood");
        return Main.EXIT_STOPPED;
      }
      show(out, trial, documents, night);
    }
    Files.deleteIfExists(file);
    return 0;
  }

  private List<Document> documents(TaskSpec task, PrintWriter said) {
    List<String> given = corpus.patterns();
    List<String> patterns = given.stream().map(CorpusFiles::absolute).toList();
    Predicate<Document> wanted =
        ids.isEmpty() ? any -> true : document -> ids.contains(document.id());
    CorpusSample sample =
        CorpusSample.read(patterns, task, wanted, ids.isEmpty() ? documentsMax : ids.size());
    List<String> missing = new ArrayList<>(ids);
    sample.documents().forEach(document -> missing.remove(document.id()));
    if (!missing.isEmpty()) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "--doc " + missing.get(0),
          sample.refused().stream()
              .filter(letter -> letter.documentId().equals(missing.get(0)))
              .findFirst()
              .map(letter -> "it is refused: " + letter.reason())
              .orElse("no document of this corpus has this id"),
          "give an id as the corpus has it");
    }
    if (sample.documents().isEmpty()) {
      DeadLetter first = sample.refused().get(0); // a file without documents is refused, too
      throw new NightjarException(
          ErrorCode.CORPUS_EMPTY,
          String.join(" ", given),
          "no document could be read; "
              + first.code()
              + " at "
              + first.sourceUri()
              + (first.position() > 0 ? ":" + first.position() : "")
              + ": "
              + first.reason(),
          "correct the corpus or the task's 'input'");
    }
    sample.refused().stream()
        .limit(REFUSALS_SHOWN)
        .forEach(
            letter ->
                said.println(
                    "refused on the way: "
                        + letter.sourceUri()
                        + ":"
                        + letter.position()
                        + ": "
                        + letter.reason()));
    return sample.documents();
  }

  private void show(PrintWriter out, TaskSpec trial, List<Document> documents, Night night)
      throws SQLException {
    Results results = new Results(night.stores().dataSource());
    if (!json) {
      out.println(
          "run "
              + night.runId()
              + ", asked online; tiers: "
              + trial.tiers().stream()
                  .map(each -> each.name() + " (" + each.model() + ")")
                  .collect(Collectors.joining(", ")));
      TierNotes.of(trial).forEach(out::println);
      Terminal.heading(out, "System prompt");
      out.println(trial.system().strip());
    }
    BigDecimal usd = BigDecimal.ZERO;
    int answered = 0;
    for (Document document : documents) {
      Results.Item item =
          results
              .item(night.runId(), document.id())
              .orElseThrow(
                  () ->
                      new NightjarException(
                          ErrorCode.DOCUMENT_FAILED,
                          document.id(),
                          "the run refused it",
                          "see why: nightjar results --run-id "
                              + night.runId()
                              + " --failed; leave it out with --doc"));
      List<Results.Attempt> attempts = results.attempts(night.runId(), document.id());
      SentPrompt prompt = SentPrompt.of(trial, document);
      if (json) {
        out.println(JsonText.line(asJson(item, prompt, attempts)));
      } else {
        Terminal.heading(out, document.id());
        AnswerView.print(out, Optional.of(prompt), attempts, item, night.runId());
      }
      usd = usd.add(item.actualUsd());
      answered += item.answer().isEmpty() ? 0 : 1;
    }
    if (!json) {
      out.println();
      out.println(
          answered
              + " of "
              + documents.size()
              + " answered; "
              + Terminal.usd(usd)
              + " USD, online at list price: batches, as 'run' sends them, cost half of it at most"
              + " providers");
    }
    out.flush();
  }

  private static ObjectNode asJson(
      Results.Item item, SentPrompt prompt, List<Results.Attempt> attempts) {
    ObjectNode node = AnswerView.asJson(item);
    node.put("system", prompt.system());
    node.put("prompt", prompt.user());
    node.put("document_tokens", prompt.documentTokens());
    node.put("sent_tokens", prompt.sentTokens());
    ArrayNode spans = node.putArray("sent_code_points");
    prompt.spans().forEach(span -> spans.addArray().add(span.start()).add(span.end()));
    ArrayNode asked = node.putArray("attempts");
    attempts.forEach(attempt -> asked.add(AnswerView.asJson(attempt)));
    return node;
  }
}
