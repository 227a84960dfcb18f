package dev.nightjar.runners.export;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.json.JsonMapper;
import de.siegmar.fastcsv.writer.CsvWriter;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.pipelines.task.AnswerColumns;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;

/** Writes results with a column for each property of an answer, instead of one for the answer. */
public final class FlatExport {
  private static final int ROWS_FETCHED = 2_000;

  private static final List<String> BEFORE = List.of("document_id");
  private static final List<String> BEHIND =
      List.of(
          "source_uri",
          "state",
          "answered_by",
          "failure_code",
          "failure_reason",
          "settled_at",
          "run_id");

  /** Names that are taken by what every row has besides its answer. */
  public static final Set<String> TAKEN =
      Set.of(
          "document_id",
          "source_uri",
          "state",
          "answered_by",
          "failure_code",
          "failure_reason",
          "settled_at",
          "run_id");

  private final List<AnswerColumns.Column> columns;
  private final boolean isLatest;
  private final boolean rawCells;

  /**
   * An export.
   *
   * @param columns the answer's; their names are none of {@link #TAKEN}
   * @param isLatest whether only the last answer of each document
   * @param rawCells whether CSV cells stand as they are
   */
  public FlatExport(List<AnswerColumns.Column> columns, boolean isLatest, boolean rawCells) {
    this.columns = List.copyOf(columns);
    this.isLatest = isLatest;
    this.rawCells = rawCells;
  }

  /**
   * Writes a file, which appears when it is whole.
   *
   * @return how many rows
   */
  public long write(DataSource source, List<String> runIds, ExportFormat format, Path file)
      throws SQLException, IOException {
    if (format == ExportFormat.PARQUET) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "--flatten",
          "a Parquet file has its columns from the program, not from a task",
          "give --format csv, jsonl or copy");
    }
    return Export.whole(file, out -> write(source, runIds, format, out));
  }

  private long write(DataSource source, List<String> runIds, ExportFormat format, OutputStream out)
      throws SQLException, IOException {
    try (Connection connection = source.getConnection()) {
      connection.setAutoCommit(false); // else the driver reads all rows before the first
      Export.chooseRuns(connection, runIds);
      try (Statement statement = connection.createStatement()) {
        statement.execute("set local standard_conforming_strings = on"); // as quoted() takes it
        if (format == ExportFormat.COPY) {
          return connection
              .unwrap(PGConnection.class)
              .getCopyAPI()
              .copyOut("copy (" + query() + ") to stdout", out);
        }
        statement.setFetchSize(ROWS_FETCHED);
        try (ResultSet rows = statement.executeQuery(query())) {
          return format == ExportFormat.CSV ? csv(rows, out) : jsonLines(rows, out);
        }
      }
    }
  }

  private String query() {
    String answers =
        columns.stream()
            .map(column -> expression(column) + " as " + identifier(column.name()) + ", ")
            .collect(Collectors.joining());
    return "select "
        + String.join(", ", BEFORE)
        + ", "
        + answers
        + String.join(", ", BEHIND)
        + " from "
        + (isLatest ? Export.LATEST_ROWS : Export.RESULT_ROWS)
            .replace("s.answer::text as", "s.answer as")
        + " where run_id = any ("
        + Export.CHOSEN_RUNS
        + ") order by run_id, document_id";
  }

  private static String expression(AnswerColumns.Column column) {
    String path =
        "array["
            + column.path().stream().map(FlatExport::quoted).collect(Collectors.joining(", "))
            + "]::text[]";
    String value = "t.answer #> " + path;
    String text = "t.answer #>> " + path;
    return switch (column.kind()) {
      case TEXT -> "case when jsonb_typeof(" + value + ") = 'string' then " + text + " end";
      case NUMERIC ->
          "case when jsonb_typeof(" + value + ") = 'number' then (" + text + ")::numeric end";
      case BOOLEAN ->
          "case when jsonb_typeof(" + value + ") = 'boolean' then (" + text + ")::boolean end";
      case JSON -> value;
    };
  }

  /** Names of properties come from task files. */
  private static String quoted(String text) {
    return "'" + text.replace("'", "''") + "'";
  }

  private static String identifier(String name) {
    return "\"" + name.replace("\"", "\"\"") + "\"";
  }

  private List<String> header() {
    List<String> header = new ArrayList<>(BEFORE);
    columns.forEach(column -> header.add(column.name()));
    header.addAll(BEHIND);
    return header;
  }

  private long csv(ResultSet rows, OutputStream out) throws SQLException, IOException {
    Writer text = new OutputStreamWriter(out, StandardCharsets.UTF_8);
    List<String> header = header();
    long count = 0;
    try (CsvWriter writer = CsvWriter.builder().build(text)) {
      writer.writeRecord(rawCells ? header : header.stream().map(Export::harmless).toList());
      for (; rows.next(); count++) {
        List<@Nullable String> cells = new ArrayList<>();
        for (int i = 1; i <= header.size(); i++) {
          String cell = shown(rows, i);
          cells.add(cell == null || rawCells ? cell : Export.harmless(cell));
        }
        writer.writeRecord(cells);
      }
    }
    return count;
  }

  private static @Nullable String shown(ResultSet rows, int column) throws SQLException {
    String type = rows.getMetaData().getColumnTypeName(column);
    if (type.equals("timestamptz")) {
      OffsetDateTime time = rows.getObject(column, OffsetDateTime.class);
      return time == null ? null : time.toInstant().toString();
    }
    if (type.equals("bool")) {
      Object value = rows.getObject(column);
      return value == null ? null : value.toString();
    }
    return rows.getString(column);
  }

  private long jsonLines(ResultSet rows, OutputStream out) throws SQLException, IOException {
    List<String> header = header();
    long count = 0;
    JsonMapper mapper =
        JsonMapper.builder().enable(JsonGenerator.Feature.WRITE_BIGDECIMAL_AS_PLAIN).build();
    for (; rows.next(); count++) {
      try (JsonGenerator line = mapper.createGenerator(out)) {
        line.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
        line.writeStartObject();
        for (int i = 1; i <= header.size(); i++) {
          line.writeFieldName(header.get(i - 1));
          String text = shown(rows, i);
          switch (rows.getMetaData().getColumnTypeName(i)) {
            case "jsonb", "numeric", "bool" -> line.writeRawValue(text == null ? "null" : text);
            default -> line.writeString(text);
          }
        }
        line.writeEndObject();
      }
      out.write('\n');
    }
    return count;
  }
}
