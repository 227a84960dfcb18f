package dev.nightjar.pipelines.lint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nightjar.pipelines.lint.Finding.Kind;
import dev.nightjar.pipelines.model.Tokens;
import dev.nightjar.pipelines.submit.RequestLines;
import dev.nightjar.pipelines.task.PromptTemplate;
import dev.nightjar.pipelines.task.TaskSpec;
import dev.nightjar.pipelines.task.TierSpec;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * Looks for what a task's prompt could do without. Tokens are o200k's. Immutable and thread-safe.
 */
public final class PromptLint {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final Pattern SENTENCE_END =
      Pattern.compile("(?<=[.!?])\\s+|\\R\\s*\\R|\\R(?=\\s*(?:[-*•]|\\d+[.)]) )");

  private static final Pattern PADDING =
      Pattern.compile(
          "\\b(?:please|kindly|i want you to|i would like you to|it is (?:very )?important"
              + " (?:that|to note that)|please note that|note that|make sure (?:that|to)|be sure"
              + " to|ensure that you|as an ai (?:language )?model,?|you are a helpful"
              + " assistant\\.?|your task is to|take a deep breath[^.]*\\.?|think"
              + " carefully[^.]*\\.?|do your best[^.]*\\.?|thank you[^.]*\\.?|very"
              + " very|absolutely|extremely)(?=\\W|$)",
          Pattern.CASE_INSENSITIVE);

  private static final Pattern JSON_ASKED =
      Pattern.compile(
          "\\b(?:answer|respond|reply|output|return)\\b[^.!?\\n]*\\bjson\\b[^.!?\\n]*[.!?]?",
          Pattern.CASE_INSENSITIVE);

  private static final Pattern PLACEHOLDER = Pattern.compile("\\{\\{\\{?\\s*[\\w.#^/>]+\\s*}?}}");
  private static final Pattern TYPE_WORD =
      Pattern.compile("(?:string|number|integer|boolean|array|object|text|\\.\\.\\.|…|<.*>|)");

  private static final int WORDS_MIN = 5;
  private static final double ALIKE_MIN = 0.8;
  private static final int SENTENCES_MAX = 2_000;
  private static final int EXAMPLES_ENOUGH = 2;
  private static final int SHOWN = 60;

  /** A prefix this much shorter than a provider keeps could be brought over it. */
  private static final double JUST_UNDER = 0.25;

  private static final double JUST_OVER = 0.1;

  /** Less text than this after a placeholder is a line of the message's own layout. */
  private static final int MOVED_MIN = 20;

  private final TaskSpec task;
  private final TierSpec tier;
  private final double inputUsd;
  private final double cachedUsd;
  private final int cacheableMin;

  /**
   * A lint by what the tier costs that is asked first.
   *
   * @param inputUsd USD of a token of input; 0 if it is not known
   * @param cachedUsd USD of one that the provider's cache serves
   * @param cacheableMin the shortest prefix that the provider keeps; 0 if it keeps none
   */
  public PromptLint(TaskSpec task, double inputUsd, double cachedUsd, int cacheableMin) {
    this.task = task;
    this.tier = task.tiers().get(0);
    this.inputUsd = inputUsd;
    this.cachedUsd = cachedUsd;
    this.cacheableMin = cacheableMin;
  }

  /** Tokens of each part that every request carries, in the order in which it is sent. */
  public Map<String, Integer> parts() {
    Map<String, Integer> parts = new LinkedHashMap<>();
    parts.put("output schema, as " + tier.provider().label() + " is sent it", schemaTokens());
    parts.put("system prompt", Tokens.count(task.system()));
    parts.put("user message without the document", Tokens.count(literal(task.userTemplate())));
    parts.put("frame", Tokens.REQUEST_FRAME);
    return parts;
  }

  /** Everything found, what saves most first. */
  public List<Finding> findings() {
    List<Finding> findings = new ArrayList<>();
    safe(findings);
    repeated(findings);
    padded(findings);
    examples(findings);
    unused(findings);
    schema(findings);
    prefix(findings);
    findings.sort((a, b) -> Double.compare(b.usdPerRequest(), a.usdPerRequest()));
    return findings;
  }

  private Finding shorter(Kind kind, String text, int tokens) {
    return new Finding(kind, text, tokens, tokens * inputUsd);
  }

  private void safe(List<Finding> findings) {
    int tokens =
        Tokens.count(task.system())
            - Tokens.count(SafeEdits.ofText(task.system(), true))
            + Tokens.count(task.userTemplate())
            - Tokens.count(SafeEdits.ofText(task.userTemplate(), false));
    if (tokens > 0) {
      findings.add(shorter(Kind.SAFE, "white space, and lines that stand twice in a row", tokens));
    }
  }

