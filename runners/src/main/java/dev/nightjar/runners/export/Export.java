package dev.nightjar.runners.export;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SequenceWriter;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import com.jerolba.carpet.CarpetWriter;
import com.jerolba.carpet.ColumnNamingStrategy;
import com.jerolba.carpet.TimeUnit;
import de.siegmar.fastcsv.writer.CsvWriter;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;

/**
 * Writes a table of some runs to a file.
 *
 * @param <T> a row
 */
public final class Export<T extends Record> {
  /** The runs that are exported, which {@link #chooseRuns} names: COPY takes no parameters. */
  static final String CHOSEN_RUNS =
      "string_to_array(current_setting('nightjar.export_runs'), E'\\n')";

  static final String RESULT_ROWS =
      """
      (
          select
              i.run_id, i.document_id, i.source_uri, i.item_key, i.state, i.answered_by, i.similarity,
              s.answer::text as answer, i.failure_code, i.failure_reason, i.settled_at
          from items i
          left join results s using (run_id, document_id)
      ) t\
      """;

  static final String LATEST_ROWS =
      """
      (
          select distinct on (i.document_id)
              i.run_id, i.document_id, i.source_uri, i.item_key, i.state, i.answered_by, i.similarity,
              s.answer::text as answer, i.failure_code, i.failure_reason, i.settled_at
          from items i
          join results s using (run_id, document_id)
          where i.run_id = any (CHOSEN)
          order by i.document_id, i.settled_at desc, i.run_id desc
      ) t\
      """
          .replace("CHOSEN", CHOSEN_RUNS);

  /** What every document got. */
  public static final Export<ResultRow> RESULTS = new Export<>(ResultRow.class, RESULT_ROWS);

  /** The last answer that any of the runs gave each document. */
  public static final Export<ResultRow> LATEST = new Export<>(ResultRow.class, LATEST_ROWS);

  /** What every document cost. */
  public static final Export<CostRow> COSTS = new Export<>(CostRow.class, "item_costs t");

  private static final int ROWS_FETCHED = 2_000;

  /**
   * 38 digits are the most that Parquet readers take. Shares of costs have up to 15 decimals,
   * shares of machine time as many as PostgreSQL divides to: 20 and more.
   */
  private static final int DECIMAL_PRECISION = 38;

  private static final int DECIMAL_SCALE = 26;

  /** What spreadsheets take for the beginning of a formula (OWASP, "CSV Injection"). */
  private static final Pattern FORMULA = Pattern.compile("^[=+\\-@\\t\\r].*", Pattern.DOTALL);

  private static final Pattern NUMBER = Pattern.compile("[+-]?\\d+(\\.\\d+)?([eE][+-]?\\d+)?");

  private final Rows<T> rows;
  private final String from;
  private final boolean rawCells;

  private Export(Class<T> type, String from) {
    this(new Rows<>(type), from, false);
  }

  private Export(Rows<T> rows, String from, boolean rawCells) {
    this.rows = rows;
    this.from = from;
    this.rawCells = rawCells;
  }

  /** The same with every cell of a CSV file as it stands, for a reader that is no spreadsheet. */
  public Export<T> withRawCells() {
    return new Export<>(rows, from, true);
  }

  /**
   * A cell that a spreadsheet shows and does not run: a document, and whoever wrote it, decides
   * what a model answers and what its id is.
   */
  public static String harmless(String cell) {
    return FORMULA.matcher(cell).matches() && !NUMBER.matcher(cell).matches() ? "'" + cell : cell;
  }

  /** Takes rows one by one. */
  private interface Sink<T> extends AutoCloseable {
    void write(T row) throws IOException;

    @Override
    void close() throws IOException;
  }

  /**
   * Writes a file beside the wanted one, then puts it in its place: whoever reads it sees it whole.
   *
   * @return how many rows
   */
  public long write(DataSource source, List<String> runIds, ExportFormat format, Path file)
      throws SQLException, IOException {
    return whole(file, out -> write(source, runIds, format, out));
  }

  /** Writes a file's content. */
  interface Writing {
    long to(OutputStream out) throws SQLException, IOException;
  }

