package dev.nightjar.runners;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.Fingerprint;
import dev.nightjar.cachestore.NightjarException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * A corpus that a database holds: the rows of a query, kept as JSON lines in a file of this
 * machine, so that a night that was interrupted goes on with what it began with. Rows are streamed;
 * nothing is changed in the database.
 *
 * @param url of any database whose JDBC driver is on the class path
 * @param query without parameters
 * @param password null for none, or one in the URL
 */
record CorpusQuery(String url, String query, @Nullable String password) {
  private static final int ROWS_A_FETCH = 1_000;

  /**
   * Runs it, and keeps its rows in a file that is named by URL and query. A file with the same rows
   * is left as it is: a run looks at files' times to see whether its corpus changed.
   *
   * @throws NightjarException INPUT_UNREADABLE if the query fails, DISK_FULL or OPTION_INVALID if
   *     the folder cannot be written to
   */
  Path keep(Path folder) {
    Path file = folder.resolve(Fingerprint.sha256(url, query).substring(0, 16) + ".jsonl.gz");
    Path fresh = folder.resolve(file.getFileName() + "." + ProcessHandle.current().pid());
    try {
      Files.createDirectories(folder);
      try {
        write(fresh);
        if (!Files.exists(file) || Files.mismatch(file, fresh) >= 0) {
          Files.move(fresh, file, StandardCopyOption.REPLACE_EXISTING);
        }
      } finally {
        Files.deleteIfExists(fresh);
      }
    } catch (SQLException e) {
      throw new NightjarException(
          ErrorCode.INPUT_UNREADABLE,
          "--corpus-sql",
          String.valueOf(e.getMessage()).lines().findFirst().orElse(""),
          String.valueOf(e.getMessage()).startsWith("No suitable driver")
              ? "put the database's JDBC driver on NIGHTJAR_CLASSPATH"
              : "correct --corpus-sql, --corpus-url or NIGHTJAR_CORPUS_PASSWORD",
          e);
    } catch (IOException e) {
      throw new NightjarException(
          ErrorCode.INPUT_UNREADABLE,
          folder.toString(),
          "the rows cannot be written (" + e.getMessage() + ")",
          "see to its permissions and to room for them",
          e);
    }
    return file;
  }

  private void write(Path file) throws SQLException, IOException {
    Properties properties = new Properties();
    if (password != null) {
      properties.setProperty("password", password);
    }
    try (Connection connection = DriverManager.getConnection(url, properties)) {
      connection.setAutoCommit(false); // else PostgreSQL sends all rows at once
      readOnly(connection);
      try (Statement statement = connection.createStatement();
          OutputStream out = new GZIPOutputStream(Files.newOutputStream(file), 1 << 16);
          JsonGenerator json = new JsonFactory().createGenerator(out)) {
        json.setRootValueSeparator(new com.fasterxml.jackson.core.io.SerializedString("\n"));
        statement.setFetchSize(ROWS_A_FETCH);
        try (ResultSet rows = statement.executeQuery(query)) {
          ResultSetMetaData columns = rows.getMetaData();
          while (rows.next()) {
            json.writeStartObject();
            for (int i = 1; i <= columns.getColumnCount(); i++) {
              String value = rows.getString(i);
              if (value != null) {
                json.writeStringField(columns.getColumnLabel(i), value);
              }
            }
            json.writeEndObject();
          }
        }
      } finally {
        connection.rollback();
      }
    }
  }

  private static void readOnly(Connection connection) {
    try {
      connection.setReadOnly(true);
    } catch (SQLException e) {
      // SQLite's takes it before it connects only; what is written is rolled back in any case
    }
  }
}
