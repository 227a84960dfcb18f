package dev.nightjar.pipelines.read;

import java.util.Locale;

/** How a corpus file is cut into documents; told from its name. */
public enum CorpusFormat {
  /** One JSON object a line: {@code .jsonl}, {@code .ndjson}, {@code .json}. */
  JSON_LINES,
  /** A header, then one record a document: {@code .csv}. */
  CSV,
  /** The whole file is one document: every other name. */
  TEXT;

  /** The format of a file by its name; a trailing {@code .gz} does not matter. */
  public static CorpusFormat of(String fileName) {
    String name = fileName.toLowerCase(Locale.ROOT).replaceFirst("\\.gz$", "");
    if (name.endsWith(".jsonl") || name.endsWith(".ndjson") || name.endsWith(".json")) {
      return JSON_LINES;
    }
    return name.endsWith(".csv") ? CSV : TEXT;
  }
}
