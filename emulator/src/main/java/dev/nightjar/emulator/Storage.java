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
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The emulator's disk: a SQLite database for what it knows, plain files for what was uploaded.
 * SQLite in write-ahead mode keeps every committed transaction through a kill of the process. All
 * methods are serialised: one connection.
 */
final class Storage implements AutoCloseable {
  private static final int INSERT_LINES_MAX = 1_000;
  private static final String BATCH_COLUMNS = "id, provider, owner, state, created_millis, data";
  private static final String USAGE_COLUMNS =
      "input_tokens, cached_tokens, write_5m_tokens, write_1h_tokens, output_tokens, reasoning_tokens";

  private static final String LINE_COLUMNS =
      "provider, batch_id, custom_id, model, " + USAGE_COLUMNS + ", usd";

  /** Exact sum of decimal strings: SQLite has no decimals, but 64-bit integers of 1e-12 dollars. */
  private static final String TOTAL =
      "select coalesce(sum("
          + "cast(case when instr(usd, '.') = 0 then usd else substr(usd, 1, instr(usd, '.') - 1) end"
          + " as integer) * 1000000000000"
          + " + cast(substr(case when instr(usd, '.') = 0 then ''"
          + " else substr(usd, instr(usd, '.') + 1) end || '000000000000', 1, 12) as integer)"
          + "), 0) from invoice_lines";

  /**
   * A batch at its provider; {@code data} is the provider's own object, with further fields whose
   * names start with {@code emulator_}. Only {@link Accounts.Viewer who sees} its owner's sees it.
   */
  record Batch(
      String id, String provider, String owner, String state, long createdMillis, ObjectNode data) {
    private static final String FAULTS = "emulator_faults";

    Batch with(String newState, ObjectNode newData) {
      return new Batch(id, provider, owner, newState, createdMillis, newData);
    }

    /** What goes wrong with it. */
    Set<Fault> faults() {
      Set<Fault> faults = EnumSet.noneOf(Fault.class);
      data.path(FAULTS).forEach(name -> faults.add(Fault.valueOf(name.asText())));
      return faults;
    }

    static void putFaults(ObjectNode data, Set<Fault> faults) {
      var names = data.putArray(FAULTS);
      faults.forEach(fault -> names.add(fault.name()));
    }

    /** The provider's own object. */
    ObjectNode shown() {
      List<String> own = new ArrayList<>();
      data.fieldNames()
          .forEachRemaining(
              name -> {
                if (name.startsWith("emulator_")) {
                  own.add(name);
                }
              });
      return data.deepCopy().remove(own);
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
            "create table if not exists uploads (id text primary key, seq integer, owner text not null,"
                + " data text not null)");
        statement.execute(
            "create table if not exists responses (id text primary key, owner text not null, ready_millis integer not null,"
                + " until_millis integer not null, data text not null)");
        statement.execute(
            "create table if not exists sessions (id text primary key, seq integer, data text not null)");
        statement.execute(
            "create table if not exists batches (id text primary key, seq integer, provider text not null,"
                + " owner text not null, state text not null, created_millis integer not null, data text not null)");
        statement.execute(
            "create table if not exists invoice_lines (line integer primary key, provider text not null,"
                + " batch_id text not null, custom_id text not null, model text not null,"
                + " input_tokens integer not null, cached_tokens integer not null,"
                + " write_5m_tokens integer not null, write_1h_tokens integer not null,"
                + " output_tokens integer not null, reasoning_tokens integer not null, usd text not null)");
        statement.execute("create index if not exists batches_of on batches (provider, state)");
        statement.execute(
            "create index if not exists invoice_of_batch on invoice_lines (batch_id)");
        statement.execute("create index if not exists invoice_of_id on invoice_lines (custom_id)");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (SQLException e) {
      throw failure(e);
    }
  }

  /** How often an emulator was started here, this time included. */
  synchronized long countStart() {
    long starts = 1 + number("pragma user_version");
    execute("pragma user_version = " + starts);
    return starts;
  }

  private static IllegalStateException failure(SQLException e) {
    return new IllegalStateException("the emulator's storage failed: " + e.getMessage(), e);
  }

  /** Where the content of a file, or what belongs to a batch, lies. */
  Path contentOf(String fileId) {
    return files.resolve(fileId.replace('/', '_'));
  }

  synchronized void putUpload(String id, String owner, ObjectNode data) {
    execute(
        "insert or replace into uploads values (?, (select coalesce(max(seq), 0) + 1 from uploads), ?, ?)",
        id,
        owner,
        Json.write(data));
  }

  /** Whether a file of this name is there, whoever may see it. */
  synchronized boolean hasUpload(String id) {
    return number("select count(*) from uploads where id = ?", id) > 0;
  }

  synchronized Optional<ObjectNode> upload(String id, Accounts.Viewer viewer) {
    return query(
            "select data from uploads where id = ? and owner in (?, ?)",
            rows -> Json.read(rows.getString(1)),
            id,
            viewer.project(),
            viewer.key())
        .stream()
        .findFirst();
  }

