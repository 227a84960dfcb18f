package dev.nightjar.pipelines.quality;

import java.io.Serializable;

/**
 * What is known of a cheap answer before anybody checks it.
 *
 * @param group answers that may err in a way of their own, such as those that name one class; from
 *     0, few against the answers
 * @param confidence what the cheap model says that its answer is worth, in [0, 1]; need not be
 *     calibrated
 */
public record CheapAnswer(int group, double confidence) implements Serializable {
  public CheapAnswer {
    if (group < 0 || !(confidence >= 0 && confidence <= 1)) {
      throw new IllegalArgumentException(
          "group must be >= 0 and confidence in [0, 1], but they were "
              + group
              + " and "
              + confidence);
    }
  }
}
