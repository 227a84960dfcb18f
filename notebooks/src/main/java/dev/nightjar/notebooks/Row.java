package dev.nightjar.notebooks;

import java.math.BigDecimal;
import java.util.Optional;

/** One row of a query's result. */
public final class Row {
  private final Rows rows;
  private final int index;

  Row(Rows rows, int index) {
    this.rows = rows;
    this.index = index;
  }

  public boolean has(String column) {
    return value(column).isPresent();
  }

  /** The value as a table shows it. */
  public String text(String column) {
    return Rows.text(column, value(column));
  }

  /**
   * The value, exact.
   *
   * @throws IllegalArgumentException if it is null or no number
   */
  public BigDecimal number(String column) {
    Object value =
        value(column)
            .orElseThrow(() -> new IllegalArgumentException(column + " is null in this row"));
    if (value instanceof BigDecimal number) {
      return number;
    }
    if (value instanceof Number number) {
      return new BigDecimal(number.toString());
    }
    throw new IllegalArgumentException(column + " is no number but '" + value + "'");
  }

  public boolean is(String column) {
    return value(column).equals(Optional.of(true));
  }

  private Optional<Object> value(String column) {
    return rows.value(index, column);
  }
}
