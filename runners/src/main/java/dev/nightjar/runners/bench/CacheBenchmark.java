package dev.nightjar.runners.bench;

import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.NamedCsvRecord;
import dev.nightjar.cachestore.Embedding;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.Evidence;
import dev.nightjar.cachestore.Fingerprint;
import dev.nightjar.cachestore.Neighbour;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.ReuseBounds;
import dev.nightjar.cachestore.SemanticLookup;
import dev.nightjar.cachestore.embed.EmbeddingModel;
import dev.nightjar.cachestore.embed.OnnxEmbedder;
import dev.nightjar.pipelines.reuse.AnswerEquality;
import dev.nightjar.pipelines.reuse.Guards;
import dev.nightjar.pipelines.reuse.NeighbourVote;
import dev.nightjar.pipelines.reuse.RiskController;
import dev.nightjar.pipelines.reuse.SemanticPolicy;
import dev.nightjar.pipelines.task.RetentionSpec;
import dev.nightjar.pipelines.task.SemanticCacheSpec;
import dev.nightjar.pipelines.task.TaskSpec;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Whether the semantic cache keeps the error it promises, and how much it answers. A labelled set
 * is streamed in random order, a hundred texts a night; a hit is right if, and only if, the labels
 * agree. A text that is hit is not asked, so it joins the cache only if it was missed or sampled.
 * With {@code --copies} many texts come with near-duplicates of themselves on the same night, in
 * numbers that fall off as 1/n: each is looked up and hit or drawn for itself, and of those that
 * missed one is asked for all, one that was drawn if there is one, as in a run. Rates count a text
 * once, hit if any of its copies was.
 *
 * <p>Floor: the nearest cosine at the fixed 0.95 that is commonly recommended. Peer: the best fixed
 * cosine for the very stream, chosen with hindsight at the error that ours turned out to make, and
 * with every earlier text in its cache, also those that it answered itself; the same at the error
 * that is allowed, and {@link VCacheRule}, whose bound is on wrong answers per request. Ours: the
 * vote and the controller of the pipeline, from no evidence.
 */
@Command(
    name = "cache",
    mixinStandardHelpOptions = true,
    header = "Whether the semantic cache keeps the error it promises, and how much it answers.")
public final class CacheBenchmark extends Benchmark {
  private static final int TEXTS_A_NIGHT = 100;
  private static final double CONFIDENCE = 0.95;
  private static final double SHADOW_SHARE = 0.05;
  private static final double COMMON_COSINE = 0.95;

  /** The nearest of all texts that are kept for each; a stream has met some of them. */
  private static final int NEAREST_MAX = 600;

  @Option(
      names = "--data",
      paramLabel = "FILE.csv",
      description = "With a header; the text first, its label second.")
  @Nullable Path data;

  @Option(
      names = "--max-error",
      paramLabel = "E",
      defaultValue = "0.02",
      description = "Largest share of wrong hits. Default: ${DEFAULT-VALUE}.")
  double maxError;

  @Option(
      names = "--runs",
      paramLabel = "N",
      defaultValue = "100",
      description = "Streams. Default: ${DEFAULT-VALUE}.")
  int runs;

  @Option(
      names = "--copies",
      paramLabel = "N",
      defaultValue = "0",
      description =
          "Most near-duplicates that come with a text on its night. Default: ${DEFAULT-VALUE}.")
  int copies;

  @Option(
      names = "--seed",
      paramLabel = "S",
      defaultValue = "1",
      description = "Of the first stream. Default: ${DEFAULT-VALUE}.")
  long seed;

  /** The set, with each text's nearest others. */
  private record Labelled(
      List<String> texts,
      List<String> labels,
      List<List<String>> guardMarks,
      int[][] nearest,
      float[][] cosines) {}

  /** A text that was asked, and whether the neighbour it would have borrowed from says the same. */
  private record Asked(int text, int source, boolean isRight, SemanticLookup lookup) {}

  /** What one night asked, and what it drew. */
  private record Night(List<Asked> asked, List<Evidence> outcomes) {}

