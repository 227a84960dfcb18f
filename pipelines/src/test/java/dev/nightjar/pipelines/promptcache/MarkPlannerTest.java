package dev.nightjar.pipelines.promptcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.nightjar.pipelines.promptcache.MarkPlan.Mark;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MarkPlannerTest {
  private static final CacheTerms TERMS = new CacheTerms(1, 0.1, 1.25, 1_024, 4);

  @Test
  void aPrefixThatIsPrimedIsWrittenOnceAndReadByTheOthers() {
    PrefixNode shared = PrefixNode.leaf("rules", 2_000, 10);
    MarkPlan plan = new MarkPlanner(TERMS, 1, 0, 2).plan(shared);
    assertThat(plan.marks()).containsEntry(shared, Mark.PRIMED);
    assertThat(plan.usd()).isCloseTo(2_000 * (1.25 + 9 * 0.1), within(1e-9));
    assertThat(plan.waves()).isEqualTo(2);
  }

  @ParameterizedTest
  @CsvSource({
    "1023, 10, 1.0, 2", // too short to be kept
    "2000, 10, 0.2, 2", // found too seldom: 1.25 − 0.2 · 1.15 > 1
    "2000, 1, 1.0, 2", // nobody else reads it
    "2000, 10, 1.0, 1" // no time to wait, and a batch does not see its own writes
  })
  void aMarkThatWouldLoseMoneyIsNotMade(int tokens, int requests, double hitRate, int waves) {
    PrefixNode shared = PrefixNode.leaf("rules", tokens, requests);
    MarkPlan plan = new MarkPlanner(TERMS, hitRate, 0, waves).plan(shared);
    assertThat(plan.marks()).isEmpty();
    assertThat(plan.usd()).isEqualTo(MarkPlanner.unmarked(shared, TERMS));
  }

  @Test
  void aBatchThatSeesItsOwnWritesNeedsNoPrimer() {
    PrefixNode shared = PrefixNode.leaf("rules", 2_000, 10);
    MarkPlan plan = new MarkPlanner(TERMS, 1, 1, 1).plan(shared);
    assertThat(plan.marks()).containsEntry(shared, Mark.UNPRIMED);
    assertThat(plan.waves()).isEqualTo(1);
  }

  @Test
  void whatStandsBelowTheLastMarkIsPlain() {
    PrefixNode once = PrefixNode.leaf("a document asked about once", 3_000, 1);
    PrefixNode root = new PrefixNode("rules", 2_000, 3, List.of(once));
    MarkPlan plan = new MarkPlanner(TERMS, 1, 0, 4).plan(root);
    assertThat(plan.marks()).containsOnlyKeys(root);
    assertThat(plan.usd()).isCloseTo(2_000 * (1.25 + 2 * 0.1) + 3_000, within(1e-9));
  }

  /** Against all ways to mark up to seven nodes, costed apart. */
  @Test
  void noOtherMarksCostLess() {
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(1);
    int compared = 0;
    for (int tree = 0; tree < 2_000; tree++) {
      PrefixNode root = node(random, 40, 1 + random.nextInt(3));
      List<PrefixNode> nodes = new ArrayList<>();
      list(root, nodes);
      if (nodes.size() > 7) {
        continue;
      }
      CacheTerms terms =
          new CacheTerms(1, 0.1, 1.25 + random.nextInt(2) * 0.75, 512, 1 + random.nextInt(4));
      double primed = random.nextInt(4) / 3.0;
      double unprimed = primed * random.nextInt(2);
      int waves = 1 + random.nextInt(4);
      MarkPlan plan = new MarkPlanner(terms, primed, unprimed, waves).plan(root);
      double least = least(root, nodes, 0, new IdentityHashMap<>(), terms, primed, unprimed, waves);
      assertThat(plan.usd()).isCloseTo(least, within(1e-6));
      assertThat(plan.waves()).isLessThanOrEqualTo(waves);
      assertThat(new MarkPlanner(terms, primed, unprimed, waves).cost(root, plan.marks()))
          .isCloseTo(plan.usd(), within(1e-6));
      compared++;
    }
    assertThat(compared).isGreaterThan(1_000);
  }

  private static double least(
      PrefixNode root,
      List<PrefixNode> nodes,
      int next,
      Map<PrefixNode, Mark> marks,
      CacheTerms terms,
      double primed,
      double unprimed,
      int waves) {
    if (next == nodes.size()) {
      return cost(root, marks, terms, primed, unprimed, 0, 0, terms.marksMax(), waves - 1);
    }
    double least = least(root, nodes, next + 1, marks, terms, primed, unprimed, waves);
    for (Mark mark : Mark.values()) {
      marks.put(nodes.get(next), mark);
      least = Math.min(least, least(root, nodes, next + 1, marks, terms, primed, unprimed, waves));
      marks.remove(nodes.get(next));
    }
    return least;
  }

  /** Request by request: what is before the last mark that is long enough, and what is after. */
  private static double cost(
      PrefixNode node,
      Map<PrefixNode, Mark> marks,
      CacheTerms terms,
      double primed,
      double unprimed,
      int before,
      int kept,
      int marksLeft,
      int primersLeft) {
    int end = before + node.tokens();
    Mark mark = end < terms.tokensMin() ? null : marks.get(node);
    if (mark != null && (marksLeft == 0 || (mark == Mark.PRIMED && primersLeft == 0))) {
      return Double.POSITIVE_INFINITY;
    }
    double usd = 0;
    if (mark == null) {
      usd += (double) node.ending() * (end - kept);
    } else {
      double hitRate = mark == Mark.PRIMED ? primed : unprimed;
      double later = hitRate * terms.read() + (1 - hitRate) * terms.write();
      usd += (end - kept) * (terms.write() + (node.requests() - 1) * later);
    }
    for (PrefixNode child : node.children()) {
      usd +=
          cost(
              child,
              marks,
              terms,
              primed,
              unprimed,
              end,
              mark == null ? kept : end,
              mark == null ? marksLeft : marksLeft - 1,
              mark == Mark.PRIMED ? primersLeft - 1 : primersLeft);
    }
    return usd;
  }

  private static PrefixNode node(RandomGenerator random, int requests, int levels) {
    List<PrefixNode> children = new ArrayList<>();
    int left = requests;
    for (int child = 0; levels > 1 && child < 3 && left > 1; child++) {
      int share = 1 + random.nextInt(left);
      children.add(node(random, share, levels - 1));
      left -= share;
    }
    return new PrefixNode("n", 50 + random.nextInt(2_000), requests, children);
  }

  private static void list(PrefixNode node, List<PrefixNode> nodes) {
    nodes.add(node);
    node.children().forEach(child -> list(child, nodes));
  }
}
