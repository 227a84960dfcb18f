package dev.nightjar.runners;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.local.DockerPostgres;
import dev.nightjar.cachestore.local.LocalPostgres;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** The private database. */
@Command(
    name = "db",
    mixinStandardHelpOptions = true,
    header = "Starts, stops or shows the private PostgreSQL.",
    synopsisSubcommandLabel = "(start | stop | url)")
final class DatabaseCommand implements Runnable {
  @CommandLine.Spec private CommandLine.Model.@org.jspecify.annotations.Nullable CommandSpec spec;

  @Override
  public void run() {
    if (spec != null) {
      spec.commandLine().usage(spec.commandLine().getOut());
    }
  }

  @Command(header = "Starts it, brings the schema up to date, and prints how to reach it.")
  int start(@Mixin StoreOptions store) {
    DatabaseAddress address = store.migrated(Optional.empty());
    System.out.println(address.psqlCommand());
    return 0;
  }

  @Command(header = "Stops it; the data stays.")
  int stop() {
    boolean stopped =
        LocalPostgres.in(StoreOptions.home()).stop()
            || DockerPostgres.in(StoreOptions.home()).stop();
    System.out.println(stopped ? "stopped" : "was not running");
    return 0;
  }

  @Command(header = "Prints its URL, without the password.")
  int url(@Mixin StoreOptions store) {
    DatabaseAddress address = store.server();
    System.out.println(
        "postgresql://" + address.user() + "@" + address.host() + ":" + address.port() + "/" + address.database());
    return 0;
  }
}
