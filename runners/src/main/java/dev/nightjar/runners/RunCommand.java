package dev.nightjar.runners;

import picocli.CommandLine.Command;

/** A whole night. */
@Command(
    name = "run",
    mixinStandardHelpOptions = true,
    header = "Runs a task over a corpus to the end: submits, waits for the providers, collects.",
    description = {
      "",
      "Safe to stop at any point: the same command again goes on where it stood, and nothing is paid twice.",
      "Exit code 1 if more documents than --failed-max failed or were refused; the others have their answers.",
      ""
    },
    footer = {
      "",
      "Example: nightjar run tasks/email-triage.yaml --corpus 'mail/*.jsonl.gz' --budget 25USD"
    })
final class RunCommand extends NightCommand {
  @Override
  boolean stays() {
    return true;
  }

  @Override
  void drive(Night night) throws InterruptedException {
    night.runToEnd();
  }
}
