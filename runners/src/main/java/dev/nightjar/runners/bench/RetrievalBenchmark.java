package dev.nightjar.runners.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.NamedCsvRecord;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.pipelines.compress.ChunkRetriever;
import dev.nightjar.pipelines.compress.Excerpt;
import dev.nightjar.pipelines.compress.Excerpt.Span;
import dev.nightjar.pipelines.model.Tokens;
import dev.nightjar.pipelines.task.TaskQueries;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * How much of what answers a question survives when a document is cut to a budget of tokens. Data:
 * {@code questions.csv} (question, references, corpus_id) and the corpora beside it as text, as
 * Chroma's chunking evaluation has them. Recall is the share of the references' code points that
 * are kept, precision the share of what is kept that is theirs, IoU the common share of both.
 *
 * <p>Floor: the first tokens of the document. Peers: BM25 over chunks of a fixed 800 characters,
 * sentences and recursive chunks by MiniLM. Ours: the retriever of the pipeline.
 */
@Command(
    name = "retrieval",
    mixinStandardHelpOptions = true,
    header = "How much of what answers a question survives when a document is cut to a budget.")
public final class RetrievalBenchmark extends Benchmark {
  private static final int[] BUDGETS = {250, 500, 1_000, 2_000};
  private static final double[] RECALL_MIN = {0, 0.80, 0.88, 0.94};
  private static final double GAIN_MIN = 0.18;
  private static final double PRECISION_RATIO_MIN = 1.5;
  private static final double MILLISECONDS_MAX = 150;
  private static final int PIECE_TOKENS = 200;
  private static final int SPEED_TOKENS = 100_000;
  private static final int FIELDS = 3;

  /** What 'nightjar init' writes for an extraction. */
  private static final String TASK_SYSTEM =
      """
      You read documents and take facts out of them. Copy each as the document has it, in at most 200 characters. Where it
      does not say, give an empty string; never guess.

      Answer with JSON only.
      """;

