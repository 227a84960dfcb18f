package dev.nightjar.pipelines.read;

import java.util.Locale;
import java.util.Set;

/** How a corpus file is cut into documents; told from its name. */
public enum CorpusFormat {
  /**
   * JSON objects, one a line or written over several, or one array of them: {@code .jsonl}, {@code
   * .ndjson}, {@code .json}.
   */
  JSON,
  /** A header, then one record a document: {@code .csv}, {@code .tsv}, {@code .tab}. */
  CSV,
  /** The whole file is one document: every other name. */
  TEXT,
  /** Several files in one, or compressed in a way that is not undone here: refused. */
  ARCHIVE;

  private static final Set<String> COMPRESSED = Set.of("gz", "bz2", "zst", "deflate");
  private static final Set<String> PACKED =
      Set.of(
          "zip",
          "tar",
          "tgz",
          "tbz",
          "tbz2",
          "txz",
          "7z",
          "rar",
          "jar",
          "xz",
          "lzma",
          "lz4",
          "lzo",
          "lzop",
          "lzo_deflate",
          "sz",
          "snappy",
          "br",
          "z");

  /** The format of a file by its name, of which endings of compressed files are no part. */
  public static CorpusFormat of(String fileName) {
    String name = fileName.substring(fileName.lastIndexOf('/') + 1).toLowerCase(Locale.ROOT);
    String ending = ending(name);
    if (COMPRESSED.contains(ending)) {
      name = name.substring(0, name.length() - ending.length() - 1);
      ending = ending(name);
    }
    return switch (ending) {
      case "jsonl", "ndjson", "json" -> JSON;
      case "csv", "tsv", "tab" -> CSV;
      default -> PACKED.contains(ending) || COMPRESSED.contains(ending) ? ARCHIVE : TEXT;
    };
  }

  private static String ending(String name) {
    return name.substring(name.lastIndexOf('.') + 1);
  }
}
