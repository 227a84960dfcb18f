package dev.nightjar.runners;

import picocli.CommandLine.Command;

/** The second half of a night. */
@Command(
    name = "collect",
    mixinStandardHelpOptions = true,
    header = "Collects what providers have finished, hands escalations on, and exits.",
    description = {
      "",
      "Give it the arguments of 'submit'. Exit code 3 while items are open: call it again later.",
      ""
    })
final class CollectCommand extends NightCommand {
  @Override
  boolean begins() {
    return false;
  }

  @Override
  void drive(Night night) {
    while (night.step()) {
      // as long as something moves: an escalation may have been answered already
    }
    night.judgeAgain();
    if (!night.finished()) {
      night.deadlinePassed();
    }
    if (night.finished()) {
      night.finish();
    }
  }
}
