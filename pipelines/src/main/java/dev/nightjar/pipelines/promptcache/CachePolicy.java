package dev.nightjar.pipelines.promptcache;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * Decides, wave by wave of a night, which requests are sent with marks and which wait. What caching
 * gives is not known before it was tried: providers promise nothing for batches. So a way of
 * marking is tried on few requests first, and used for the rest where what they have shown leaves
 * no loss that was not allowed for. Immutable and thread-safe.
 *
 * <p>This is a conservative bandit (Wu, Shariff, Lattimore and Szepesvári 2016): the most promising
 * way is explored as long as the worst that is plausible of it, by its lower confidence bound,
 * stays within a fixed share of what no caching would have cost, to which what was saved so far is
 * added.
 */
public final class CachePolicy {
  /** What may be lost to learning, as a share of what is spent without any cache. */
  public static final double RISK_SHARE = 0.008;

  /** For how many nights a new prefix is expected to be asked. */
  public static final int NIGHTS_EXPECTED = 25;

  /** A primer, and enough others that luck is told from a habit. */
  private static final int PROBE_REQUESTS_MIN = 5;

  private static final int PROBE_REQUESTS = 20;

  /** A probe is so many times what is known already: what goes wrong is found out early. */
  private static final double PROBE_GROWTH = 3;

  /** A wave may risk this part of what is left, so that another way can be tried after it. */
  private static final double PROBE_RISK = 0.4;

  /** Less than this is not worth a try, or a change of ways. */
  private static final double GAIN_MIN = 0.01;

  /**
   * One way of marking.
   *
   * @param name the provider's name for it, as a time to live
   * @param terms prices and rules
   * @param primed what is known of prefixes that a batch before has written
   * @param unprimed what is known of prefixes that their own batch writes
   */
  public record Way(String name, CacheTerms terms, HitEvidence primed, HitEvidence unprimed) {
    private MarkPlan plan(PrefixNode root, double primedRate, double unprimedRate, int waves) {
      return new MarkPlanner(terms, primedRate, unprimedRate, waves).plan(root);
    }

    private MarkPlan expected(PrefixNode root, int waves) {
      return plan(root, primed.mean(), known(unprimed.mean(), unprimed), waves);
    }

    private MarkPlan hoped(PrefixNode root, int waves) {
      return plan(root, primed.high(), known(unprimed.high(), unprimed), waves);
    }

    /** What a plan costs if the least comes true that is plausible. */
    private double feared(PrefixNode root, MarkPlan plan) {
      return new MarkPlanner(terms, primed.low(), unprimed.low(), plan.waves())
          .cost(root, plan.marks());
    }

    /** Requests of one batch run side by side: without evidence they find nothing. */
    private static double known(double rate, HitEvidence evidence) {
      return evidence.trials() == 0 ? 0 : rate;
    }
  }

  /**
   * What to do next.
   *
   * @param way the way of marking; null for no mark
   * @param plan the marks; null for no mark
   * @param requests how many requests go, the primer included; all if {@code through} is null
   * @param through the prefix that they begin with, while the rest waits; null if none waits
   */
  public record Step(
      @Nullable Way way, @Nullable MarkPlan plan, int requests, @Nullable PrefixNode through) {
    private static final Step UNMARKED = new Step(null, null, Integer.MAX_VALUE, null);
  }

  private CachePolicy() {}

  /**
   * What may be lost by a night.
   *
   * @param nightUsd what the night costs without any cache
   * @param soFarUsd what the nights before would have cost without any
   * @param savedUsd what was saved in them; below 0 if caching has lost money
   */
  public static double risk(double nightUsd, double soFarUsd, double savedUsd) {
    return RISK_SHARE * Math.max(soFarUsd + nightUsd, NIGHTS_EXPECTED * nightUsd) + savedUsd;
  }

