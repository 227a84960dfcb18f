package dev.nightjar.runners;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.local.PrivateDatabase;
import dev.nightjar.cachestore.postgres.PostgresStores;
import java.io.Console;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The database: starting and stopping the private one, copies of either kind. */
@Command(
    name = "db",
    mixinStandardHelpOptions = true,
    header = "Starts, stops, shows, backs up and restores the database.",
    synopsisSubcommandLabel =
        "(start | stop | url | backup | restore | reconciled | password | destroy)",
    description = {
      "",
      "The private PostgreSQL holds every result, every answer paid for and the ledger. Nothing but 'db"
          + " destroy' deletes it; 'db backup' from cron keeps a copy.",
      ""
    })
final class DatabaseCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }

  @Command(header = "Starts it, brings the schema up to date, and prints how to reach it.")
  int start(@Mixin StoreOptions store) {
    DatabaseAddress address = store.migrated(Optional.empty());
    say(address.psqlCommand());
    if (!store.isGiven()) {
      say("its data are in " + PrivateDatabase.in(StoreOptions.home()).place());
    }
    return 0;
  }

  @Command(header = "Stops it; the data stays.")
  int stop() {
    say(PrivateDatabase.in(StoreOptions.home()).stop() ? "stopped" : "was not running");
    return 0;
  }

  @Command(header = "Prints its URL, without the password.")
  int url(@Mixin StoreOptions store) {
    DatabaseAddress address = store.server();
    say(address.url());
    return 0;
  }

  @Command(
      header = "Writes all of the database to a new file, by pg_dump; nights may run meanwhile.",
      description = {
        "",
        "A file that is there is not overwritten. In a crontab: db backup /backups/nightjar-$(date"
            + " +\\%%F).dump",
        ""
      })
  int backup(@Mixin StoreOptions store, @Parameters(paramLabel = "FILE") Path file) {
    long bytes = store.backup().write(file);
    say("wrote " + file + ", " + bytes + " bytes");
    return 0;
  }

  @Command(
      header = "Puts a backup in the database's place; the former database is kept.",
      description = {
        "",
        "Submissions that the backup knows are looked up at their providers by the next run. What was"
            + " requested after the backup was made is not known to it.",
        ""
      })
  int restore(@Mixin StoreOptions store, @Parameters(paramLabel = "FILE") Path file) {
    Optional<String> former = store.backup().restore(file);
    say("restored " + file);
    former.ifPresent(
        name ->
            say(
                "the former database is kept as "
                    + name
                    + "; drop it when it is not wanted any more"));
    say(
        "before anything is sent again, each account is asked for the batches that were sent after the backup;"
            + " 'nightjar collect' with the key and base URL of each does that");
    return 0;
  }

  @Command(
      header = "Says that an account has no batches from after a backup that was put back.",
      description = {
        "",
        "For an account whose key is gone. What it was sent after the backup may then be bought again: see its"
            + " provider's console first.",
        ""
      })
  int reconciled(
      @Mixin StoreOptions store,
      @Parameters(paramLabel = "PROVIDER", description = "As in the warning.") String provider,
      @Parameters(paramLabel = "ACCOUNT", description = "As in the warning.") String account) {
    try (PostgresStores stores = StoreOptions.open(store.migrated(Optional.empty()))) {
      if (!stores.strays().giveUp(provider, account)) {
        throw new NightjarException(
            ErrorCode.OPTION_INVALID,
            provider + " " + account,
            "is no account that is waited for",
            "give both as the warning of 'nightjar collect' has them");
      }
    }
    say(provider + " " + account + " is not waited for any more");
    return 0;
  }

  @Command(
      header = "Sets a new password, where the file that holds it was lost; the data stay.",
      description = {"", "Stops the server for it.", ""})
  int password() {
    PrivateDatabase database = PrivateDatabase.in(StoreOptions.home());
    database.setNewPassword();
    say("a new password is set; " + database.start() + " answers");
    return 0;
  }

  @Command(header = "Deletes the private database with everything in it; asks before it does.")
  int destroy(
      @Option(
              names = "--confirm",
              paramLabel = "HOME",
              description =
                  "The home directory whose database is meant, where nobody can be asked.")
          @Nullable Path confirm) {
    Path home = StoreOptions.home().toAbsolutePath().normalize();
    PrivateDatabase database = PrivateDatabase.in(home);
    String place = database.place();
    if (!(confirm == null ? isAskedFor(home, place) : confirm.equals(home))) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "db destroy",
          "nothing was deleted: the answer was not " + home,
          "give --confirm " + home + " to delete all results, answers and the ledger in " + place);
    }
    database.destroyForGood();
    say("deleted " + place);
    return 0;
  }

  private static boolean isAskedFor(Path home, String place) {
    Console console = System.console();
    return console != null
        && home.toString()
            .equals(
                console.readLine(
                    "This deletes all results, all answers paid for and the ledger, in %s.%n"
                        + "Type %s to go on: ",
                    place, home));
  }

  private void say(String line) {
    spec.commandLine().getOut().println(line);
  }
}