  private static final int WARM_UPS = 8;
  private static final int TIMED = 9;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description = "Where questions.csv and the corpora lie.")
  @Nullable Path data;

  @Option(
      names = "--questions",
      paramLabel = "N",
      defaultValue = "0",
      description = "How many to ask; 0 for all. Default: ${DEFAULT-VALUE}.")
  int questionsMax;

  private enum Method {
    OURS("ours", ""),
    TASK("ours, asked by a task's words", "task_"),
    BM25("peer: BM25, 800 characters", "bm25_"),
    MINILM("peer: MiniLM sentences", "minilm_"),
    RECURSIVE("peer: MiniLM, recursive chunks", "recursive_"),
    FIRST("floor: first tokens", "first_");

    final String label;
    final String prefix;

    Method(String label, String prefix) {
      this.label = label;
      this.prefix = prefix;
    }
  }

  /** Recall, precision and IoU of one question, at one method and budget. */
  private record Figures(double recall, double precision, double iou) {}

  private record Asked(String question, List<Span> references, String corpus) {}

  private record Row(String corpus, Figures[][] figures) {}

  @Override
  Map<String, String> measure(PrintWriter out) throws IOException {
    Map<String, String> corpora = new LinkedHashMap<>();
    List<Asked> questions = read(corpora);
    List<Row> rows = new ArrayList<>();
    int over = 0;
    try (RetrievalPeers peers = new RetrievalPeers()) {
      Map<String, RetrievalPeers.Cut> cuts = new LinkedHashMap<>();
      for (Asked asked : questions) {
        String text = corpora.getOrDefault(asked.corpus(), "");
        RetrievalPeers.Cut cut = cuts.get(asked.corpus());
        if (cut == null) {
          cut = peers.cut(text);
          cuts.put(asked.corpus(), cut);
        }
        ChunkRetriever ours = new ChunkRetriever(PIECE_TOKENS, List.of(asked.question()));
        ChunkRetriever byTask =
            new ChunkRetriever(PIECE_TOKENS, taskQueries(List.of(asked.question())));
        Figures[][] figures = new Figures[Method.values().length][BUDGETS.length];
        for (int budget = 0; budget < BUDGETS.length; budget++) {
          int tokens = BUDGETS[budget];
          Excerpt excerpt = ours.excerpt(text, tokens);
          over += Tokens.count(excerpt.text()) > tokens ? 1 : 0;
          List<List<Span>> kept =
              List.of(
                  excerpt.spans(),
                  byTask.excerpt(text, tokens).spans(),
                  peers.bm25(cut, asked.question(), tokens),
                  peers.minilm(cut, asked.question(), tokens),
                  peers.recursive(cut, asked.question(), tokens),
                  RetrievalPeers.head(cut, tokens));
          for (Method method : Method.values()) {
            figures[method.ordinal()][budget] =
                figures(asked.references(), kept.get(method.ordinal()));
          }
        }
        rows.add(new Row(asked.corpus(), figures));
      }
    }
    for (String corpus : corpora.keySet()) {
      print(out, corpus, rows.stream().filter(row -> row.corpus().equals(corpus)).toList());
    }
    print(out, "all", rows);
    Map<String, String> fields = fields(questions, corpora, out);
    double milliseconds = milliseconds(corpora.values(), questions);
    out.printf(
        Locale.ROOT,
        "%,d tokens cut and searched in %.0f ms of one core%n",
        SPEED_TOKENS,
        milliseconds);
    Map<String, String> result =
        result(rows, corpora.keySet().stream().toList(), over, milliseconds);
    result.putAll(fields);
    return result;
  }

  /** What a task looks for that asks questions, each in the description of a property. */
  private static List<String> taskQueries(List<String> questions) {
    ObjectNode schema = new ObjectMapper().createObjectNode();
    ObjectNode properties = schema.putObject("properties");
    for (String question : questions) {
      properties
          .putObject("fact_" + (properties.size() + 1))
          .put("type", "string")
          .put("description", question);
    }
    return TaskQueries.of(TASK_SYSTEM, schema);
  }

  /**
   * Recall where three questions of a corpus are asked at once, in three times the budget: by a
   * task with three properties, as three queries, and as one.
   */
  private static Map<String, String> fields(
      List<Asked> questions, Map<String, String> corpora, PrintWriter out) {
    Map<String, double[]> sums = new LinkedHashMap<>();
    int asked = 0;
    for (Map.Entry<String, String> corpus : corpora.entrySet()) {
      List<Asked> here =
          questions.stream().filter(each -> each.corpus().equals(corpus.getKey())).toList();
      for (int from = 0; from + FIELDS <= here.size(); from += FIELDS) {
        List<Asked> group = here.subList(from, from + FIELDS);
        List<String> texts = group.stream().map(Asked::question).toList();
        asked += FIELDS;
        Map<String, List<String>> ways = new LinkedHashMap<>();
        ways.put("fields_task_", taskQueries(texts));
        ways.put("fields_queries_", texts);
        ways.put("fields_one_query_", List.of(String.join(" ", texts)));
        for (Map.Entry<String, List<String>> way : ways.entrySet()) {
          double[] sum = sums.computeIfAbsent(way.getKey(), key -> new double[BUDGETS.length]);
          ChunkRetriever retriever = new ChunkRetriever(PIECE_TOKENS, way.getValue());
          for (int budget = 0; budget < BUDGETS.length; budget++) {
            List<Span> kept =
                retriever.excerpt(corpus.getValue(), FIELDS * BUDGETS[budget]).spans();
            for (Asked each : group) {
              sum[budget] += figures(each.references(), kept).recall();
            }
          }
        }
      }
    }
    Map<String, String> result = new LinkedHashMap<>();
    out.printf("%nthree questions at once, recall in three times the budget%n");
    for (Map.Entry<String, double[]> way : sums.entrySet()) {
      out.printf("%-32s", way.getKey().replace('_', ' ').strip());
      for (int budget = 0; budget < BUDGETS.length; budget++) {
        String recall = figure(way.getValue()[budget] / asked);
        out.printf("%22s", recall);
        result.put(way.getKey() + "recall_" + BUDGETS[budget], recall);
      }
      out.println();
    }
    return result;
  }

  private List<Asked> read(Map<String, String> corpora) throws IOException {
    Path questions = data == null ? null : data.resolve("questions.csv");
    if (questions == null || !Files.isReadable(questions)) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "bench retrieval",
          "its data is missing: questions.csv in the directory --data",
          "give --data DIR");
    }
    List<Asked> asked = new ArrayList<>();
    ObjectMapper json = new ObjectMapper();
    try (CsvReader<NamedCsvRecord> csv = CsvReader.builder().ofNamedCsvRecord(questions)) {
      for (NamedCsvRecord row : csv) {
        String corpus = row.getField("corpus_id");
        Optional<Path> file = file(questions, corpus);
        if (file.isEmpty() || (questionsMax > 0 && asked.size() == questionsMax)) {
          continue;
        }
        String text = corpora.get(corpus);
        if (text == null) {
          text = Files.readString(file.get());
          corpora.put(corpus, text);
        }
        List<Span> references = new ArrayList<>();
        for (JsonNode reference : json.readTree(row.getField("references"))) {
          references.add(span(reference, text));
        }
        asked.add(new Asked(row.getField("question"), references, corpus));
      }
    }
    if (asked.isEmpty()) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "bench retrieval",
          "no question's corpus lies beside questions.csv",
          "give --data DIR");
    }
    return asked;
  }

  private static Optional<Path> file(Path questions, String corpus) {
    return List.of(".md", ".txt").stream()
        .map(ending -> questions.resolveSibling(corpus + ending))
        .filter(Files::isReadable)
        .findFirst();
  }

  /** By its offsets, or, where none are given, by its words. */
  private static Span span(JsonNode reference, String text) {
    if (reference.has("start_index") && reference.has("end_index")) {
      return new Span(reference.get("start_index").asInt(), reference.get("end_index").asInt());
    }
    String content = reference.get("content").asText();
    int at = Math.max(0, text.indexOf(content));
    int start = text.codePointCount(0, at);
    return new Span(start, start + content.codePointCount(0, content.length()));
  }

  private static Figures figures(List<Span> references, List<Span> kept) {
    long wanted = references.stream().mapToLong(span -> span.end() - span.start()).sum();
    long sent = kept.stream().mapToLong(span -> span.end() - span.start()).sum();
    long common = 0;
    for (Span reference : references) {
      for (Span span : kept) {
        common +=
            Math.max(
                0,
                Math.min(reference.end(), span.end()) - Math.max(reference.start(), span.start()));
      }
    }
    return new Figures(
        wanted == 0 ? 1 : (double) common / wanted,
        sent == 0 ? 0 : (double) common / sent,
        wanted + sent == common ? 1 : (double) common / (wanted + sent - common));
  }

  private static void print(PrintWriter out, String corpus, List<Row> rows) {
    out.printf("%n%s, %d questions%n", corpus, rows.size());
    out.printf("%-32s", "recall / precision / IoU at");
    Arrays.stream(BUDGETS).forEach(budget -> out.printf("%,22d", budget));
    out.println(" tokens");
    for (Method method : Method.values()) {
      out.printf("%-32s", method.label);
      for (int budget = 0; budget < BUDGETS.length; budget++) {
        Figures mean = mean(rows, method, budget);
        out.printf(Locale.ROOT, "     %.3f %.3f %.3f", mean.recall(), mean.precision(), mean.iou());
      }
      out.println();
    }
  }

  private static Figures mean(List<Row> rows, Method method, int budget) {
    double[] sums = new double[3];
    for (Row row : rows) {
      Figures figures = row.figures()[method.ordinal()][budget];
      sums[0] += figures.recall();
      sums[1] += figures.precision();
      sums[2] += figures.iou();
    }
    int count = Math.max(1, rows.size());
    return new Figures(sums[0] / count, sums[1] / count, sums[2] / count);
  }

  private static Map<String, String> result(
      List<Row> rows, List<String> corpora, int over, double milliseconds) {
    Map<String, String> result = new LinkedHashMap<>();
    result.put("questions", Integer.toString(rows.size()));
    for (Method method : Method.values()) {
      for (int budget = 0; budget < BUDGETS.length; budget++) {
        Figures mean = mean(rows, method, budget);
        result.put(method.prefix + "recall_" + BUDGETS[budget], figure(mean.recall()));
        result.put(method.prefix + "precision_" + BUDGETS[budget], figure(mean.precision()));
        result.put(method.prefix + "iou_" + BUDGETS[budget], figure(mean.iou()));
      }
    }
    result.put("precision_ratio", figure(precisionRatio(rows)));
    result.put("below_bm25_errors", figure(worstErrors(rows, corpora)));
    result.put("over_budget", Integer.toString(over));
    result.put("milliseconds", figure(milliseconds));
    return result;
  }

  /**
   * Our precision over BM25's, at the recall that BM25 has at 500 tokens; between budgets in
   * proportion.
   */
  private static double precisionRatio(List<Row> rows) {
    Figures peer = mean(rows, Method.BM25, 1);
    Figures below = new Figures(0, mean(rows, Method.OURS, 0).precision(), 0);
    for (int budget = 0; budget < BUDGETS.length; budget++) {
      Figures ours = mean(rows, Method.OURS, budget);
      if (ours.recall() >= peer.recall()) {
        double share =
            ours.recall() == below.recall()
                ? 1
                : (peer.recall() - below.recall()) / (ours.recall() - below.recall());
        double precision = below.precision() + share * (ours.precision() - below.precision());
        return peer.precision() == 0 ? PRECISION_RATIO_MIN : precision / peer.precision();
      }
      below = ours;
    }
    return 0;
  }

  /**
   * How many standard errors of the paired difference BM25's recall is above ours, at the corpus
   * and budget where that is most; negative if ours is above everywhere.
   */
  private static double worstErrors(List<Row> rows, List<String> corpora) {
    double worst = Double.NEGATIVE_INFINITY;
    for (String corpus : corpora) {
      for (int budget = 0; budget < BUDGETS.length; budget++) {
        int at = budget;
        double[] differences =
            rows.stream()
                .filter(row -> row.corpus().equals(corpus))
                .mapToDouble(
                    row ->
                        row.figures()[Method.BM25.ordinal()][at].recall()
                            - row.figures()[Method.OURS.ordinal()][at].recall())
                .toArray();
        double mean = Arrays.stream(differences).average().orElse(0);
        double squares = Arrays.stream(differences).map(d -> (d - mean) * (d - mean)).sum();
        double error =
            Math.sqrt(squares / Math.max(1, differences.length - 1) / differences.length);
        double errors = mean == 0 ? 0 : error == 0 ? Math.signum(mean) * 99 : mean / error;
        worst = Math.max(worst, errors);
      }
    }
    return worst;
  }

  /** Time of this thread for one document of 100,000 tokens, the median of several. */
  private static double milliseconds(Iterable<String> corpora, List<Asked> questions) {
    String all = String.join("\n\n", corpora);
    StringBuilder text = new StringBuilder(all);
    int tokens = Math.max(1, Tokens.count(all));
    for (int sum = tokens; sum < SPEED_TOKENS; sum += tokens) {
      text.append("\n\n").append(all);
    }
    String document =
        text.substring(
            0, (int) Math.min(text.length(), (long) all.length() * SPEED_TOKENS / tokens));
    var threads = ManagementFactory.getThreadMXBean();
    double[] times = new double[TIMED];
    for (int run = -WARM_UPS; run < TIMED; run++) {
      String question = questions.get(Math.floorMod(run, questions.size())).question();
      long start = threads.getCurrentThreadCpuTime();
      new ChunkRetriever(PIECE_TOKENS, List.of(question)).excerpt(document, BUDGETS[2]);
      if (run >= 0) {
        times[run] = (threads.getCurrentThreadCpuTime() - start) / 1e6;
      }
    }
    Arrays.sort(times);
    return times[TIMED / 2];
  }

  @Override
  boolean holds(Map<String, String> result) {
    boolean holds =
        number(result, "recall_250") >= number(result, "bm25_recall_250") + GAIN_MIN
            && number(result, "precision_ratio") >= PRECISION_RATIO_MIN
            && number(result, "below_bm25_errors") <= 1
            && number(result, "over_budget") == 0
            && number(result, "milliseconds") < MILLISECONDS_MAX;
    for (int budget = 0; budget < BUDGETS.length; budget++) {
      holds &= number(result, "recall_" + BUDGETS[budget]) >= RECALL_MIN[budget];
    }
    return holds;
  }

  private static double number(Map<String, String> result, String key) {
    return Double.parseDouble(result.getOrDefault(key, "NaN"));
  }

  private static String figure(double value) {
    return String.format(Locale.ROOT, "%.3f", value);
  }
}
