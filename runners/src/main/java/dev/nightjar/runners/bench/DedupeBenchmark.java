package dev.nightjar.runners.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.Fingerprint;
import dev.nightjar.cachestore.Miss;
import dev.nightjar.cachestore.NewItem;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.ReuseBounds;
import dev.nightjar.cachestore.TaskVersion;
import dev.nightjar.cachestore.embed.ShingleSet;
import dev.nightjar.cachestore.postgres.PostgresStores;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Whether near-duplicates are found, and no others, and whether who leads depends on the order.
 *
 * <p>Floor: equal texts only. Peer, and the truth: the Jaccard similarity of all pairs. Ours:
 * MinHash bands, then the exact similarity of the pairs they bring together; the election runs in
 * the store, with texts in several orders and from several writers.
 */
@Command(
    name = "dedupe",
    mixinStandardHelpOptions = true,
    header = "Whether near-duplicates are found, and no others, whatever the order.")
public final class DedupeBenchmark extends Benchmark {
  private static final double JACCARD_MIN = 0.8;
  private static final int BATCH_TEXTS = 250;
  private static final int[] WRITERS = {1, 2, 4};

  @Option(
      names = "--data",
      paramLabel = "FILE.jsonl",
      description = "One object a line, with the fields id and text.")
  @Nullable Path data;

  private record Text(String id, String text, ShingleSet shingles) {}

  private record Pair(int one, int other) {}

  @Override
  Map<String, String> measure(PrintWriter out) throws Exception {
    List<Text> texts = read();
    long began = System.nanoTime();
    Set<Pair> truth = allPairs(texts);
    double allPairsSeconds = seconds(began);

    began = System.nanoTime();
    Set<Pair> candidates = new HashSet<>();
    Map<List<Integer>, List<Integer>> buckets = new HashMap<>();
    for (int i = 0; i < texts.size(); i++) {
      List<Integer> bands = ShingleSet.of(texts.get(i).text()).bands();
      for (int band = 0; band < bands.size(); band++) {
        List<Integer> bucket =
            buckets.computeIfAbsent(List.of(band, bands.get(band)), key -> new ArrayList<>());
        for (int other : bucket) {
          candidates.add(new Pair(other, i));
        }
        bucket.add(i);
      }
    }
    Set<Pair> found = new HashSet<>();
    for (Pair pair : candidates) {
      if (texts.get(pair.one()).shingles().jaccard(texts.get(pair.other()).shingles())
          >= JACCARD_MIN) {
        found.add(pair);
      }
    }
    double oursSeconds = seconds(began);

    long recalled = found.stream().filter(truth::contains).count();
    long right =
        found.stream()
            .filter(
                pair ->
                    wordJaccard(texts.get(pair.one()).text(), texts.get(pair.other()).text())
                        >= JACCARD_MIN)
            .count();
    long equal =
        truth.stream()
            .filter(p -> texts.get(p.one()).text().equals(texts.get(p.other()).text()))
            .count();
    double recall = truth.isEmpty() ? 1 : (double) recalled / truth.size();
    double precision = found.isEmpty() ? 1 : (double) right / found.size();
    out.printf(
        Locale.ROOT,
        "%,d texts, %,d pairs of Jaccard >= %.1f in %,d possible%n",
        texts.size(),
        truth.size(),
        JACCARD_MIN,
        (long) texts.size() * (texts.size() - 1) / 2);
    out.printf("%-34s %8s %10s %14s%n", "", "recall", "precision", "texts/s");
    row(out, "floor: equal texts", (double) equal / Math.max(1, truth.size()), 1, Double.NaN);
    row(out, "peer: all pairs", 1, 1, texts.size() / allPairsSeconds);
    row(out, "ours: bands, then exact", recall, precision, texts.size() / oursSeconds);
    out.printf(
        Locale.ROOT,
        "ours compared %,d pairs, %.4f %% of all%n",
        candidates.size(),
        100.0 * candidates.size() / ((double) texts.size() * (texts.size() - 1) / 2));
    out.flush();
    clustersAgree = clusters(texts, out);
    Map<String, String> result = new LinkedHashMap<>();
    result.put("pairs", Integer.toString(truth.size()));
    result.put("recall", String.format(Locale.ROOT, "%.4f", recall));
    result.put("precision", String.format(Locale.ROOT, "%.4f", precision));
    result.put("texts_per_second", String.format(Locale.ROOT, "%.0f", texts.size() / oursSeconds));
    return result;
  }

  private boolean clustersAgree;

  @Override
  boolean holds(Map<String, String> result) {
    return clustersAgree
        && Double.parseDouble(result.get("recall")) >= 0.98
        && Double.parseDouble(result.get("precision")) == 1;
  }

  private static void row(
      PrintWriter out, String name, double recall, double precision, double rate) {
    out.printf(
        Locale.ROOT,
        "%-34s %8.4f %10.4f %14s%n",
        name,
        recall,
        precision,
        Double.isNaN(rate) ? "" : String.format(Locale.ROOT, "%,.0f", rate));
  }

  private static double seconds(long since) {
    return (System.nanoTime() - since) / 1e9;
  }