  private void repeated(List<Finding> findings) {
    String text = SafeEdits.ofText(task.system(), true) + "\n\n" + task.userTemplate();
    for (String example : Examples.in(text)) {
      text = text.replace(example, "");
    }
    List<Set<String>> earlier = new ArrayList<>();
    List<String> sentences = new ArrayList<>();
    for (String sentence : SENTENCE_END.split(text)) {
      Set<String> words = words(sentence);
      if (words.size() < WORDS_MIN || sentences.size() == SENTENCES_MAX) {
        continue;
      }
      for (int i = 0; i < earlier.size(); i++) {
        if (alike(words, earlier.get(i)) >= ALIKE_MIN) {
          findings.add(
              shorter(
                  Kind.REPEATED,
                  shown(sentence) + " says about what " + shown(sentences.get(i)) + " said",
                  Tokens.count(sentence)));
          break;
        }
      }
      earlier.add(words);
      sentences.add(sentence);
    }
  }

  private void padded(List<Finding> findings) {
    String text = task.system() + "\n" + task.userTemplate();
    List<String> found = PADDING.matcher(text).results().map(MatchResult::group).toList();
    if (!found.isEmpty()) {
      int tokens = Tokens.count(text) - Tokens.count(PADDING.matcher(text).replaceAll(""));
      Set<String> distinct = new TreeSet<>();
      found.forEach(words -> distinct.add(words.toLowerCase(Locale.ROOT).strip()));
      findings.add(
          shorter(
              Kind.PADDED,
              "words that ask for nothing: " + shown(String.join(", ", distinct)),
              Math.max(1, tokens)));
    }
  }

  private void examples(List<Finding> findings) {
    List<String> examples = Examples.in(task.system() + "\n\n" + task.userTemplate());
    Set<String> answers = new HashSet<>();
    for (int i = 0; i < examples.size(); i++) {
      String example = examples.get(i);
      String answer = lastObject(example);
      boolean isShown = !answer.isEmpty() && !answers.add(answer);
      if (isShown || i >= EXAMPLES_ENOUGH) {
        findings.add(
            shorter(
                Kind.EXAMPLE,
                shown(example)
                    + (isShown
                        ? " shows an answer that an earlier example shows"
                        : " is example "
                            + (i + 1)
                            + " of "
                            + examples.size()
                            + "; with 'audit' in the task see whether answers agree without it"),
                Tokens.count(example)));
      }
    }
  }

  private void unused(List<Finding> findings) {
    Set<String> read = PromptTemplate.compile(task.userTemplate()).placeholders();
    for (String field : task.fields()) {
      if (!read.contains(field)) {
        findings.add(
            shorter(
                Kind.UNUSED,
                "input.fields names "
                    + field
                    + ", which the template does not read: a document without it is refused for"
                    + " nothing",
                0));
      }
    }
    PLACEHOLDER
        .matcher(task.system())
        .results()
        .map(MatchResult::group)
        .distinct()
        .forEach(
            placeholder ->
                findings.add(
                    shorter(
                        Kind.UNUSED,
                        placeholder
                            + " in the system prompt is sent as it stands; placeholders are filled"
                            + " in the user message only",
                        Tokens.count(placeholder))));
  }

  private void schema(List<Finding> findings) {
    if (schemaTokens() == 0) {
      return; // this provider is told its shape by the prompt alone
    }
    JsonNode schema = read(task.outputSchemaJson());
    String text = task.system();
    for (String object : objects(text)) {
      if (isShape(read(object), schema)) {
        findings.add(
            shorter(
                Kind.SCHEMA,
                shown(object)
                    + " is the answer's shape, which "
                    + tier.provider().label()
                    + " is sent as output_schema",
                Tokens.count(object)));
      }
    }
    String folded = folded(text);
    for (JsonNode property : schema.findParents("description")) {
      String description = property.path("description").asText();
      if (words(description).size() >= WORDS_MIN && folded.contains(folded(description))) {
        findings.add(
            shorter(
                Kind.SCHEMA,
                shown(description) + " stands in the system prompt and in output_schema",
                Tokens.count(description)));
      }
    }
    Set<String> labels = new HashSet<>();
    schema.findValues("enum").forEach(each -> each.forEach(label -> labels.add(label.asText())));
    List<String> bare =
        text.lines()
            .map(line -> line.strip().replaceAll("^[-*•] *|[`\"',]", ""))
            .filter(labels::contains)
            .toList();
    if (bare.size() > 1) {
      findings.add(
          shorter(
              Kind.SCHEMA,
              "labels without a word about them, which output_schema lists: "
                  + shown(String.join(", ", bare)),
              Tokens.count("- " + String.join("\n- ", bare))));
    }
    boolean areAllHeld = task.tiers().stream().allMatch(each -> !schemaSent(each).isMissingNode());
    if (areAllHeld) {
      JSON_ASKED
          .matcher(text)
          .results()
          .map(MatchResult::group)
          .forEach(
              asked ->
                  findings.add(
                      shorter(
                          Kind.SCHEMA,
                          shown(asked) + ": every tier is sent the schema, and answers in JSON",
                          Tokens.count(asked))));
    }
  }

