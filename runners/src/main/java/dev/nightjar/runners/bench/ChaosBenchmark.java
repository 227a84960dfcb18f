package dev.nightjar.runners.bench;

import dev.nightjar.emulator.Fault;
import java.io.IOException;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Nights that are killed. Each run is a small night of its own, from a seed: a random corpus and
 * choice of providers, a random plan of faults at the providers, and {@code kill -9} of the
 * command, of PostgreSQL, of a TaskManager or of the JobManager at random moments, also in the
 * middle of a provider's call. The same command is then given again until it comes to its end, and
 * the books are compared with the providers' own invoice.
 */
@Command(
    name = "chaos",
    mixinStandardHelpOptions = true,
    header = "Kills nights at random under random faults, and compares ledger and invoice.",
    description = {
      "",
      "Run number i of a command has the seed S + i; shards of one experiment are commands with"
          + " distant seeds. Exit code 1 if a document was lost, anything was billed twice, an upload, batch"
          + " or lock was left behind, or ledger and invoice differ.",
      ""
    })
public final class ChaosBenchmark extends Benchmark {
  @Option(
      names = "--runs",
      paramLabel = "N",
      defaultValue = "20",
      description = "How many nights. Default: ${DEFAULT-VALUE}.")
  int runs;

  @Option(
      names = "--seed",
      paramLabel = "S",
      defaultValue = "1",
      description = "Seed of the first night. Default: ${DEFAULT-VALUE}.")
  long seed;

  @Option(
      names = "--keep",
      paramLabel = "DIR",
      description = "Where to keep the output of nights that went wrong. Default: nowhere.")
  @Nullable Path keep;

  /** What a group of nights came to. */
  private static final class Tally {
    int nights;
    long lost;
    long doubleBilled;
    long orphans;
    BigDecimal difference = BigDecimal.ZERO;

    void add(ChaosNight.Outcome outcome) {
      nights++;
      lost += outcome.lost();
      doubleBilled += outcome.doubleBilled();
      orphans += outcome.leftBehind();
      difference = difference.add(outcome.differenceUsd().abs());
    }

    void print(PrintWriter out, String name) {
      out.printf(
          "%-34s %7d %6d %13d %8d %15s%n",
          name, nights, lost, doubleBilled, orphans, difference.toPlainString());
    }
  }

  @Override
  Map<String, String> measure(PrintWriter out) throws Exception {
    Tally all = new Tally();
    Map<String, Tally> byKill = new TreeMap<>();
    Map<Fault, Tally> byFault = new TreeMap<>();
    List<String> wrong = new ArrayList<>();
    Instant start = Instant.now();
    try (BenchMachine machine = BenchMachine.start("nightjar-chaos")) {
      ChaosNight.warmUp(machine);
      for (int i = 0; i < runs; i++) {
        ChaosNight.Outcome outcome = new ChaosNight(machine, seed + i).run();
        all.add(outcome);
        outcome
            .kills()
            .forEach(kill -> byKill.computeIfAbsent(kill, k -> new Tally()).add(outcome));
        outcome
            .faults()
            .forEach(fault -> byFault.computeIfAbsent(fault, f -> new Tally()).add(outcome));
        if (!outcome.isRight()) {
          wrong.add("seed " + (seed + i) + ": " + outcome);
          out.println("WRONG " + wrong.get(wrong.size() - 1));
          keepOutput(machine, seed + i);
        }
        if ((i + 1) % 10 == 0 || i + 1 == runs) {
          out.printf(
              Locale.ROOT,
              "%d of %d nights, %d wrong, %.1f s each%n",
              i + 1,
              runs,
              wrong.size(),
              Duration.between(start, Instant.now()).toMillis() / 1e3 / (i + 1));
        }
        out.flush();
      }
    }
    header(out, "killed");
    byKill.forEach((kill, tally) -> tally.print(out, kill));
    header(out, "fault suffered");
    byFault.forEach((fault, tally) -> tally.print(out, fault.name().toLowerCase(Locale.ROOT)));
    header(out, "");
    all.print(out, "all nights");
    Map<String, String> result = new LinkedHashMap<>();
    result.put("runs", Integer.toString(runs));
    result.put("lost", Long.toString(all.lost));
    result.put("double_billed", Long.toString(all.doubleBilled));
    result.put("orphans", Long.toString(all.orphans));
    result.put("difference_usd", all.difference.stripTrailingZeros().toPlainString());
    result.put("wrong", Integer.toString(wrong.size()));
    return result;
  }

  private static void header(PrintWriter out, String name) {
    out.println();
    out.printf(
        "%-34s %7s %6s %13s %8s %15s%n",
        name, "nights", "lost", "double-billed", "orphans", "difference USD");
  }

  private void keepOutput(BenchMachine machine, long nightSeed) throws IOException {
    if (keep != null) {
      Files.createDirectories(keep);
      Files.copy(
          machine.output(),
          keep.resolve("seed-" + nightSeed + ".log"),
          java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    }
  }

  @Override
  boolean holds(Map<String, String> result) {
    return "0".equals(result.get("wrong"));
  }
}
