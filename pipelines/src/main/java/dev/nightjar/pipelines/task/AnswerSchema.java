package dev.nightjar.pipelines.task;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SchemaValidatorsConfig;
import com.networknt.schema.SpecVersion;
import com.networknt.schema.ValidationMessage;
import com.networknt.schema.regex.RegularExpression;
import com.networknt.schema.resource.DisallowSchemaLoader;
import dev.nightjar.pipelines.model.Watchdog;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A task's output schema, ready to check answers. Nothing is fetched that it refers to. Immutable
 * and thread-safe.
 */
public final class AnswerSchema {
  private final JsonSchema schema;

  private AnswerSchema(JsonSchema schema) {
    this.schema = schema;
  }

  /** Prepares a schema, draft 2020-12, as far as that goes: what is wrong in it shows when used. */
  public static AnswerSchema of(String outputSchemaJson) {
    return new AnswerSchema(factory().getSchema(outputSchemaJson, config()));
  }

  /**
   * Prepares a schema with all that it refers to.
   *
   * @throws RuntimeException if a part of it cannot be used
   */
  static void check(JsonNode outputSchema) {
    factory().getSchema(outputSchema, config()).initializeValidators();
  }

  /**
   * What a reference inside a schema leads to.
   *
   * @param reference as {@code $ref} has it
   * @return a missing node if it leads to nothing, or is no pointer from the schema's root
   */
  public static JsonNode referred(JsonNode root, String reference) {
    if (!reference.equals("#") && !reference.startsWith("#/")) {
      return MissingNode.getInstance();
    }
    try {
      // In a fragment a plus is a plus.
      String pointer = reference.substring(1).replace("+", "%2B");
      return root.at(JsonPointer.compile(URLDecoder.decode(pointer, StandardCharsets.UTF_8)));
    } catch (IllegalArgumentException e) {
      return MissingNode.getInstance(); // a per cent sign that stands for nothing
    }
  }

  private static JsonSchemaFactory factory() {
    return JsonSchemaFactory.getInstance(
        SpecVersion.VersionFlag.V202012,
        builder ->
            builder.schemaLoaders(loaders -> loaders.add(DisallowSchemaLoader.getInstance())));
  }

  private static SchemaValidatorsConfig config() {
    return SchemaValidatorsConfig.builder()
        .regularExpressionFactory(
            source -> {
              Pattern pattern = pattern(source);
              return (RegularExpression) value -> pattern.matcher(Watchdog.watched(value)).find();
            })
        .build();
  }

  /**
   * A pattern of the schema.
   *
   * @throws java.util.regex.PatternSyntaxException if Java does not know what is in it
   */
  static Pattern pattern(String source) {
    // In a schema the end is the end: in Java it is also before a last line break.
    StringBuilder java = new StringBuilder();
    boolean inClass = false;
    for (int i = 0; i < source.length(); i++) {
      char c = source.charAt(i);
      if (c == '\\' && i + 1 < source.length()) {
        java.append(c).append(source.charAt(++i));
        continue;
      }
      if (inClass && c == '[') {
        java.append('\\'); // to Java it would open a class in the class
      }
      inClass = c == '[' || (inClass && c != ']');
      java.append(c == '$' && !inClass ? "\\z" : String.valueOf(c));
    }
    return Pattern.compile(java.toString());
  }

  /** The first thing in which an answer breaks the schema, as its place and the keyword. */
  public Optional<String> firstProblem(JsonNode answer) {
    return schema.validate(answer).stream().findFirst().map(AnswerSchema::told);
  }

  private static String told(ValidationMessage message) {
    return message.getInstanceLocation()
        + " breaks the output schema's '"
        + message.getType()
        + "'";
  }
}
