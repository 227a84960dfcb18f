package dev.nightjar.runners;

import picocli.CommandLine.Command;

/** The first half of a night. */
@Command(
    name = "submit",
    mixinStandardHelpOptions = true,
    header = "Reads a corpus, hands what must be asked to the providers, and exits.",
    description = {
      "",
      "Follow it with 'collect' until that exits with 0; no job stays open while providers work.",
      ""
    })
final class SubmitCommand extends NightCommand {
  @Override
  void drive(Night night) {
    night.collect(); // what is at the providers, of whatever task
    night.submit();
    if (night.finished()) {
      night.finish(); // everything came from the cache
    }
  }
}
