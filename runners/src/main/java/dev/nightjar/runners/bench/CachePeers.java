package dev.nightjar.runners.bench;

import java.util.Arrays;
import java.util.Random;

/** What other rules make of a stream of texts. Immutable and thread-safe. */
final class CachePeers {
  /**
   * How one rule went.
   *
   * @param hitRate hits over texts
   * @param errorOfHits wrong hits over hits, 0 without any
   */
  record Rates(double hitRate, double errorOfHits) {
    static Rates of(int hits, int wrong, int texts) {
      return new Rates((double) hits / texts, hits == 0 ? 0 : (double) wrong / hits);
    }
  }

  private final LabelledTexts set;
  private final int[] order;

  CachePeers(LabelledTexts set, int[] order) {
    this.set = set;
    this.order = order;
  }

  /** Of each text its nearest earlier one: cosine, and whether the labels agree; 2 a text. */
  private double[][] nearestEarlier() {
    int[] place = new int[order.length];
    for (int at = 0; at < order.length; at++) {
      place[order[at]] = at;
    }
    double[][] found = new double[order.length][];
    for (int text = 0; text < order.length; text++) {
      found[text] = new double[] {-1, 0};
      int[] nearest = set.nearest()[text];
      for (int k = 0; k < nearest.length; k++) {
        if (place[nearest[k]] < place[text]) {
          found[text][0] = set.cosines()[text][k];
          found[text][1] = set.agree(nearest[k], text) ? 1 : 0;
          break;
        }
      }
    }
    return found;
  }

  /**
   * The largest hit rate of any fixed cosine that errs no more often than allowed.
   *
   * @param maxError share of wrong hits
   * @param isPerRequest whether of all texts, or else of hits
   */
  double hindsight(double maxError, boolean isPerRequest) {
    double[][] found = nearestEarlier();
    Arrays.sort(found, (a, b) -> Double.compare(b[0], a[0]));
    int wrong = 0;
    int best = 0;
    for (int i = 0; i < found.length; i++) {
      wrong += found[i][1] == 1 ? 0 : 1;
      if (wrong <= maxError * (isPerRequest ? found.length : i + 1)) {
        best = i + 1;
      }
    }
    return (double) best / found.length;
  }

  /** A fixed cosine. */
  Rates fixed(double cosine) {
    int hits = 0;
    int wrong = 0;
    for (double[] nearest : nearestEarlier()) {
      if (nearest[0] >= cosine) {
        hits++;
        wrong += nearest[1] == 1 ? 0 : 1;
      }
    }
    return Rates.of(hits, wrong, order.length);
  }

  /** vCache's rule; a text joins if its nearest would not have done. */
  Rates vcache(double delta, long streamSeed) {
    VCacheRule rule = new VCacheRule(delta);
    Random random = new Random(streamSeed);
    boolean[] cached = new boolean[order.length];
    int hits = 0;
    int wrong = 0;
    for (int text : order) {
      int[] nearest = set.nearest()[text];
      int k = 0;
      while (k < nearest.length && !cached[nearest[k]]) {
        k++;
      }
      if (k == nearest.length) {
        cached[text] = true;
        continue;
      }
      int entry = nearest[k];
      double similarity = set.cosines()[text][k];
      boolean isRight = set.agree(entry, text);
      if (rule.isHit(entry, similarity, random)) {
        hits++;
        wrong += isRight ? 0 : 1;
      } else {
        rule.observe(entry, similarity, isRight);
        cached[text] |= !isRight;
      }
    }
    return Rates.of(hits, wrong, order.length);
  }
}
