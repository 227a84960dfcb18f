package dev.nightjar.runners;

import picocli.CommandLine.Option;

/** What becomes of answers when their task is changed. */
final class KeepOptions {
  @Option(
      names = "--keep-answers",
      description =
          "Of a task that was changed, keep also the answers that the change touches, and mark them"
              + " so (view kept_answers). Without it they are asked again.")
  boolean keepAnswers;

  /** The plan with what these options say of it. */
  NightPlan of(NightPlan plan) {
    return plan.keepingAnswers(keepAnswers);
  }
}
