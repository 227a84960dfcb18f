package dev.nightjar.pipelines.read;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** JSON, as {@link JsonRecords} reads it; its characters as {@link TextReader} does. */
final class JsonFormat implements DocumentFormat {
  @Override
  public Set<String> mediaTypes() {
    return Set.of("application/json", "application/x-ndjson");
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
        String format = new JsonRecords(records).read(characters);
        return new Written(format, characters.encoding(), "", List.of());
      } finally {
        characters.tell(records);
      }
    }
  }
}
