package dev.nightjar.pipelines.read;

import com.jerolba.carpet.CarpetReader;
import com.jerolba.carpet.CloseableIterator;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.io.LocalInputFile;
import org.apache.parquet.schema.Type;

/** Parquet: each row a record; values that are lists, maps or groups are left out. */
final class ParquetFormat implements DocumentFormat {
  @Override
  public Set<String> mediaTypes() {
    return Set.of("application/x-parquet");
  }

  @Override
  public Optional<Set<String>> fields() {
    return Optional.empty();
  }

  @Override
  public Written read(CorpusFile file, Columns columns, Records records) throws IOException {
    return file.onDisk(
        path -> {
          LocalInputFile rows = new LocalInputFile(path);
          Header header;
          try (ParquetFileReader parts = ParquetFileReader.open(rows)) {
            header =
                new Header(
                    parts.getFileMetaData().getSchema().getFields().stream()
                        .map(Type::getName)
                        .toList());
          }
          Optional<Map<String, Integer>> positions = header.find(columns, "", records);
          if (positions.isPresent()) {
            read(rows, header.names(), positions.get(), records);
          }
          return new Written("Parquet", "", "", header.names());
        });
  }

  @SuppressWarnings("unchecked") // rows of a file whose columns are not known before
  private static void read(
      LocalInputFile rows, List<String> names, Map<String, Integer> positions, Records records)
      throws IOException {
    long number = 0;
    try (CloseableIterator<Map> all = new CarpetReader<>(rows, Map.class).iterator()) {
      while (all.hasNext()) {
        Map<String, Object> row = (Map<String, Object>) all.next();
        records.accept(
            ++number,
            name -> {
              Integer position = positions.get(name);
              return position == null ? null : value(row.get(names.get(position)));
            });
      }
    }
  }

  private static @org.jspecify.annotations.Nullable String value(
      @org.jspecify.annotations.Nullable Object value) {
    return value == null || value instanceof Map || value instanceof Iterable
        ? null
        : value instanceof BigDecimal number ? number.toPlainString() : value.toString();
  }
}
