package dev.nightjar.runners.export;

import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import java.lang.reflect.Constructor;
import java.lang.reflect.RecordComponent;
import java.math.BigDecimal;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A record as columns of SQL: each component is the column of the same name in snake case.
 * Immutable and thread-safe.
 *
 * @param <T> the record
 */
final class Rows<T extends Record> {
  private static final SnakeCaseStrategy SNAKE_CASE = new SnakeCaseStrategy();

  private final Class<T> type;
  private final List<RecordComponent> components;
  private final List<String> columns;

  Rows(Class<T> type) {
    this.type = type;
    this.components = List.of(type.getRecordComponents());
    this.columns = components.stream().map(c -> SNAKE_CASE.translate(c.getName())).toList();
  }

  Class<T> type() {
    return type;
  }

  List<String> columns() {
    return columns;
  }

  /** The columns as a select list. */
  String selected() {
    return columns.stream().collect(Collectors.joining(", "));
  }

  /** The row that a cursor stands on. */
  T read(ResultSet row) throws SQLException {
    @Nullable Object[] values = new Object[columns.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = value(row, i + 1, components.get(i).getType());
    }
    try {
      Constructor<T> canonical =
          type.getDeclaredConstructor(
              components.stream().map(RecordComponent::getType).toArray(Class<?>[]::new));
      return canonical.newInstance(values);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(type + " cannot be made from " + columns, e);
    }
  }

  private static @Nullable Object value(ResultSet row, int column, Class<?> type)
      throws SQLException {
    if (type == Instant.class) {
      OffsetDateTime time = row.getObject(column, OffsetDateTime.class);
      return time == null ? null : time.toInstant();
    }
    if (type == BigDecimal.class) {
      return row.getBigDecimal(column);
    }
    if (type == Double.class) {
      double number = row.getDouble(column);
      return row.wasNull() ? null : number;
    }
    return row.getString(column);
  }

  /** A row's values as text, in the order of the columns; null stays null. */
  List<@Nullable String> texts(T row) {
    return Arrays.asList(
        components.stream().map(component -> text(component, row)).toArray(String[]::new));
  }

  private static @Nullable String text(RecordComponent component, Record row) {
    try {
      Object value = component.getAccessor().invoke(row);
      return value instanceof BigDecimal amount
          ? amount.toPlainString()
          : value == null ? null : value.toString();
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(component + " cannot be read", e);
    }
  }
}
