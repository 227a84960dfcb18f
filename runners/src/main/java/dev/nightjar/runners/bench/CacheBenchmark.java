package dev.nightjar.runners.bench;

import dev.nightjar.cachestore.ErrorBound;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Whether the semantic cache keeps the error it promises, and how much it answers. A labelled set
 * is streamed in random order ({@link CacheStream}); a hit is right if, and only if, the labels
 * agree. With {@code --copies} many texts come with near-duplicates of themselves on the same
 * night, in numbers that fall off as 1/n: each is looked up and hit or drawn for itself, and of
 * those that missed one is asked for all, as in a run. Rates count a text once, hit if any of its
 * copies was.
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
  private static final double CONFIDENCE = 0.95;
  private static final double COMMON_COSINE = 0.95;

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
      names = "--max-error-per-request",
      paramLabel = "E",
      description = "Instead: largest share of wrong hits among all texts, hits or not.")
  @Nullable Double maxErrorPerRequest;

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

  @Option(
      names = "--arrival",
      paramLabel = "ORDER",
      defaultValue = "random",
      description =
          "random: all of a night's answers come in the morning; sorted: the easy ones do, the hard ones three"
              + " nights later. Default: ${DEFAULT-VALUE}.")
  CacheStream.Arrival arrival = CacheStream.Arrival.RANDOM;

  /** Ours and its peers on one stream. */
  private record Stream(
      CacheStream.Outcome ours,
      CachePeers.Rates common,
      CachePeers.Rates vcache,
      double atOurError,
      double oracle) {}

  @Override
  Map<String, String> measure(PrintWriter out) throws IOException {
    if (data == null || !Files.isReadable(data)) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "bench cache",
          "its data is missing: a CSV file with a header, the text first and its label second",
          "give --data FILE.csv");
    }
    ErrorBound bound =
        maxErrorPerRequest == null
            ? new ErrorBound(maxError, false, CONFIDENCE)
            : new ErrorBound(maxErrorPerRequest, true, CONFIDENCE);
    LabelledTexts set = LabelledTexts.read(data);
    out.printf(
        Locale.ROOT,
        "%,d texts, %d labels, at most %d copies of each, %d streams, at most %.3f of the %s wrong at confidence %.2f%n",
        set.size(),
        set.labels().stream().distinct().count(),
        copies,
        runs,
        bound.maxError(),
        bound.isPerRequest() ? "texts" : "hits",
        CONFIDENCE);
    out.flush();
    List<Stream> streams = new ArrayList<>();
    for (int run = 0; run < runs; run++) {
      streams.add(stream(set, bound, seed + run));
    }
    print(out, streams, bound);
    return result(streams, bound);
  }

  private Stream stream(LabelledTexts set, ErrorBound bound, long streamSeed) {
    int[] order = set.order(streamSeed);
    CacheStream.Outcome ours =
        new CacheStream(set, order, times(set.size(), streamSeed), bound, arrival, streamSeed)
            .run();
    CachePeers peers = new CachePeers(set, order);
    return new Stream(
        ours,
        peers.fixed(COMMON_COSINE),
        peers.vcache(bound.maxError(), streamSeed),
        peers.hindsight(ours.errorAsIn(bound), bound.isPerRequest()),
        peers.hindsight(bound.maxError(), bound.isPerRequest()));
  }

  private static double mean(List<Stream> streams, ToDoubleFunction<Stream> of) {
    return streams.stream().mapToDouble(of).average().orElse(0);
  }

  private static void print(PrintWriter out, List<Stream> streams, ErrorBound bound) {
    out.printf("%-52s %9s %9s %9s%n", "", "hits/all", "FP/hits", "FP/all");
    row(out, "floor: cosine 0.95, as commonly recommended", streams, s -> s.common());
    row(
        out,
        "peer: best cosine, with hindsight, at our error",
        streams,
        s -> bounded(s.atOurError(), s.ours().errorAsIn(bound), bound));
    row(out, "peer: vCache's rule, its delta the error allowed", streams, s -> s.vcache());
    row(
        out,
        "ours",
        streams,
        s -> new CachePeers.Rates(s.ours().hitRate(), s.ours().errorOfHits()));
    row(
        out,
        "bound: best cosine, with hindsight, at that error",
        streams,
        s -> bounded(s.oracle(), bound.maxError(), bound));
    out.printf(
        Locale.ROOT,
        "ours: asked %.1f %% of the texts as shadows; first hit after %.0f texts; last threshold %.2f;"
            + " largest error of a stream %.4f%n",
        100 * mean(streams, s -> (double) s.ours().shadows() / s.ours().texts()),
        mean(streams, s -> s.ours().firstHit()),
        mean(streams, s -> s.ours().threshold()),
        streams.stream().mapToDouble(s -> s.ours().errorAsIn(bound)).max().orElse(0));
    if (streams.stream().anyMatch(s -> s.ours().copiesHit() > s.ours().hits())) {
      out.printf(
          Locale.ROOT,
          "counting each copy: FP/hits %.4f; above it in %d streams, where one text's copies weigh most%n",
          mean(streams, s -> s.ours().errorOfCopies()),
          streams.stream().filter(s -> s.ours().errorOfCopies() > bound.maxError()).count());
    }
  }

  private static CachePeers.Rates bounded(double hitRate, double error, ErrorBound bound) {
    return new CachePeers.Rates(
        hitRate, bound.isPerRequest() && hitRate > 0 ? error / hitRate : error);
  }

  private static void row(
      PrintWriter out,
      String name,
      List<Stream> streams,
      Function<Stream, CachePeers.Rates> rates) {
    out.printf(
        Locale.ROOT,
        "%-52s %9.3f %9.4f %9.4f%n",
        name,
        mean(streams, s -> rates.apply(s).hitRate()),
        mean(streams, s -> rates.apply(s).errorOfHits()),
        mean(streams, s -> rates.apply(s).hitRate() * rates.apply(s).errorOfHits()));
  }

  private Map<String, String> result(List<Stream> streams, ErrorBound bound) {
    Map<String, String> result = new LinkedHashMap<>();
    result.put("runs", Integer.toString(runs));
    result.put(
        "violations",
        Long.toString(
            streams.stream().filter(s -> s.ours().errorAsIn(bound) > bound.maxError()).count()));
    result.put("hit_rate", figure(mean(streams, s -> s.ours().hitRate())));
    result.put("error_of_hits", figure(mean(streams, s -> s.ours().errorOfHits())));
    result.put("error_of_requests", figure(mean(streams, s -> s.ours().errorOfRequests())));
    result.put("best_static_hit_rate", figure(mean(streams, Stream::atOurError)));
    result.put("oracle_hit_rate", figure(mean(streams, Stream::oracle)));
    result.put("vcache_hit_rate", figure(mean(streams, s -> s.vcache().hitRate())));
    result.put("vcache_error_of_hits", figure(mean(streams, s -> s.vcache().errorOfHits())));
    return result;
  }

  /** At most as many violations as the confidence allows, and 1.3 times the peer's hits. */
  @Override
  boolean holds(Map<String, String> result) {
    return Long.parseLong(result.get("violations")) <= Math.floor(runs * (1 - CONFIDENCE) + 1e-9)
        && Double.parseDouble(result.get("hit_rate"))
            >= 1.3 * Double.parseDouble(result.get("best_static_hit_rate"));
  }

  private static String figure(double value) {
    return String.format(Locale.ROOT, "%.4f", value);
  }

  /** How often each text comes: alone, or with copies, n or more of them in one case of n + 1. */
  private int[] times(int texts, long streamSeed) {
    Random random = new Random(~streamSeed);
    return IntStream.range(0, texts)
        .map(i -> 1 + (int) Math.min(copies, 1 / (1 - random.nextDouble()) - 1))
        .toArray();
  }
}
