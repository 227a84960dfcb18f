package dev.nightjar.pipelines.promptcache;

import java.util.Map;

/**
 * Which prefixes are marked, and how.
 *
 * @param marks the marked nodes; what is not in it is left alone
 * @param usd what the prefixes of all requests are expected to cost
 * @param waves how many batches have to follow one another: 1 if nothing is primed
 */
public record MarkPlan(Map<PrefixNode, Mark> marks, double usd, int waves) {

  /** How a marked prefix gets into the cache. */
  public enum Mark {
    /** By one request, in a batch that ends before the others are sent. */
    PRIMED,
    /** By whichever request comes first, all being sent at once. */
    UNPRIMED
  }

  public MarkPlan {
    if (!(usd >= 0) || waves < 1) {
      throw new IllegalArgumentException("expected usd >= 0 and waves >= 1");
    }
  }
}
