package dev.nightjar.notebooks;

import java.math.BigDecimal;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.dflib.jjava.jupyter.kernel.display.DisplayData;

/** A query's result, shown as a table. */
public final class Rows implements Iterable<Row>, Shown {
  private static final DateTimeFormatter MINUTE =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm", Locale.ROOT).withZone(ZoneOffset.UTC);

  /** Of dollars all of them: nights of the demo cost cents, items less than a thousandth of one. */
  private static final int DECIMALS_SHOWN = 6;

  private final List<String> columns = new ArrayList<>();
  private final List<List<Optional<Object>>> rows = new ArrayList<>();

  Rows(ResultSet result) throws SQLException {
    int width = result.getMetaData().getColumnCount();
    for (int column = 1; column <= width; column++) {
      columns.add(result.getMetaData().getColumnLabel(column));
    }
    while (result.next()) {
      List<Optional<Object>> row = new ArrayList<>(width);
      for (int column = 1; column <= width; column++) {
        row.add(Optional.ofNullable(result.getObject(column)));
      }
      rows.add(row);
    }
  }

  @Override
  public boolean isEmpty() {
    return rows.isEmpty();
  }

  public Stream<Row> stream() {
    return IntStream.range(0, rows.size()).mapToObj(index -> new Row(this, index));
  }

  @Override
  public Iterator<Row> iterator() {
    return stream().iterator();
  }

  /** The sum of a column, exact; nulls count as nothing. */
  public BigDecimal total(String column) {
    return stream()
        .filter(row -> row.has(column))
        .map(row -> row.number(column))
        .reduce(BigDecimal.ZERO, BigDecimal::add);
  }

  Optional<Object> value(int row, String column) {
    int index = columns.indexOf(column);
    if (index < 0) {
      throw new IllegalArgumentException("no column " + column + " among " + columns);
    }
    return rows.get(row).get(index);
  }

  static String text(String column, Optional<Object> value) {
    return value
        .map(
            present -> {
              if (present instanceof BigDecimal number) {
                int decimals =
                    column.endsWith("_usd")
                        ? DECIMALS_SHOWN
                        : Math.min(DECIMALS_SHOWN, Math.max(0, number.scale()));
                return String.format(Locale.ROOT, "%,." + decimals + "f", number);
              }
              if (present instanceof Long || present instanceof Integer) {
                return String.format(Locale.ROOT, "%,d", ((Number) present).longValue());
              }
              if (present instanceof Timestamp time) {
                return MINUTE.format(time.toInstant());
              }
              if (present instanceof Boolean yes) {
                return yes ? "yes" : "no";
              }
              return present.toString();
            })
        .orElse("–");
  }

  @Override
  public DisplayData shown() {
    StringBuilder html = new StringBuilder("<table><thead><tr>");
    for (String column : columns) {
      html.append(cell("th", column.replace('_', ' '), isNumeric(column)));
    }
    html.append("</tr></thead><tbody>");
    for (Row row : this) {
      html.append("<tr>");
      for (String column : columns) {
        html.append(cell("td", row.text(column), isNumeric(column)));
      }
      html.append("</tr>");
    }
    DisplayData data = new DisplayData(rows.size() + " rows of " + String.join(", ", columns));
    data.putHTML(html.append("</tbody></table>").toString());
    return data;
  }

  private boolean isNumeric(String column) {
    int index = columns.indexOf(column);
    return rows.stream().anyMatch(row -> row.get(index).orElse("") instanceof Number);
  }

  private static String cell(String tag, String text, boolean isNumeric) {
    // Headers may break into lines, or wide tables would not fit the page.
    return "<%s style=\"text-align:%s%s\">%s</%s>"
        .formatted(
            tag,
            isNumeric ? "right" : "left",
            tag.equals("td") ? ";white-space:nowrap" : "",
            escaped(text),
            tag);
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }
}
