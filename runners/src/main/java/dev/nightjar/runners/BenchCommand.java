package dev.nightjar.runners;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.runners.bench.Benchmark;
import dev.nightjar.runners.bench.RetrievalBenchmark;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Runs a benchmark and prints floor, peer and ours side by side. */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    header = "Runs a benchmark: floor, peer and ours side by side, from one run on this machine.",
    description = {"", "Benchmarks: retrieval.", ""})
final class BenchCommand implements Callable<Integer> {
  static final List<Benchmark> BENCHMARKS = List.of(new RetrievalBenchmark());

  @Parameters(index = "0", paramLabel = "NAME", description = "Which one.")
  String name = "";

  @Option(names = "--data", paramLabel = "DIR", description = "Data of benchmarks that need some.")
  @Nullable Path data;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description = "Seed. Default: ${DEFAULT-VALUE}.")
  long seed;

  @Option(
      names = "--size",
      paramLabel = "N",
      defaultValue = "0",
      description = "Size; 0 for the benchmark's own. Default: ${DEFAULT-VALUE}.")
  int size;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    PrintWriter out = spec.commandLine().getOut();
    Benchmark benchmark =
        BENCHMARKS.stream()
            .filter(candidate -> candidate.name().equals(name))
            .findFirst()
            .orElseThrow(
                () ->
                    new NightjarException(
                        ErrorCode.OPTION_INVALID,
                        "bench " + name,
                        "there is no such benchmark",
                        "choose one of "
                            + BENCHMARKS.stream()
                                .map(Benchmark::name)
                                .collect(Collectors.joining(", "))));
    out.println(machine());
    Map<String, String> result =
        benchmark.run(new Benchmark.Settings(java.util.Optional.ofNullable(data), seed, size), out);
    out.println(
        "RESULT "
            + result.entrySet().stream()
                .map(entry -> entry.getKey() + "=" + entry.getValue())
                .collect(Collectors.joining(" ")));
    return 0;
  }

  /** Which machine the figures are from. */
  static String machine() {
    Runtime runtime = Runtime.getRuntime();
    return "machine: "
        + runtime.availableProcessors()
        + " processors, "
        + (runtime.maxMemory() >> 20)
        + " MiB heap, Java "
        + Runtime.version()
        + ", "
        + System.getProperty("os.name")
        + " "
        + System.getProperty("os.arch");
  }
}
