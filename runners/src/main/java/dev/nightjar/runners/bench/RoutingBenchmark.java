package dev.nightjar.runners.bench;

import dev.nightjar.cachestore.Embedding;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.embed.EmbeddingModel;
import dev.nightjar.cachestore.embed.OnnxEmbedder;
import dev.nightjar.pipelines.route.AnswerPredictor;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * How well a router knows which model will answer, on recorded answers. Between a weak and a strong
 * model it ranks prompts by what the strong one is expected to gain: APGR is the mean share of the
 * gap recovered over all shares of strong calls, CPT50 and CPT80 the least share that recovers so
 * much of it (RouteLLM). Among all models it takes the one with the best expected score less a
 * price; the price is swept, so that both figures are points of the curve over the scored prompts.
 *
 * <p>Where both folders are one, prompts are scored in five folds, and once more in six parts of
 * whole files, whose subjects the router has not seen. Nothing is trained on what is scored.
 *
 * <p>Beside it: prompt length, random, and the oracle that knows the answers.
 */
@Command(
    name = "routing",
    mixinStandardHelpOptions = true,
    header = "How well the router knows which model will answer rightly, on recorded answers.")
public final class RoutingBenchmark extends Benchmark {
  private static final int FOLDS = 5;
  private static final int PARTS = 6;
  private static final int BINS = 10;
  private static final double PRICE_SHARE = 0.7;
  private static final int PRICE_STEPS = 400;
  private static final double ECE_MAX = 0.03;

  @Option(
      names = "--train",
      paramLabel = "DIR",
      description =
          "CSV files: prompt, task or none, a column a model, cheapest first; prices.csv.")
  @Nullable Path train;

  @Option(names = "--data", paramLabel = "DIR", description = "The same, to be scored.")
  @Nullable Path data;

  @Option(names = "--weak", paramLabel = "M", description = "Default: the first model.")
  @Nullable String weak;

  @Option(
      names = "--strong",
      paramLabel = "M",
      description = "Default: the one with the best mean in the training folder.")
  @Nullable String strong;

  /** A ranking's figures. */
  private record Ranking(double apgr, double cpt50, double cpt80) {}

