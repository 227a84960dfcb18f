package dev.nightjar.runners.bench;

import dev.nightjar.cachestore.Embedding;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.pipelines.quality.QualityTarget;
import dev.nightjar.pipelines.route.AnswerPredictor;
import dev.nightjar.pipelines.route.KnownAnswers;
import dev.nightjar.pipelines.route.LotRouters;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.commons.math3.distribution.BinomialDistribution;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Whether nights keep a target of quality, from the first on, and what that costs, on recorded
 * answers of real models.
 *
 * <p>A history is five nights of texts that come as the file's do: drawn with replacement from its
 * questions, but for those that were asked at every tier by then, so that nothing that was learnt
 * is asked. On the first night a pilot wave is asked at every tier and decides on the rest; on each
 * night some more are, which later nights know. They are delivered with the large model's answers.
 * Large is the model with the best mean; the tiers are those cheaper models that reach four fifths
 * of it. A night is below target if what was delivered scores less than that share of what large
 * scores on the same texts, or of what it scores on the whole file.
 *
 * <p>Beside it: all-large, all-small, a tier at random, the cheapest fixed mix of any two models,
 * and the cheapest choice by the answers, both with hindsight. A request costs its model's price.
 */
@Command(
    name = "quality",
    mixinStandardHelpOptions = true,
    header = "Whether nights keep a target of quality, and what that costs, on recorded answers.")
public final class QualityBenchmark extends Benchmark {
  private static final int NIGHTS = 5;
  private static final int LEARNT = 2; // from the third night on
  private static final double CONFIDENCE = 0.95;
  private static final double TIER_MIN = 0.8;
  private static final double MIX_TIMES_MAX = 1.15;
  private static final double BELOW_MAX = 0.05;

  /** Of the file, so that there are questions left to be answered. */
  private static final double PILOT_MAX = 0.27;

  private static final double AUDIT_MAX = 0.072;

  /** Of a pilot wave, what is not back when it decides, in the order easiest first. */
  private static final double LATE = 0.1;

