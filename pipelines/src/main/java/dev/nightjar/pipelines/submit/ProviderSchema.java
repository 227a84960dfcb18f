package dev.nightjar.pipelines.submit;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nightjar.pipelines.task.AnswerSchema;
import dev.nightjar.pipelines.task.TaskSpec;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * A task's output schema as a provider takes it. What a provider does not know is left out, and the
 * validator holds every answer to the whole schema, wherever it came from. Objects are closed, as
 * strict modes want it, only where that forbids no answer that the task takes; a schema in which
 * they cannot be is not sent as a strict one. The fate of each keyword is a table in {@code
 * docs/tasks.md}.
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

  private static final int ANTHROPIC_OPTIONAL_MAX = 24;
  private static final int ANTHROPIC_UNIONS_MAX = 16;

  /** Gemini answers 400 without a word when all of them together pass about 960. */
  private static final long GEMINI_ITEMS_MAX = 900;

  /** Their properties may be others than those of the object that they stand in. */
  private static final Set<String> OF_MORE_SHAPES =
      Set.of(
          "allOf",
          "anyOf",
          "oneOf",
          "if",
          "then",
          "else",
          "dependentSchemas",
          "dependentRequired",
          "patternProperties",
          "unevaluatedProperties",
          "minProperties");

  /** Targets of references that all take: definitions at the top. */
  private static final Pattern TARGET = Pattern.compile("#/(?:\\$defs|definitions)/[^/]+");

  /** Patterns that every engine of regular expressions reads alike. */
  private static final Pattern PLAIN_PATTERN =
      Pattern.compile(
          "(?:[^\\\\(\\[+*?{]|\\\\[dswDSW.\\-/+*?()\\[\\]{}^$|\\\\]|\\[[^\\[&\\]]*\\]|\\((?!\\?)|[*+?](?!\\+)|\\{[0-9,]+\\}(?!\\+))*");

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
      if (keyword.equals("pattern") && !PLAIN_PATTERN.matcher(value.asText()).matches()) {
        return false; // OpenAI refuses to look around
      }
      if (this == GEMINI && keyword.equals("definitions")) {
        return false;
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
    Walk walk = new Walk(Dialect.OPENAI);
    JsonNode sent = walk.taken(schema);
    boolean isStrict =
        !walk.isOpen
            && sent.path("type").asText().equals("object")
            && walk.properties <= OPENAI_PROPERTIES_MAX
            && walk.levels <= OPENAI_LEVELS_MAX
            && walk.enumValues <= OPENAI_ENUM_VALUES_MAX;
    return isStrict
        ? new ProviderSchema(Optional.of(sent), true, walk.left)
        : new ProviderSchema(Optional.of(schema), false, constraints(schema));
  }

  /** Anthropic's output format; none for a schema that is open or leads back to itself. */
  static ProviderSchema anthropic(JsonNode schema) {
    Walk walk = new Walk(Dialect.ANTHROPIC);
    JsonNode sent = walk.taken(schema);
    boolean isTaken =
        !walk.isOpen
            && !isRecursive(schema)
            && walk.optional <= ANTHROPIC_OPTIONAL_MAX
            && walk.unions <= ANTHROPIC_UNIONS_MAX;
    return isTaken
        ? new ProviderSchema(Optional.of(sent), true, walk.left)
        : new ProviderSchema(Optional.empty(), false, constraints(schema));
  }

  /** Gemini's {@code responseJsonSchema}; none for a schema that leads back to itself. */
  static ProviderSchema gemini(JsonNode schema) {
    Walk walk = new Walk(Dialect.GEMINI);
    JsonNode sent = walk.taken(schema);
    if (walk.itemsMax > GEMINI_ITEMS_MAX) {
      walk = new Walk(Dialect.GEMINI);
      walk.takesMaxItems = false;
      sent = walk.taken(schema);
    }
    return walk.hasOddTargets || isRecursive(schema)
        ? new ProviderSchema(Optional.empty(), false, constraints(schema))
        : new ProviderSchema(Optional.of(sent), true, walk.left);
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

  /** The task's own schema, to which nobody is held. */
  static ProviderSchema guide(JsonNode schema) {
    return new ProviderSchema(Optional.of(schema), false, constraints(schema));
  }

  /** Arguments of an Anthropic tool: all of the schema but choices at its root. */
  static JsonNode ofTool(JsonNode schema) {
    ObjectNode taken = schema.deepCopy();
    taken.remove(List.of("anyOf", "oneOf", "allOf"));
    return taken;
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
      if (isRecursive(root, AnswerSchema.referred(root, target), way, done)) {
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

  /** One way through a schema. */
  private static final class Walk {
    private final Dialect dialect;
    final Set<String> left = new TreeSet<>();

    /** Whether a part of it cannot be closed, which strict modes want. */
    boolean isOpen;

    /** Whether a reference leads elsewhere than to a definition at the top. */
    boolean hasOddTargets;

    boolean takesMaxItems = true;
    int properties;
    int optional;
    int unions;
    int enumValues;
    int levels;
    long itemsMax;
    private int level;

    Walk(Dialect dialect) {
      this.dialect = dialect;
    }

    JsonNode taken(JsonNode schema) {
      if (!(schema instanceof ObjectNode whole)) {
        isOpen = true; // true and false are schemas, too
        return JSON.createObjectNode();
      }
      if (whole.has("$ref")) {
        return reference(whole);
      }
      level++;
      levels = Math.max(levels, level);
      ObjectNode taken = JSON.createObjectNode();
      typeOf(whole).ifPresent(type -> taken.set("type", type));
      unions += taken.path("type").isArray() ? 1 : 0;
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
                  taken.set("anyOf", under("anyOf", value));
                } else if (dialect.takes(keyword, value)
                    && (takesMaxItems || !keyword.equals("maxItems"))) {
                  taken.set(keyword, under(keyword, value));
                } else {
                  left.add(keyword);
                }
              });
      close(taken, whole);
      level--;
      return taken;
    }

    /** Nothing may stand beside a reference, at some providers. */
    private JsonNode reference(ObjectNode whole) {
      boolean isOdd = !TARGET.matcher(whole.get("$ref").asText()).matches();
      hasOddTargets |= isOdd || whole.get("$ref").asText().startsWith("#/definitions/");
      isOpen |= isOdd && !whole.get("$ref").asText().equals("#");
      ObjectNode taken = JSON.createObjectNode();
      taken.set("$ref", whole.get("$ref"));
      for (var names = whole.fieldNames(); names.hasNext(); ) {
        String name = names.next();
        switch (name) {
          case "$ref", "title", "description" -> {}
          case "$defs", "definitions" -> taken.set(name, under(name, whole.get(name)));
          default -> {
            if (!ANNOTATIONS.contains(name)) {
              left.add(name);
              isOpen |= OF_MORE_SHAPES.contains(name) || SHAPE.contains(name);
            }
          }
        }
      }
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
        case "anyOf", "prefixItems" -> {
          unions += keyword.equals("anyOf") ? 1 : 0;
          ArrayNode all = JSON.createArrayNode();
          value.forEach(schema -> all.add(taken(schema)));
          yield all;
        }
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

    private void close(ObjectNode taken, ObjectNode whole) {
      if (has(taken.path("type"), "object")) {
        JsonNode more = whole.path("additionalProperties");
        Set<String> names = new HashSet<>();
        whole.path("properties").fieldNames().forEachRemaining(names::add);
        Set<String> required = new HashSet<>();
        whole.path("required").forEach(name -> required.add(name.asText()));
        isOpen |=
            names.isEmpty()
                || !names.containsAll(required)
                || more.isObject()
                || (more.isBoolean() && more.asBoolean())
                || OF_MORE_SHAPES.stream().anyMatch(whole::has)
                || (dialect == Dialect.OPENAI && !required.containsAll(names));
        optional += names.size() - required.size();
        if (dialect != Dialect.GEMINI) {
          taken.put("additionalProperties", false);
        }
      }
      boolean isTyped = taken.has("type") || taken.has("anyOf");
      boolean isList = has(taken.path("type"), "array");
      isOpen |=
          !isTyped
              || whole.has("allOf")
              || whole.has("prefixItems")
              || (dialect == Dialect.OPENAI && isList && !taken.has("items"));
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
        case NUMBER -> "number"; // 1.0 is an integer, too, and is written so
        case NULL -> "null";
        case ARRAY -> "array";
        default -> "object";
      };
    }
  }
}
