package dev.nightjar.runners.bench;

import dev.nightjar.emulator.PromptCache;
import dev.nightjar.pipelines.promptcache.CachePolicy;
import dev.nightjar.pipelines.promptcache.CacheTerms;
import dev.nightjar.pipelines.promptcache.HitEvidence;
import dev.nightjar.pipelines.promptcache.MarkPlan;
import dev.nightjar.pipelines.promptcache.PrefixNode;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * One night of a workload at the emulator's prompt cache: requests are sent in waves, each a batch,
 * and what they cost is what the cache said of them. One plan tokens' price is the unit of money.
 */
final class PromptNight {
  static final int WAVES_MAX = 8;
  private static final long SECONDS_TO_LIVE = 86_400; // what a time to live gives is the world's

  /** The shared prefixes of one request, the longest last. */
  private record Request(int number, List<PrefixNode> path) {}

  private final PromptWorkload workload;
  private final PromptCache cache;
  private final List<Request> requests = new ArrayList<>();
  private final Set<String> written = new HashSet<>();
  private long batch;
  private double usd;
  private double readTokens;
  private int hits;
  private int trials;

  PromptNight(PromptWorkload workload, long seed) {
    this.workload = workload;
    this.cache = new PromptCache(Clock.systemUTC(), workload.world(seed));
    list(workload.root(), List.of());
  }

  private void list(PrefixNode node, List<PrefixNode> above) {
    List<PrefixNode> path = new ArrayList<>(above);
    path.add(node);
    for (PrefixNode child : node.children()) {
      list(child, path);
    }
    for (int request = 0; request < node.ending(); request++) {
      requests.add(new Request(requests.size(), List.copyOf(path)));
    }
  }

  /** What the night has cost. */
  double usd() {
    return usd;
  }

  /** Tokens that the cache has served. */
  double readTokens() {
    return readTokens;
  }

  /** What it costs without any cache. */
  static double unmarked(PromptWorkload workload) {
    return workload.root().tokensInAll()
        + (double) workload.ownTokens() * workload.root().requests();
  }

  /** Everything by one plan. */
  PromptNight fixed(Map<String, MarkPlan.Mark> marks, boolean longTime) {
    send(requests, marks, longTime);
    return this;
  }

  /**
   * As the policy decides.
   *
   * @param known what is known of the ways; replaced by what is known after the night
   */
  PromptNight decided(Map<String, HitEvidence> known, double soFarUsd, double savedUsd) {
    double risk = CachePolicy.risk(unmarked(workload), soFarUsd, savedUsd);
    Map<String, int[]> tonight = new HashMap<>();
    List<Request> left = new ArrayList<>(requests);
    List<String> tried = new ArrayList<>();
    int waves = WAVES_MAX;
    while (!left.isEmpty()) {
      PrefixNode root = tree(left);
      CachePolicy.Step step =
          CachePolicy.next(root, ways(known, tonight), risk - lost(left), waves, tried);
      if (step.way() == null || step.plan() == null) {
        send(left, Map.of(), false);
        break;
      }
      Map<String, MarkPlan.Mark> marks = named(step.plan());
      boolean longTime = step.way().name().equals("long");
      List<Request> wave =
          step.through() == null ? left : through(step.through(), left, step.requests());
      int[] before = {hits, trials};
      send(wave, marks, longTime);
      int[] shown = tonight.computeIfAbsent(step.way().name(), name -> new int[2]);
      shown[0] += hits - before[0];
      shown[1] += trials - before[1];
      waves -= tried.contains(step.way().name()) ? 1 : 2;
      if (!tried.contains(step.way().name())) {
        tried.add(step.way().name());
      }
      left = left.stream().filter(request -> !wave.contains(request)).toList();
    }
    known.replaceAll(
        (way, evidence) -> {
          int[] shown = tonight.getOrDefault(way, new int[2]);
          return evidence.plus(0, shown[0], shown[1]).aNightLater();
        });
    return this;
  }

  /** What was lost tonight, of what is sent. */
  private double lost(List<Request> left) {
    double plain = unmarked(workload);
    for (Request request : left) {
      plain -= tokens(request) + workload.ownTokens();
    }
    return usd - plain;
  }

