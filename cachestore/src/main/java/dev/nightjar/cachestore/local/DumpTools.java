package dev.nightjar.cachestore.local;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.postgres.Databases;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;

/**
 * PostgreSQL's own pg_dump and pg_restore for one server, on this machine or in the server's
 * container. Immutable.
 */
final class DumpTools {
  private static final Duration PATIENCE_MAX = Duration.ofHours(6);

  private final BiFunction<String, List<String>, List<String>> line;
  private final Map<String, String> environment;

  private DumpTools(
      BiFunction<String, List<String>, List<String>> line, Map<String, String> environment) {
    this.line = line;
    this.environment = environment;
  }

  /** Those of one PostgreSQL on this machine. */
  static DumpTools of(Path binaries, DatabaseAddress address) {
    return new DumpTools(
        (program, arguments) -> {
          List<String> command = new ArrayList<>();
          command.add(binaries.resolve(program).toString());
          command.addAll(
              List.of(
                  "--no-password",
                  "--host=" + address.host(),
                  "--port=" + address.port(),
                  "--username=" + address.user()));
          command.addAll(arguments);
          return command;
        },
        // Its environment is only its user's to see; without one it looks in PGPASSFILE itself.
        address.readPassword().map(password -> Map.of("PGPASSWORD", password)).orElse(Map.of()));
  }

  /**
   * Those of this machine's PostgreSQL of the server's version: an older pg_dump refuses a server,
   * a newer pg_restore sets what it does not know.
   *
   * @throws NightjarException POSTGRES_MISSING, or DATABASE_UNREACHABLE
   */
  static DumpTools of(DatabaseAddress address) {
    int version = Databases.serverVersion(address);
    Path binaries =
        LocalPostgres.clients()
            .filter(candidate -> LocalPostgres.version(candidate, "pg_dump") == version)
            .findFirst()
            .orElseThrow(
                () ->
                    new NightjarException(
                        ErrorCode.POSTGRES_MISSING,
                        "pg_dump",
                        "this machine has none of PostgreSQL " + version + ", which the server is",
                        "install it (Debian: postgresql-client-"
                            + version
                            + "), or use the database server's own backups"));
    return of(binaries, address);
  }

  /** Those in a container, whose user asks for no password inside it. */
  static DumpTools inContainer(String docker, String container, DatabaseAddress address) {
    return new DumpTools(
        (program, arguments) -> {
          List<String> command = new ArrayList<>();
          command.addAll(List.of(docker, "exec", "-i", container, program));
          command.add("--username=" + address.user());
          command.addAll(arguments);
          return command;
        },
        Map.of());
  }

  /** Writes a database's schema and data to a file, in pg_dump's custom format. */
  void dump(String database, Path file) {
    run("pg_dump", List.of("--format=custom", "--dbname=" + database), null, file);
  }

  /** Reads a dump's table of contents, which a file that was cut off does not have. */
  void check(Path file) {
    run("pg_restore", List.of("--list"), file, Path.of("/dev/null"));
  }

  /** Puts what a dump holds into an empty database; all of it or an exception. */
  void restore(Path file, String database) {
    run("pg_restore", List.of("--exit-on-error", "--dbname=" + database), file, null);
  }

  private void run(
      String program,
      List<String> arguments,
      @org.jspecify.annotations.Nullable Path input,
      @org.jspecify.annotations.Nullable Path output) {
    Commands.Ended ended =
        Commands.run(
            line.apply(program, arguments),
            environment,
            Optional.ofNullable(input),
            Optional.ofNullable(output),
            PATIENCE_MAX);
    if (!ended.ok()) {
      throw new NightjarException(
          ErrorCode.BACKUP_FAILED,
          program,
          ended.output(),
          "nothing was changed; see to the cause and run it again");
    }
  }
}
