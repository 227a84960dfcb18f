package dev.nightjar.notebooks;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.Properties;

/**
 * The books of all nights, read as an analyst: costs, and no text, vector or answer. One connection
 * a notebook; used by one thread; ends with the kernel.
 */
public final class Books {
  private static final int QUERY_SECONDS_MAX = 300;

  private final Connection connection;

  private Books(Connection connection) {
    this.connection = connection;
  }

  /**
   * Connects as {@code NIGHTJAR_JDBC_URL} and {@code PGUSER} say; the password comes from {@code
   * PGPASSWORD} or, by the driver, from {@code PGPASSFILE}. No message names any of them.
   */
  static Books open(Map<String, String> environment) {
    String url = environment.getOrDefault("NIGHTJAR_JDBC_URL", "");
    if (!url.startsWith("jdbc:postgresql:")) {
      throw new IllegalStateException(
          "SETUP: NIGHTJAR_JDBC_URL is not set to a PostgreSQL address; start with"
              + " 'notebooks/run'");
    }
    Properties login = new Properties();
    login.setProperty("ApplicationName", "nightjar notebooks");
    if (environment.containsKey("PGUSER")) {
      login.setProperty("user", environment.get("PGUSER"));
    }
    if (environment.containsKey("PGPASSWORD")) {
      login.setProperty("password", environment.get("PGPASSWORD"));
    }
    try {
      Connection connection = DriverManager.getConnection(url, login);
      try (Statement statement = connection.createStatement()) {
        statement.execute("set role nightjar_analyst");
        statement.execute("set default_transaction_read_only = on");
        statement.execute("set search_path = nightjar");
      }
      return new Books(connection);
    } catch (SQLException e) {
      throw new IllegalStateException(
          "DATABASE_UNREACHABLE: "
              + e.getMessage()
              + "; run 'runners/bin/nightjar setup', or see notebooks/README.md for another"
              + " database",
          e);
    }
  }

  /** Whether there is no night in them. */
  public boolean isEmpty() {
    return query("select from cost_by_run limit 1").isEmpty();
  }

  /** Asks the views; question marks in the text stand for the arguments, in their order. */
  public Rows query(String sql, Object... arguments) {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setQueryTimeout(QUERY_SECONDS_MAX);
      for (int index = 0; index < arguments.length; index++) {
        statement.setObject(index + 1, arguments[index]);
      }
      try (ResultSet result = statement.executeQuery()) {
        return new Rows(result);
      }
    } catch (SQLException e) {
      throw new IllegalStateException("DATABASE: " + e.getMessage(), e);
    }
  }
}