  /** Newest first; a provider's file ids have a prefix of their own. */
  synchronized List<ObjectNode> uploads(String prefix, Accounts.Viewer viewer) {
    return query(
        "select data from uploads where substr(id, 1, ?) = ? and owner in (?, ?) order by seq desc",
        rows -> Json.read(rows.getString(1)),
        prefix.length(),
        prefix,
        viewer.project(),
        viewer.key());
  }

  /** The same, of all accounts. */
  synchronized List<ObjectNode> uploads(String prefix) {
    return query(
        "select data from uploads where substr(id, 1, ?) = ? order by seq desc",
        rows -> Json.read(rows.getString(1)),
        prefix.length(),
        prefix);
  }

  synchronized boolean deleteUpload(String id) {
    deleteContent(id);
    return execute("delete from uploads where id = ?", id) == 1;
  }

  /** Gives the same content a second name: a file may be deleted while its batch is worked on. */
  void shareContent(String id, String secondId) {
    try {
      Files.deleteIfExists(contentOf(secondId));
      Files.createLink(contentOf(secondId), contentOf(id));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void deleteContent(String id) {
    try {
      Files.deleteIfExists(contentOf(id));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Keeps an answer that is fetched by its id: from when on it is ready, and until when it is kept.
   */
  synchronized void putResponse(
      String id, String owner, long readyMillis, long untilMillis, ObjectNode data) {
    execute(
        "insert into responses values (?, ?, ?, ?, ?)",
        id,
        owner,
        readyMillis,
        untilMillis,
        Json.write(data));
  }

  /** An answer that was kept. */
  record Response(boolean ready, ObjectNode data) {}

  synchronized Optional<Response> response(String id, Accounts.Viewer viewer, long nowMillis) {
    return query(
            "select ready_millis <= ?, data from responses where id = ? and owner = ? and until_millis > ?",
            rows -> new Response(rows.getBoolean(1), Json.read(rows.getString(2))),
            nowMillis,
            id,
            viewer.project(),
            nowMillis)
        .stream()
        .findFirst();
  }

  /** Keeps an upload that has not ended yet. */
  synchronized void putSession(String id, ObjectNode data) {
    execute(
        "insert or replace into sessions values (?, (select coalesce(max(seq), 0) + 1 from sessions), ?)",
        id,
        Json.write(data));
  }

  synchronized Optional<ObjectNode> session(String id) {
    return query("select data from sessions where id = ?", rows -> Json.read(rows.getString(1)), id)
        .stream()
        .findFirst();
  }

  synchronized void deleteSession(String id) {
    execute("delete from sessions where id = ?", id);
  }

  synchronized void putBatch(Batch batch) {
    execute(
        "insert into batches values (?, (select coalesce(max(seq), 0) + 1 from batches), ?, ?, ?, ?, ?)"
            + " on conflict (id) do update set state = excluded.state, data = excluded.data",
        batch.id(),
        batch.provider(),
        batch.owner(),
        batch.state(),
        batch.createdMillis(),
        Json.write(batch.data()));
  }

  /**
   * Changes a batch that is still in the state it was read in: a client may cancel it while the
   * engine moves it on.
   */
  synchronized boolean moveBatch(Batch batch, String fromState) {
    return execute(
            "update batches set state = ?, data = ? where id = ? and state = ?",
            batch.state(),
            Json.write(batch.data()),
            batch.id(),
            fromState)
        == 1;
  }

  /** What a client may see of it. */
  Optional<Batch> batch(String id, String provider, Accounts.Viewer viewer) {
    return batch(id)
        .filter(batch -> batch.provider().equals(provider) && viewer.sees(batch.owner()));
  }

  synchronized Optional<Batch> batch(String id) {
    return query("select " + BATCH_COLUMNS + " from batches where id = ?", Storage::batch, id)
        .stream()
        .findFirst();
  }

  /** Newest first, as every provider lists them. */
  synchronized List<Batch> batches(String provider, Accounts.Viewer viewer) {
    return query(
        "select "
            + BATCH_COLUMNS
            + " from batches where provider = ? and owner in (?, ?) order by seq desc",
        Storage::batch,
        provider,
        viewer.project(),
        viewer.key());
  }

  /** Newest first, of every provider. */
  synchronized List<Batch> newestBatches(int max) {
    return query(
        "select " + BATCH_COLUMNS + " from batches order by seq desc limit ?", Storage::batch, max);
  }

  /** Oldest first: what was created first is worked on first. */
  synchronized List<Batch> batchesIn(String provider, List<String> states) {
    return query(
        "select "
            + BATCH_COLUMNS
            + " from batches where provider = ? and instr(?, '|' || state || '|') > 0 order by seq",
        Storage::batch,
        provider,
        "|" + String.join("|", states) + "|");
  }

  synchronized long batchesSince(String provider, long createdMillis) {
    return number(
        "select count(*) from batches where provider = ? and created_millis > ?",
        provider,
        createdMillis);
  }

  synchronized boolean deleteBatch(String id) {
    return execute("delete from batches where id = ?", id) == 1;
  }

  private static Batch batch(ResultSet rows) throws SQLException {
    return new Batch(
        rows.getString(1),
        rows.getString(2),
        rows.getString(3),
        rows.getString(4),
        rows.getLong(5),
        Json.read(rows.getString(6)));
  }

  /**
   * The end of a batch's work, its result files and its bill are one transaction: none is there
   * without the others.
   *
   * @param fromStates in one of which it still has to be
   * @param uploads each with its id in {@code idField}
   * @return whether it was; if not, nothing has changed
   */
  synchronized boolean putExecuted(
      Batch batch, List<String> fromStates, List<ObjectNode> uploads, String idField, Bill bill) {
    if (batch(batch.id()).filter(now -> fromStates.contains(now.state())).isEmpty()) {
      return false;
    }
    try {
      connection.setAutoCommit(false);
      try (PreparedStatement statement = lineInsert()) {
        putBatch(batch);
        uploads.forEach(upload -> putUpload(upload.get(idField).asText(), batch.owner(), upload));
        int[] waiting = new int[1];
        bill.forEach(
            line -> {
              try {
                add(statement, line);
                if (++waiting[0] % INSERT_LINES_MAX == 0) {
                  statement.executeBatch();
                }
              } catch (SQLException e) {
                throw failure(e);
              }
            });
        statement.executeBatch();
        connection.commit();
        return true;
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

  /** Bills a synchronous request. */
  synchronized void putLine(Invoice.Line line) {
    if (line.usage().isFree()) {
      return;
    }
    try (PreparedStatement statement = lineInsert()) {
      add(statement, line);
      statement.executeBatch();
    } catch (SQLException e) {
      throw failure(e);
    }
  }

  private PreparedStatement lineInsert() throws SQLException {
    return connection.prepareStatement(
        "insert into invoice_lines ("
            + LINE_COLUMNS
            + ") values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  }

  private static void add(PreparedStatement statement, Invoice.Line line) throws SQLException {
    statement.setString(1, line.provider());
    statement.setString(2, line.batchId());
    statement.setString(3, line.customId());
    statement.setString(4, line.model());
    Usage usage = line.usage();
    statement.setLong(5, usage.input());
    statement.setLong(6, usage.cached());
    statement.setLong(7, usage.write5m());
    statement.setLong(8, usage.write1h());
    statement.setLong(9, usage.output());
    statement.setLong(10, usage.reasoning());
    statement.setString(11, line.usd().toPlainString());
    statement.addBatch();
  }

  synchronized List<Invoice.Line> invoiceLines() {
    return query("select " + LINE_COLUMNS + " from invoice_lines order by line", Storage::line);
  }

  synchronized List<Invoice.Line> invoiceLines(String batchId, int max) {
    return query(
        "select " + LINE_COLUMNS + " from invoice_lines where batch_id = ? order by line limit ?",
        Storage::line,
        batchId,
        max);
  }

  synchronized BigDecimal invoiceTotal() {
    return dollars(number(TOTAL));
  }

  synchronized BigDecimal invoiceTotal(String batchId) {
    return dollars(number(TOTAL + " where batch_id = ?", batchId));
  }

  private static BigDecimal dollars(long picodollars) {
    BigDecimal dollars = BigDecimal.valueOf(picodollars, 12).stripTrailingZeros();
    return dollars.scale() < 0 ? dollars.setScale(0) : dollars;
  }

  synchronized Usage invoiceUsage() {
    String sums =
        Arrays.stream(USAGE_COLUMNS.split(", "))
            .map(column -> "coalesce(sum(" + column + "), 0)")
            .collect(Collectors.joining(", "));
    return query("select " + sums + " from invoice_lines", rows -> usage(rows, 1)).get(0);
  }

  synchronized long invoiceCount() {
    return number("select count(*) from invoice_lines");
  }

  synchronized long invoiceCustomIds() {
    return number("select count(distinct custom_id) from invoice_lines where custom_id <> ''");
  }

  synchronized List<String> invoicedTwice() {
    return query(
        "select custom_id from invoice_lines where custom_id <> '' group by custom_id"
            + " having count(*) > 1 order by custom_id",
        rows -> rows.getString(1));
  }

  private static Invoice.Line line(ResultSet rows) throws SQLException {
    return new Invoice.Line(
        rows.getString(1),
        rows.getString(2),
        rows.getString(3),
        rows.getString(4),
        usage(rows, 5),
        new BigDecimal(rows.getString(11)));
  }

  private static Usage usage(ResultSet rows, int from) throws SQLException {
    return new Usage(
        rows.getLong(from),
        rows.getLong(from + 1),
        rows.getLong(from + 2),
        rows.getLong(from + 3),
        rows.getLong(from + 4),
        rows.getLong(from + 5));
  }

  private interface RowReader<T> {
    T read(ResultSet rows) throws SQLException;
  }

  private long number(String sql, Object... values) {
    return query(sql, rows -> rows.getLong(1), values).get(0);
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
