package dev.nightjar.runners;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which documents a command is about. */
final class CorpusOptions {
  @Option(
      names = "--corpus",
      paramLabel = "PATTERN",
      description =
          "Files to read: .jsonl, .json, .csv, .tsv, .parquet, .xlsx, .pdf, .docx, .pptx, .html, .epub, .eml,"
              + " .mbox, .md or text, also as .gz, .bz2, .xz or .zst, and in .zip or .tar; a path, a folder or a"
              + " glob ('**' for all folders below); may be given more than once.")
  List<String> corpus = new ArrayList<>();

  @Option(
      names = "--corpus-sql",
      paramLabel = "QUERY",
      description =
          "Documents are the rows of this query instead, as \"select id, body as text from tickets\".")
  @Nullable String query;

  @Option(
      names = "--corpus-url",
      paramLabel = "URL",
      description =
          "The database of --corpus-sql, as jdbc:postgresql://host/crm?user=reader; its password, if any, is in"
              + " NIGHTJAR_CORPUS_PASSWORD.")
  @Nullable String url;

  /**
   * The patterns of the files to read. A query is run now, and its rows are kept in a file.
   *
   * @throws NightjarException OPTION_INVALID if it is not clear what to read, INPUT_UNREADABLE if a
   *     query fails
   */
  List<String> patterns() {
    if (corpus.isEmpty() == (query == null) || (query == null) != (url == null)) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "--corpus",
          "expected --corpus PATTERN, or --corpus-sql QUERY with --corpus-url URL",
          "give one of them");
    }
    if (url != null && url.matches("(?i).*(password=|://[^/@]*:[^/@]*@).*")) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "--corpus-url",
          "the URL carries a password, which would be seen in process lists",
          "take it out and set NIGHTJAR_CORPUS_PASSWORD instead");
    }
    return query == null || url == null
        ? corpus
        : List.of(
            new CorpusQuery(url, query, System.getenv("NIGHTJAR_CORPUS_PASSWORD"))
                .keep(StoreOptions.home().resolve("corpora"))
                .toString());
  }
}
