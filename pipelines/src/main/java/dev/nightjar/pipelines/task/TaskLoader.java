package dev.nightjar.pipelines.task;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.networknt.schema.InputFormat;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import com.networknt.schema.ValidationMessage;
import com.networknt.schema.serialization.JsonNodeReader;
import com.networknt.schema.utils.JsonNodes;
import dev.nightjar.cachestore.ErrorBound;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.Fingerprint;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.embed.EmbeddingModel;
import dev.nightjar.pipelines.model.Effort;
import dev.nightjar.pipelines.model.ModelTraits;
import dev.nightjar.pipelines.model.Provider;
import dev.nightjar.pipelines.model.Suggestion;
import dev.nightjar.pipelines.reuse.AnswerEquality;
import dev.nightjar.pipelines.reuse.FieldRule;
import dev.nightjar.pipelines.reuse.Guards;
import dev.nightjar.pipelines.task.TaskInvalidException.Problem;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/** Reads task files. Stateless and thread-safe. */
public final class TaskLoader {
  private static final int CHUNK_TOKENS_DEFAULT = 200;

  /** Keys that people may change without asking anything again. */
  private static final Set<String> OF_OPENAI =
      Set.of(Provider.OPENAI.label(), Provider.AZURE.label());

  private static final Set<String> WITHOUT_EFFECT_ON_ANSWERS =
      Set.of(
          "name",
          "description",
          "semantic_cache",
          "near_duplicates",
          "guards",
          "answer_equality",
          "reference",
          "audit",
          "gold",
          "retention",
          "over_budget",
          "baseline",
          "embedding_model", // named by the namespace itself
          "online_fallback");

  private static final double CONFIDENCE_DEFAULT = 0.95;
  private static final double SHADOW_SHARE_DEFAULT = 0.05;
  private static final double JACCARD_MIN_DEFAULT = 0.9;
  private static final double AGAIN_SHARE_DEFAULT = 0.1;

  private static final ObjectMapper SYNTAX =
      YAMLMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  private static final ObjectMapper CANONICAL =
      new ObjectMapper().configure(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS, true);

  private static final JsonNode SCHEMA_TREE = schemaTree();

  private TaskLoader() {}

  /**
   * Reads a task file.
   *
   * @throws TaskInvalidException with every problem that the file has
   */
  public static TaskSpec load(Path file) {
    String name = file.toString();
    String yaml;
    try {
      yaml = Files.readString(file);
    } catch (java.nio.charset.CharacterCodingException e) {
      throw whole(name, "expected a YAML file in UTF-8");
    } catch (IOException e) {
      throw whole(
          name, "cannot be read (" + e.getClass().getSimpleName() + "); expected a YAML file");
    }
    return parse(name, yaml);
  }

  /**
   * The task that a stored definition is of, as it was when it was registered: what a newer build
   * asks of task files is not asked of it.
   *
   * @throws NightjarException TASK_INVALID if this build cannot read it
   */
  public static TaskSpec stored(String name, String definitionJson) {
    try {
      return spec(CANONICAL.readTree(definitionJson));
    } catch (JsonProcessingException | RuntimeException e) {
      throw new NightjarException(
          ErrorCode.TASK_INVALID,
          name,
          "its stored definition cannot be read by this build: " + firstLine(String.valueOf(e)),
          "collect its submissions with the build that made them",
          e);
    }
  }

  private static TaskInvalidException whole(String file, String expected) {
    return new TaskInvalidException(List.of(new Problem(file, 0, "", expected)));
  }

  static TaskSpec parse(String file, String yaml) {
    JsonNode tree = readTree(file, yaml);
    List<Problem> problems = new ArrayList<>();
    for (ValidationMessage message : schema().validate(tree)) {
      problems.add(problem(file, tree, message));
    }
    if (problems.isEmpty()) {
      checkMeaning(file, tree, problems);
    }
    if (!problems.isEmpty()) {
      problems.sort(Comparator.comparingInt(Problem::line));
      throw new TaskInvalidException(problems);
    }
    return spec(tree);
  }

