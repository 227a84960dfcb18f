package dev.nightjar.cachestore.local;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Asks a private server whether it lets this user in. */
final class ServerProbe {
  private static final int STARTING_SECONDS_MAX = 60;
  private static final int ASK_AGAIN_MILLIS = 250;

  private ServerProbe() {}

  /**
   * Waits until the server answers with its address's password, which after a crash is when it has
   * read its log.
   *
   * @param server has it run, and says where; asked before each try, for a server that was killed
   *     looks as if it ran until the system has buried it
   * @param wayOut what to do if it refuses the password
   * @return the address that has answered
   * @throws NightjarException DATABASE_UNREACHABLE if it refuses the password, or does not answer
   */
  static DatabaseAddress awaitAnswer(Supplier<DatabaseAddress> server, String wayOut) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(STARTING_SECONDS_MAX);
    while (true) {
      DatabaseAddress address = server.get();
      Properties properties = new Properties();
      properties.setProperty("user", address.user());
      properties.setProperty("password", address.readPassword().orElse(""));
      properties.setProperty("connectTimeout", "10");
      // Its own database: Nightjar's may not be made yet.
      try (Connection connection =
          DriverManager.getConnection(address.withDatabase("postgres").jdbcUrl(), properties)) {
        if (connection.isValid(10)) {
          return address;
        }
      } catch (SQLException e) {
        String state = String.valueOf(e.getSQLState());
        if (state.startsWith("28") || state.equals("08004")) { // wrong password, none given
          throw new NightjarException(
              ErrorCode.DATABASE_UNREACHABLE,
              address.toString(),
              "the password in " + address.passwordFile() + " is refused: " + e.getMessage(),
              wayOut,
              e);
        }
        boolean starting = state.equals("57P03") || state.startsWith("08");
        if (!starting || System.nanoTime() > deadline) {
          throw new NightjarException(
              ErrorCode.DATABASE_UNREACHABLE,
              address.toString(),
              String.valueOf(e.getMessage()),
              "see server.log in the database's directory; if no server runs there, remove its"
                  + " postmaster.pid; the data are as they were",
              e);
        }
      }
      try {
        Thread.sleep(ASK_AGAIN_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new NightjarException(
            ErrorCode.DATABASE_UNREACHABLE,
            address.toString(),
            "interrupted while it started",
            "run the same command again",
            e);
      }
    }
  }
}
