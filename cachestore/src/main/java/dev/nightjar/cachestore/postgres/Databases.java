package dev.nightjar.cachestore.postgres;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;
import java.util.Properties;

/** Creates, renames and drops the databases of a server. */
public final class Databases {
  private Databases() {}

  static void createIfMissing(DatabaseAddress address) {
    try (Connection connection = connect(address)) {
      return;
    } catch (SQLException e) {
      if (!"3D000".equals(e.getSQLState())) { // invalid_catalog_name: no such database
        throw DataSources.unreachable(address, e);
      }
    }
    try {
      create(address);
    } catch (SQLException e) {
      if (!"42P04".equals(e.getSQLState())) { // duplicate_database: another process was faster
        throw DataSources.unreachable(address, e);
      }
    }
  }

  /**
   * Creates a database.
   *
   * @throws NightjarException DATABASE_UNREACHABLE also if it is there already
   */
  public static void createNew(DatabaseAddress address) {
    try {
      create(address);
    } catch (SQLException e) {
      throw DataSources.unreachable(address, e);
    }
  }

  private static void create(DatabaseAddress address) throws SQLException {
    try (Connection connection = connect(address.withDatabase("postgres"));
        Statement statement = connection.createStatement()) {
      statement.execute("create database " + statement.enquoteIdentifier(address.database(), true));
    }
  }

  /** The major version of a server. */
  public static int serverVersion(DatabaseAddress address) {
    try (Connection connection = connect(address)) {
      return connection.getMetaData().getDatabaseMajorVersion();
    } catch (SQLException e) {
      throw DataSources.unreachable(address, e);
    }
  }

  /**
   * Gives a database the name of another, in one transaction.
   *
   * @param fresh the one that takes the place
   * @param place the address at which it will be
   * @param formerly the name of the one that was there
   * @return that name; empty if none was there
   * @throws NightjarException DATABASE_UNSUITABLE if somebody is connected to the one that is there
   */
  public static Optional<String> takePlace(
      DatabaseAddress fresh, DatabaseAddress place, String formerly) {
    try (Connection connection = connect(place.withDatabase("postgres"));
        Statement statement = connection.createStatement()) {
      connection.setAutoCommit(false);
      boolean taken;
      try (PreparedStatement names =
          connection.prepareStatement("select 1 from pg_database where datname = ?")) {
        names.setString(1, place.database());
        try (ResultSet rows = names.executeQuery()) {
          taken = rows.next();
        }
      }
      if (taken) {
        statement.execute(rename(statement, place.database(), formerly));
      }
      statement.execute(rename(statement, fresh.database(), place.database()));
      connection.commit();
      return taken ? Optional.of(formerly) : Optional.empty();
    } catch (SQLException e) {
      if (!"55006".equals(e.getSQLState())) { // object_in_use
        throw DataSources.unreachable(place, e);
      }
      throw new NightjarException(
          ErrorCode.DATABASE_UNSUITABLE,
          place.toString(),
          "is in use: " + e.getMessage(),
          "end the runs and sessions that use it, and run it again",
          e);
    }
  }

  private static String rename(Statement statement, String from, String to) throws SQLException {
    return "alter database "
        + statement.enquoteIdentifier(from, true)
        + " rename to "
        + statement.enquoteIdentifier(to, true);
  }

  /**
   * Drops a database if all that it holds is one tenant's: a name alone does not tell whose it is.
   *
   * @throws NightjarException DATABASE_UNSUITABLE, and it is left as it is, if it holds anything
   *     else
   */
  public static void dropIfOnlyOf(String tenant, DatabaseAddress address) {
    try (Connection connection = connect(address);
        Statement statement = connection.createStatement()) {
      statement.execute("set row_security = off"); // an error, rather than not seeing all
      if (!holdsOnly(tenant, connection)) {
        throw new NightjarException(
            ErrorCode.DATABASE_UNSUITABLE,
            address.toString(),
            "holds more than what the tenant '" + tenant + "' made there, and is not dropped",
            "rename it, or give another server");
      }
    } catch (SQLException e) {
      if ("3D000".equals(e.getSQLState())) { // invalid_catalog_name: there is none
        return;
      }
      throw DataSources.unreachable(address, e);
    }
    drop(address);
  }

  private static boolean holdsOnly(String tenant, Connection connection) throws SQLException {
    boolean nothingElse =
        isTrue(
            connection,
            "select not exists (select from pg_class where relkind in ('r', 'p', 'v', 'm') and relnamespace"
                + " not in (select oid from pg_namespace where nspname like 'pg\\_%' or nspname in"
                + " ('information_schema', 'nightjar')))");
    if (!nothingElse
        || !isTrue(connection, "select to_regclass('nightjar.namespaces') is not null")) {
      return nothingElse;
    }
    return isTrue(
        connection,
        "select not exists (select from nightjar.namespaces where tenant <> ?)",
        tenant);
  }

  private static boolean isTrue(Connection connection, String sql, String... values)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < values.length; i++) {
        statement.setString(i + 1, values[i]);
      }
      try (ResultSet rows = statement.executeQuery()) {
        return rows.next() && rows.getBoolean(1);
      }
    }
  }

  /** Drops a database and everything in it; for one that can be made again. */
  public static void drop(DatabaseAddress address) {
    try (Connection connection = connect(address.withDatabase("postgres"));
        Statement statement = connection.createStatement()) {
      statement.execute(
          "drop database if exists "
              + statement.enquoteIdentifier(address.database(), true)
              + " with (force)");
    } catch (SQLException e) {
      throw DataSources.unreachable(address, e);
    }
  }

  static Connection connect(DatabaseAddress address) throws SQLException {
    Properties properties = new Properties();
    properties.setProperty("user", address.user());
    properties.setProperty("connectTimeout", "10");
    properties.setProperty("ApplicationName", "nightjar");
    properties.setProperty("currentSchema", DataSources.SCHEMA + ",public");
    address.readPassword().ifPresent(password -> properties.setProperty("password", password));
    return DriverManager.getConnection(address.jdbcUrl(), properties);
  }
}
