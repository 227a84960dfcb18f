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
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Nights that are killed, and meddled with. Each run is a small night of its own, from a seed: a
 * random corpus and choice of providers, a random plan of faults at the providers, {@code kill -9}
 * of the command, of PostgreSQL, of a TaskManager or of the JobManager at random moments, also in
 * the middle of a provider's call, and between the commands an {@linkplain ChaosOperator operator}
 * who edits the task, changes keys, files, prices and the clock, and restores a backup. In the end
 * the operator puts everything right, what is unknown is looked up on the invoice, and the books
 * are compared with it.
 */
@Command(
    name = "chaos",
    mixinStandardHelpOptions = true,
    header =
        "Kills nights at random, has an operator change things between, and compares ledger and invoice.",
    description = {
      "",
      "Run number i of a command has the seed S + i; shards of one experiment are commands with"
          + " distant seeds. Exit code 1 if a document was lost, anything was billed twice, an upload, batch"
          + " or lock was left behind, a submission, document or reservation is still open, the database had"
          + " to break up a deadlock, or ledger and invoice differ after unknown spend was resolved; before"
          + " that the invoice must lie between the ledger and the ledger with it. Setting the clock needs"
          + " libfaketime (Debian: apt-get install libfaketime).",
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
    long stranded;
    long deadlocks;
    BigDecimal difference = BigDecimal.ZERO;

    void add(ChaosNight.Outcome outcome) {
      nights++;
      lost += outcome.lost();
      doubleBilled += outcome.doubleBilled();
      orphans += outcome.leftBehind();
      stranded += outcome.stranded();
      deadlocks += outcome.deadlocks();
      difference = difference.add(outcome.differenceUsd().abs());
    }

    void print(PrintWriter out, String name) {
      out.printf(
          "%-34s %7d %6d %13d %8d %9d %10d %15s%n",
          name,
          nights,
          lost,
          doubleBilled,
          orphans,
          stranded,
          deadlocks,
          difference.toPlainString());
    }
  }

  @Override
  Map<String, String> measure(PrintWriter out) throws Exception {
    Tally all = new Tally();
    Map<String, Tally> byKill = new TreeMap<>();
    Map<Fault, Tally> byFault = new TreeMap<>();
    Map<ChaosAct, Tally> byAct = new TreeMap<>();
    Map<Set<ChaosAct>, Integer> byPair = new HashMap<>();
    long unbounded = 0;
    List<String> wrong = new ArrayList<>();
    Instant start = Instant.now();
    try (BenchMachine machine = BenchMachine.startWithClock("nightjar-chaos")) {
      if (!machine.hasClock()) {
        out.println("libfaketime is not installed: SET_CLOCK is left out");
      }
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
        for (ChaosAct act : outcome.acts()) {
          byAct.computeIfAbsent(act, a -> new Tally()).add(outcome);
          outcome.acts().stream()
              .filter(other -> other.compareTo(act) > 0)
              .forEach(other -> byPair.merge(EnumSet.of(act, other), 1, Integer::sum));
        }
        unbounded += outcome.bounded() ? 0 : 1;
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
    header(out, "act");
    byAct.forEach((act, tally) -> tally.print(out, act.name().toLowerCase(Locale.ROOT)));
    int least = byPair.size() < ChaosAct.pairs() ? 0 : Collections.min(byPair.values());
    int most = byPair.isEmpty() ? 0 : Collections.max(byPair.values());
    out.printf(
        "%n%d of %d pairs of acts came, each %d to %d times%n",
        byPair.size(), ChaosAct.pairs(), least, most);
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
    result.put("stranded", Long.toString(all.stranded));
    result.put("deadlocks", Long.toString(all.deadlocks));
    result.put("difference_usd", all.difference.stripTrailingZeros().toPlainString());
    result.put("outside_unknown", Long.toString(unbounded));
    result.put("acts_min", Integer.toString(actsMin(byAct)));
    result.put("pairs", byPair.size() + "/" + ChaosAct.pairs());
    result.put("wrong", Integer.toString(wrong.size()));
    return result;
  }

  private static int actsMin(Map<ChaosAct, Tally> byAct) {
    return byAct.size() < ChaosAct.values().length
        ? 0
        : byAct.values().stream().mapToInt(tally -> tally.nights).min().orElse(0);
  }

  private static void header(PrintWriter out, String name) {
    out.println();
    out.printf(
        "%-34s %7s %6s %13s %8s %9s %10s %15s%n",
        name,
        "nights",
        "lost",
        "double-billed",
        "orphans",
        "stranded",
        "deadlocks",
        "difference USD");
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
