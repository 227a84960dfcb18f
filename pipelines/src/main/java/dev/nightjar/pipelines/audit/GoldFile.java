package dev.nightjar.pipelines.audit;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import de.siegmar.fastcsv.reader.CsvParseException;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.NamedCsvRecord;
import dev.nightjar.cachestore.AuditStore;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.pipelines.task.TaskSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Answers that people have given, one document a record: CSV with a head line, or JSONL. A record
 * has the document's id in the field that the task takes ids from, and one or more of the answer's
 * properties; other fields are passed over, and so are empty cells. In CSV a cell is read as the
 * schema has its property: a number, a truth value, or else a text; arrays and objects as JSON.
 * Stateless and thread-safe.
 */
public final class GoldFile {
  private static final ObjectMapper JSON = new ObjectMapper();

  private GoldFile() {}

  /**
   * Reads a file for a task.
   *
   * @throws NightjarException INPUT_UNREADABLE, INPUT_MALFORMED, INPUT_FIELD_MISSING or
   *     INPUT_DUPLICATE_ID, with the line
   */
  public static List<AuditStore.Gold> read(Path file, TaskSpec task) {
    boolean isCsv = file.toString().toLowerCase(Locale.ROOT).endsWith(".csv");
    Set<String> ids = new HashSet<>();
    try {
      return isCsv ? csv(file, task, ids) : jsonLines(file, task, ids);
    } catch (IOException e) {
      throw new NightjarException(
          ErrorCode.INPUT_UNREADABLE,
          file.toString(),
          "the task's gold cannot be read (" + e.getClass().getSimpleName() + ")",
          "correct gold.file in the task, which is taken from the task file's directory",
          e);
    }
  }

  private static List<AuditStore.Gold> csv(Path file, TaskSpec task, Set<String> ids)
      throws IOException {
    JsonNode properties = properties(task);
    List<AuditStore.Gold> gold = new ArrayList<>();
    try (CsvReader<NamedCsvRecord> records = CsvReader.builder().ofNamedCsvRecord(file)) {
      for (NamedCsvRecord record : records) {
        ObjectNode answer = JSON.createObjectNode();
        for (String name : record.getHeader()) {
          String cell = record.findField(name).orElse("");
          if (properties.has(name) && !cell.isEmpty()) {
            answer.set(name, value(file, record.getStartingLineNumber(), name, cell, properties));
          }
        }
        String id = record.findField(task.idField()).orElse("");
        gold.add(gold(file, record.getStartingLineNumber(), task, id, answer, ids));
      }
    } catch (CsvParseException e) {
      throw malformed(file, 0, "expected CSV with a head line (" + e.getMessage() + ")", e);
    }
    return gold;
  }

  private static JsonNode value(
      Path file, long line, String name, String cell, JsonNode properties) {
    Set<String> types = types(properties.get(name));
    boolean isTextOnly = types.isEmpty() || types.equals(Set.of("string"));
    if (isTextOnly) {
      return JSON.getNodeFactory().textNode(cell);
    }
    JsonNode parsed;
    try {
      parsed = JSON.readTree(types.contains("boolean") ? cell.toLowerCase(Locale.ROOT) : cell);
    } catch (JsonProcessingException e) {
      parsed = JSON.missingNode();
    }
    boolean fits =
        (parsed.isNumber() && (types.contains("number") || types.contains("integer")))
            || (parsed.isBoolean() && types.contains("boolean"))
            || (parsed.isArray() && types.contains("array"))
            || (parsed.isObject() && types.contains("object"))
            || (parsed.isNull() && types.contains("null"));
    if (fits) {
      return parsed;
    }
    if (types.contains("string")) {
      return JSON.getNodeFactory().textNode(cell);
    }
    throw malformed(
        file, line, name + ": expected " + String.join(" or ", types) + ", but was '" + cell + "'");
  }

  private static Set<String> types(JsonNode property) {
    Set<String> types = new TreeSet<>();
    JsonNode type = property.path("type");
    if (type.isTextual()) {
      types.add(type.asText());
    }
    type.forEach(one -> types.add(one.asText()));
    for (JsonNode one : property.path("enum")) {
      types.add(one.isNumber() ? "number" : one.isBoolean() ? "boolean" : "string");
    }
    return types;
  }

  private static List<AuditStore.Gold> jsonLines(Path file, TaskSpec task, Set<String> ids)
      throws IOException {
    JsonNode properties = properties(task);
    List<AuditStore.Gold> gold = new ArrayList<>();
    long number = 0;
    for (String line : Files.readAllLines(file)) {
      number++;
      if (line.isBlank()) {
        continue;
      }
      JsonNode record;
      try {
        record = JSON.readTree(line);
      } catch (JsonProcessingException e) {
        throw malformed(file, number, "expected a JSON object a line", e);
      }
      ObjectNode answer = JSON.createObjectNode();
      record
          .fields()
          .forEachRemaining(
              field -> {
                if (properties.has(field.getKey())) {
                  answer.set(field.getKey(), field.getValue());
                }
              });
      gold.add(gold(file, number, task, record.path(task.idField()).asText(), answer, ids));
    }
    return gold;
  }

  private static AuditStore.Gold gold(
      Path file, long line, TaskSpec task, String id, ObjectNode answer, Set<String> ids) {
    if (id.isBlank() || answer.isEmpty()) {
      List<String> known = new ArrayList<>();
      properties(task).fieldNames().forEachRemaining(known::add);
      throw new NightjarException(
          ErrorCode.INPUT_FIELD_MISSING,
          file + ":" + line,
          id.isBlank()
              ? "expected a document's id in the field '" + task.idField() + "'"
              : "expected at least one of the answer's properties: " + String.join(", ", known),
          "correct the file; it is the task's gold");
    }
    if (!ids.add(id)) {
      throw new NightjarException(
          ErrorCode.INPUT_DUPLICATE_ID,
          file + ":" + line,
          "an earlier line has the same id '" + id + "'; expected one line a document",
          "correct the file; it is the task's gold");
    }
    return new AuditStore.Gold(id, answer.toString());
  }

  private static JsonNode properties(TaskSpec task) {
    try {
      return JSON.readTree(task.outputSchemaJson()).path("properties");
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a task's schema is JSON", e);
    }
  }

  private static NightjarException malformed(Path file, long line, String expected) {
    return malformed(file, line, expected, null);
  }

  private static NightjarException malformed(
      Path file, long line, String expected, @Nullable Exception cause) {
    return new NightjarException(
        ErrorCode.INPUT_MALFORMED,
        file + (line > 0 ? ":" + line : ""),
        expected,
        "correct the file; it is the task's gold",
        cause);
  }
}