  /** In which order answers come back. */
  enum Arrival {
    /** All of a night's in the morning. */
    RANDOM,
    /** Those that neighbours would have got right in the morning, the others some nights later. */
    SORTED
  }

  private static final int HARD_ONES_LATE_NIGHTS = 3;

  @Option(
      names = "--arrival",
      paramLabel = "ORDER",
      defaultValue = "random",
      description =
          "random: all of a night's answers come in the morning; sorted: the easy ones do, the hard ones three"
              + " nights later. Default: ${DEFAULT-VALUE}.")
  Arrival arrival = Arrival.RANDOM;

  /** How one stream went. */
  private record Stream(
      int texts,
      int hits,
      int wrong,
      int copiesHit,
      int copiesWrong,
      int shadows,
      double threshold,
      int firstHit) {
    double hitRate() {
      return (double) hits / texts;
    }

    double errorOfHits() {
      return hits == 0 ? 0 : (double) wrong / hits;
    }

    double errorOfCopies() {
      return copiesHit == 0 ? 0 : (double) copiesWrong / copiesHit;
    }
  }

  @Override
  Map<String, String> measure(PrintWriter out) throws IOException {
    if (data == null || !Files.isReadable(data)) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "bench cache",
          "its data is missing: a CSV file with a header, the text first and its label second",
          "give --data FILE.csv");
    }
    Labelled set = read(data);
    out.printf(
        Locale.ROOT,
        "%,d texts, %d labels, at most %d copies of each, %d streams, max_error %.3f at confidence %.2f%n",
        set.texts().size(),
        set.labels().stream().distinct().count(),
        copies,
        runs,
        maxError,
        CONFIDENCE);
    out.flush();
    List<Stream> streams = new ArrayList<>();
    double[] sums = new double[9];
    for (int run = 0; run < runs; run++) {
      int[] order = order(set.texts().size(), seed + run);
      Stream stream = stream(set, order, times(set.texts().size(), seed + run), seed + run);
      streams.add(stream);
      double[] common = fixed(set, order, COMMON_COSINE);
      sums[0] += stream.hitRate();
      sums[1] += stream.errorOfHits();
      sums[2] += (double) stream.wrong() / stream.texts();
      sums[3] += hindsight(set, order, stream.errorOfHits());
      sums[4] += common[0];
      sums[5] += common[1];
      sums[6] += hindsight(set, order, maxError);
      double[] vcache = vcache(set, order, seed + run);
      sums[7] += vcache[0];
      sums[8] += vcache[1];
    }
    for (int i = 0; i < sums.length; i++) {
      sums[i] /= runs;
    }
    long violations = streams.stream().filter(s -> s.errorOfHits() > maxError).count();
    out.printf("%-52s %9s %9s %9s%n", "", "hits/all", "FP/hits", "FP/all");
    row(out, "floor: cosine 0.95, as commonly recommended", sums[4], sums[5], sums[4] * sums[5]);
    row(
        out,
        "peer: best cosine, with hindsight, at our error",
        sums[3],
        sums[1],
        sums[3] * sums[1]);
    row(out, "peer: vCache's rule, its delta max_error", sums[7], sums[8], sums[7] * sums[8]);
    row(out, "ours", sums[0], sums[1], sums[2]);
    row(
        out,
        "bound: best cosine, with hindsight, at max_error",
        sums[6],
        maxError,
        sums[6] * maxError);
    out.printf(
        Locale.ROOT,
        "ours: asked %.1f %% of the texts as shadows; first hit after %.0f texts; last threshold %.2f;"
            + " largest error of a stream %.4f%n",
        100
            * streams.stream()
                .mapToDouble(s -> (double) s.shadows() / s.texts())
                .average()
                .orElse(0),
        streams.stream().mapToInt(Stream::firstHit).average().orElse(0),
        streams.stream().mapToDouble(Stream::threshold).average().orElse(0),
        streams.stream().mapToDouble(Stream::errorOfHits).max().orElse(0));
    if (copies > 0) {
      out.printf(
          Locale.ROOT,
          "counting each copy: FP/hits %.4f; above max_error in %d streams, where one text's copies weigh most%n",
          streams.stream().mapToDouble(Stream::errorOfCopies).average().orElse(0),
          streams.stream().filter(s -> s.errorOfCopies() > maxError).count());
    }
    Map<String, String> result = new LinkedHashMap<>();
    result.put("runs", Integer.toString(runs));
    result.put("violations", Long.toString(violations));
    result.put("hit_rate", figure(sums[0]));
    result.put("error_of_hits", figure(sums[1]));
    result.put("best_static_hit_rate", figure(sums[3]));
    result.put("oracle_hit_rate", figure(sums[6]));
    result.put("vcache_hit_rate", figure(sums[7]));
    result.put("vcache_error_of_hits", figure(sums[8]));
    return result;
  }

  /** At most as many violations as the confidence allows, and 1.3 times the peer's hits. */
  @Override
  boolean holds(Map<String, String> result) {
    return Long.parseLong(result.get("violations")) <= Math.floor(runs * (1 - CONFIDENCE) + 1e-9)
        && Double.parseDouble(result.get("hit_rate"))
            >= 1.3 * Double.parseDouble(result.get("best_static_hit_rate"));
  }

  private static void row(PrintWriter out, String name, double hits, double ofHits, double ofAll) {
    out.printf(Locale.ROOT, "%-52s %9.3f %9.4f %9.4f%n", name, hits, ofHits, ofAll);
  }

  private static String figure(double value) {
    return String.format(Locale.ROOT, "%.4f", value);
  }

  private static Labelled read(Path file) throws IOException {
    List<String> texts = new ArrayList<>();
    List<String> labels = new ArrayList<>();
    try (CsvReader<NamedCsvRecord> csv = CsvReader.builder().ofNamedCsvRecord(file)) {
      for (NamedCsvRecord row : csv) {
        texts.add(row.getField(0));
        labels.add(row.getField(1));
      }
    }
    List<Embedding> vectors = new ArrayList<>();
    try (OnnxEmbedder embedder =
        OnnxEmbedder.load(
            EmbeddingModel.ALL_MINILM_L6_V2, Runtime.getRuntime().availableProcessors())) {
      embedder.embed(texts).forEach(e -> vectors.add(e.embedding().orElseThrow()));
    }
    int kept = Math.min(NEAREST_MAX, texts.size() - 1);
    int[][] nearest = new int[texts.size()][];
    float[][] cosines = new float[texts.size()][];
    IntStream.range(0, texts.size())
        .parallel()
        .forEach(
            i -> {
              // Sorted as one long each: the cosine above, the text below.
              long[] all = new long[texts.size()];
              for (int j = 0; j < all.length; j++) {
                int cosine = (int) Math.round((1 - vectors.get(i).cosine(vectors.get(j))) * 1e8);
                all[j] = ((long) (j == i ? Integer.MAX_VALUE : cosine) << 32) | j;
              }
              Arrays.sort(all);
              nearest[i] = new int[kept];
              cosines[i] = new float[kept];
              for (int k = 0; k < kept; k++) {
                nearest[i][k] = (int) all[k];
                cosines[i][k] = 1 - (all[k] >> 32) / 1e8f;
              }
            });
    return new Labelled(
        texts,
        labels,
        texts.stream()
            .map(text -> Guards.marks(EmbeddingModel.ALL_MINILM_L6_V2, Map.of(), text))
            .toList(),
        nearest,
        cosines);
  }

  private static int[] order(int texts, long seed) {
    int[] order = IntStream.range(0, texts).toArray();
    Random random = new Random(seed);
    for (int i = texts - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      int swapped = order[i];
      order[i] = order[j];
      order[j] = swapped;
    }
    return order;
  }

  /** How often each text comes: alone, or with copies, n or more of them in one case of n + 1. */
  private int[] times(int texts, long streamSeed) {
    Random random = new Random(~streamSeed);
    return IntStream.range(0, texts)
        .map(i -> 1 + (int) Math.min(copies, 1 / (1 - random.nextDouble()) - 1))
        .toArray();
  }

  private Stream stream(Labelled set, int[] order, int[] times, long streamSeed) {
    TaskSpec task = task();
    RiskController controller = new RiskController(maxError, CONFIDENCE);
    boolean[] cached = new boolean[order.length];
    int[] agreed = new int[order.length];
    int[] contradicted = new int[order.length];
    int hits = 0;
    int wrong = 0;
    int copiesHit = 0;
    int copiesWrong = 0;
    int shadows = 0;
    int firstHit = order.length;
    List<Night> nights = new ArrayList<>();
    int known = 0;
    for (int from = 0; from < order.length; from += TEXTS_A_NIGHT) {
      SemanticPolicy policy =
          new SemanticPolicy(
              task, Optional.of(controller.learnt(SemanticPolicy.digest(task), SHADOW_SHARE)));
      List<Asked> asked = new ArrayList<>();
      List<Evidence> outcomes = new ArrayList<>();
      for (int at = from; at < Math.min(order.length, from + TEXTS_A_NIGHT); at++) {
        int text = order[at];
        List<Neighbour> neighbours = neighbours(set, text, cached, agreed, contradicted);
        boolean isHit = false;
        Asked leader = null;
        List<Evidence> drawn = new ArrayList<>();
        for (int copy = 0; copy < times[text]; copy++) {
          SemanticLookup lookup =
              policy.decide(
                  Fingerprint.sha256(streamSeed + " " + text + " " + copy),
                  neighbours,
                  set.guardMarks().get(text));
          int source = lookup.source().map(n -> Integer.parseInt(n.itemKey())).orElse(-1);
          boolean right = source >= 0 && set.labels().get(source).equals(set.labels().get(text));
          shadows += lookup.decision() == SemanticLookup.Decision.SHADOW ? 1 : 0;
          if (lookup.decision() == SemanticLookup.Decision.HIT) {
            copiesHit++;
            copiesWrong += right ? 0 : 1;
            hits += isHit ? 0 : 1;
            wrong += isHit || right ? 0 : 1;
            isHit = true;
            firstHit = Math.min(firstHit, at);
            continue;
          }
          if (lookup.isSampled() && source >= 0) {
            drawn.add(
                new Evidence(lookup.score(), lookup.threshold(), right, !drawn.isEmpty(), !right));
          }
          if (leader == null || (lookup.isSampled() && !leader.lookup().isSampled())) {
            leader = new Asked(text, source, right, lookup); // who is drawn has the smaller key
          }
        }
        if (leader != null) {
          asked.add(leader);
          outcomes.addAll(drawn);
        }
      }
      nights.add(new Night(asked, outcomes));
      // In the morning the answers are there: all of them, or the easy ones of this night and the
      // hard
      // ones of one that is long over.
      int hardFrom = nights.size() - 1 - (arrival == Arrival.SORTED ? HARD_ONES_LATE_NIGHTS : 0);
      for (Asked one : asked) {
        if (hardFrom == nights.size() - 1 || one.isRight()) {
          takeIn(one, cached, agreed, contradicted);
        }
      }
      if (arrival == Arrival.SORTED && hardFrom >= 0) {
        nights.get(hardFrom).asked().stream()
            .filter(one -> !one.isRight())
            .forEach(one -> takeIn(one, cached, agreed, contradicted));
      }
      // A night is evidence when all of it is known, and none before its predecessors.
      while (known < nights.size()
          && (known <= hardFrom || nights.get(known).asked().stream().allMatch(Asked::isRight))) {
        nights.get(known++).outcomes().forEach(controller::observe);
      }
    }
    double last = controller.threshold();
    return new Stream(
        order.length,
        hits,
        wrong,
        copiesHit,
        copiesWrong,
        shadows,
        last == ReuseBounds.NEVER ? 1 : last,
        firstHit);
  }

  private static void takeIn(Asked one, boolean[] cached, int[] agreed, int[] contradicted) {
    cached[one.text()] = true;
    if (one.source() >= 0) {
      agreed[one.source()] += one.isRight() ? 1 : 0;
      contradicted[one.source()] += one.isRight() ? 0 : 1;
    }
  }

  /** A task of which only the rules for sharing answers are used. */
  private TaskSpec task() {
    return new TaskSpec(
        "bench",
        "",
        "",
        "{}",
        "id",
        "text",
        List.of(),
        null,
        TaskSpec.OverBudget.DEFER,
        false,
        null,
        new SemanticCacheSpec(null, maxError, CONFIDENCE, SHADOW_SHARE),
        null,
        Guards.DEFAULT,
        AnswerEquality.ALL_FIELDS,
        RetentionSpec.UNLIMITED,
        EmbeddingModel.ALL_MINILM_L6_V2,
        null,
        null,
        List.of(),
        "",
        null,
        0,
        null,
        "",
        "{}");
  }

  private static List<Neighbour> neighbours(
      Labelled set, int text, boolean[] cached, int[] agreed, int[] contradicted) {
    List<Neighbour> found = new ArrayList<>(NeighbourVote.NEIGHBOURS_MAX);
    int[] nearest = set.nearest()[text];
    for (int k = 0; k < nearest.length && found.size() < NeighbourVote.NEIGHBOURS_MAX; k++) {
      int other = nearest[k];
      if (cached[other]) {
        found.add(
            new Neighbour(
                Integer.toString(other),
                set.cosines()[text][k],
                set.labels().get(other),
                agreed[other],
                contradicted[other],
                set.guardMarks().get(other)));
      }
    }
    return found;
  }

  /** Of each text its nearest earlier one: cosine, and whether the labels agree; 2 a text. */
  private static double[][] nearestEarlier(Labelled set, int[] order) {
    int[] place = new int[order.length];
    for (int at = 0; at < order.length; at++) {
      place[order[at]] = at;
    }
    double[][] found = new double[order.length][];
    for (int text = 0; text < order.length; text++) {
      found[text] = new double[] {-1, 0};
      int[] nearest = set.nearest()[text];
      for (int k = 0; k < nearest.length; k++) {
        if (place[nearest[k]] < place[text]) {
          found[text][0] = set.cosines()[text][k];
          found[text][1] = set.labels().get(nearest[k]).equals(set.labels().get(text)) ? 1 : 0;
          break;
        }
      }
    }
    return found;
  }

  /** The largest hit rate of any fixed cosine whose error does not exceed a given one. */
  private static double hindsight(Labelled set, int[] order, double error) {
    double[][] found = nearestEarlier(set, order);
    Arrays.sort(found, (a, b) -> Double.compare(b[0], a[0]));
    int wrong = 0;
    int best = 0;
    for (int i = 0; i < found.length; i++) {
      wrong += found[i][1] == 1 ? 0 : 1;
      if (wrong <= error * (i + 1)) {
        best = i + 1;
      }
    }
    return (double) best / found.length;
  }

  /**
   * Hit rate and error of hits of vCache's rule; a text joins if its nearest would not have done.
   */
  private double[] vcache(Labelled set, int[] order, long streamSeed) {
    VCacheRule rule = new VCacheRule(maxError);
    Random random = new Random(streamSeed);
    boolean[] cached = new boolean[order.length];
    int hits = 0;
    int wrong = 0;
    for (int text : order) {
      int[] nearest = set.nearest()[text];
      int k = 0;
      while (k < nearest.length && !cached[nearest[k]]) {
        k++;
      }
      if (k == nearest.length) {
        cached[text] = true;
        continue;
      }
      int entry = nearest[k];
      double similarity = set.cosines()[text][k];
      boolean isRight = set.labels().get(entry).equals(set.labels().get(text));
      if (rule.isHit(entry, similarity, random)) {
        hits++;
        wrong += isRight ? 0 : 1;
      } else {
        rule.observe(entry, similarity, isRight);
        cached[text] |= !isRight;
      }
    }
    return new double[] {(double) hits / order.length, hits == 0 ? 0 : (double) wrong / hits};
  }

  /** Hit rate and error of hits at a fixed cosine. */
  private static double[] fixed(Labelled set, int[] order, double cosine) {
    int hits = 0;
    int wrong = 0;
    for (double[] nearest : nearestEarlier(set, order)) {
      if (nearest[0] >= cosine) {
        hits++;
        wrong += nearest[1] == 1 ? 0 : 1;
      }
    }
    return new double[] {(double) hits / order.length, hits == 0 ? 0 : (double) wrong / hits};
  }
}
