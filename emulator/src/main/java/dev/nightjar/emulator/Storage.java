package dev.nightjar.emulator;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The emulator's disk: a SQLite database for what it knows, plain files for what was uploaded.
 * SQLite in write-ahead mode keeps every committed transaction through a kill of the process. All
 * methods are serialised: one connection.
 */
final class Storage implements AutoCloseable {

  /** A batch at its provider; {@code data} is the provider's own object plus times in millis. */
  record Batch(String id, String provider, String state, long createdMillis, ObjectNode data) {
    Batch with(String newState, ObjectNode newData) {
      return new Batch(id, provider, newState, createdMillis, newData);
    }
  }

  private final Connection connection;
  private final Path files;

  Storage(Path home) {
    try {
      Files.createDirectories(home.resolve("files"));
      this.files = home.resolve("files");
      this.connection = DriverManager.getConnection("jdbc:sqlite:" + home.resolve("emulator.db"));
      try (Statement statement = connection.createStatement()) {
        statement.execute("pragma journal_mode = wal");
        statement.execute("pragma synchronous = normal");
        statement.execute(
            "create table if not exists uploads (id text primary key, seq integer, data text not null)");
        statement.execute(
            "create table if not exists batches (id text primary key, seq integer, provider text not null,"
                + " state text not null, created_millis integer not null, data text not null)");
        statement.execute(
            "create table if not exists invoice (line integer primary key, provider text not null,"
                + " batch_id text not null, custom_id text not null, model text not null,"
                + " prompt_tokens integer not null, output_tokens integer not null, usd text not null)");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (SQLException e) {
      throw failure(e);
    }
  }

  private static IllegalStateException failure(SQLException e) {
    return new IllegalStateException("the emulator's storage failed: " + e.getMessage(), e);
  }

  Path contentOf(String fileId) {
    return files.resolve(fileId);
  }

  synchronized void putUpload(String id, ObjectNode data) {
    execute(
        "insert or replace into uploads values (?, (select coalesce(max(seq), 0) + 1 from uploads), ?)",
        id,
        Json.write(data));
  }

  synchronized Optional<ObjectNode> upload(String id) {
    return query("select data from uploads where id = ?", rows -> Json.read(rows.getString(1)), id)
        .stream()
        .findFirst();
  }

  synchronized List<ObjectNode> uploads() {
    return query(
        "select data from uploads order by seq desc", rows -> Json.read(rows.getString(1)));
  }

  synchronized boolean deleteUpload(String id) {
    try {
      Files.deleteIfExists(contentOf(id));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return execute("delete from uploads where id = ?", id) == 1;
  }

  synchronized void putBatch(Batch batch) {
    execute(
        "insert into batches values (?, (select coalesce(max(seq), 0) + 1 from batches), ?, ?, ?, ?)"
            + " on conflict (id) do update set state = excluded.state, data = excluded.data",
        batch.id(),
        batch.provider(),
        batch.state(),
        batch.createdMillis(),
        Json.write(batch.data()));
  }

  synchronized Optional<Batch> batch(String id) {
    return query(
            "select id, provider, state, created_millis, data from batches where id = ?",
            Storage::batch,
            id)
        .stream()
        .findFirst();
  }

  /** Newest first, as every provider lists them. */
  synchronized List<Batch> batches(String provider) {
    return query(
        "select id, provider, state, created_millis, data from batches where provider = ? order by seq desc",
        Storage::batch,
        provider);
  }

  synchronized boolean deleteBatch(String id) {
    return execute("delete from batches where id = ?", id) == 1;
  }

  private static Batch batch(ResultSet rows) throws SQLException {
    return new Batch(
        rows.getString(1),
        rows.getString(2),
        rows.getString(3),
        rows.getLong(4),
        Json.read(rows.getString(5)));
  }

  /**
   * The end of a batch's work and its bill are one transaction: neither is there without the other.
   */
  synchronized void putExecuted(@Nullable Batch batch, List<Invoice.Line> bill) {
    try {
      connection.setAutoCommit(false);
      try {
        if (batch != null) {
          putBatch(batch);
        }
        try (PreparedStatement statement =
            connection.prepareStatement(
                "insert into invoice (provider, batch_id, custom_id, model, prompt_tokens, output_tokens, usd)"
                    + " values (?, ?, ?, ?, ?, ?, ?)")) {
          for (Invoice.Line line : bill) {
            statement.setString(1, line.provider());
            statement.setString(2, line.batchId());
            statement.setString(3, line.customId());
            statement.setString(4, line.model());
            statement.setLong(5, line.promptTokens());
            statement.setLong(6, line.outputTokens());
            statement.setString(7, line.usd().toPlainString());
            statement.addBatch();
          }
          statement.executeBatch();
        }
        connection.commit();
      } catch (SQLException | RuntimeException e) {
        connection.rollback();
        throw e;
      } finally {
        connection.setAutoCommit(true);
      }
    } catch (SQLException e) {
      throw failure(e);
    }
  }

  synchronized List<Invoice.Line> invoiceLines() {
    return query(
        "select provider, batch_id, custom_id, model, prompt_tokens, output_tokens, usd from invoice order by line",
        rows ->
            new Invoice.Line(
                rows.getString(1),
                rows.getString(2),
                rows.getString(3),
                rows.getString(4),
                rows.getLong(5),
                rows.getLong(6),
                new BigDecimal(rows.getString(7))));
  }

  private interface RowReader<T> {
    T read(ResultSet rows) throws SQLException;
  }

  private <T> List<T> query(String sql, RowReader<T> reader, Object... values) {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < values.length; i++) {
        statement.setObject(i + 1, values[i]);
      }
      List<T> result = new ArrayList<>();
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          result.add(reader.read(rows));
        }
      }
      return result;
    } catch (SQLException e) {
      throw failure(e);
    }
  }

  private int execute(String sql, Object... values) {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < values.length; i++) {
        statement.setObject(i + 1, values[i]);
      }
      return statement.executeUpdate();
    } catch (SQLException e) {
      throw failure(e);
    }
  }

  @Override
  public synchronized void close() {
    try {
      connection.close();
    } catch (SQLException e) {
      throw failure(e);
    }
  }
}
