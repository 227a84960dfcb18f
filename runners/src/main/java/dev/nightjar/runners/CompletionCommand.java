package dev.nightjar.runners;

import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Commands and options for the shell. */
@Command(
    name = "completion",
    mixinStandardHelpOptions = true,
    header = "Prints what bash and zsh need to complete commands, options and their values.",
    footer = {
      "",
      "Example: source <(nightjar completion)",
      "For all new shells: nightjar completion > /etc/bash_completion.d/nightjar"
    })
final class CompletionCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    spec.commandLine().getOut().println(AutoComplete.bash("nightjar", Main.commandLine()));
    spec.commandLine().getOut().flush();
    return 0;
  }
}