  private List<Text> read() throws IOException {
    if (data == null || !Files.isReadable(data)) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "bench dedupe",
          "its data is missing: a JSONL file with the fields id and text",
          "give --data FILE.jsonl");
    }
    ObjectMapper json = new ObjectMapper();
    List<Text> texts = new ArrayList<>();
    try (BufferedReader reader = Files.newBufferedReader(data)) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        JsonNode node = json.readTree(line);
        String text = node.path("text").asText();
        texts.add(new Text(node.path("id").asText(), text, ShingleSet.of(text)));
      }
    }
    return texts;
  }

  private static Set<Pair> allPairs(List<Text> texts) {
    Set<Pair> pairs = Collections.synchronizedSet(new HashSet<>());
    IntStream.range(0, texts.size())
        .parallel()
        .forEach(
            i -> {
              for (int j = 0; j < i; j++) {
                ShingleSet one = texts.get(j).shingles();
                ShingleSet other = texts.get(i).shingles();
                // No pair is more alike than their sizes are.
                if (Math.min(one.size(), other.size())
                        >= JACCARD_MIN * Math.max(one.size(), other.size())
                    && one.jaccard(other) >= JACCARD_MIN) {
                  pairs.add(new Pair(j, i));
                }
              }
            });
    return pairs;
  }

  /** The same on words instead of hashes: written apart, so that it can find a collision. */
  private static double wordJaccard(String one, String other) {
    Set<List<String>> left = shingles(one);
    Set<List<String>> right = shingles(other);
    Set<List<String>> shared = new HashSet<>(left);
    shared.retainAll(right);
    return (double) shared.size() / (left.size() + right.size() - shared.size());
  }

  private static Set<List<String>> shingles(String text) {
    List<String> words = new ArrayList<>();
    for (String word : text.split("[^\\p{L}\\p{N}]+")) {
      if (!word.isEmpty()) {
        words.add(word.toLowerCase(Locale.ROOT));
      }
    }
    Set<List<String>> shingles = new HashSet<>();
    for (int i = 0; i + 3 <= words.size(); i++) {
      shingles.add(words.subList(i, i + 3));
    }
    if (shingles.isEmpty()) {
      shingles.add(words);
    }
    return shingles;
  }

  /** The election in the store, each time with another order and number of writers. */
  private static boolean clusters(List<Text> texts, PrintWriter out) throws Exception {
    Map<String, String> first = new TreeMap<>();
    boolean agree = true;
    try (BenchMachine machine = BenchMachine.start("nightjar-dedupe")) {
      for (int writers : WRITERS) {
        DatabaseAddress address = machine.newDatabase("dedupe_" + writers);
        List<Text> shuffled = new ArrayList<>(texts);
        Collections.shuffle(shuffled, new Random(writers));
        Map<String, String> leaders = elect(address, shuffled, writers, out);
        if (first.isEmpty()) {
          first.putAll(leaders);
        }
        agree &= first.equals(leaders);
        machine.dropDatabase("dedupe_" + writers);
      }
    }
    long clusters = first.entrySet().stream().filter(e -> e.getKey().equals(e.getValue())).count();
    out.printf(
        Locale.ROOT,
        "store: %,d texts in %,d clusters; with 1, 2 and 4 writers and as many orders: %s%n",
        first.size(),
        clusters,
        agree ? "the same" : "DIFFERENT");
    return agree;
  }

  private static Map<String, String> elect(
      DatabaseAddress address, List<Text> texts, int writers, PrintWriter out)
      throws SQLException, InterruptedException, ExecutionException {
    Clock clock = Clock.systemUTC();
    try (PostgresStores stores = PostgresStores.openFor("bench", address, writers + 1, clock)) {
      long namespace =
          stores
              .runs()
              .namespace(
                  "bench",
                  new TaskVersion(Fingerprint.sha256("bench"), "bench", "{}", "openai", "none"),
                  "none");
      stores
          .runs()
          .open(
              Optional.of("bench"),
              namespace,
              "bench",
              "bench",
              Optional.empty(),
              clock.instant().plus(Duration.ofHours(1)));
      long began = System.nanoTime();
      ExecutorService pool = Executors.newFixedThreadPool(writers);
      try {
        List<Future<?>> writing = new ArrayList<>();
        for (int from = 0; from < texts.size(); from += BATCH_TEXTS) {
          List<Text> batch = texts.subList(from, Math.min(texts.size(), from + BATCH_TEXTS));
          writing.add(pool.submit(() -> record(stores, batch)));
        }
        for (Future<?> batch : writing) {
          batch.get();
        }
      } finally {
        pool.shutdown();
      }
      double recorded = seconds(began);
      began = System.nanoTime();
      stores.work().electLeaders("bench", ReuseBounds.NEVER, JACCARD_MIN, List.of());
      out.printf(
          Locale.ROOT,
          "store: %d writers recorded in %.1f s, elected in %.1f s%n",
          writers,
          recorded,
          seconds(began));
      out.flush();
      Map<String, String> leaders = new TreeMap<>();
      try (Connection connection = stores.dataSource().getConnection();
          PreparedStatement statement =
              connection.prepareStatement("select item_key, leader_key from misses");
          ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          leaders.put(rows.getString(1), rows.getString(2));
        }
      }
      return leaders;
    }
  }

  private static void record(PostgresStores stores, List<Text> texts) {
    Map<String, Text> byKey = new LinkedHashMap<>();
    texts.forEach(text -> byKey.put(Fingerprint.sha256(text.id()), text));
    stores
        .work()
        .recordItems(
            "bench",
            byKey.entrySet().stream()
                .map(e -> new NewItem(e.getValue().id(), e.getKey(), "bench", 1, true, 1))
                .toList());
    stores
        .work()
        .recordMisses(
            "bench",
            byKey.entrySet().stream()
                .map(
                    e ->
                        new Miss(
                            e.getKey(),
                            e.getValue().id(),
                            Optional.empty(),
                            List.of(),
                            Optional.of(new Miss.Likeness.Jaccard(e.getValue().shingles()))))
                .toList(),
            ReuseBounds.OWN_ANSWERS);
  }
}
