package dev.nightjar.cachestore;

import java.io.Serializable;

/**
 * What became of one lookup whose text was asked.
 *
 * @param score the vote
 * @param isHit whether it would have been a hit had it not been drawn, under the bound on errors
 *     that is asked for
 * @param share of its run's would-be hits that were drawn to be asked, in (0, 1]
 * @param propensity with which it was going to be asked, in (0, 1]: {@code share} from the run's
 *     threshold upward, 1 below
 * @param isRight whether the neighbour's answer equals the one the text itself got
 * @param isCopy whether it shares a paid answer with one that was handed over before:
 *     near-duplicates of a night stand or fall together
 * @param isDisputed whether of those that share its paid answer any was wrong
 */
public record Evidence(
    double score,
    boolean isHit,
    double share,
    double propensity,
    boolean isRight,
    boolean isCopy,
    boolean isDisputed)
    implements Serializable {
  public Evidence {
    if (!(share > 0 && share <= propensity && propensity <= 1)) {
      throw new IllegalArgumentException(
          "0 < share <= propensity <= 1 is needed, but they were " + share + " and " + propensity);
    }
  }

  /**
   * What makes outcomes of one run equally heavy on average, however likely each was to be seen:
   * the least propensity of the run over its own, in (0, 1].
   */
  public double weight() {
    return share / propensity;
  }
}