  /**
   * The next step of a night.
   *
   * @param root prefixes of the requests that are not sent yet
   * @param ways how they may be marked, with what is known
   * @param riskUsd what may be lost; see {@link #risk}
   * @param wavesLeft how many batches may still follow one another, from 1
   * @param tried names of the ways that were tried earlier in this night, each once, in order
   */
  public static Step next(
      PrefixNode root, List<Way> ways, double riskUsd, int wavesLeft, List<String> tried) {
    if (ways.isEmpty()) {
      return Step.UNMARKED;
    }
    double unmarked = MarkPlanner.unmarked(root, ways.get(0).terms());
    Way best = least(ways, way -> way.expected(root, wavesLeft).usd());
    MarkPlan expected = best.expected(root, wavesLeft);
    // One that was left for another is left for the night.
    List<Way> open =
        ways.stream()
            .filter(way -> !tried.subList(0, Math.max(0, tried.size() - 1)).contains(way.name()))
            .toList();
    Way hopeful = open.isEmpty() ? best : least(open, way -> way.hoped(root, wavesLeft).usd());
    double hoped = hopeful.hoped(root, wavesLeft).usd();
    double known = Math.min(unmarked, expected.usd());
    boolean isBest = hopeful.name().equals(best.name()) && expected.usd() < unmarked;
    if (!isBest && hoped < known * (1 - GAIN_MIN)) {
      Optional<Step> probe =
          probe(root, hopeful, riskUsd, wavesLeft, tried.contains(hopeful.name()));
      if (probe.isPresent()) {
        return probe.get();
      }
    }
    if (expected.usd() >= unmarked * (1 - GAIN_MIN)) {
      return Step.UNMARKED;
    }
    boolean wasTried = best.primed().trials() >= PROBE_REQUESTS_MIN - 1;
    if (wasTried && best.feared(root, expected) - unmarked <= riskUsd) {
      return new Step(best, expected, Integer.MAX_VALUE, null);
    }
    return probe(root, best, riskUsd, wavesLeft, tried.contains(best.name())).orElse(Step.UNMARKED);
  }

  /**
   * A few requests of the path that most take, more of them the more is known.
   *
   * @return empty if even they risk too much, or no wave is left for the others
   */
  private static Optional<Step> probe(
      PrefixNode root, Way way, double riskUsd, int wavesLeft, boolean primed) {
    int waves = primed ? 1 : 2; // one that writes, one that may find it
    if (wavesLeft <= waves) {
      return Optional.empty();
    }
    MarkPlan hoped = way.hoped(root, wavesLeft - waves + 1);
    Target target = target(root, 0, hoped);
    if (target == null) {
      return Optional.empty();
    }
    double lossMax =
        target.end * Math.max(0, way.terms().marked(way.primed().low()) - way.terms().plain());
    int affordable =
        (int)
            Math.min(
                Integer.MAX_VALUE,
                lossMax == 0 ? target.node.requests() : riskUsd * PROBE_RISK / lossMax);
    // The first try is a large one only where it risks next to nothing.
    int wanted =
        Math.max(
            Math.max(PROBE_REQUESTS_MIN, Math.min(PROBE_REQUESTS, affordable / 4)),
            (int) (PROBE_GROWTH * way.primed().trials()));
    int probe = Math.min(Math.min(wanted, affordable), target.node.requests());
    return probe < 2 ? Optional.empty() : Optional.of(new Step(way, hoped, probe, target.node));
  }

  private record Target(PrefixNode node, int end) {}

  /** The marked prefix that most requests begin with; the longest of several. */
  private static @Nullable Target target(PrefixNode node, int before, MarkPlan plan) {
    int end = before + node.tokens();
    Target most = plan.marks().containsKey(node) ? new Target(node, end) : null;
    for (PrefixNode child : node.children()) {
      Target below = target(child, end, plan);
      if (below != null && (most == null || below.node.requests() >= most.node.requests())) {
        most = below;
      }
    }
    return most;
  }

  private static Way least(List<Way> ways, ToDoubleFunction<Way> usd) {
    return ways.stream().min(Comparator.comparingDouble(usd)).orElseThrow();
  }
}
