package dev.nightjar.pipelines.read;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What somebody may add, by META-INF/services: each event of a calendar is a document. */
public final class PluggedInFormat implements DocumentFormat {
  @Override
  public Set<String> mediaTypes() {
    return Set.of("text/calendar");
  }

  @Override
  public Optional<Set<String>> fields() {
    return Optional.of(Set.of("title"));
  }

  @Override
  public Written read(CorpusFile file, Columns columns, Records records) throws IOException {
    long number = 0;
    try (BufferedReader lines =
        new BufferedReader(new InputStreamReader(file.open(), StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.startsWith("SUMMARY:")) {
          number++;
          String text = line.substring("SUMMARY:".length());
          records.document(number, "event-" + number, text, Map.of("title", text));
        }
      }
    }
    return Written.as("calendar");
  }
}
