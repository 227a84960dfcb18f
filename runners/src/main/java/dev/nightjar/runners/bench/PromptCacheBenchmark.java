package dev.nightjar.runners.bench;

import com.sun.management.ThreadMXBean;
import dev.nightjar.emulator.PromptCache;
import dev.nightjar.pipelines.promptcache.CacheTerms;
import dev.nightjar.pipelines.promptcache.HitEvidence;
import dev.nightjar.pipelines.promptcache.MarkPlan.Mark;
import dev.nightjar.pipelines.promptcache.MarkPlanner;
import dev.nightjar.pipelines.promptcache.PrefixNode;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Is it ever dearer to let prompts be cached as we decide, than not to, or than to mark all? */
@Command(
    name = "prompt-cache",
    mixinStandardHelpOptions = true,
    header =
        "Costs what is marked for providers' prompt caches against no marks, all, and the best.",
    description = {
      "",
      "Random workloads: what prompts share, prices, and how a provider's cache behaves, which is drawn once for"
          + " each, drifts, and is told to nobody. Expected cost is compared with no mark, all marks and every"
          + " possible choice; realised cost, over nights, with the best fixed policy with hindsight.",
      ""
    })
public final class PromptCacheBenchmark extends Benchmark {
  private static final double REGRET_MAX = 0.05;
  private static final double OVER_NO_CACHING_MAX = 0.01;
  private static final int BRUTE_FORCE_NODES_MAX = 7;
  private static final int ITEMS_PLANNED = 100_000;
  private static final int SPEECHES = 233;

  @Option(
      names = "--workloads",
      paramLabel = "N",
      description = "Random workloads; default 10,000.",
      defaultValue = "10000")
  private int workloads;

