package dev.nightjar.pipelines.read;

/** What kind of documents a file gives, told from its name. */
public enum CorpusFormat {
  /** JSON objects. */
  JSON,
  /** Records under named columns: CSV, Excel, Parquet. */
  TABLE,
  /** The whole file is one document, or a mailbox of them: every other name. */
  TEXT,
  /** Several files in one. */
  ARCHIVE;

  /** The kind of a file by its name, of which endings of compressed files are no part. */
  public static CorpusFormat of(String fileName) {
    DocumentFormat format =
        DocumentFormats.installed()
            .detect(Decompression.name(fileName), new byte[0])
            .format()
            .orElse(null);
    if (format instanceof JsonFormat) {
      return JSON;
    }
    if (format instanceof ArchiveFormat) {
      return ARCHIVE;
    }
    return format == null || format.fields().isPresent() ? TEXT : TABLE;
  }
}
