package dev.nightjar.runners.report;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Rows of a view as maps, for a template. */
final class Query {
  private final Connection connection;

  Query(Connection connection) {
    this.connection = connection;
  }

  /** The rows of a statement; a column that is null is not in its map. */
  List<Map<String, Object>> rows(String sql, Object... values) throws SQLException {
    List<Map<String, Object>> rows = new ArrayList<>();
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < values.length; i++) {
        statement.setObject(i + 1, values[i]);
      }
      try (ResultSet result = statement.executeQuery()) {
        ResultSetMetaData columns = result.getMetaData();
        while (result.next()) {
          Map<String, Object> row = new LinkedHashMap<>();
          for (int i = 1; i <= columns.getColumnCount(); i++) {
            @Nullable Object value = result.getObject(i);
            if (value != null) {
              row.put(columns.getColumnLabel(i), value);
            }
          }
          rows.add(row);
        }
      }
    }
    return rows;
  }
}
