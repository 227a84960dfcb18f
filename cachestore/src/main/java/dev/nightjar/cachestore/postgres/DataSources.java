package dev.nightjar.cachestore.postgres;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.pool.HikariPool;
import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import java.sql.SQLException;
import java.util.Optional;

/** Opens connection pools. */
public final class DataSources {
  /** Where all of Nightjar's tables are. */
  public static final String SCHEMA = "nightjar";

  private static final int CONNECTION_TIMEOUT_MILLIS = 10_000;

  private DataSources() {}

  /**
   * Opens a pool and proves that the database answers.
   *
   * @param poolConnectionsMax most connections at once
   * @param tenant the only one whose texts its connections see, as the role of a job; empty for an
   *     operator, who sees what the address's user may see
   * @throws NightjarException DATABASE_UNREACHABLE if it does not answer
   */
  public static HikariDataSource open(
      DatabaseAddress address, int poolConnectionsMax, Optional<String> tenant) {
    HikariConfig config = new HikariConfig();
    config.setPoolName("nightjar");
    // By name: the JVM looks for drivers once, and a later job on a TaskManager has its own loader.
    config.setDriverClassName("org.postgresql.Driver");
    config.setJdbcUrl(address.jdbcUrl());
    config.setUsername(address.user());
    address.readPassword().ifPresent(config::setPassword);
    config.setMaximumPoolSize(poolConnectionsMax);
    config.setMinimumIdle(0);
    config.setConnectionTimeout(CONNECTION_TIMEOUT_MILLIS);
    config.setInitializationFailTimeout(CONNECTION_TIMEOUT_MILLIS);
    config.addDataSourceProperty("ApplicationName", "nightjar");
    config.addDataSourceProperty("currentSchema", SCHEMA + ",public");
    config.addDataSourceProperty("reWriteBatchedInserts", "true");
    // Set as the connection is opened, so that no statement can run before it. No compiling of
    // plans:
    // it takes longer than most of ours run.
    config.addDataSourceProperty(
        "options",
        "-c jit=off"
            + tenant
                .map(name -> " -c role=nightjar_job -c nightjar.tenant=" + escaped(name))
                .orElse(""));
    // Details of an error quote the row, which holds prompts and answers.
    config.addDataSourceProperty("logServerErrorDetail", "false");
    // Without it a severed network leaves a session, and the lock it holds, to the kernel's two
    // hours.
    config.addDataSourceProperty("tcpKeepAlive", "true");
    try {
      return new HikariDataSource(config);
    } catch (HikariPool.PoolInitializationException e) {
      throw unreachable(address, e);
    }
  }

  /** In the startup options a blank parts two of them, unless a backslash stands before it. */
  private static String escaped(String value) {
    return value.replaceAll("([\\\\\\s])", "\\\\$1");
  }

  static NightjarException unreachable(DatabaseAddress address, Throwable cause) {
    String why = cause.getMessage() == null ? cause.toString() : cause.getMessage();
    for (Throwable t = cause; t != null; t = t.getCause()) {
      if (t instanceof SQLException && t.getMessage() != null) {
        why = t.getMessage();
      }
    }
    return new NightjarException(
        ErrorCode.DATABASE_UNREACHABLE,
        address.toString(),
        why,
        "start the server or correct --database; 'nightjar doctor' shows what is found",
        cause);
  }
}
