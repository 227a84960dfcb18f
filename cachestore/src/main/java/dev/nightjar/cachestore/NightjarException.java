package dev.nightjar.cachestore;

import java.io.IOException;
import java.sql.SQLException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A failure that a user can act on. Its message is one line: the code, the key of what failed, what
 * happened and the next step. Commands print that line and no stack trace.
 */
public final class NightjarException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final ErrorCode code;

  /**
   * @param code what kind of failure
   * @param key what failed: a file, a flag, a run, a submission
   * @param what what happened, and what was expected
   * @param nextStep what to do now, as an instruction
   */
  public NightjarException(ErrorCode code, String key, String what, String nextStep) {
    this(code, key, what, nextStep, null);
  }

  /** As the other constructor, with the cause kept for the log. */
  public NightjarException(
      ErrorCode code, String key, String what, String nextStep, @Nullable Throwable cause) {
    super(Secrets.redact(code + ": " + key + ": " + oneLine(what) + "; " + nextStep), cause);
    this.code = Objects.requireNonNull(code);
  }

  public ErrorCode code() {
    return code;
  }

  /**
   * The first failure among a throwable's causes that a user can act on, or null: one of ours, for
   * runners wrap them, or one of the database server, which a statement may meet anywhere.
   */
  public static @Nullable NightjarException in(@Nullable Throwable thrown) {
    int depthMax = 32;
    for (Throwable t = thrown; t != null && depthMax-- > 0; t = t.getCause()) {
      if (t instanceof NightjarException e) {
        return e;
      }
      if (t instanceof IOException
          && String.valueOf(t.getMessage()).contains("No space left on device")) {
        return new NightjarException(
            ErrorCode.DISK_FULL,
            System.getProperty("java.io.tmpdir", "/tmp"),
            "this file system, or that of the home directory, has no space left",
            "free some, then run the same command again: nothing is lost",
            thrown);
      }
      if (t instanceof SQLException e && isOfServer(e)) {
        return new NightjarException(
            ErrorCode.DATABASE_FAILED,
            "the database",
            String.valueOf(e.getMessage()),
            "see to the server, then run the same command again: nothing is lost",
            thrown);
      }
    }
    return null;
  }

  /** SQLSTATE classes: connection, resources (a full disk), operator (a shutdown), system. */
  private static boolean isOfServer(SQLException failure) {
    String state = failure.getSQLState();
    return state != null && state.matches("(08|53|57|58).*");
  }

  /** Without the cause: engines serialize failures, and SDK exceptions cannot be serialized. */
  private Object writeReplace() {
    return new NightjarException(code, String.valueOf(getMessage()));
  }

  private NightjarException(ErrorCode code, String line) {
    super(line);
    this.code = code;
  }

  private static String oneLine(String text) {
    return text.strip().replaceAll("\\s*\\R\\s*", " ");
  }
}
