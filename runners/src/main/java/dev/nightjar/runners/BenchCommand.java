package dev.nightjar.runners;

import dev.nightjar.runners.bench.BatchBenchmark;
import dev.nightjar.runners.bench.BooksBenchmark;
import dev.nightjar.runners.bench.CacheBenchmark;
import dev.nightjar.runners.bench.CascadeBenchmark;
import dev.nightjar.runners.bench.ChaosBenchmark;
import dev.nightjar.runners.bench.CompressionBenchmark;
import dev.nightjar.runners.bench.DedupeBenchmark;
import dev.nightjar.runners.bench.FieldOrderBenchmark;
import dev.nightjar.runners.bench.GroundingBenchmark;
import dev.nightjar.runners.bench.HostileBenchmark;
import dev.nightjar.runners.bench.PlanBenchmark;
import dev.nightjar.runners.bench.PromptCacheBenchmark;
import dev.nightjar.runners.bench.ProvidersBenchmark;
import dev.nightjar.runners.bench.QualityBenchmark;
import dev.nightjar.runners.bench.RetrievalBenchmark;
import dev.nightjar.runners.bench.RoutingBenchmark;
import dev.nightjar.runners.bench.StoreBenchmark;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The benchmarks, each a command below this one. */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    header = "Runs a benchmark: floor, peer and ours side by side, from one run on this machine.",
    synopsisSubcommandLabel = "BENCHMARK",
    subcommands = {
      BatchBenchmark.class,
      BooksBenchmark.class,
      CacheBenchmark.class,
      CascadeBenchmark.class,
      ChaosBenchmark.class,
      CompressionBenchmark.class,
      DedupeBenchmark.class,
      FieldOrderBenchmark.class,
      GroundingBenchmark.class,
      HostileBenchmark.class,
      PlanBenchmark.class,
      PromptCacheBenchmark.class,
      ProvidersBenchmark.class,
      QualityBenchmark.class,
      RetrievalBenchmark.class,
      RoutingBenchmark.class,
      StoreBenchmark.class
    })
final class BenchCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }
}
