package dev.nightjar.pipelines.task;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.nightjar.cachestore.Fingerprint;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Columns for the properties of an answer, as its schema has them. Stateless and thread-safe. */
public final class AnswerColumns {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Of 1,600 that a view may have; what has none stands in the whole answer. */
  private static final int COLUMNS_MAX = 1_000;

  /** Of an identifier of PostgreSQL's. */
  private static final int NAME_BYTES_MAX = 63;

  private static final int CUT_CHARACTERS = 12;
  private static final int HASH_DIGITS = 12;

  /** Deeper objects are shown as they are. */
  private static final int DEPTH_MAX = 8;

  /** What a view of answers has besides. */
  private static final Set<String> OF_VIEWS =
      Set.of(
          "document_id",
          "answer",
          "source_uri",
          "source_position",
          "tier",
          "model",
          "answered_by",
          "kept",
          "cost_usd",
          "answered_at",
          "run_id");

  private AnswerColumns() {}

  /** What a column holds. */
  public enum Kind {
    TEXT,
    NUMERIC,
    BOOLEAN,
    JSON
  }

  /**
   * A column.
   *
   * @param name its name, as an identifier that is still to be quoted
   * @param path the property of the answer, from the outermost in
   */
  public record Column(String name, List<String> path, Kind kind) {
    public Column {
      path = List.copyOf(path);
    }
  }

  /** A column for each property of the answers of a schema, by name, as schemas are kept. */
  public static List<Column> forView(String outputSchemaJson) {
    return columns(outputSchemaJson, OF_VIEWS, 1);
  }

  /**
   * A column for each property that is no object, down to those of objects in objects, with the
   * names in between and points: {@code address.city}.
   *
   * @param taken names that the columns must not have
   */
  public static List<Column> flattened(String outputSchemaJson, Set<String> taken) {
    return columns(outputSchemaJson, taken, DEPTH_MAX);
  }

  private static List<Column> columns(String outputSchemaJson, Set<String> taken, int depthMax) {
    List<Column> columns = new ArrayList<>();
    try {
      add(
          JSON.readTree(outputSchemaJson),
          List.of(),
          depthMax,
          taken,
          new HashSet<>(taken),
          columns);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a task's schema is JSON", e);
    }
    return columns;
  }

  private static void add(
      JsonNode schema,
      List<String> path,
      int depthMax,
      Set<String> taken,
      Set<String> names,
      List<Column> columns) {
    Iterator<Map.Entry<String, JsonNode>> each = schema.path("properties").fields();
    while (each.hasNext() && columns.size() < COLUMNS_MAX) {
      Map.Entry<String, JsonNode> property = each.next();
      if (property.getKey().indexOf('\0') >= 0) {
        continue; // no answer that is stored has one
      }
      List<String> its = new ArrayList<>(path);
      its.add(property.getKey());
      if (depthMax > 1 && !property.getValue().path("properties").isEmpty()) {
        add(property.getValue(), its, depthMax - 1, taken, names, columns);
      } else {
        columns.add(new Column(name(its, taken, names), its, kind(property.getValue())));
      }
    }
  }

  /** The same as the store takes it. */
  public static String json(List<Column> columns) {
    ArrayNode array = JSON.createArrayNode();
    columns.forEach(
        column ->
            array
                .addObject()
                .put("name", column.name())
                .put("property", column.path().get(0))
                .put("kind", column.kind().name().toLowerCase(Locale.ROOT)));
    return array.toString();
  }

  private static String name(List<String> path, Set<String> taken, Set<String> names) {
    String property = String.join(".", path);
    String name = taken.contains(property) || property.isEmpty() ? "answer_" + property : property;
    if (name.getBytes(StandardCharsets.UTF_8).length > NAME_BYTES_MAX || !names.add(name)) {
      int characters = Math.min(name.codePointCount(0, name.length()), CUT_CHARACTERS);
      name =
          name.substring(0, name.offsetByCodePoints(0, characters))
              + "_"
              + Fingerprint.sha256(path.toArray(String[]::new)).substring(0, HASH_DIGITS);
      names.add(name);
    }
    return name;
  }

  /** Of several types the one that is not null; else JSON, which holds any. */
  private static Kind kind(JsonNode schema) {
    Set<String> types = new HashSet<>();
    JsonNode type = schema.path("type");
    if (type.isTextual()) {
      types.add(type.asText());
    }
    type.forEach(one -> types.add(one.asText()));
    if (type.isMissingNode()) {
      schema.path("enum").forEach(value -> types.add(typeOf(value)));
      if (schema.has("const")) {
        types.add(typeOf(schema.get("const")));
      }
    }
    types.remove("null");
    if (types.equals(Set.of("string"))) {
      return Kind.TEXT;
    }
    if (types.equals(Set.of("boolean"))) {
      return Kind.BOOLEAN;
    }
    return !types.isEmpty() && Set.of("number", "integer").containsAll(types)
        ? Kind.NUMERIC
        : Kind.JSON;
  }

  private static String typeOf(JsonNode value) {
    return value.isTextual()
        ? "string"
        : value.isBoolean()
            ? "boolean"
            : value.isNumber() ? "number" : value.isNull() ? "null" : "object";
  }
}
