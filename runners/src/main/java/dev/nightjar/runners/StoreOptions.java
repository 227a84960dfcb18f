package dev.nightjar.runners;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.local.Backup;
import dev.nightjar.cachestore.local.PrivateDatabase;
import dev.nightjar.cachestore.postgres.Migrations;
import dev.nightjar.cachestore.postgres.PostgresStores;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** Where a command keeps its state. */
final class StoreOptions {
  static final String DATABASE = "nightjar";
  private static final int POOL_CONNECTIONS_MAX = 6;

  @Option(
      names = "--database",
      paramLabel = "URL",
      defaultValue = "${env:NIGHTJAR_DATABASE_URL}",
      scope = ScopeType.INHERIT,
      description = {
        "PostgreSQL with pgvector: postgresql://user@host:port/database. The password comes from"
            + " PGPASSWORD or PGPASSFILE.",
        "Default: a private cluster under NIGHTJAR_HOME, made with the PostgreSQL on this machine, else"
            + " Docker. Environment: NIGHTJAR_DATABASE_URL."
      })
  @Nullable String database;

  /** Where everything of this user is kept. */
  static Path home() {
    String home = System.getenv("NIGHTJAR_HOME");
    if (home == null || home.isBlank()) {
      String users = System.getenv("HOME"); // as the launcher takes it
      return Path.of(
          users == null || users.isBlank() ? System.getProperty("user.home", "/") : users,
          ".nightjar");
    }
    if (!Path.of(home).isAbsolute()) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "NIGHTJAR_HOME",
          "'" + home + "' is a relative path, which is another database in each directory",
          "give an absolute path");
    }
    return Path.of(home);
  }

  /** The server's address: given, local, or in a container, started if need be. */
  DatabaseAddress server() {
    String url = database;
    return url != null && !url.isBlank()
        ? DatabaseAddress.parse(url)
        : PrivateDatabase.in(home()).start();
  }

  /** Whether the database is somebody else's to run and to back up. */
  boolean isGiven() {
    return database != null && !database.isBlank();
  }

  /** Copies of the database, which is started if need be. */
  Backup backup() {
    DatabaseAddress address = server();
    return isGiven()
        ? Backup.of(address, MachineClock.utc())
        : Backup.of(PrivateDatabase.in(home()), home(), address, MachineClock.utc());
  }

  /** The address of the database, at the schema version of this build. */
  DatabaseAddress migrated(Optional<String> databaseName) {
    DatabaseAddress server = server();
    DatabaseAddress address = databaseName.map(server::withDatabase).orElse(server);
    Migrations.migrate(address);
    try (PostgresStores stores = PostgresStores.open(address, 1, MachineClock.utc())) {
      stores.prices().seed();
    }
    return address;
  }

  /** The store as a job of one tenant sees it. */
  static PostgresStores openFor(String tenant, DatabaseAddress address) {
    return PostgresStores.openFor(tenant, address, POOL_CONNECTIONS_MAX, MachineClock.utc());
  }

  /** The store as an operator sees it, who works on all tenants. */
  static PostgresStores open(DatabaseAddress address) {
    return PostgresStores.open(address, POOL_CONNECTIONS_MAX, MachineClock.utc());
  }
}
