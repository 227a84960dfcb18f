package dev.nightjar.pipelines.read;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** CSV with a header, as {@link CsvRecords} reads it; its characters as {@link TextReader} does. */
final class CsvFormat implements DocumentFormat {
  @Override
  public Set<String> mediaTypes() {
    return Set.of("text/csv", "text/tab-separated-values");
  }

  @Override
  public Optional<Set<String>> fields() {
    return Optional.empty();
  }

  @Override
  public boolean isConfined() {
    return false; // streams, and bounds what it keeps
  }

  @Override
  public Written read(CorpusFile file, Columns columns, Records records) throws IOException {
    try (TextReader characters = new TextReader(file.open())) {
      characters.tell(records);
      try {
        Optional<CsvRecords.Shape> shape =
            new CsvRecords(columns, records)
                .read(characters, file.mediaType().equals("text/tab-separated-values"));
        return new Written(
            "CSV",
            characters.encoding(),
            shape.map(s -> CsvRecords.named(s.separator())).orElse(""),
            shape.map(CsvRecords.Shape::header).orElse(List.of()));
      } finally {
        characters.tell(records);
      }
    }
  }
}
