package dev.nightjar.cachestore.postgres;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.Fingerprint;
import dev.nightjar.cachestore.NightjarException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Objects;
import java.util.Optional;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.MigrationInfo;
import org.flywaydb.core.api.MigrationInfoService;
import org.flywaydb.core.api.MigrationState;

/** Brings a database to the schema version of this build. */
public final class Migrations {
  private Migrations() {}

  /**
   * Creates the database if it is not there, then applies what is missing. Safe to call from
   * several processes at once: Flyway takes a lock.
   *
   * @return the schema version reached
   * @throws NightjarException DATABASE_UNREACHABLE, or DATABASE_UNSUITABLE if pgvector is missing
   *     or the schema is newer than this build
   */
  public static String migrate(DatabaseAddress address) {
    Databases.createIfMissing(address);
    Optional<String> current = versionIfCurrent(address);
    if (current.isPresent()) {
      return current.get(); // a job's login need not be one that may migrate
    }
    requireVector(address);
    ensureRoles(address);
    Flyway flyway = flyway(address, "set role nightjar_migration; ");
    try {
      MigrationInfo[] future =
          java.util.Arrays.stream(flyway.info().applied())
              .filter(Migrations::isOfNewerBuild)
              .toArray(MigrationInfo[]::new);
      if (future.length > 0) {
        throw new NightjarException(
            ErrorCode.DATABASE_UNSUITABLE,
            address.toString(),
            "its schema is at version "
                + future[future.length - 1].getVersion()
                + ", newer than this build",
            "use the newer build");
      }
      flyway.migrate();
      markPrivileges(address);
      return version(flyway.info());
    } catch (FlywayException e) {
      throw new NightjarException(
          ErrorCode.DATABASE_UNSUITABLE,
          address.toString(),
          "migration failed: " + e.getMessage(),
          "run as a role that owns the database, or on an empty database",
          e);
    }
  }

  private static void requireVector(DatabaseAddress address) {
    try (Connection connection = Databases.connect(address);
        Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery("select 1 from pg_available_extensions where name = 'vector'")) {
      if (!rows.next()) {
        throw new NightjarException(
            ErrorCode.DATABASE_UNSUITABLE,
            address.toString(),
            "the server does not have the extension pgvector",
            "install it there (Debian 13: postgresql-17-pgvector), or leave --database out");
      }
    } catch (SQLException e) {
      throw DataSources.unreachable(address, e);
    }
  }

  private static Flyway flyway(DatabaseAddress address, String role) {
    return Flyway.configure(Migrations.class.getClassLoader())
        .dataSource(address.jdbcUrl(), address.user(), address.readPassword().orElse(null))
        .locations(
            "classpath:dev/nightjar/sql/migrations",
            "classpath:dev/nightjar/sql/views",
            "classpath:dev/nightjar/sql/roles")
        .defaultSchema(DataSources.SCHEMA)
        .createSchemas(true)
        // A view that was renamed, or is there no more, is no reason to refuse; see the views'
        // folder.
        .ignoreMigrationPatterns("*:future", "repeatable:missing")
        .initSql(
            role
                + "set client_min_messages = warning; set search_path to "
                + DataSources.SCHEMA
                + ", public")
        .load();
  }

  private static String version(MigrationInfoService info) {
    return java.util.Arrays.stream(info.applied())
        .filter(migration -> migration.getVersion() != null)
        .reduce((first, second) -> second)
        .map(migration -> migration.getVersion().getVersion())
        .orElse("0");
  }

  private static boolean isOfNewerBuild(MigrationInfo migration) {
    return migration.getState().name().startsWith("FUTURE");
  }

  /** The version, if this build would change nothing. */
  private static Optional<String> versionIfCurrent(DatabaseAddress address) {
    try {
      MigrationInfoService info = flyway(address, "").info();
      boolean current =
          info.applied().length > 0
              && info.pending().length == 0
              && java.util.Arrays.stream(info.applied())
                  .noneMatch(
                      migration ->
                          isOfNewerBuild(migration)
                              || migration.getState() == MigrationState.OUTDATED
                              || migration.getState().isFailed());
      return current && privilegesAreGiven(address) ? Optional.of(version(info)) : Optional.empty();
    } catch (FlywayException e) {
      return Optional.empty(); // whatever it is, migrating says it better
    }
  }

  /**
   * Notes in the schema's comment which privileges were given, after they were: a process that dies
   * between the last migration and them leaves views that see past the policies of tenants.
   */
  private static void markPrivileges(DatabaseAddress address) {
    try (Connection connection = Databases.connect(address);
        Statement statement = connection.createStatement()) {
      statement.execute("set role nightjar_migration");
      statement.execute(
          "comment on schema "
              + DataSources.SCHEMA
              + " is "
              + statement.enquoteLiteral(privileges()));
    } catch (SQLException e) {
      throw DataSources.unreachable(address, e);
    }
  }

  private static boolean privilegesAreGiven(DatabaseAddress address) {
    try (Connection connection = Databases.connect(address);
        PreparedStatement statement =
            connection.prepareStatement(
                "select obj_description(to_regnamespace(?)::oid, 'pg_namespace') = ?")) {
      statement.setString(1, DataSources.SCHEMA);
      statement.setString(2, privileges());
      try (ResultSet rows = statement.executeQuery()) {
        return rows.next() && rows.getBoolean(1);
      }
    } catch (SQLException e) {
      return false; // whatever it is, migrating says it better
    }
  }

  private static String privileges() {
    try (InputStream file =
        Objects.requireNonNull(
            Migrations.class.getResourceAsStream(
                "/dev/nightjar/sql/roles/afterMigrate__privileges.sql"))) {
      return "privileges "
          + Fingerprint.sha256(new String(file.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void ensureRoles(DatabaseAddress address) {
    try (Connection connection = Databases.connect(address);
        Statement statement = connection.createStatement();
        InputStream roles =
            Objects.requireNonNull(
                Migrations.class.getResourceAsStream("/dev/nightjar/sql/roles/roles.sql"))) {
      connection.setAutoCommit(false);
      // Two that migrate at once would change the same rows of the catalogue.
      statement.execute("select pg_advisory_xact_lock(hashtext('nightjar roles'))");
      statement.execute(new String(roles.readAllBytes(), StandardCharsets.UTF_8));
      connection.commit();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (SQLException e) {
      if (!"42501".equals(e.getSQLState())) { // insufficient_privilege
        throw DataSources.unreachable(address, e);
      }
      throw new NightjarException(
          ErrorCode.DATABASE_UNSUITABLE,
          address.toString(),
          "this role may not make Nightjar's roles: " + e.getMessage(),
          "have a superuser run sql/roles/roles.sql in the database, and grant nightjar_migration"
              + " and nightjar_job to "
              + address.user(),
          e);
    }
  }

  /**
   * Gives an empty database what a dump does not bring, Nightjar's roles and the extension.
   *
   * @throws NightjarException DATABASE_UNREACHABLE, or DATABASE_UNSUITABLE if pgvector is missing
   */
  public static void makeReady(DatabaseAddress address) {
    requireVector(address);
    ensureRoles(address);
  }
}
