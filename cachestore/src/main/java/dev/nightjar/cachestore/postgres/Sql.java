package dev.nightjar.cachestore.postgres;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.pgvector.PGvector;
import dev.nightjar.cachestore.Embedding;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.List;
import java.util.function.Function;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jooq.Record;
import org.jooq.Result;
import org.jooq.impl.DSL;
import org.jooq.impl.SQLDataType;
import org.jspecify.annotations.Nullable;

/** Small change for statements whose arguments are columns of a list. */
final class Sql {
  private static final ObjectMapper JSON = new ObjectMapper();

  private Sql() {}

  static <T> @Nullable String[] texts(Collection<T> rows, Function<T, @Nullable String> column) {
    return rows.stream().map(column).toArray(String[]::new);
  }

  static <T> Long[] longs(Collection<T> rows, Function<T, Long> column) {
    return rows.stream().map(column).toArray(Long[]::new);
  }

  static <T> Integer[] ints(Collection<T> rows, Function<T, Integer> column) {
    return rows.stream().map(column).toArray(Integer[]::new);
  }

  /** As {@code real[]}, which is what the tables hold. */
  static <T> @Nullable Float[] floats(Collection<T> rows, Function<T, @Nullable Double> column) {
    return rows.stream()
        .map(column)
        .map(value -> value == null ? null : value.floatValue())
        .toArray(Float[]::new);
  }

  static String[] array(Collection<String> values) {
    return values.toArray(String[]::new);
  }

  /** Now, as a bound value; see {@link #time}. */
  static Field<OffsetDateTime> now(Clock clock) {
    return time(clock.instant());
  }

  /**
   * A time as a bound value with its type: jOOQ binds a bare one as text, which no function takes.
   */
  static Field<OffsetDateTime> time(Instant instant) {
    return DSL.val(instant.atOffset(ZoneOffset.UTC)).cast(SQLDataType.TIMESTAMPWITHTIMEZONE(6));
  }

  /** A list as one value, for a column of lists: PostgreSQL's arrays of arrays are all as long. */
  static String json(List<String> values) {
    try {
      return JSON.writeValueAsString(values);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e); // strings can be written
    }
  }

  /** pgvector's text form. */
  static String vector(Embedding embedding) {
    return new PGvector(embedding.toArray()).getValue();
  }

  /** Runs a statement that returns rows. */
  static Result<Record> fetch(DSLContext context, String sql, @Nullable Object... values) {
    return context.fetch(sql, values);
  }

  static <T> List<T> column(Result<Record> rows, String name, Class<T> type) {
    return rows.getValues(name, type);
  }
}