  static long whole(Path file, Writing writing) throws SQLException, IOException {
    Path whole = file.toAbsolutePath();
    Path part = whole.resolveSibling("." + whole.getFileName() + ".part");
    try {
      long count;
      try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(part))) {
        count = writing.to(out);
      }
      Files.move(part, whole, StandardCopyOption.REPLACE_EXISTING);
      return count;
    } finally {
      Files.deleteIfExists(part);
    }
  }

  /** Names the runs, to the end of the transaction. */
  static void chooseRuns(Connection connection, List<String> runIds) throws SQLException {
    try (PreparedStatement setting =
        connection.prepareStatement("select set_config('nightjar.export_runs', ?, true)")) {
      setting.setString(1, String.join("\n", runIds));
      setting.executeQuery();
    }
  }

  private long write(DataSource source, List<String> runIds, ExportFormat format, OutputStream out)
      throws SQLException, IOException {
    try (Connection connection = source.getConnection()) {
      connection.setAutoCommit(false); // else the driver reads all rows before the first
      chooseRuns(connection, runIds);
      if (format == ExportFormat.COPY) {
        return copy(connection, out);
      }
      long count = 0;
      try (Sink<T> sink = sink(format, out);
          PreparedStatement statement =
              connection.prepareStatement(
                  "select "
                      + rows.selected()
                      + " from "
                      + from
                      + " where run_id = any ("
                      + CHOSEN_RUNS
                      + ") order by run_id, document_id")) {
        statement.setFetchSize(ROWS_FETCHED);
        try (ResultSet cursor = statement.executeQuery()) {
          while (cursor.next()) {
            sink.write(rows.read(cursor));
            count++;
          }
        }
      }
      return count;
    }
  }

  private long copy(Connection connection, OutputStream out) throws SQLException, IOException {
    return connection
        .unwrap(PGConnection.class)
        .getCopyAPI()
        .copyOut(
            "copy (select "
                + rows.selected()
                + " from "
                + from
                + " where run_id = any ("
                + CHOSEN_RUNS
                + ") order by run_id, document_id) to stdout",
            out);
  }

  private Sink<T> sink(ExportFormat format, OutputStream out) throws IOException {
    return switch (format) {
      case JSONL -> jsonLines(out);
      case CSV -> csv(out);
      case PARQUET -> parquet(out);
      case COPY -> throw new IllegalArgumentException("COPY is written by the server");
    };
  }

  private Sink<T> jsonLines(OutputStream out) throws IOException {
    ObjectWriter lines =
        JsonMapper.builder()
            .addModule(new JavaTimeModule())
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
            .enable(JsonGenerator.Feature.WRITE_BIGDECIMAL_AS_PLAIN)
            .build()
            .writerFor(rows.type())
            .withRootValueSeparator("\n");
    SequenceWriter writer = lines.writeValues(out);
    return new Sink<>() {
      private boolean isEmpty = true;

      @Override
      public void write(T row) throws IOException {
        writer.write(row);
        isEmpty = false;
      }

      @Override
      public void close() throws IOException {
        writer.flush();
        if (!isEmpty) {
          out.write('\n');
        }
      }
    };
  }

  private Sink<T> csv(OutputStream out) {
    Writer text = new OutputStreamWriter(out, StandardCharsets.UTF_8);
    CsvWriter writer = CsvWriter.builder().build(text);
    writer.writeRecord(rows.columns());
    return new Sink<>() {
      @Override
      public void write(T row) {
        List<@Nullable String> texts = rows.texts(row);
        if (!rawCells) {
          texts.replaceAll(text -> text == null ? null : harmless(text));
        }
        writer.writeRecord(texts);
      }

      @Override
      public void close() throws IOException {
        writer.close();
      }
    };
  }

  private Sink<T> parquet(OutputStream out) throws IOException {
    CarpetWriter<T> writer =
        new CarpetWriter.Builder<>(out, rows.type())
            .withColumnNamingStrategy(ColumnNamingStrategy.SNAKE_CASE)
            .withDefaultDecimal(DECIMAL_PRECISION, DECIMAL_SCALE)
            .withBigDecimalScaleAdjustment(RoundingMode.HALF_EVEN)
            .withDefaultTimeUnit(TimeUnit.MICROS)
            .build();
    return new Sink<>() {
      @Override
      public void write(T row) throws IOException {
        writer.write(row);
      }

      @Override
      public void close() throws IOException {
        writer.close();
      }
    };
  }
}