  private static JsonNode readTree(String file, String yaml) {
    List<Problem> ambiguous = YamlScalars.problems(file, yaml);
    if (!ambiguous.isEmpty()) {
      throw new TaskInvalidException(ambiguous);
    }
    try {
      SYNTAX.readTree(yaml); // says where the syntax is wrong; the reader below only that it is
      JsonNode tree =
          JsonNodeReader.builder().locationAware().build().readTree(yaml, InputFormat.YAML);
      if (tree == null || !tree.isObject()) {
        throw whole(
            file, "expected a mapping with the keys name, system, user, output_schema, tiers");
      }
      return tree;
    } catch (JsonProcessingException e) {
      JsonLocation at = e.getLocation();
      throw new TaskInvalidException(
          List.of(
              new Problem(
                  file,
                  at == null ? 0 : at.getLineNr(),
                  "",
                  "expected valid YAML, but " + firstLine(e.getOriginalMessage()))));
    } catch (IOException | IllegalArgumentException e) {
      throw whole(file, "expected valid YAML, but " + firstLine(String.valueOf(e.getMessage())));
    }
  }

  private static String firstLine(String text) {
    return text.lines().findFirst().orElse("it does not parse");
  }

  private static JsonSchema schema() {
    return JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012).getSchema(SCHEMA_TREE);
  }

  private static JsonNode schemaTree() {
    try (InputStream schema =
        Objects.requireNonNull(TaskLoader.class.getResourceAsStream("task.schema.json"))) {
      return CANONICAL.readTree(schema);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static Problem problem(String file, JsonNode tree, ValidationMessage message) {
    String path = message.getInstanceLocation().toString().replaceFirst("^\\$\\.?", "");
    String property = message.getProperty();
    boolean unknownKey = message.getType().equals("additionalProperties");
    JsonNode at = message.getInstanceNode();
    if (unknownKey && at != null && property != null && at.has(property)) {
      at = at.get(property);
    }
    String field = property == null ? path : path.isEmpty() ? property : path + "." + property;
    String expected =
        unknownKey
            ? "unknown key" + expectedKeys(path, String.valueOf(property))
            : message.getType().equals("required") ? "required key is missing" : message.getError();
    return new Problem(file, line(at == null ? tree : at), field, expected);
  }

  /** What may stand at a place of the file, and what of it may have been meant. */
  private static String expectedKeys(String path, String written) {
    JsonNode place = SCHEMA_TREE;
    for (String step : path.isEmpty() ? new String[0] : path.split("\\.")) {
      place = place.path("properties").path(step.replaceFirst("\\[\\d+\\]$", ""));
      place = step.endsWith("]") ? place.path("items") : place;
    }
    List<String> keys = new ArrayList<>();
    place.path("properties").fieldNames().forEachRemaining(keys::add);
    return Suggestion.among(written, keys) + "; expected one of " + String.join(", ", keys);
  }

  private static int line(JsonNode node) {
    JsonLocation location = JsonNodes.tokenLocationOf(node);
    return location == null ? 0 : location.getLineNr();
  }

  /** What a schema cannot say. */
  private static void checkMeaning(String file, JsonNode tree, List<Problem> problems) {
    Set<String> known = new TreeSet<>(Set.of("id", "text"));
    tree.at("/input/fields").forEach(field -> known.add(field.asText()));
    JsonNode user = tree.get("user");
    try {
      Set<String> placeholders = PromptTemplate.compile(user.asText()).placeholders();
      for (String placeholder : placeholders) {
        if (!known.contains(placeholder)) {
          problems.add(
              new Problem(
                  file,
                  line(user),
                  "user",
                  "placeholder {{"
                      + placeholder
                      + "}} is not known; expected one of "
                      + known
                      + " (declare further ones in input.fields)"));
        }
      }
      if (!placeholders.contains("text")) {
        problems.add(
            new Problem(
                file, line(user), "user", "expected the placeholder {{text}} in the template"));
      }
    } catch (IllegalArgumentException e) {
      problems.add(
          new Problem(
              file,
              line(user),
              "user",
              "expected a Mustache template, but " + firstLine(String.valueOf(e.getMessage()))));
    }
    Set<String> names = new TreeSet<>();
    int index = 0;
    for (JsonNode tier : tree.get("tiers")) {
      if (!names.add(tier.get("name").asText())) {
        problems.add(
            new Problem(
                file,
                line(tier.get("name")),
                "tiers[" + index + "].name",
                "expected a name not used by an earlier tier"));
      }
      requireProvider(file, tier, index, "api", Provider.OPENAI, problems);
      requireProvider(file, tier, index, "structured_output", Provider.ANTHROPIC, problems);
      checkModel(file, tier, index, problems);
      index++;
    }
    JsonNode last = tree.get("tiers").get(index - 1);
    if (last.has("prompt_tokens_max")) {
      problems.add(
          new Problem(
              file,
              line(last.get("prompt_tokens_max")),
              "tiers[" + (index - 1) + "].prompt_tokens_max",
              "expected no limit on the last tier, so that every prompt has one"));
    }
    JsonSchema meta =
        JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012)
            .getSchema(
                com.networknt.schema.SchemaLocation.of(
                    "https://json-schema.org/draft/2020-12/schema"));
    for (ValidationMessage message : meta.validate(tree.get("output_schema"))) {
      problems.add(
          new Problem(
              file,
              line(
                  message.getInstanceNode() == null
                      ? tree.get("output_schema")
                      : message.getInstanceNode()),
              "output_schema" + message.getInstanceLocation().toString().substring(1),
              message.getError()));
    }
    checkSchema(file, tree.get("output_schema"), problems);
    checkQuotes(file, tree, problems);
    Set<String> answered = new TreeSet<>();
    tree.at("/output_schema/properties").fieldNames().forEachRemaining(answered::add);
    for (JsonNode field : tree.at("/answer_equality/fields")) {
      requireField(file, field, "answer_equality.fields", field.asText(), answered, problems);
    }
    JsonNode rules = tree.at("/answer_equality/rules");
    rules
        .fieldNames()
        .forEachRemaining(
            field ->
                requireField(
                    file, rules.get(field), "answer_equality.rules", field, answered, problems));
    JsonNode reference = tree.at("/reference/tier");
    if (!reference.isMissingNode() && !names.contains(reference.asText())) {
      problems.add(
          new Problem(
              file,
              line(reference),
              "reference.tier",
              "'" + reference.asText() + "' is no tier of the task; expected one of " + names));
    }
    JsonNode retrieval = tree.path("retrieval");
    if (retrieval.path("chunk_tokens").asInt(CHUNK_TOKENS_DEFAULT)
        > retrieval.path("document_tokens_max").asInt(Integer.MAX_VALUE)) {
      problems.add(
          new Problem(
              file,
              line(retrieval),
              "retrieval.chunk_tokens",
              "expected at most document_tokens_max, or no chunk fits"));
    }
  }

  private static void requireField(
      String file,
      JsonNode at,
      String key,
      String field,
      Set<String> answered,
      List<Problem> problems) {
    if (!answered.contains(field)) {
      problems.add(
          new Problem(
              file,
              line(at),
              key,
              "'" + field + "' is no property of the answer; expected some of " + answered));
    }
  }

  /**
   * Nothing is fetched that a schema names: an address in it would see when, and whose, nights run.
   */
  private static void checkReferences(String file, JsonNode node, List<Problem> problems) {
    for (String keyword : List.of("$ref", "$dynamicRef")) {
      JsonNode reference = node.path(keyword);
      if (reference.isTextual() && !reference.asText().startsWith("#")) {
        problems.add(
            new Problem(
                file,
                line(reference),
                "output_schema",
                keyword
                    + " '"
                    + reference.asText()
                    + "' is outside this schema; expected one inside it, as #/$defs/name: nothing"
                    + " is fetched"));
      }
    }
    node.forEach(child -> checkReferences(file, child, problems));
  }

  /** Whatever would show when the first answer is judged, after it was paid for. */
  private static void checkSchema(String file, JsonNode outputSchema, List<Problem> problems) {
    int before = problems.size();
    checkReferences(file, outputSchema, problems);
    checkPointers(file, outputSchema, outputSchema, problems);
    checkPatterns(file, outputSchema, problems);
    checkEnds(file, outputSchema, problems);
    if (problems.size() > before) {
      return;
    }
    try {
      AnswerSchema.check(outputSchema);
    } catch (RuntimeException | StackOverflowError e) {
      problems.add(
          new Problem(
              file,
              line(outputSchema),
              "output_schema",
              "expected a schema that can be used, but "
                  + firstLine(String.valueOf(e.getMessage()))));
    }
  }

  /** Marks that nobody would look at, and answers whose quotes stand in another document. */
  private static void checkQuotes(String file, JsonNode tree, List<Problem> problems) {
    JsonNode schema = tree.path("output_schema");
    int marks = 0;
    for (JsonNode mark : schema.findValues("x-quote")) {
      marks += mark.asBoolean() ? 1 : 0;
    }
    if (marks == 0) {
      return;
    }
    if (marks != quoteMarks(schema)) {
      problems.add(
          new Problem(
              file,
              line(schema),
              "output_schema",
              "expected x-quote: true on strings or arrays of strings below 'properties' and"
                  + " 'items' only; elsewhere it is not looked at"));
    }
    for (String sharing : List.of("semantic_cache", "near_duplicates")) {
      if (tree.hasNonNull(sharing)) {
        problems.add(
            new Problem(
                file,
                line(tree.get(sharing)),
                sharing,
                "expected none beside x-quote: a shared answer quotes another document"));
      }
    }
  }

  private static int quoteMarks(JsonNode schema) {
    int marks = schema.path("x-quote").asBoolean() ? 1 : 0;
    for (JsonNode property : schema.path("properties")) {
      marks += quoteMarks(property);
    }
    return schema.path("items").isObject() ? marks + quoteMarks(schema.path("items")) : marks;
  }

  private static void checkPointers(
      String file, JsonNode root, JsonNode node, List<Problem> problems) {
    JsonNode reference = node.path("$ref");
    String target = reference.asText("");
    if (target.startsWith("#/") && AnswerSchema.referred(root, target).isMissingNode()) {
      problems.add(
          new Problem(
              file,
              line(reference),
              "output_schema",
              "$ref '" + target + "' leads to nothing in this schema"));
    }
    node.forEach(child -> checkPointers(file, root, child, problems));
  }

  /** A schema that asks a value to meet itself, without a step into the value, is never done. */
  private static void checkEnds(String file, JsonNode root, List<Problem> problems) {
    Map<JsonNode, Boolean> isDone = new IdentityHashMap<>();
    for (JsonNode schema : root.findParents("$ref")) {
      if (leadsBack(root, schema, isDone)) {
        problems.add(
            new Problem(
                file,
                line(schema.get("$ref")),
                "output_schema",
                "$ref '"
                    + schema.get("$ref").asText()
                    + "' leads back to where it stands, for the same value; expected a way through"
                    + " properties or items"));
        return;
      }
    }
  }

  private static boolean leadsBack(JsonNode root, JsonNode schema, Map<JsonNode, Boolean> isDone) {
    Boolean done = isDone.putIfAbsent(schema, false);
    if (done != null) {
      return !done; // met again on the way from it
    }
    List<JsonNode> ofTheSameValue = new ArrayList<>();
    for (String keyword : List.of("allOf", "anyOf", "oneOf", "dependentSchemas")) {
      schema.path(keyword).forEach(ofTheSameValue::add);
    }
    for (String keyword : List.of("not", "if", "then", "else")) {
      ofTheSameValue.add(schema.path(keyword));
    }
    ofTheSameValue.add(AnswerSchema.referred(root, schema.path("$ref").asText("")));
    for (JsonNode next : ofTheSameValue) {
      if (next.isObject() && leadsBack(root, next, isDone)) {
        return true;
      }
    }
    isDone.put(schema, true);
    return false;
  }

  private static void checkPatterns(String file, JsonNode node, List<Problem> problems) {
    JsonNode pattern = node.path("pattern");
    if (pattern.isTextual()) {
      checkPattern(file, pattern, pattern.asText(), problems);
    }
    JsonNode byPattern = node.path("patternProperties");
    byPattern
        .fieldNames()
        .forEachRemaining(name -> checkPattern(file, byPattern.get(name), name, problems));
    node.forEach(child -> checkPatterns(file, child, problems));
  }

  private static void checkPattern(
      String file, JsonNode at, String pattern, List<Problem> problems) {
    try {
      AnswerSchema.pattern(pattern);
    } catch (PatternSyntaxException e) {
      problems.add(
          new Problem(
              file,
              line(at),
              "output_schema",
              "expected a pattern that Java's java.util.regex knows, but '"
                  + pattern
                  + "': "
                  + e.getDescription()));
    }
  }

  private static void requireProvider(
      String file,
      JsonNode tier,
      int index,
      String key,
      Provider provider,
      List<Problem> problems) {
    if (tier.has(key) && !tier.get("provider").asText().equals(provider.label())) {
      problems.add(
          new Problem(
              file,
              line(tier.get(key)),
              "tiers[" + index + "]." + key,
              "expected only beside provider: " + provider.label()));
    }
  }

  private static TaskSpec spec(JsonNode tree) {
    List<TierSpec> tiers = new ArrayList<>();
    for (JsonNode tier : tree.get("tiers")) {
      tiers.add(
          new TierSpec(
              tier.get("name").asText(),
              Provider.ofLabel(tier.get("provider").asText()),
              tier.get("model").asText(),
              tier.get("output_tokens_max").asInt(),
              tier.path("prompt_tokens_max").asInt(Integer.MAX_VALUE),
              tier.path("context_tokens_max").asInt(Integer.MAX_VALUE),
              effort(tier),
              TierSpec.Api.valueOf(upper(tier.path("api").asText("chat"))),
              TierSpec.StructuredOutput.valueOf(
                  upper(tier.path("structured_output").asText("schema")))));
    }
    JsonNode retrieval = tree.path("retrieval");
    List<String> fields = new ArrayList<>();
    tree.at("/input/fields").forEach(field -> fields.add(field.asText()));
    return new TaskSpec(
        tree.get("name").asText(),
        tree.get("system").asText(),
        tree.get("user").asText(),
        canonical(tree.get("output_schema")),
        tree.at("/input/id_field").asText("id"),
        tree.at("/input/text_field").asText("text"),
        List.copyOf(fields),
        tree.at("/input/priority_field").asText(null),
        TaskSpec.OverBudget.valueOf(upper(tree.path("over_budget").asText("defer"))),
        tree.path("on_refusal").asText("fail").equals("escalate"),
        integer(tree.at("/baseline/output_tokens")),
        semanticCache(tree.path("semantic_cache")),
        nearDuplicates(tree.path("near_duplicates")),
        guards(tree.path("guards")),
        answerEquality(tree.path("answer_equality")),
        retention(tree.path("retention")),
        EmbeddingModel.ofLabel(
                tree.path("embedding_model").asText(EmbeddingModel.ALL_MINILM_L6_V2.label()))
            .orElseThrow(), // the schema names them all
        Compression.valueOf(upper(tree.path("compression").asText("none"))),
        retrieval.isMissingNode()
            ? null
            : new RetrievalSpec(
                retrieval.get("document_tokens_max").asInt(),
                retrieval.path("chunk_tokens").asInt(CHUNK_TOKENS_DEFAULT),
                queries(tree)),
        integer(tree.at("/online_fallback/minutes_before_deadline")),
        tree.has("trial"),
        List.copyOf(tiers),
        tree.at("/reference/tier").asText(tiers.get(tiers.size() - 1).name()),
        audit(tree.path("audit")),
        tree.path("audit_pass").asInt(0),
        tree.at("/gold/file").asText(null),
        fingerprint(tree),
        canonical(tree));
  }

  /**
   * What the task says, else the least that the model takes: answers here are short and checked.
   */
  private static @Nullable Effort effort(JsonNode tier) {
    Optional<ModelTraits> traits = traits(tier);
    if (traits.filter(known -> known.control() == ModelTraits.Control.FIXED).isPresent()) {
      return null;
    }
    return tier.has("effort")
        ? Effort.ofLabel(tier.get("effort").asText())
        : traits.flatMap(ModelTraits::least).orElse(null);
  }

  private static Optional<ModelTraits> traits(JsonNode tier) {
    return ModelTraits.of(
        Provider.ofLabel(tier.get("provider").asText()), tier.get("model").asText());
  }

  /** What the model would refuse, on every line. */
  private static void checkModel(String file, JsonNode tier, int index, List<Problem> problems) {
    Optional<ModelTraits> traits = traits(tier);
    if (traits.isEmpty()) {
      return;
    }
    String model = tier.get("model").asText();
    JsonNode effort = tier.path("effort");
    List<String> efforts =
        traits.get().efforts().stream()
            .filter(one -> one != Effort.MAX || takesMax(tier))
            .map(Effort::label)
            .toList();
    if (effort.isTextual() && !efforts.contains(effort.asText())) {
      problems.add(
          new Problem(
              file,
              line(effort),
              "tiers[" + index + "].effort",
              "expected one that "
                  + model
                  + " takes"
                  + (takesMax(tier) ? "" : " in chat completions")
                  + ": "
                  + String.join(", ", efforts)));
    }
    JsonNode structured = tier.path("structured_output");
    boolean forced = structured.asText("").equals("tool");
    if (forced && !traits.get().forcedTool()) {
      problems.add(
          new Problem(
              file,
              line(structured),
              "tiers[" + index + "].structured_output",
              "expected schema: " + model + " refuses to be made to call a tool"));
    } else if (forced && effort.isTextual() && !effort.asText().equals(Effort.NONE.label())) {
      problems.add(
          new Problem(
              file,
              line(effort),
              "tiers[" + index + "].effort",
              "expected none beside structured_output: tool: no model reasons and is made to call a"
                  + " tool"));
    }
  }

  /** Chat completions refuse it, of models whose responses take it. */
  private static boolean takesMax(JsonNode tier) {
    return !OF_OPENAI.contains(tier.get("provider").asText())
        || tier.path("api").asText("").equals("responses");
  }

  private static String upper(String label) {
    return label.toUpperCase(Locale.ROOT);
  }

  private static @Nullable SemanticCacheSpec semanticCache(JsonNode node) {
    return node.isMissingNode()
        ? null
        : new SemanticCacheSpec(
            number(node.path("similarity_min")),
            errorBound(node),
            node.path("shadow_share").asDouble(SHADOW_SHARE_DEFAULT));
  }

  private static @Nullable ErrorBound errorBound(JsonNode node) {
    double confidence = node.path("confidence").asDouble(CONFIDENCE_DEFAULT);
    Double perHit = number(node.path("max_error"));
    if (perHit != null) {
      return new ErrorBound(perHit, false, confidence);
    }
    Double perRequest = number(node.path("max_error_per_request"));
    return perRequest == null ? null : new ErrorBound(perRequest, true, confidence);
  }

  private static @Nullable NearDuplicateSpec nearDuplicates(JsonNode node) {
    return node.isMissingNode()
        ? null
        : new NearDuplicateSpec(
            node.get("similarity_min").asDouble(),
            node.path("jaccard_min").asDouble(JACCARD_MIN_DEFAULT));
  }

  private static Guards guards(JsonNode node) {
    if (node.isMissingNode()) {
      return Guards.DEFAULT;
    }
    List<Guards.Guard> guards = new ArrayList<>();
    node.forEach(guard -> guards.add(Guards.Guard.valueOf(upper(guard.asText()))));
    return new Guards(guards);
  }

  private static AnswerEquality answerEquality(JsonNode node) {
    List<String> fields = new ArrayList<>();
    node.path("fields").forEach(field -> fields.add(field.asText()));
    Map<String, FieldRule> rules = new HashMap<>();
    node.path("rules")
        .fields()
        .forEachRemaining(rule -> rules.put(rule.getKey(), fieldRule(rule.getValue())));
    return new AnswerEquality(fields, node.path("similarity_min").asDouble(1), rules);
  }

  private static FieldRule fieldRule(JsonNode node) {
    if (node.has("tolerance")) {
      return FieldRule.tolerance(node.get("tolerance").asDouble());
    }
    if (node.has("words_min")) {
      return FieldRule.words(node.get("words_min").asDouble());
    }
    return switch (node.asText()) {
      case "set" -> FieldRule.SET;
      case "ignored" -> FieldRule.IGNORED;
      default -> FieldRule.EXACT; // the schema names them all
    };
  }

  private static @Nullable AuditSpec audit(JsonNode node) {
    return node.isMissingNode()
        ? null
        : new AuditSpec(
            node.get("share").asDouble(),
            node.get("usd_max").decimalValue(),
            node.path("again_share").asDouble(AGAIN_SHARE_DEFAULT));
  }

  private static RetentionSpec retention(JsonNode node) {
    return new RetentionSpec(
        integer(node.path("days_max")),
        integer(node.path("megabytes_max")),
        integer(node.path("documents_days_max")));
  }

  /** Those that the file gives; else what the task's own words look for. */
  private static List<String> queries(JsonNode tree) {
    JsonNode query = tree.at("/retrieval/query");
    if (query.isMissingNode()) {
      return TaskQueries.of(tree.get("system").asText(), tree.get("output_schema"));
    }
    List<String> queries = new ArrayList<>();
    if (query.isTextual()) {
      queries.add(query.asText());
    }
    query.forEach(one -> queries.add(one.asText()));
    return List.copyOf(queries);
  }

  private static @Nullable Double number(JsonNode node) {
    return node.isNumber() ? node.asDouble() : null;
  }

  private static @Nullable Integer integer(JsonNode node) {
    return node.isInt() ? node.asInt() : null;
  }

  private static String fingerprint(JsonNode tree) {
    ObjectNode answering = tree.deepCopy();
    removeWithoutEffect(answering);
    return Fingerprint.sha256("nightjar task 1", canonical(answering));
  }

  /** Leaves what can change an answer. */
  static void removeWithoutEffect(ObjectNode definition) {
    definition.remove(WITHOUT_EFFECT_ON_ANSWERS);
    if (definition.get("input") instanceof ObjectNode input) {
      input.remove("priority_field");
    }
  }

  /** The same JSON with sorted keys and no white space. */
  private static String canonical(JsonNode node) {
    try {
      return CANONICAL.writeValueAsString(CANONICAL.treeToValue(node, Object.class));
    } catch (JsonProcessingException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