  /** What price may be worth to whoever knows the answers; at the last only price counts. */
  private static final double[] TRADES =
      IntStream.range(1, 2_000).mapToDouble(i -> Math.expm1(i / 200.0) / 100).toArray();

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description =
          "CSV files: prompt, task or none, a column a model, cheapest first; prices.csv.")
  @Nullable Path data;

  @Option(
      names = "--histories",
      paramLabel = "N",
      defaultValue = "100",
      description = "Independent histories of five nights. Default: ${DEFAULT-VALUE}.")
  int histories;

  @Option(
      names = "--targets",
      paramLabel = "T",
      split = ",",
      defaultValue = "0.85,0.90,0.95",
      description = "Shares of large's mean score, the last for RESULT. Default: ${DEFAULT-VALUE}.")
  double[] targets = {};

  @Option(
      names = "--night",
      paramLabel = "N",
      defaultValue = "10000",
      description = "Texts of a night. Default: ${DEFAULT-VALUE}.")
  int night;

  @Option(
      names = "--pilot",
      paramLabel = "N",
      defaultValue = "1500",
      description =
          "Texts of the first night that every tier is asked, at most .27 of the file."
              + " Default: ${DEFAULT-VALUE}.")
  int pilot;

  @Option(
      names = "--audit",
      paramLabel = "N",
      defaultValue = "400",
      description =
          "The same of each later night, at most .072 of the file. Default: ${DEFAULT-VALUE}.")
  int audit;

  @Option(
      names = "--arrival",
      paramLabel = "ORDER",
      defaultValue = "random",
      description =
          "random: a pilot wave is back when it decides; sorted: it comes easiest first, and the"
              + " hardest tenth is not. Default: ${DEFAULT-VALUE}.")
  CacheStream.Arrival arrival = CacheStream.Arrival.RANDOM;

  @Option(
      names = "--seed",
      paramLabel = "S",
      defaultValue = "1",
      description = "Of the first history. Default: ${DEFAULT-VALUE}.")
  long seed;

  /**
   * The tiers of a bench.
   *
   * @param scores of each question, of each tier, the large one last
   * @param prices of each tier, as shares of the large one's
   */
  private record Ladder(
      RecordedAnswers recorded, List<Embedding> vectors, double[][] scores, double[] prices) {
    int size() {
      return scores.length;
    }

    int large() {
      return prices.length - 1;
    }

    double all() {
      double sum = 0;
      for (double price : prices) {
        sum += price;
      }
      return sum;
    }
  }

  /** Of one method at one target: what its nights cost and how good they were. */
  private record Nights(double[] cost, double[] quality, boolean isBelow) {}

  /** Of one history, for each target: ours, all-small, random. */
  private record History(
      List<Nights> ours, List<Nights> small, List<Nights> random, double audits) {}

  @Override
  Map<String, String> measure(PrintWriter out) throws IOException {
    if (data == null || !Files.isDirectory(data)) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "bench quality",
          "its data is missing: a folder of CSV files with a prompt and a column a model",
          "give --data DIR");
    }
    RecordedAnswers recorded = RecordedAnswers.read(data);
    double[] listed = recorded.prices(data);
    int best = RoutingBenchmark.best(recorded.scores());
    int[] models = tiers(recorded, listed, best);
    Ladder ladder =
        new Ladder(
            recorded,
            RoutingBenchmark.embed(recorded.prompts()),
            columns(recorded.scores(), models),
            IntStream.of(models).mapToDouble(m -> listed[m] / listed[best]).toArray());
    int piloted = (int) Math.min(pilot, PILOT_MAX * ladder.size());
    int audited = (int) Math.min(audit, AUDIT_MAX * ladder.size());
    out.printf(
        Locale.ROOT,
        "%,d questions; tiers %s; %d histories of %d nights of %,d, %,d of the first and %,d of"
            + " each later one asked at all%n",
        ladder.size(),
        IntStream.of(models)
            .mapToObj(
                m ->
                    recorded.models().get(m)
                        + String.format(Locale.ROOT, " (%.2f)", listed[m] / listed[best]))
            .toList(),
        histories,
        NIGHTS,
        night,
        piloted,
        audited);
    AnswerPredictor.Cosines cosines = cosines(ladder.vectors());
    List<History> run =
        IntStream.range(0, histories)
            .parallel()
            .mapToObj(h -> history(ladder, cosines, piloted, audited, new Random(seed + h)))
            .toList();
    return told(out, ladder, listed, best, run);
  }

  /** The cheaper models that are good enough, cheapest first, and the large one. */
  private static int[] tiers(RecordedAnswers recorded, double[] listed, int best) {
    double[] means = means(recorded.scores());
    int[] cheaper =
        IntStream.range(0, listed.length)
            .filter(m -> listed[m] < listed[best] && means[m] >= TIER_MIN * means[best])
            .boxed()
            .sorted(
                Comparator.comparingDouble((Integer m) -> listed[m]).thenComparing(m -> means[m]))
            .mapToInt(Integer::intValue)
            .toArray();
    if (cheaper.length == 0) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "bench quality",
          "no model is cheaper than "
              + recorded.models().get(best)
              + " and reaches four fifths of its mean score",
          "give --data DIR with more models, or correct its prices.csv");
    }
    return IntStream.concat(IntStream.of(cheaper), IntStream.of(best)).toArray();
  }

  private static double[] means(double[][] scores) {
    double[] means = new double[scores[0].length];
    for (double[] of : scores) {
      for (int m = 0; m < means.length; m++) {
        means[m] += of[m] / scores.length;
      }
    }
    return means;
  }

  private static double[][] columns(double[][] scores, int[] models) {
    double[][] columns = new double[scores.length][];
    for (int i = 0; i < scores.length; i++) {
      double[] of = scores[i];
      columns[i] = IntStream.of(models).mapToDouble(m -> of[m]).toArray();
    }
    return columns;
  }

  /** Histories ask for the same cosines again and again. */
  private static AnswerPredictor.Cosines cosines(List<Embedding> vectors) {
    Map<Embedding, Integer> places = new IdentityHashMap<>();
    vectors.forEach(vector -> places.putIfAbsent(vector, places.size()));
    Embedding[] placed = new Embedding[places.size()];
    places.forEach((vector, place) -> placed[place] = vector);
    float[][] table = new float[placed.length][placed.length];
    IntStream.range(0, placed.length)
        .parallel()
        .forEach(
            i -> {
              for (int j = 0; j <= i; j++) {
                table[i][j] = (float) placed[i].cosine(placed[j]);
                table[j][i] = table[i][j];
              }
            });
    // A predictor asks with its own list each time.
    Map<List<Embedding>, int[]> lists = Collections.synchronizedMap(new IdentityHashMap<>());
    return (one, others) -> {
      int[] columns =
          lists.computeIfAbsent(
              others, its -> its.stream().mapToInt(vector -> place(places, vector)).toArray());
      float[] row = table[place(places, one)];
      double[] cosines = new double[columns.length];
      for (int i = 0; i < cosines.length; i++) {
        cosines[i] = row[columns[i]];
      }
      return cosines;
    };
  }

  private static int place(Map<Embedding, Integer> places, Embedding vector) {
    return Objects.requireNonNull(places.get(vector), "a text of the file");
  }

  private History history(
      Ladder ladder, AnswerPredictor.Cosines cosines, int piloted, int audited, Random random) {
    int[] order = shuffled(ladder.size(), random);
    int[] lots = random.ints(ladder.size(), 0, LotRouters.LOTS).toArray();
    double fileMean = means(ladder.scores())[ladder.large()];
    Tally[] ours = tallies();
    Tally[] small = tallies();
    Tally[] drawn = tallies();
    int known = 0;
    double audits = 0;
    for (int n = 1; n <= NIGHTS; n++) {
      int asked = n == 1 ? piloted : audited;
      int before = known;
      known += asked;
      int[] copies = new int[ladder.size()];
      for (int i = 0; i < night - asked; i++) {
        copies[order[known + random.nextInt(ladder.size() - known)]]++;
      }
      // A pilot wave is waited for; later nights go by what earlier ones have shown.
      int[] evidence = Arrays.copyOf(order, n == 1 ? known : before);
      LotRouters routers = LotRouters.train(known(ladder, evidence, lots, n == 1), cosines);
      double[][] predicted = new double[ladder.size()][];
      for (int i = 0; i < copies.length; i++) {
        if (copies[i] > 0) {
          predicted[i] =
              routers.predict(lots[i], ladder.recorded().prompts().get(i), ladder.vectors().get(i));
        }
      }
      double askedLarge = 0;
      for (int i = before; i < known; i++) {
        askedLarge += ladder.scores()[order[i]][ladder.large()];
      }
      for (int t = 0; t < targets.length; t++) {
        QualityTarget target = new QualityTarget(targets[t], CONFIDENCE);
        double inHand = n == 1 ? (1 - targets[t]) * askedLarge : 0;
        OptionalDouble trade = routers.trade(target, ladder.prices(), n, inHand, night - asked);
        Sum mine = new Sum(askedLarge, asked * ladder.all());
        Sum cheapest = new Sum(0, 0);
        Sum any = new Sum(0, 0);
        double large = askedLarge;
        for (int i = 0; i < copies.length; i++) {
          double[] of = ladder.scores()[i];
          large += copies[i] * of[ladder.large()];
          for (int tier = 0; tier < of.length; tier++) {
            any.add(copies[i], of[tier] / of.length, ladder.prices()[tier] / of.length);
          }
          cheapest.add(copies[i], of[0], ladder.prices()[0]);
          if (copies[i] > 0) {
            int tier =
                trade.isPresent()
                    ? LotRouters.choose(predicted[i], ladder.prices(), trade.getAsDouble())
                    : ladder.large();
            mine.add(copies[i], of[tier], ladder.prices()[tier]);
          }
        }
        int rest = night - asked;
        double restLarge = large - askedLarge;
        ours[t].add(n, mine, night, large, targets[t], fileMean);
        small[t].add(n, cheapest, rest, restLarge, targets[t], fileMean);
        drawn[t].add(n, any, rest, restLarge, targets[t], fileMean);
      }
      audits += n > LEARNT ? asked * ladder.all() / night / (NIGHTS - LEARNT) : 0;
    }
    return new History(ended(ours), ended(small), ended(drawn), audits);
  }

  /** What is known when a night's rest is decided on. */
  private List<KnownAnswers> known(Ladder ladder, int[] questions, int[] lots, boolean isPilot) {
    int late =
        isPilot && arrival == CacheStream.Arrival.SORTED ? (int) (LATE * questions.length) : 0;
    List<Integer> hardestFirst =
        IntStream.of(questions)
            .boxed()
            .sorted(
                Comparator.comparingDouble(
                    i ->
                        IntStream.range(0, ladder.prices().length)
                            .mapToDouble(m -> ladder.scores()[i][m])
                            .sum()))
            .limit(late)
            .toList();
    Set<Integer> missing = new HashSet<>(hardestFirst);
    List<KnownAnswers> known = new ArrayList<>();
    for (int i : questions) {
      double[] agreement = ladder.scores()[i];
      double reference = agreement[ladder.large()];
      if (missing.contains(i)) {
        agreement = new double[agreement.length];
        agreement[ladder.large()] = 1;
        reference = 1;
      }
      known.add(
          new KnownAnswers(
              ladder.recorded().prompts().get(i),
              ladder.vectors().get(i),
              agreement,
              reference,
              lots[i]));
    }
    return known;
  }

  private static int[] shuffled(int count, Random random) {
    int[] order = IntStream.range(0, count).toArray();
    for (int i = count - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      int kept = order[i];
      order[i] = order[j];
      order[j] = kept;
    }
    return order;
  }

  /** What some texts scored and cost. */
  private static final class Sum {
    private double score;
    private double cost;

    Sum(double score, double cost) {
      this.score = score;
      this.cost = cost;
    }

    void add(int copies, double each, double price) {
      score += copies * each;
      cost += copies * price;
    }
  }

  /** The nights of one method. */
  private static final class Tally {
    private final double[] cost = new double[NIGHTS];
    private final double[] quality = new double[NIGHTS];
    private boolean isBelow;

    void add(int night, Sum sum, int texts, double large, double target, double fileMean) {
      cost[night - 1] = sum.cost / texts;
      quality[night - 1] = sum.score / large;
      isBelow |= sum.score < target * large - 1e-9;
      isBelow |= sum.score / texts < target * fileMean - 1e-9;
    }
  }

  private Tally[] tallies() {
    return IntStream.range(0, targets.length).mapToObj(t -> new Tally()).toArray(Tally[]::new);
  }

  private static List<Nights> ended(Tally[] tallies) {
    return Arrays.stream(tallies)
        .map(tally -> new Nights(tally.cost, tally.quality, tally.isBelow))
        .toList();
  }

  private Map<String, String> told(
      PrintWriter out, Ladder ladder, double[] listed, int best, List<History> run) {
    Map<String, String> result = new LinkedHashMap<>();
    Map<String, String> more = new LinkedHashMap<>();
    out.printf(
        Locale.ROOT,
        "%-40s %7s %9s %9s %9s %7s%n",
        "",
        "target",
        "night 1",
        "night 3-5",
        "quality",
        "below");
    int violations = 0;
    for (int t = 0; t < targets.length; t++) {
      int at = t;
      List<Nights> ours = run.stream().map(h -> h.ours().get(at)).toList();
      double mix = mix(ladder.recorded().scores(), listed, best, targets[t]);
      double oracle = oracle(ladder, targets[t]);
      row(out, "all-large", targets[t], 1, 1, 1, "0");
      row(out, "all-small", targets[t], run.stream().map(h -> h.small().get(at)).toList());
      row(out, "a tier at random", targets[t], run.stream().map(h -> h.random().get(at)).toList());
      row(out, "bound: cheapest fixed mix, with hindsight", targets[t], mix, mix, targets[t], "");
      row(out, "ours", targets[t], ours);
      row(out, "bound: the answers known", targets[t], oracle, oracle, targets[t], "");
      int below = below(ours);
      violations = Math.max(violations, below);
      String name = "_" + Math.round(100 * targets[t]);
      more.put("violations" + name, Integer.toString(below));
      more.put("cost_share" + name, figure(later(ours)));
      more.put("mix_cost_share" + name, figure(mix));
      if (t == targets.length - 1) {
        result.put("histories", Integer.toString(run.size()));
        result.put("violations", "");
        result.put("cost_share", figure(later(ours)));
        result.put("first_night_cost_share", figure(first(ours)));
        result.put("mix_cost_share", figure(mix));
        result.put("oracle_cost_share", figure(oracle));
        result.put(
            "audit_cost_share",
            figure(run.stream().mapToDouble(History::audits).average().orElse(0)));
      }
    }
    result.put("violations", Integer.toString(violations));
    result.putAll(more);
    return result;
  }

  /**
   * No more histories with a night below target than chance explains at the stated confidence (9 of
   * 100); from the third night on at most 1.15 times what the best mix costs; and the first night
   * below all-large.
   */
  @Override
  boolean holds(Map<String, String> result) {
    int belowMax =
        new BinomialDistribution(histories, BELOW_MAX).inverseCumulativeProbability(0.95);
    return Integer.parseInt(result.get("violations")) <= belowMax
        && Double.parseDouble(result.get("cost_share"))
            <= MIX_TIMES_MAX * Double.parseDouble(result.get("mix_cost_share"))
        && Double.parseDouble(result.get("first_night_cost_share")) < 1;
  }

  /** The cheapest of any two models, each asked in a share of the texts, that holds a target. */
  private static double mix(double[][] scores, double[] listed, int best, double target) {
    double[] means = means(scores);
    double needed = target * means[best];
    double cheapest = 1;
    for (int a = 0; a < means.length; a++) {
      for (int b = 0; b < means.length; b++) {
        if (means[b] >= needed) {
          double share = means[a] >= needed ? 0 : (needed - means[a]) / (means[b] - means[a]);
          cheapest =
              Math.min(cheapest, ((1 - share) * listed[a] + share * listed[b]) / listed[best]);
        }
      }
    }
    return cheapest;
  }

  /** What the target costs whoever knows all answers. */
  private static double oracle(Ladder ladder, double target) {
    double needed = target * means(ladder.scores())[ladder.large()];
    double scoreAbove = needed;
    double costAbove = 1;
    for (double trade : TRADES) {
      double score = 0;
      double cost = 0;
      for (double[] of : ladder.scores()) {
        int tier = LotRouters.choose(of, ladder.prices(), trade);
        score += of[tier] / ladder.size();
        cost += ladder.prices()[tier] / ladder.size();
      }
      if (score < needed) { // of texts that are alike to this price some are enough
        double share = (needed - score) / (scoreAbove - score);
        return cost + share * (costAbove - cost);
      }
      scoreAbove = score;
      costAbove = cost;
    }
    return costAbove;
  }

  private static int below(List<Nights> nights) {
    return (int) nights.stream().filter(Nights::isBelow).count();
  }

  private static double first(List<Nights> nights) {
    return nights.stream().mapToDouble(n -> n.cost()[0]).average().orElse(0);
  }

  private static double later(List<Nights> nights) {
    return nights.stream()
        .mapToDouble(n -> Arrays.stream(n.cost()).skip(LEARNT).average().orElse(0))
        .average()
        .orElse(0);
  }

  private static void row(PrintWriter out, String name, double target, List<Nights> nights) {
    double quality =
        nights.stream()
            .mapToDouble(n -> Arrays.stream(n.quality()).average().orElse(0))
            .average()
            .orElse(0);
    row(out, name, target, first(nights), later(nights), quality, Integer.toString(below(nights)));
  }

  private static void row(
      PrintWriter out,
      String name,
      double target,
      double first,
      double later,
      double quality,
      String below) {
    out.printf(
        Locale.ROOT,
        "%-41s %6.2f %9.4f %9.4f %9.4f %7s%n",
        name,
        target,
        first,
        later,
        quality,
        below);
  }

  private static String figure(double value) {
    return String.format(Locale.ROOT, "%.4f", value);
  }
}