  @Override
  Map<String, String> measure(PrintWriter out) throws IOException {
    if (train == null || data == null || !Files.isDirectory(train) || !Files.isDirectory(data)) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "bench routing",
          "its data is missing: folders of CSV files with a prompt and a column a model",
          "give --train DIR --data DIR");
    }
    RecordedAnswers known = RecordedAnswers.read(train);
    boolean same = Files.isSameFile(train, data);
    RecordedAnswers scored = same ? known : RecordedAnswers.read(data);
    List<Embedding> knownVectors = embed(known.prompts());
    List<Embedding> vectors = same ? knownVectors : embed(scored.prompts());
    int n = scored.prompts().size();
    int from = weak == null ? 0 : known.models().indexOf(weak);
    int to = strong == null ? best(known.scores()) : known.models().indexOf(strong);
    if (from < 0 || to < 0 || from == to || !known.models().equals(scored.models())) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "bench routing",
          "the models are " + known.models() + " and " + scored.models(),
          "name two of them, in both folders, as --weak and --strong");
    }
    out.printf(
        Locale.ROOT,
        "%,d prompts known, %,d scored%s, %d models; %s -> %s%n%-44s %8s %8s %8s%n",
        known.prompts().size(),
        n,
        same ? " in five folds" : "",
        known.models().size(),
        known.models().get(from),
        known.models().get(to),
        "",
        "APGR",
        "CPT50",
        "CPT80");
    double[][] predicted =
        same
            ? crossed(known, knownVectors, new Random(1).ints(n, 0, FOLDS).toArray())
            : predict(known, knownVectors, scored, vectors);
    double[][] actual = scored.scores();
    Random random = new Random(1);
    Ranking ours = rank(gains(predicted, from, to), actual, from, to);
    Ranking length =
        rank(scored.prompts().stream().mapToDouble(String::length).toArray(), actual, from, to);
    Ranking drawn = rank(random.doubles(n).toArray(), actual, from, to);
    Ranking oracle = rank(gains(actual, from, to), actual, from, to);
    row(out, "floor: random", drawn);
    row(out, "peer: prompt length", length);
    row(out, "ours", ours);
    row(out, "bound: the answers known", oracle);
    Map<String, String> result = new LinkedHashMap<>();
    result.put("apgr", figure(ours.apgr()));
    result.put("cpt50", figure(ours.cpt50()));
    result.put("cpt80", figure(ours.cpt80()));
    result.put("length_apgr", figure(length.apgr()));
    result.put("random_apgr", figure(drawn.apgr()));
    result.put("oracle_apgr", figure(oracle.apgr()));
    double ece = calibrationError(predicted, actual);
    result.put("ece", figure(ece));
    prices(out, result, known.prices(train), predicted, actual);
    int files = IntStream.of(known.files()).max().orElse(0) + 1;
    if (same && files >= PARTS) {
      int[] partOf = new Random(1).ints(files, 0, PARTS).toArray();
      double[][] unseen =
          crossed(known, knownVectors, IntStream.of(known.files()).map(f -> partOf[f]).toArray());
      Ranking across = rank(gains(unseen, from, to), actual, from, to);
      row(out, "ours, subjects not seen", across);
      result.put("unseen_apgr", figure(across.apgr()));
      result.put("unseen_cpt50", figure(across.cpt50()));
      result.put("unseen_ece", figure(calibrationError(unseen, actual)));
    }
    return result;
  }

  /** Calibrated, and a better ranking than by length and at random. */
  @Override
  boolean holds(Map<String, String> result) {
    double apgr = Double.parseDouble(result.get("apgr"));
    return Double.parseDouble(result.get("ece")) <= ECE_MAX
        && apgr > Double.parseDouble(result.get("length_apgr"))
        && apgr > Double.parseDouble(result.get("random_apgr"));
  }

  static List<Embedding> embed(List<String> prompts) {
    List<Embedding> vectors = new ArrayList<>();
    try (OnnxEmbedder embedder =
        OnnxEmbedder.load(
            EmbeddingModel.ALL_MINILM_L6_V2, Runtime.getRuntime().availableProcessors())) {
      // What is too long for a vector is like nothing.
      Embedding none = embedder.embed(List.of(" . ")).get(0).embedding().orElseThrow();
      embedder.embed(prompts).forEach(e -> vectors.add(e.embedding().orElse(none)));
    }
    return vectors;
  }

  private static double[][] crossed(RecordedAnswers all, List<Embedding> vectors, int[] parts) {
    double[][] predicted = new double[parts.length][];
    int last = IntStream.of(parts).max().orElse(0);
    for (int part = 0; part <= last; part++) {
      int held = part;
      int[] in = rows(parts.length, i -> parts[i] != held);
      int[] out = rows(parts.length, i -> parts[i] == held);
      double[][] of = predict(all.only(in), pick(vectors, in), all.only(out), pick(vectors, out));
      for (int i = 0; i < out.length; i++) {
        predicted[out[i]] = of[i];
      }
    }
    return predicted;
  }

  private static int[] rows(int count, IntPredicate which) {
    return IntStream.range(0, count).filter(which).toArray();
  }

  private static List<Embedding> pick(List<Embedding> vectors, int[] rows) {
    return IntStream.of(rows).mapToObj(vectors::get).toList();
  }

  /** Trained on what is known, without prompts that are scored. */
  private static double[][] predict(
      RecordedAnswers known,
      List<Embedding> knownVectors,
      RecordedAnswers scored,
      List<Embedding> vectors) {
    Set<String> prompts = new HashSet<>(scored.prompts());
    int[] rows = rows(knownVectors.size(), i -> !prompts.contains(known.prompts().get(i)));
    RecordedAnswers rest = known.only(rows);
    AnswerPredictor predictor =
        AnswerPredictor.train(rest.prompts(), pick(knownVectors, rows), rest.scores());
    return IntStream.range(0, vectors.size())
        .parallel()
        .mapToObj(i -> predictor.predict(scored.prompts().get(i), vectors.get(i)))
        .toArray(double[][]::new);
  }

  private static double[] gains(double[][] scores, int weak, int strong) {
    double[] gains = new double[scores.length];
    for (int i = 0; i < gains.length; i++) {
      gains[i] = scores[i][strong] - scores[i][weak];
    }
    return gains;
  }

  private static Ranking rank(double[] gains, double[][] actual, int weak, int strong) {
    int n = gains.length;
    int[] order =
        IntStream.range(0, n)
            .boxed()
            .sorted(Comparator.comparingDouble(i -> -gains[i]))
            .mapToInt(Integer::intValue)
            .toArray();
    double gap = 0;
    for (double[] of : actual) {
      gap += of[strong] - of[weak];
    }
    double recovered = 0;
    double area = 0;
    double half = 1;
    double most = 1;
    for (int i = 0; i < n; i++) {
      double before = recovered;
      recovered += (actual[order[i]][strong] - actual[order[i]][weak]) / gap;
      area += (before + recovered) / 2 / n;
      half = recovered >= 0.5 ? Math.min(half, (i + 1.0) / n) : half;
      most = recovered >= 0.8 ? Math.min(most, (i + 1.0) / n) : most;
    }
    return new Ranking(area, half, most);
  }

  /** Mean distance between what was expected and what came, in ten bins of what was expected. */
  private static double calibrationError(double[][] predicted, double[][] actual) {
    double[] off = new double[BINS];
    long count = 0;
    for (int i = 0; i < predicted.length; i++) {
      for (int m = 0; m < predicted[i].length; m++) {
        off[Math.min(BINS - 1, (int) (predicted[i][m] * BINS))] += predicted[i][m] - actual[i][m];
        count++;
      }
    }
    double sum = 0;
    for (double bin : off) {
      sum += Math.abs(bin);
    }
    return sum / count;
  }

  static int best(double[][] scores) {
    double[] sums = new double[scores[0].length];
    for (double[] of : scores) {
      for (int m = 0; m < sums.length; m++) {
        sums[m] += of[m];
      }
    }
    return IntStream.range(0, sums.length)
        .boxed()
        .max(Comparator.comparingDouble(m -> sums[m]))
        .orElseThrow();
  }

  private static void prices(
      PrintWriter out,
      Map<String, String> result,
      double[] prices,
      double[][] predicted,
      double[][] actual) {
    int single = best(actual);
    double singleAccuracy = 0;
    for (double[] of : actual) {
      singleAccuracy += of[single] / actual.length;
    }
    double accuracyAt = 0;
    double priceAtBest = Double.POSITIVE_INFINITY;
    for (int step = 0; step <= PRICE_STEPS; step++) {
      double weight = (Math.pow(1_000, (double) step / PRICE_STEPS) - 1) / 500 / prices[single];
      double accuracy = 0;
      double price = 0;
      for (int i = 0; i < predicted.length; i++) {
        int chosen = 0;
        for (int m = 1; m < prices.length; m++) {
          if (predicted[i][m] - weight * prices[m]
              > predicted[i][chosen] - weight * prices[chosen]) {
            chosen = m;
          }
        }
        accuracy += actual[i][chosen] / predicted.length;
        price += prices[chosen] / prices[single] / predicted.length;
      }
      accuracyAt = price <= PRICE_SHARE ? Math.max(accuracyAt, accuracy) : accuracyAt;
      priceAtBest = accuracy >= singleAccuracy ? Math.min(priceAtBest, price) : priceAtBest;
    }
    out.printf(
        Locale.ROOT,
        "best single model %.4f; ours %.4f at %.2f of its price, and its accuracy at %.3f of it%n",
        singleAccuracy,
        accuracyAt,
        PRICE_SHARE,
        priceAtBest);
    result.put("accuracy_at_70", figure(accuracyAt));
    result.put("best_single_accuracy", figure(singleAccuracy));
    result.put("price_at_best", figure(priceAtBest));
  }

  private static void row(PrintWriter out, String name, Ranking ranking) {
    out.printf(
        Locale.ROOT,
        "%-44s %8.4f %8.4f %8.4f%n",
        name,
        ranking.apgr(),
        ranking.cpt50(),
        ranking.cpt80());
  }

  private static String figure(double value) {
    return String.format(Locale.ROOT, "%.4f", value);
  }
}
