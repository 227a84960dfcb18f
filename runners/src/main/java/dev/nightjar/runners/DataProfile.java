package dev.nightjar.runners;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.FileReading;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.pipelines.read.CorpusFiles;
import dev.nightjar.pipelines.read.CorpusFormat;
import dev.nightjar.pipelines.task.TaskLoader;
import dev.nightjar.pipelines.task.TaskSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.beam.sdk.io.FileSystems;
import org.apache.beam.sdk.io.fs.MatchResult;
import org.apache.beam.sdk.options.PipelineOptionsFactory;

/**
 * What a stranger's data looks like: of its first file the columns, and which of them is likely the
 * text and which the id.
 *
 * @param pattern what {@code --corpus} takes to read it
 * @param isTabular whether records have columns; otherwise each file is one document
 * @param columns of the records, in their order
 * @param textField likely the text; "text" where there are no columns
 * @param idField likely the id; "id" where there are no columns
 * @param described how it was read, in words
 */
record DataProfile(
    String pattern,
    boolean isTabular,
    List<Column> columns,
    String textField,
    String idField,
    List<String> described) {

  private static final int RECORDS_LOOKED_AT = 1_000;

  /**
   * A column of the records that were looked at.
   *
   * @param name as the file has it
   * @param filled how many records have something in it
   * @param characters how many characters that is on average
   * @param isUnique whether no two records have the same in it
   */
  record Column(String name, long filled, double characters, boolean isUnique) {}

  DataProfile {
    columns = List.copyOf(columns);
    described = List.copyOf(described);
  }

  /** How many records have something in the column that most have. */
  long filledMost() {
    return filledMost(columns);
  }

  private static long filledMost(List<Column> columns) {
    return columns.stream().mapToLong(Column::filled).max().orElse(0);
  }

  /**
   * Looks at a file, at a folder, or at what a pattern matches.
   *
   * @throws NightjarException CORPUS_EMPTY or INPUT_UNREADABLE if there is nothing to look at
   */
  static DataProfile of(String data) {
    FileSystems.setDefaultPipelineOptions(PipelineOptionsFactory.create());
    boolean isFolder = Files.isDirectory(Path.of(data));
    String pattern = isFolder ? data.replaceFirst("/+$", "") : data;
    Collection<MatchResult.Metadata> files =
        CorpusFiles.match(List.of(CorpusFiles.absolute(pattern)));
    MatchResult.Metadata first = files.iterator().next();
    CorpusFormat format = CorpusFormat.of(first.resourceId().toString());
    long others =
        files.stream()
            .filter(file -> CorpusFormat.of(file.resourceId().toString()) != format)
            .count();
    if (others > 0) {
      throw new NightjarException(
          ErrorCode.INPUT_UNREADABLE,
          data,
          "it holds files of several formats, "
              + others
              + " of "
              + files.size()
              + " of another than "
              + first.resourceId(),
          "give a pattern for those of one format, such as '"
              + (isFolder ? data.replaceFirst("/+$", "") + "/" : "")
              + "*.csv'");
    }
    return switch (format) {
      case TABLE -> table(pattern, files, first);
      case JSON -> json(pattern, files, first);
      case TEXT -> text(pattern, files, "files, each of them one document");
      case ARCHIVE -> text(pattern, files, "archives, each file in them one document");
    };
  }

  private static DataProfile text(
      String pattern, Collection<MatchResult.Metadata> files, String what) {
    return new DataProfile(
        pattern,
        false,
        List.of(),
        "text",
        "id",
        List.of(Terminal.count(files.size()) + " " + what));
  }

  private static DataProfile table(
      String pattern, Collection<MatchResult.Metadata> files, MatchResult.Metadata first) {
    String uri = first.resourceId().toString();
    List<String> header =
        CorpusSample.read(List.of(uri), reading("text", "id"), none -> false, 1)
            .files()
            .get(0)
            .header();
    List<String> names = new ArrayList<>(new java.util.LinkedHashSet<>(header));
    names.removeIf(String::isBlank);
    if (names.isEmpty()) {
      throw new NightjarException(
          ErrorCode.INPUT_MALFORMED,
          uri,
          "no header was found in it",
          "put the columns' names into its first line");
    }
    Map<String, Stats> columns = new LinkedHashMap<>();
    for (String name : names) {
      // One column at a time is the text: a record whose text is empty is none.
      CorpusSample sample =
          CorpusSample.read(List.of(uri), reading(name, name), any -> true, RECORDS_LOOKED_AT);
      Stats stats = new Stats();
      sample.documents().forEach(document -> stats.add(document.text()));
      columns.put(name, stats);
    }
    return tabular(pattern, files, columns);
  }

  private static DataProfile json(
      String pattern, Collection<MatchResult.Metadata> files, MatchResult.Metadata first) {
    Map<String, Stats> columns = new LinkedHashMap<>();
    try (MappingIterator<JsonNode> records =
        new ObjectMapper().readerFor(JsonNode.class).readValues(CorpusSample.decompressed(first))) {
      for (int i = 0; i < RECORDS_LOOKED_AT && records.hasNextValue(); i++) {
        records
            .nextValue()
            .fields()
            .forEachRemaining(
                field -> {
                  if (field.getValue().isValueNode() && !field.getValue().isNull()) {
                    columns
                        .computeIfAbsent(field.getKey(), name -> new Stats())
                        .add(field.getValue().asText());
                  }
                });
      }
    } catch (IOException e) {
      throw new NightjarException(
          ErrorCode.INPUT_MALFORMED,
          first.resourceId().toString(),
          "expected JSON: " + String.valueOf(e.getMessage()).lines().findFirst().orElse(""),
          "correct the file");
    }
    if (columns.isEmpty()) {
      throw new NightjarException(
          ErrorCode.INPUT_MALFORMED,
          first.resourceId().toString(),
          "its objects have no fields with a value",
          "give objects with at least an id and a text");
    }
    return tabular(pattern, files, columns);
  }

  /** What is counted of a column. */
  private static final class Stats {
    private long filled;
    private long characters;
    private final Set<String> values = new HashSet<>();

    void add(String value) {
      if (!value.isBlank()) {
        filled++;
        characters += value.length();
        values.add(value);
      }
    }

    Column column(String name) {
      return new Column(
          name, filled, filled == 0 ? 0 : (double) characters / filled, values.size() == filled);
    }
  }

  private static DataProfile tabular(
      String pattern, Collection<MatchResult.Metadata> files, Map<String, Stats> stats) {
    List<Column> columns =
        stats.entrySet().stream().map(entry -> entry.getValue().column(entry.getKey())).toList();
    long most = filledMost(columns);
    String text = likelyText(columns);
    String id =
        columns.stream()
            .filter(column -> column.isUnique() && column.filled() == most)
            .filter(column -> !column.name().equals(text))
            .min(
                java.util.Comparator.comparing((Column column) -> !isIdsName(column.name()))
                    .thenComparing(Column::characters))
            .map(Column::name)
            .orElse(text);
    return new DataProfile(
        pattern, true, columns, text, id, described(pattern, files.size(), text, id));
  }

  private static String likelyText(List<Column> columns) {
    return columns.stream()
        .max(
            java.util.Comparator.comparingDouble(
                column ->
                    column.characters()
                        * (column
                                .name()
                                .toLowerCase(Locale.ROOT)
                                .matches("text|body|content|message")
                            ? 4
                            : 1)))
        .map(Column::name)
        .orElseThrow();
  }

  private static boolean isIdsName(String name) {
    return name.toLowerCase(Locale.ROOT).matches(".*(^|[^a-z])(id|no|nr|number|key)$|.*id$");
  }

  /** All of it, read as the task will read it. */
  private static List<String> described(String pattern, int files, String text, String id) {
    CorpusSample all =
        CorpusSample.read(
            List.of(CorpusFiles.absolute(pattern)), reading(text, id), none -> false, 1);
    long documents = all.files().stream().mapToLong(FileReading::documents).sum();
    List<String> lines = new ArrayList<>();
    FileReading first = all.files().get(0);
    lines.add(
        Terminal.count(documents)
            + " documents in "
            + Terminal.count(files)
            + (files == 1 ? " file" : " files")
            + ": "
            + first.format()
            + ", "
            + first.encoding()
            + (first.separator().isEmpty() ? "" : ", separated by " + first.separator()));
    if (!all.refused().isEmpty()) {
      lines.add(
          Terminal.count(all.refused().size())
              + " records are refused, the first at "
              + all.refused().get(0).position()
              + ": "
              + all.refused().get(0).reason());
    }
    return lines;
  }

  /** A task that only reads. */
  private static TaskSpec reading(String textField, String idField) {
    var definition = JsonText.object();
    definition.put("name", "init").put("system", "").put("user", "{{text}}");
    definition.putObject("output_schema").put("type", "object");
    var input = definition.putObject("input");
    input.put("id_field", idField).put("text_field", textField);
    definition
        .putArray("tiers")
        .addObject()
        .put("name", "any")
        .put("provider", "openai")
        .put("model", "any")
        .put("output_tokens_max", 1);
    return TaskLoader.stored("init", JsonText.line(definition));
  }

  /** The column of a name, whatever its capitals; empty if there is none. */
  Optional<String> column(String name) {
    return columns.stream()
        .map(Column::name)
        .filter(column -> column.strip().equalsIgnoreCase(name.strip()))
        .findFirst();
  }
}
