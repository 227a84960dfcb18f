package dev.nightjar.pipelines.promptcache;

import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.Map;

/**
 * Finds the marks of least expected cost on a prefix tree, by dynamic programming over what is
 * marked above a node; exact, in time linear in the nodes for trees of bounded depth. Immutable and
 * thread-safe.
 *
 * <p>What is charged: between one mark and the next one below it a request's tokens are written if
 * nobody has before, and else served with the hit rate, being written again where that fails. What
 * stands below a request's last mark is plain. A prefix that is primed is sent once, and the rest
 * waits; each primed mark on a path costs a wave.
 *
 * @see MarkPlan
 */
public final class MarkPlanner {
  private final CacheTerms terms;
  private final double primedHitRate;
  private final double unprimedHitRate;
  private final int primedMax;

  /**
   * Plans under given beliefs.
   *
   * @param terms prices and rules
   * @param primedHitRate share of requests that find a prefix that a batch before them has written,
   *     0 to 1
   * @param unprimedHitRate share of requests that find what their own batch writes, 0 to 1
   * @param wavesMax how many batches may follow one another, from 1
   */
  public MarkPlanner(CacheTerms terms, double primedHitRate, double unprimedHitRate, int wavesMax) {
    if (wavesMax < 1) {
      throw new IllegalArgumentException("wavesMax must be >= 1, but was " + wavesMax);
    }
    this.terms = terms;
    this.primedHitRate = primedHitRate;
    this.unprimedHitRate = unprimedHitRate;
    this.primedMax = Math.min(wavesMax - 1, terms.marksMax());
  }

  /** The cheapest marks. */
  public MarkPlan plan(PrefixNode root) {
    Solved solved = solve(root, 0, new int[1], 1);
    Map<PrefixNode, MarkPlan.Mark> marks = new IdentityHashMap<>();
    int primed = choose(root, solved, 0, terms.marksMax(), primedMax, marks);
    return new MarkPlan(marks, solved.usd[index(0, terms.marksMax(), primedMax)], primed + 1);
  }

  /** What all prefixes cost if none is marked. */
  public static double unmarked(PrefixNode root, CacheTerms terms) {
    return root.tokensInAll() * terms.plain();
  }

  /**
   * What marks cost under the planner's beliefs.
   *
   * @param marks marked nodes of the tree
   */
  public double cost(PrefixNode root, Map<PrefixNode, MarkPlan.Mark> marks) {
    return cost(root, marks, 0, 0);
  }

  private double cost(
      PrefixNode node, Map<PrefixNode, MarkPlan.Mark> marks, int before, int cachedTo) {
    int end = before + node.tokens();
    MarkPlan.Mark mark = end < terms.tokensMin() ? null : marks.get(node);
    double usd =
        mark != null
            ? segment(end - cachedTo, node.requests(), mark)
            : (double) (end - cachedTo) * node.ending() * terms.plain();
    for (PrefixNode child : node.children()) {
      usd += cost(child, marks, end, mark != null ? end : cachedTo);
    }
    return usd;
  }

  private double segment(int tokens, int requests, MarkPlan.Mark mark) {
    double hitRate = mark == MarkPlan.Mark.PRIMED ? primedHitRate : unprimedHitRate;
    return tokens * (terms.write() + (requests - 1) * terms.marked(hitRate));
  }

  // ---- the tables ----

  /** What a subtree costs at least, by what is cached above it, and by the marks that are left. */
  private static final class Solved {
    private final double[] usd;
    private final byte[] mark; // of this node: 0 none, 1 primed, 2 unprimed
    private final Solved[] children;

    private Solved(int states, int children) {
      this.usd = new double[states];
      this.mark = new byte[states];
      this.children = new Solved[children];
    }
  }

  private int index(int cached, int marks, int primed) {
    return (cached * (terms.marksMax() + 1) + marks) * (primedMax + 1) + primed;
  }

  /**
   * Solves a subtree.
   *
   * @param before tokens before the node
   * @param ends where what may be cached above ends: 0 for nothing, and each ancestor's end
   * @param endsCount how many of them there are
   */
  private Solved solve(PrefixNode node, int before, int[] ends, int endsCount) {
    int end = before + node.tokens();
    int[] below = Arrays.copyOf(ends, endsCount + 1);
    below[endsCount] = end;
    Solved solved =
        new Solved(endsCount * (terms.marksMax() + 1) * (primedMax + 1), node.children().size());
    for (int child = 0; child < solved.children.length; child++) {
      solved.children[child] = solve(node.children().get(child), end, below, endsCount + 1);
    }
    boolean isKept = end >= terms.tokensMin();
    int ending = node.ending();
    for (int cached = 0; cached < endsCount; cached++) {
      int tokens = end - ends[cached];
      for (int marks = 0; marks <= terms.marksMax(); marks++) {
        for (int primed = 0; primed <= primedMax; primed++) {
          double best =
              (double) tokens * ending * terms.plain() + children(solved, cached, marks, primed);
          byte how = 0;
          if (isKept && marks > 0) {
            double unprimed =
                segment(tokens, node.requests(), MarkPlan.Mark.UNPRIMED)
                    + children(solved, endsCount, marks - 1, primed);
            if (unprimed < best) {
              best = unprimed;
              how = 2;
            }
            if (primed > 0) {
              double primedUsd =
                  segment(tokens, node.requests(), MarkPlan.Mark.PRIMED)
                      + children(solved, endsCount, marks - 1, primed - 1);
              if (primedUsd < best) {
                best = primedUsd;
                how = 1;
              }
            }
          }
          int state = index(cached, marks, primed);
          solved.usd[state] = best;
          solved.mark[state] = how;
        }
      }
    }
    return solved;
  }

  private double children(Solved solved, int cached, int marks, int primed) {
    double usd = 0;
    int state = index(cached, marks, primed);
    for (Solved child : solved.children) {
      usd += child.usd[state];
    }
    return usd;
  }

  /**
   * Writes the marks down that the tables chose.
   *
   * @return the most primed marks on one path
   */
  private int choose(
      PrefixNode node,
      Solved solved,
      int cached,
      int marks,
      int primed,
      Map<PrefixNode, MarkPlan.Mark> chosen) {
    byte how = solved.mark[index(cached, marks, primed)];
    if (how != 0) {
      chosen.put(node, how == 1 ? MarkPlan.Mark.PRIMED : MarkPlan.Mark.UNPRIMED);
    }
    int depth = solved.usd.length / ((terms.marksMax() + 1) * (primedMax + 1));
    int deepest = 0;
    for (int child = 0; child < solved.children.length; child++) {
      deepest =
          Math.max(
              deepest,
              choose(
                  node.children().get(child),
                  solved.children[child],
                  how == 0 ? cached : depth,
                  how == 0 ? marks : marks - 1,
                  how == 1 ? primed - 1 : primed,
                  chosen));
    }
    return deepest + (how == 1 ? 1 : 0);
  }
}
