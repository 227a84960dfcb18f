package dev.nightjar.runners;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.local.DockerPostgres;
import dev.nightjar.cachestore.local.LocalPostgres;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The private database. */
@Command(
    name = "db",
    mixinStandardHelpOptions = true,
    header = "Starts, stops or shows the private PostgreSQL.",
    synopsisSubcommandLabel = "(start | stop | url)")
final class DatabaseCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }

  @Command(header = "Starts it, brings the schema up to date, and prints how to reach it.")
  int start(@Mixin StoreOptions store) {
    DatabaseAddress address = store.migrated(Optional.empty());
    spec.commandLine().getOut().println(address.psqlCommand());
    return 0;
  }

  @Command(header = "Stops it; the data stays.")
  int stop() {
    boolean stopped =
        LocalPostgres.in(StoreOptions.home()).stop()
            || DockerPostgres.in(StoreOptions.home()).stop();
    spec.commandLine().getOut().println(stopped ? "stopped" : "was not running");
    return 0;
  }

  @Command(header = "Prints its URL, without the password.")
  int url(@Mixin StoreOptions store) {
    DatabaseAddress address = store.server();
    spec.commandLine().getOut().println(address.url());
    return 0;
  }
}
