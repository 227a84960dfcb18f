package dev.nightjar.pipelines.read;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.pipelines.model.Document;
import dev.nightjar.pipelines.model.Suggestion;
import dev.nightjar.pipelines.task.TaskSpec;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Makes documents of records, by the fields that a task names. Immutable. */
final class RecordReader {
  private final TaskSpec task;

  RecordReader(TaskSpec task) {
    this.task = task;
  }

  /** What a record is: a document, or why it is none. */
  record Read(@Nullable Document document, String id, @Nullable ErrorCode code, String reason) {
    static Read none(String id, ErrorCode code, String reason) {
      return new Read(null, id, code, reason);
    }
  }

  /** A record's document, or why it is none. */
  Read read(String uri, long number, Records.Fields record) {
    String id = DocumentReader.cleaned(record.get(task.idField()));
    String text = DocumentReader.cleaned(record.get(task.textField()));
    if (id.isEmpty() || DocumentReader.isBlank(id)) {
      return Read.none(
          "",
          ErrorCode.INPUT_FIELD_MISSING,
          "expected the field '"
              + task.idField()
              + "' (the id)"
              + Suggestion.among(task.idField(), record.names()));
    }
    if (DocumentReader.isTooLong(id)) {
      return Read.none(
          id,
          ErrorCode.INPUT_ID_TOO_LONG,
          DocumentReader.idExpected("field '" + task.idField() + "' (the id)"));
    }
    if (record.get(task.textField()) == null) {
      return Read.none(
          id,
          ErrorCode.INPUT_FIELD_MISSING,
          "expected the field '"
              + task.textField()
              + "' (the text)"
              + Suggestion.among(task.textField(), record.names()));
    }
    if (DocumentReader.isBlank(text)) {
      return Read.none(
          id, ErrorCode.INPUT_EMPTY, "expected text in the field '" + task.textField() + "'");
    }
    Map<String, String> fields = new HashMap<>();
    for (String name : task.fields()) {
      String value = record.get(name);
      if (value == null) {
        return Read.none(
            id,
            ErrorCode.INPUT_FIELD_MISSING,
            "expected the field '"
                + name
                + "', which the task reads"
                + Suggestion.among(name, record.names()));
      }
      fields.put(name, DocumentReader.storable(value));
    }
    double priority = 0;
    String priorityField = task.priorityField();
    if (priorityField != null) {
      String value = DocumentReader.cleaned(record.get(priorityField));
      try {
        priority = value.isBlank() ? 0 : Double.parseDouble(value);
      } catch (NumberFormatException e) {
        priority = Double.NaN;
      }
      if (!Double.isFinite(priority)) {
        return Read.none(
            id,
            ErrorCode.INPUT_MALFORMED,
            "expected a number in the field '" + priorityField + "' (the priority)");
      }
    }
    return new Read(new Document(id, text, fields, priority, uri, number), id, null, "");
  }
}
