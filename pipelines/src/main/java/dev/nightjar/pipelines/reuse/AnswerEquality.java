package dev.nightjar.pipelines.reuse;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.DecimalNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nightjar.cachestore.Fingerprint;
import java.io.Serializable;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * When two answers of a task are the same for its users: field by field, by a rule of the field's
 * own or by the task's. Immutable and thread-safe.
 *
 * @param fields top-level fields that must be equal; empty for all of them
 * @param similarityMin least F1 of the words of each compared field, in (0, 1], as in SQuAD
 *     (Rajpurkar and others 2016); 1 compares the fields exactly. Numbers, booleans and null, and
 *     texts without a word are alike only if they are equal
 * @param rules how single fields are compared instead
 */
public record AnswerEquality(
    List<String> fields, double similarityMin, Map<String, FieldRule> rules)
    implements Serializable {
  /** Every field must be equal. */
  public static final AnswerEquality ALL_FIELDS = new AnswerEquality(List.of(), 1);

  /** Without rules of single fields. */
  public AnswerEquality(List<String> fields, double similarityMin) {
    this(fields, similarityMin, Map.of());
  }

  private static final ObjectMapper JSON =
      new ObjectMapper().configure(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS, true);

  /** A number keeps its sign and its decimals: -3 is not 3. */
  private static final Pattern WORD =
      Pattern.compile("(?:(?<![\\p{L}\\p{N}])-)?\\p{N}++(?:[.,]\\p{N}++)*+|[\\p{L}\\p{N}]++");

  private static final int DIGEST_DIGITS = 16;

  /** Changes whenever two answers may compare otherwise than before. */
  private static final String VERSION = "2";

  /** 1 and 1.0 are one number. */
  private static final Comparator<JsonNode> VALUES =
      (one, other) ->
          one.isNumber() && other.isNumber()
              ? one.decimalValue().compareTo(other.decimalValue())
              : one.equals(other) ? 0 : 1;

  public AnswerEquality {
    fields = List.copyOf(fields);
    rules = Map.copyOf(rules);
    if (!(similarityMin > 0 && similarityMin <= 1)) {
      throw new IllegalArgumentException(
          "similarityMin must be in (0, 1], but was " + similarityMin);
    }
  }

  /** Names this way of comparing: what was compared in another way does not count. */
  public String digest() {
    List<String> parts =
        new ArrayList<>(
            List.of(VERSION, String.join("\n", fields), Double.toString(similarityMin)));
    new TreeMap<>(rules).forEach((field, rule) -> parts.addAll(List.of(field, rule.toString())));
    return Fingerprint.sha256(parts.toArray(String[]::new)).substring(0, DIGEST_DIGITS);
  }

  /** What begins every {@link #classOf}. */
  public String classPrefix() {
    return digest() + ":";
  }

  /**
   * The class of an answer: answers with the same compared fields are one. Where words are compared
   * this is narrower than equality, so that such neighbours vote together only if they say the
   * same.
   */
  public String classOf(String answerJson) {
    try {
      String canonical =
          JSON.writeValueAsString(JSON.treeToValue(compared(answerJson), Object.class));
      return classPrefix() + Fingerprint.sha256(canonical).substring(0, DIGEST_DIGITS);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree can be written", e);
    }
  }

  /** Whether two answers are equal for the task. */
  public boolean equal(String answerJson, String otherJson) {
    return differing(answerJson, otherJson).isEmpty();
  }

  /** The compared fields in which two answers are not the same, in order; empty if they are. */
  public List<String> differing(String answerJson, String otherJson) {
    JsonNode one = compared(answerJson);
    JsonNode other = compared(otherJson);
    Set<String> names = new TreeSet<>();
    one.fieldNames().forEachRemaining(names::add);
    other.fieldNames().forEachRemaining(names::add);
    return differing(one, other, names);
  }

  /** Whether an answer, perhaps a part of one, has any field that is compared. */
  public boolean compares(String partJson) {
    return !compared(partJson).isEmpty();
  }

  /** The same for the fields that the other answer has, which may be fewer than all. */
  public List<String> differingFromPart(String answerJson, String partJson) {
    JsonNode part = compared(partJson);
    Set<String> names = new TreeSet<>();
    part.fieldNames().forEachRemaining(names::add);
    return differing(compared(answerJson), part, names);
  }

  private List<String> differing(JsonNode one, JsonNode other, Set<String> names) {
    // Field by field: nine that agree must not outvote the one that says the opposite.
    return names.stream().filter(name -> !same(name, one.path(name), other.path(name))).toList();
  }

  private boolean same(String name, JsonNode one, JsonNode other) {
    if (one.equals(VALUES, other)) {
      return true;
    }
    FieldRule rule = rules.getOrDefault(name, FieldRule.words(similarityMin));
    return switch (rule.kind()) {
      case EXACT, IGNORED -> false; // ignored ones are not compared at all
      case SET -> one.isArray() && other.isArray() && members(one).equals(members(other));
      case TOLERANCE ->
          one.isNumber()
              && other.isNumber()
              && one.decimalValue()
                      .subtract(other.decimalValue())
                      .abs()
                      .compareTo(BigDecimal.valueOf(rule.value()))
                  <= 0;
      case WORDS -> rule.value() < 1 && alike(one, other, rule.value());
    };
  }

  private static Set<JsonNode> members(JsonNode array) {
    Set<JsonNode> members = new HashSet<>();
    array.forEach(
        member ->
            members.add(
                member.isNumber()
                    ? DecimalNode.valueOf(member.decimalValue().stripTrailingZeros())
                    : member));
    return members;
  }

  private static boolean alike(JsonNode one, JsonNode other, double f1Min) {
    boolean anyIsNoText =
        one.isValueNode() && !one.isTextual() || other.isValueNode() && !other.isTextual();
    return !anyIsNoText && f1(values(one), values(other)) >= f1Min;
  }

  /** The values in a tree, without the names of fields. */
  private static String values(JsonNode node) {
    if (node.isValueNode()) {
      return node.asText();
    }
    StringBuilder values = new StringBuilder();
    node.forEach(child -> values.append(values(child)).append(' '));
    return values.toString();
  }

  private JsonNode compared(String answerJson) {
    try {
      JsonNode answer = JSON.readTree(answerJson);
      if (answer instanceof ObjectNode object) {
        if (!fields.isEmpty()) {
          object.retain(fields);
        }
        rules.forEach(
            (field, rule) -> {
              if (rule.kind() == FieldRule.Kind.IGNORED) {
                object.remove(field);
              }
            });
      }
      return answer;
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("a stored answer is not JSON", e);
    }
  }

  private static double f1(String one, String other) {
    Map<String, Integer> left = new HashMap<>();
    int words = count(one, left);
    Map<String, Integer> right = new HashMap<>();
    words += count(other, right);
    int shared = 0;
    for (Map.Entry<String, Integer> word : left.entrySet()) {
      shared += Math.min(word.getValue(), right.getOrDefault(word.getKey(), 0));
    }
    return words == 0 ? 0 : 2.0 * shared / words;
  }

  private static int count(String text, Map<String, Integer> words) {
    int count = 0;
    Matcher matcher = WORD.matcher(text.toLowerCase(Locale.ROOT).replace('−', '-'));
    while (matcher.find()) {
      words.merge(matcher.group(), 1, Integer::sum);
      count++;
    }
    return count;
  }
}