  private void prefix(List<Finding> findings) {
    if (cacheableMin == 0) {
      return;
    }
    int shared = Tokens.count(task.system()) + Tokens.count(task.sharedHead());
    int later =
        Tokens.count(literal(task.userTemplate().substring(headLength(task.userTemplate()))));
    double served = inputUsd - cachedUsd;
    int missing = cacheableMin - shared;
    if (later >= MOVED_MIN && shared + later >= cacheableMin) {
      findings.add(
          new Finding(
              Kind.PREFIX,
              later
                  + " tokens of the user message's own text stand after its first placeholder;"
                  + " before it, they could be served by the provider's cache",
              0,
              (missing > 0 ? shared + later : later) * served));
    } else if (missing > 0 && missing <= cacheableMin * JUST_UNDER) {
      findings.add(
          new Finding(
              Kind.PREFIX,
              "what all requests begin with is %,d tokens, %,d short of the %,d that %s keeps: with as many of instructions or examples more, and found by every request, it would cost less"
                  .formatted(shared, missing, cacheableMin, tier.model()),
              0,
              Math.max(0, shared * inputUsd - cacheableMin * cachedUsd)));
    } else if (missing <= 0 && -missing < cacheableMin * JUST_OVER) {
      findings.add(
          new Finding(
              Kind.PREFIX,
              "what all requests begin with is %,d tokens, %,d over the %,d that %s keeps: cutting more than that loses its cache"
                  .formatted(shared, -missing, cacheableMin, tier.model()),
              0,
              0));
    }
  }

  // ---- reading ----

  private int schemaTokens() {
    JsonNode sent = schemaSent(tier);
    return sent.isMissingNode() ? 0 : Tokens.count(sent.toString());
  }

  /** The schema as a tier's request holds it; missing if it holds none. */
  private JsonNode schemaSent(TierSpec of) {
    JsonNode own = read(task.outputSchemaJson()).path("properties");
    String first = own.fieldNames().hasNext() ? own.fieldNames().next() : "";
    JsonNode request = new RequestLines(task).of(of, "lint", "x");
    for (JsonNode holder : request.findParents("properties")) {
      if (holder.path("properties").has(first)) {
        return holder;
      }
    }
    return com.fasterxml.jackson.databind.node.MissingNode.getInstance();
  }

  private static int headLength(String template) {
    int at = template.indexOf("{{");
    return at < 0 ? template.length() : at;
  }

  private static String literal(String template) {
    return PLACEHOLDER.matcher(template).replaceAll("");
  }

  private static JsonNode read(String json) {
    try {
      return JSON.readTree(json);
    } catch (JsonProcessingException e) {
      return com.fasterxml.jackson.databind.node.MissingNode.getInstance();
    }
  }

  /** Whether it is a JSON Schema, or an object of the answer's properties with types as values. */
  private static boolean isShape(JsonNode object, JsonNode schema) {
    if (!object.isObject() || object.isEmpty()) {
      return false;
    }
    if (object.has("properties")) {
      return true;
    }
    for (var fields = object.fields(); fields.hasNext(); ) {
      var field = fields.next();
      boolean isType =
          !field.getValue().isTextual()
              || TYPE_WORD
                  .matcher(field.getValue().asText().toLowerCase(Locale.ROOT).strip())
                  .matches();
      if (!schema.path("properties").has(field.getKey())
          || !isType
          || field.getValue().isNumber()) {
        return false;
      }
    }
    return true;
  }

  /** What stands between an opening brace and its closing one, outermost ones only. */
  private static List<String> objects(String text) {
    List<String> objects = new ArrayList<>();
    int depth = 0;
    int start = 0;
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) == '{') {
        start = depth++ == 0 ? i : start;
      } else if (text.charAt(i) == '}' && depth > 0 && --depth == 0) {
        objects.add(text.substring(start, i + 1));
      }
    }
    return objects;
  }

  private static String lastObject(String text) {
    List<String> objects = objects(text);
    return objects.isEmpty() ? "" : read(objects.get(objects.size() - 1)).toString();
  }

  private static Set<String> words(String text) {
    Set<String> words = new HashSet<>();
    for (String word : folded(text).split(" ")) {
      words.add(word);
    }
    words.remove("");
    return words;
  }

  private static String folded(String text) {
    return text.toLowerCase(Locale.ROOT).replaceAll("[^\\p{L}\\p{N}]+", " ").strip();
  }

  private static double alike(Set<String> one, Set<String> other) {
    long common = one.stream().filter(other::contains).count();
    return (double) common / (one.size() + other.size() - common);
  }

  private static String shown(String text) {
    String line = text.strip().replaceAll("\\s+", " ");
    if (line.codePointCount(0, line.length()) > SHOWN) {
      line = line.substring(0, line.offsetByCodePoints(0, SHOWN)) + "…";
    }
    return "\"" + line + "\"";
  }
}