  private List<CachePolicy.Way> ways(Map<String, HitEvidence> known, Map<String, int[]> tonight) {
    List<CachePolicy.Way> ways = new ArrayList<>();
    known.forEach(
        (name, evidence) -> {
          int[] shown = tonight.getOrDefault(name, new int[2]);
          ways.add(
              new CachePolicy.Way(
                  name,
                  workload.terms(name.equals("long")),
                  evidence.plus(0, shown[0], shown[1]),
                  HitEvidence.NONE));
        });
    return ways;
  }

  private static Map<String, MarkPlan.Mark> named(MarkPlan plan) {
    Map<String, MarkPlan.Mark> marks = new HashMap<>();
    plan.marks().forEach((node, mark) -> marks.put(node.name(), mark));
    return marks;
  }

  /** The tree of some of the requests. */
  private PrefixNode tree(List<Request> left) {
    Map<String, Integer> counts = new HashMap<>();
    left.forEach(
        request -> request.path().forEach(node -> counts.merge(node.name(), 1, Integer::sum)));
    return counted(workload.root(), counts);
  }

  private static PrefixNode counted(PrefixNode node, Map<String, Integer> counts) {
    return new PrefixNode(
        node.name(),
        node.tokens(),
        counts.getOrDefault(node.name(), 0),
        node.children().stream()
            .filter(child -> counts.containsKey(child.name()))
            .map(child -> counted(child, counts))
            .toList());
  }

  private static List<Request> through(PrefixNode node, List<Request> left, int requestsMax) {
    return left.stream()
        .filter(request -> request.path().stream().anyMatch(at -> at.name().equals(node.name())))
        .limit(requestsMax)
        .toList();
  }

  private static long tokens(Request request) {
    return request.path().stream().mapToLong(PrefixNode::tokens).sum();
  }

  /** Sends requests, those that prime a prefix before those that are to find it. */
  private void send(List<Request> sent, Map<String, MarkPlan.Mark> marks, boolean longTime) {
    Map<String, Integer> primedIn = new HashMap<>();
    List<List<Request>> waves = new ArrayList<>();
    for (Request request : sent) {
      int wave = 0;
      for (PrefixNode node : request.path()) {
        if (marks.get(node.name()) == MarkPlan.Mark.PRIMED) {
          Integer primed = primedIn.get(node.name());
          wave = Math.max(wave, primed == null ? 0 : primed + 1);
        }
      }
      for (PrefixNode node : request.path()) {
        primedIn.putIfAbsent(node.name(), wave);
      }
      while (waves.size() <= wave) {
        waves.add(new ArrayList<>());
      }
      waves.get(wave).add(request);
    }
    for (List<Request> wave : waves) {
      batch++;
      Set<String> writing = new HashSet<>();
      for (Request request : wave) {
        serve(request, marks, longTime, writing);
      }
      written.addAll(writing);
    }
  }

  private void serve(
      Request request, Map<String, MarkPlan.Mark> marks, boolean longTime, Set<String> writing) {
    CacheTerms terms = workload.terms(longTime);
    List<PromptCache.Prefix> prefixes = new ArrayList<>();
    long end = 0;
    long findable = 0;
    for (PrefixNode node : request.path()) {
      end += node.tokens();
      if (marks.containsKey(node.name()) && end >= terms.tokensMin()) {
        prefixes.add(new PromptCache.Prefix(node.name().hashCode(), end));
        findable = written.contains(node.name()) ? end : findable;
        writing.add(node.name());
      }
    }
    PromptCache.Served served =
        cache.serve(1, prefixes, longTime, SECONDS_TO_LIVE, batch, request.number());
    if (findable > 0) {
      trials++;
      hits += served.read() >= findable ? 1 : 0;
    }
    readTokens += served.read();
    usd +=
        served.read() * terms.read()
            + served.written() * terms.write()
            + (end - served.read() - served.written()) * terms.plain()
            + workload.ownTokens() * terms.plain();
  }
}