  @Option(
      names = "--nights",
      paramLabel = "N",
      description = "Nights of each; default 30.",
      defaultValue = "30")
  private int nights;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Seed of the workloads; default 1.",
      defaultValue = "1")
  private long seed;

  /** What came of one workload's nights, in units of a plain token's price. */
  private record History(double unmarked, double ours, double best) {
    double regret() {
      return ours / best - 1;
    }

    double overNoCaching() {
      return ours / unmarked - 1;
    }
  }

  private record Expected(boolean worseThanUnmarked, boolean worseThanAll, double overBruteForce) {}

  @Override
  Map<String, String> measure(PrintWriter out) {
    List<Expected> expected =
        IntStream.range(0, workloads).parallel().mapToObj(this::expected).toList();
    long compared = expected.stream().filter(e -> e.overBruteForce() >= 0).count();
    out.printf(
        Locale.ROOT,
        "expected cost: %,d workloads in both worlds, %,d of them against every choice of marks%n",
        workloads,
        compared);
    out.flush();
    List<History> histories =
        IntStream.range(0, workloads).parallel().mapToObj(this::history).toList();
    double unmarked = histories.stream().mapToDouble(History::unmarked).sum();
    double best = histories.stream().mapToDouble(History::best).sum();
    double ours = histories.stream().mapToDouble(History::ours).sum();
    long regrets = histories.stream().filter(h -> h.regret() > REGRET_MAX).count();
    long losses = histories.stream().filter(h -> h.overNoCaching() > OVER_NO_CACHING_MAX).count();
    out.printf(Locale.ROOT, "realised cost over %d nights, share of no caching:%n", nights);
    out.printf(Locale.ROOT, "  best fixed policy with hindsight   %.4f%n", best / unmarked);
    out.printf(Locale.ROOT, "  ours                               %.4f%n", ours / unmarked);
    out.printf(
        Locale.ROOT,
        "  more than %.0f %% above the best: %,d of %,d; more than %.0f %% above no caching: %,d%n",
        100 * REGRET_MAX,
        regrets,
        workloads,
        100 * OVER_NO_CACHING_MAX,
        losses);
    Map<String, String> result = new LinkedHashMap<>();
    result.put("workloads", Integer.toString(workloads));
    result.put("worse_than_unmarked", count(expected.stream().filter(e -> e.worseThanUnmarked())));
    result.put("worse_than_all_marked", count(expected.stream().filter(e -> e.worseThanAll())));
    result.put(
        "over_brute_force_max",
        figure(expected.stream().mapToDouble(Expected::overBruteForce).max().orElse(0)));
    result.put(
        "regret_max", figure(histories.stream().mapToDouble(History::regret).max().orElse(0)));
    result.put("regret_in_all", figure(ours / best - 1));
    result.put("regret_above", Long.toString(regrets));
    result.put(
        "over_no_caching_max",
        figure(histories.stream().mapToDouble(History::overNoCaching).max().orElse(0)));
    speeches(out, result);
    plan(result);
    return result;
  }

  @Override
  boolean holds(Map<String, String> result) {
    return value(result, "worse_than_unmarked") == 0
        && value(result, "worse_than_all_marked") == 0
        && value(result, "over_brute_force_max") <= 0.01
        && value(result, "regret_max") <= REGRET_MAX
        && value(result, "over_no_caching_max") <= OVER_NO_CACHING_MAX
        && value(result, "read_share") >= 0.95
        && value(result, "over_floor") <= 1.05
        && value(result, "short_prompt_premium") == 0
        && value(result, "plan_seconds_100k") < 5
        && value(result, "plan_mb") < 512;
  }

  private static double value(Map<String, String> result, String key) {
    return Double.parseDouble(result.getOrDefault(key, "NaN"));
  }

  private static String count(java.util.stream.Stream<?> counted) {
    return Long.toString(counted.count());
  }

  private static String figure(double value) {
    return String.format(Locale.ROOT, "%.4f", value);
  }

  private static RandomGenerator random(long seed) {
    return RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
  }

  private PromptWorkload workload(int number) {
    return PromptWorkload.draw(random(seed * 1_000_003 + number));
  }

  // ---- expected cost ----

  private Expected expected(int number) {
    PromptWorkload workload = workload(number);
    boolean worse = false;
    boolean worseThanAll = false;
    double over = -1;
    for (boolean longTime : new boolean[] {false, true}) {
      double hits = longTime ? workload.longHits() : workload.shortHits();
      for (boolean seesOwnBatch : new boolean[] {false, true}) {
        MarkPlanner planner =
            new MarkPlanner(
                workload.terms(longTime), hits, seesOwnBatch ? hits : 0, PromptNight.WAVES_MAX);
        PrefixNode root = workload.root();
        double planned = planner.plan(root).usd();
        List<PrefixNode> nodes = nodes(root);
        Map<PrefixNode, Mark> all = new IdentityHashMap<>();
        nodes.forEach(node -> all.put(node, Mark.UNPRIMED));
        worse |= planned > MarkPlanner.unmarked(root, workload.terms(longTime)) + 1e-6;
        worseThanAll |= planned > planner.cost(root, all) + 1e-6;
        if (nodes.size() <= BRUTE_FORCE_NODES_MAX) {
          over = Math.max(over, planned / least(planner, root, nodes, 0, new IdentityHashMap<>()));
        }
      }
    }
    return new Expected(worse, worseThanAll, over < 0 ? over : over - 1);
  }

  /** The cheapest of all choices; trees are no deeper than marks and waves allow. */
  private static double least(
      MarkPlanner planner,
      PrefixNode root,
      List<PrefixNode> nodes,
      int next,
      Map<PrefixNode, Mark> marks) {
    if (next == nodes.size()) {
      return planner.cost(root, marks);
    }
    double least = least(planner, root, nodes, next + 1, marks);
    for (Mark mark : Mark.values()) {
      marks.put(nodes.get(next), mark);
      least = Math.min(least, least(planner, root, nodes, next + 1, marks));
    }
    marks.remove(nodes.get(next));
    return least;
  }

  private static List<PrefixNode> nodes(PrefixNode root) {
    List<PrefixNode> nodes = new ArrayList<>(List.of(root));
    for (int at = 0; at < nodes.size(); at++) {
      nodes.addAll(nodes.get(at).children());
    }
    return nodes;
  }

  // ---- realised cost ----

  private History history(int number) {
    PromptWorkload drawn = workload(number);
    RandomGenerator drift = random(seed * 7_368_787 + number);
    List<Map<String, Mark>> policies = new ArrayList<>();
    for (int policy = 0; policy < 6; policy++) {
      policies.add(policy(drawn, policy));
    }
    double[] fixed = new double[policies.size()];
    Map<String, HitEvidence> known = unknown();
    PromptWorkload tonight = drawn;
    double unmarked = 0;
    double ours = 0;
    for (int night = 0; night < nights; night++) {
      long luck = drift.nextLong();
      ours += new PromptNight(tonight, luck).decided(known, unmarked, unmarked - ours).usd();
      unmarked += PromptNight.unmarked(tonight);
      for (int policy = 0; policy < fixed.length; policy++) {
        fixed[policy] +=
            new PromptNight(tonight, luck).fixed(policies.get(policy), policy % 2 == 1).usd();
      }
      tonight = tonight.drifted(drift);
    }
    double best = unmarked;
    for (double usd : fixed) {
      best = Math.min(best, usd);
    }
    return new History(unmarked, ours, best);
  }

  private static Map<String, HitEvidence> unknown() {
    Map<String, HitEvidence> known = new LinkedHashMap<>();
    known.put("short", HitEvidence.NONE);
    known.put("long", HitEvidence.NONE);
    return known;
  }

  /** All marks at once, all primed, or the best that knows the cache; for either time to live. */
  private static Map<String, Mark> policy(PromptWorkload workload, int policy) {
    Map<String, Mark> marks = new HashMap<>();
    if (policy < 4) {
      Mark mark = policy < 2 ? Mark.UNPRIMED : Mark.PRIMED;
      nodes(workload.root()).forEach(node -> marks.put(node.name(), mark));
      return marks;
    }
    double hits = policy == 4 ? workload.shortHits() : workload.longHits();
    new MarkPlanner(
            workload.terms(policy == 5),
            hits,
            workload.seesOwnBatch() ? hits : 0,
            PromptNight.WAVES_MAX)
        .plan(workload.root())
        .marks()
        .forEach((node, mark) -> marks.put(node.name(), mark));
    return marks;
  }

  // ---- three tasks over the same speeches ----

  private void speeches(PrintWriter out, Map<String, String> result) {
    RandomGenerator random = random(seed);
    List<PrefixNode> speeches = new ArrayList<>();
    for (int speech = 0; speech < SPEECHES; speech++) {
      // The speeches have 1.79 million words: 7,700 each, between 1,000 and 40,000.
      int tokens = (int) (9_000 * Math.exp(0.7 * random.nextGaussian()));
      speeches.add(PrefixNode.leaf("speech " + speech, Math.max(1_200, tokens), 3));
    }
    PromptWorkload workload =
        new PromptWorkload(
            new PrefixNode("system", 20, 3 * SPEECHES, speeches),
            400,
            new CacheTerms(1, 0.1, 1.25, 512, 4),
            new CacheTerms(1, 0.1, 2, 512, 4),
            PromptCache.World.MEASURED.shortHits(),
            PromptCache.World.MEASURED.longHits(),
            false);
    double prefixes = workload.root().tokensInAll();
    double first = 20 + speeches.stream().mapToLong(PrefixNode::tokens).sum();
    double own = 400.0 * 3 * SPEECHES;
    double floor = first * 1.25 + (prefixes - first) * 0.1 + own;
    PromptNight ours = new PromptNight(workload, seed).decided(unknown(), 0, 0);
    result.put("read_share", figure(ours.readTokens() / (prefixes - first)));
    result.put("over_floor", figure(ours.usd() / floor));
    out.printf(
        Locale.ROOT,
        "three tasks over %d speeches, their first night, as a share of the floor:%n",
        SPEECHES);
    print(out, "each prefix written once, then read", 1);
    print(out, "ours", ours.usd() / floor);
    print(out, "all marked, each primed", fixed(workload, 2) / floor);
    print(out, "all marked, none primed", fixed(workload, 0) / floor);
    print(out, "no mark", PromptNight.unmarked(workload) / floor);
    PromptWorkload shortPrompts =
        new PromptWorkload(
            PrefixNode.leaf("system", 300, 1_000),
            200,
            workload.shortTerms(),
            workload.longTerms(),
            1,
            1,
            false);
    double premium =
        new PromptNight(shortPrompts, seed).decided(unknown(), 0, 0).usd()
            - PromptNight.unmarked(shortPrompts);
    result.put("short_prompt_premium", figure(premium));
  }

  private double fixed(PromptWorkload workload, int policy) {
    return new PromptNight(workload, seed).fixed(policy(workload, policy), false).usd();
  }

  private static void print(PrintWriter out, String what, double share) {
    out.printf(Locale.ROOT, "  %-36s %.4f%n", what, share);
  }

  // ---- time and memory ----

  private void plan(Map<String, String> result) {
    RandomGenerator random = random(seed);
    List<PrefixNode> documents = new ArrayList<>();
    for (int document = 0; document < ITEMS_PLANNED / 3; document++) {
      documents.add(PrefixNode.leaf("d", 500 + random.nextInt(5_000), 3));
    }
    PrefixNode root = new PrefixNode("system", 2_000, ITEMS_PLANNED, documents);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long allocated = threads.getCurrentThreadAllocatedBytes();
    long start = System.nanoTime();
    new MarkPlanner(new CacheTerms(1, 0.1, 1.25, 1_024, 4), 1, 0, 6).plan(root);
    result.put("plan_seconds_100k", figure((System.nanoTime() - start) / 1e9));
    result.put(
        "plan_mb", Long.toString((threads.getCurrentThreadAllocatedBytes() - allocated) >> 20));
  }
}
