package dev.nightjar.pipelines.submit;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nightjar.pipelines.task.TaskSpec;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * A task's output schema as a provider takes it. What a provider does not know is left out, never
 * made stricter: the validator holds every answer to the whole schema, wherever it came from. The
 * fate of each keyword is a table in {@code docs/tasks.md}.
 *
 * @param schema what is sent; empty if the provider takes none that says as much
 * @param isStrict whether the provider is held to it token by token (OpenAI's {@code strict})
 * @param unenforced keywords of the task's schema that only the validator looks at
 */
record ProviderSchema(Optional<JsonNode> schema, boolean isStrict, Set<String> unenforced) {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final int OPENAI_PROPERTIES_MAX = 5_000;
  private static final int OPENAI_LEVELS_MAX = 10;
  private static final int OPENAI_ENUM_VALUES_MAX = 1_000;

  /** Gemini answers 400 without a word when all of them together pass about 960. */
  private static final long GEMINI_ITEMS_MAX = 900;

  /** They say nothing about an answer. */
  private static final Set<String> ANNOTATIONS =
      Set.of(
          "$schema",
          "$id",
          "$comment",
          "$anchor",
          "default",
          "examples",
          "readOnly",
          "writeOnly",
          "deprecated");

  private static final Set<String> SHAPE =
      Set.of(
          "type",
          "properties",
          "required",
          "additionalProperties",
          "items",
          "enum",
          "anyOf",
          "$ref",
          "$defs",
          "definitions",
          "title",
          "description");

  private static final Set<String> FORMATS =
      Set.of("date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid");

  private enum Dialect {
    OPENAI(
        Set.of(
            "minLength",
            "maxLength",
            "pattern",
            "minimum",
            "maximum",
            "exclusiveMinimum",
            "exclusiveMaximum",
            "multipleOf",
            "minItems",
            "maxItems")),
    ANTHROPIC(Set.of()),
    GEMINI(Set.of("prefixItems", "minItems", "maxItems", "minimum", "maximum", "propertyOrdering"));

    private final Set<String> limits;

    Dialect(Set<String> limits) {
      this.limits = limits;
    }

    boolean takes(String keyword, JsonNode value) {
      if (keyword.equals("format")) {
        String format = value.asText();
        return this == GEMINI
            || FORMATS.contains(format)
            || (this == ANTHROPIC && format.equals("uri"));
      }
      if (this == ANTHROPIC && keyword.equals("minItems")) {
        return value.asInt() <= 1;
      }
      return SHAPE.contains(keyword) || limits.contains(keyword);
    }
  }

  static JsonNode of(TaskSpec task) {
    try {
      return JSON.readTree(task.outputSchemaJson());
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Strict where strict mode takes what is left of it; else the task's own, which only guides. */
  static ProviderSchema openAi(JsonNode schema) {
    Walk walk = new Walk(Dialect.OPENAI, schema);
    JsonNode sent = walk.taken(schema);
    boolean isStrict =
        !walk.isOpen
            && sent.path("type").asText().equals("object")
            && !sent.has("anyOf")
            && walk.properties <= OPENAI_PROPERTIES_MAX
            && walk.levels <= OPENAI_LEVELS_MAX
            && walk.enumValues <= OPENAI_ENUM_VALUES_MAX;
    return isStrict
        ? new ProviderSchema(Optional.of(sent), true, walk.left)
        : new ProviderSchema(Optional.of(schema), false, constraints(schema));
  }

  /** Anthropic's output format; none for a schema that is open or leads back to itself. */
  static ProviderSchema anthropic(JsonNode schema) {
    Walk walk = new Walk(Dialect.ANTHROPIC, schema);
    JsonNode sent = walk.taken(schema);
    return walk.isOpen || isRecursive(schema)
        ? new ProviderSchema(Optional.empty(), false, constraints(schema))
        : new ProviderSchema(Optional.of(sent), true, walk.left);
  }

  /** Gemini's {@code responseJsonSchema}. */
  static ProviderSchema gemini(JsonNode schema) {
    Walk walk = new Walk(Dialect.GEMINI, schema);
    JsonNode sent = walk.taken(schema);
    if (walk.itemsMax > GEMINI_ITEMS_MAX) {
      walk.left.add("maxItems");
      sent.findParents("maxItems").forEach(node -> ((ObjectNode) node).remove("maxItems"));
    }
    return new ProviderSchema(Optional.of(sent), true, walk.left);
  }

  static Set<String> constraints(JsonNode schema) {
    Set<String> all = new TreeSet<>();
    collect(schema, all);
    all.removeAll(Set.of("title", "description", "$defs", "definitions"));
    return all;
  }

  private static void collect(JsonNode schema, Set<String> into) {
    schema
        .fields()
        .forEachRemaining(
            field -> {
              if (!ANNOTATIONS.contains(field.getKey())) {
                into.add(field.getKey());
              }
              for (JsonNode child : children(field.getKey(), field.getValue())) {
                collect(child, into);
              }
            });
  }

  /** The schemas that stand under a keyword. */
  private static Iterable<JsonNode> children(String keyword, JsonNode value) {
    return switch (keyword) {
      case "properties", "$defs", "definitions", "patternProperties", "dependentSchemas" -> value;
      case "anyOf", "oneOf", "allOf", "prefixItems" -> value;
      case "items",
          "additionalProperties",
          "not",
          "if",
          "then",
          "else",
          "contains",
          "propertyNames" ->
          value.isObject() ? Set.of(value) : Set.of();
      default -> Set.of();
    };
  }

  private static boolean isRecursive(JsonNode root) {
    return isRecursive(root, root, new ArrayDeque<>(), new HashSet<>());
  }

  private static boolean isRecursive(
      JsonNode root, JsonNode schema, Deque<String> way, Set<String> done) {
    String target = schema.path("$ref").asText("");
    if (way.contains(target)) {
      return true;
    }
    if (!target.isEmpty() && done.add(target)) {
      way.push(target);
      if (isRecursive(root, resolved(root, target), way, done)) {
        return true;
      }
      way.pop();
    }
    for (var fields = schema.fields(); fields.hasNext(); ) {
      var field = fields.next();
      if (field.getKey().equals("$defs") || field.getKey().equals("definitions")) {
        continue; // by way of what names them
      }
      for (JsonNode child : children(field.getKey(), field.getValue())) {
        if (isRecursive(root, child, way, done)) {
          return true;
        }
      }
    }
    return false;
  }

  private static JsonNode resolved(JsonNode root, String target) {
    return target.equals("#")
        ? root
        : target.startsWith("#/") ? root.at(target.substring(1)) : JSON.missingNode();
  }

  /** One way through a schema. */
  private static final class Walk {
    private final Dialect dialect;
    private final JsonNode root;
    final Set<String> left = new TreeSet<>();

    /** Whether a part of it has no closed shape, which strict modes want. */
    boolean isOpen;

    int properties;
    int enumValues;
    int levels;
    long itemsMax;
    private int level;

    Walk(Dialect dialect, JsonNode root) {
      this.dialect = dialect;
      this.root = root;
    }

    JsonNode taken(JsonNode schema) {
      if (!(schema instanceof ObjectNode object)) {
        isOpen = true; // true and false are schemas, too
        return JSON.createObjectNode();
      }
      level++;
      levels = Math.max(levels, level);
      ObjectNode whole = merged(object);
      ObjectNode taken = JSON.createObjectNode();
      typeOf(whole).ifPresent(type -> taken.set("type", type));
      if (whole.has("const")) {
        taken.putArray("enum").add(whole.get("const"));
      }
      whole
          .fields()
          .forEachRemaining(
              field -> {
                String keyword = field.getKey();
                JsonNode value = field.getValue();
                if (keyword.equals("type")
                    || keyword.equals("const")
                    || ANNOTATIONS.contains(keyword)) {
                  return;
                }
                if (keyword.equals("oneOf") && !whole.has("anyOf")) {
                  left.add("oneOf"); // that it is one only
                  taken.set("anyOf", each(value));
                } else if (dialect.takes(keyword, value)) {
                  taken.set(keyword, under(keyword, value));
                } else {
                  left.add(keyword);
                }
              });
      close(taken, whole);
      level--;
      return taken;
    }

    private JsonNode under(String keyword, JsonNode value) {
      return switch (keyword) {
        case "properties", "$defs", "definitions" -> {
          ObjectNode names = JSON.createObjectNode();
          value.fields().forEachRemaining(name -> names.set(name.getKey(), taken(name.getValue())));
          properties += keyword.equals("properties") ? names.size() : 0;
          yield names;
        }
        case "anyOf", "prefixItems" -> each(value);
        case "items" -> taken(value);
        case "additionalProperties" -> value.isObject() ? taken(value) : value;
        case "enum" -> {
          enumValues += value.size();
          yield value;
        }
        case "maxItems" -> {
          itemsMax += value.asLong();
          yield value;
        }
        default -> value;
      };
    }

    private ArrayNode each(JsonNode schemas) {
      ArrayNode all = JSON.createArrayNode();
      schemas.forEach(schema -> all.add(taken(schema)));
      return all;
    }

    /** What all of its parts say together, as far as one schema can say it. */
    private ObjectNode merged(ObjectNode schema) {
      if (!schema.path("allOf").isArray()) {
        return schema;
      }
      ObjectNode whole = schema.deepCopy();
      whole.remove("allOf");
      for (JsonNode part : schema.get("allOf")) {
        JsonNode meant = part.has("$ref") ? resolved(root, part.path("$ref").asText()) : part;
        if (!(meant instanceof ObjectNode object) || object.has("$ref")) {
          left.add("allOf");
          isOpen = true;
          continue;
        }
        merged(object)
            .fields()
            .forEachRemaining(
                field -> {
                  JsonNode there = whole.get(field.getKey());
                  if (there == null) {
                    whole.set(field.getKey(), field.getValue());
                  } else if (there instanceof ObjectNode names
                      && field.getKey().equals("properties")) {
                    field
                        .getValue()
                        .fields()
                        .forEachRemaining(n -> names.set(n.getKey(), n.getValue()));
                  } else if (there instanceof ArrayNode && field.getKey().equals("required")) {
                    Set<JsonNode> required = new LinkedHashSet<>();
                    there.forEach(required::add);
                    field.getValue().forEach(required::add);
                    whole.set("required", JSON.createArrayNode().addAll(required));
                  } else if (!there.equals(field.getValue())) {
                    left.add(field.getKey());
                  }
                });
      }
      return whole;
    }

    private void close(ObjectNode taken, ObjectNode whole) {
      boolean isObject = taken.path("type").asText().equals("object");
      if (isObject) {
        JsonNode more = whole.path("additionalProperties");
        Set<JsonNode> required = new HashSet<>();
        whole.path("required").forEach(required::add);
        boolean isClosable =
            whole.path("properties").size() > 0
                && !whole.has("patternProperties")
                && !more.isObject()
                && !(more.isBoolean() && more.asBoolean());
        isOpen |=
            dialect != Dialect.GEMINI
                && (!isClosable
                    || (dialect == Dialect.OPENAI
                        && required.size() < whole.path("properties").size()));
        if (dialect != Dialect.GEMINI && !taken.has("additionalProperties")) {
          taken.put("additionalProperties", false);
        }
      }
      boolean isTyped = taken.has("type") || taken.has("$ref") || taken.has("anyOf");
      boolean isList = has(taken.path("type"), "array");
      isOpen |= !isTyped || (dialect == Dialect.OPENAI && isList && !taken.has("items"));
    }

    private static boolean has(JsonNode types, String type) {
      if (types.isTextual()) {
        return types.asText().equals(type);
      }
      for (JsonNode one : types) {
        if (one.asText().equals(type)) {
          return true;
        }
      }
      return false;
    }

    /** The type that it says, or that what it says has. */
    private static Optional<JsonNode> typeOf(ObjectNode schema) {
      if (schema.has("type")) {
        return Optional.of(schema.get("type"));
      }
      Set<String> types = new LinkedHashSet<>();
      schema.path("enum").forEach(value -> types.add(type(value)));
      if (schema.has("const")) {
        types.add(type(schema.get("const")));
      }
      if (types.isEmpty() && !schema.has("$ref") && !schema.has("anyOf") && !schema.has("oneOf")) {
        if (schema.has("properties")) {
          types.add("object");
        } else if (schema.has("items")) {
          types.add("array");
        }
      }
      if (types.isEmpty()) {
        return Optional.empty();
      }
      if (types.size() == 1) {
        return Optional.of(JSON.getNodeFactory().textNode(types.iterator().next()));
      }
      ArrayNode several = JSON.createArrayNode();
      types.forEach(several::add);
      return Optional.of(several);
    }

    private static String type(JsonNode value) {
      return switch (value.getNodeType()) {
        case STRING -> "string";
        case BOOLEAN -> "boolean";
        case NUMBER -> value.isIntegralNumber() ? "integer" : "number";
        case NULL -> "null";
        case ARRAY -> "array";
        default -> "object";
      };
    }
  }
}
