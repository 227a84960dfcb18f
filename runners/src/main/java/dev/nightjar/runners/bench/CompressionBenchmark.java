package dev.nightjar.runners.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.pipelines.compress.Compressor;
import dev.nightjar.pipelines.compress.Excerpt;
import dev.nightjar.pipelines.model.Tokens;
import dev.nightjar.pipelines.task.Compression;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * How many tokens of a corpus each level of compression leaves. Floor: the documents as they are.
 * What is left has to be the document's own words in their order.
 */
@Command(
    name = "compression",
    mixinStandardHelpOptions = true,
    header = "How many tokens of a corpus each level of compression leaves.")
public final class CompressionBenchmark extends Benchmark {
  @Option(
      names = "--data",
      paramLabel = "FILE",
      description = "Documents as JSON, one a line, with a field 'text'.")
  @Nullable Path data;

  /** What a level came to. */
  private static final class Tally {
    private long tokens;
    private long nanos;
    private int changed;
  }

  @Override
  Map<String, String> measure(PrintWriter out) throws IOException {
    if (data == null || !Files.isReadable(data)) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "bench compression",
          "its data is missing: a file of JSON lines",
          "give --data FILE");
    }
    Map<Compression, Tally> tallies = new EnumMap<>(Compression.class);
    ObjectMapper json = new ObjectMapper();
    var threads = ManagementFactory.getThreadMXBean();
    int documents = 0;
    int misplaced = 0;
    try (BufferedReader lines = Files.newBufferedReader(data)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        JsonNode document = json.readTree(line);
        String text = document.path("text").asText();
        documents++;
        for (Compression level : Compression.values()) {
          Tally tally = tallies.computeIfAbsent(level, key -> new Tally());
          long start = threads.getCurrentThreadCpuTime();
          Excerpt kept = new Compressor(level).compress(text);
          tally.nanos += threads.getCurrentThreadCpuTime() - start;
          tally.tokens += Tokens.count(kept.text());
          tally.changed += kept.text().equals(text) ? 0 : 1;
          misplaced += isInPlace(text, kept) ? 0 : 1;
        }
      }
    }
    Map<String, String> result = new LinkedHashMap<>();
    result.put("documents", Integer.toString(documents));
    out.printf("%-12s%14s%10s%10s%16s%n", "level", "tokens", "share", "changed", "ms per 1,000");
    long all = Math.max(1, tallies.getOrDefault(Compression.NONE, new Tally()).tokens);
    for (Map.Entry<Compression, Tally> level : tallies.entrySet()) {
      Tally tally = level.getValue();
      String name = level.getKey().name().toLowerCase(Locale.ROOT);
      String share = String.format(Locale.ROOT, "%.4f", (double) tally.tokens / all);
      out.printf(
          Locale.ROOT,
          "%-12s%,14d%10s%,10d%16.1f%n",
          name,
          tally.tokens,
          share,
          tally.changed,
          tally.nanos / 1e3 / documents);
      result.put(name + "_share", share);
    }
    result.put("misplaced", Integer.toString(misplaced));
    return result;
  }

  private static boolean isInPlace(String document, Excerpt kept) {
    int[] codePoints = document.codePoints().toArray();
    StringBuilder text = new StringBuilder();
    for (Excerpt.Span span : kept.spans()) {
      text.append(new String(codePoints, span.start(), span.end() - span.start()));
    }
    return kept.text().contentEquals(text);
  }

  @Override
  boolean holds(Map<String, String> result) {
    return "0".equals(result.get("misplaced"));
  }
}
