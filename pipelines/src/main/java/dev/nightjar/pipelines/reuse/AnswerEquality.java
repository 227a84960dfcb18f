package dev.nightjar.pipelines.reuse;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nightjar.cachestore.Fingerprint;
import java.io.Serializable;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * When two answers of a task are the same for its users: either if the named fields are equal, or
 * if enough of their words agree. Immutable and thread-safe.
 *
 * @param fields top-level fields that must be equal; empty for all of them
 * @param similarityMin least F1 of the two answers' words, in (0, 1], as in SQuAD (Rajpurkar and
 *     others 2016); 1 compares the fields exactly
 */
public record AnswerEquality(List<String> fields, double similarityMin) implements Serializable {
  /** Every field must be equal. */
  public static final AnswerEquality ALL_FIELDS = new AnswerEquality(List.of(), 1);

  private static final ObjectMapper JSON =
      new ObjectMapper().configure(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS, true);
  private static final Pattern NOT_A_WORD = Pattern.compile("[^\\p{L}\\p{N}]+");
  private static final int DIGEST_DIGITS = 16;

  public AnswerEquality {
    fields = List.copyOf(fields);
    if (!(similarityMin > 0 && similarityMin <= 1)) {
      throw new IllegalArgumentException(
          "similarityMin must be in (0, 1], but was " + similarityMin);
    }
  }

  /** Names this way of comparing: what was compared in another way does not count. */
  public String digest() {
    return Fingerprint.sha256(String.join("\n", fields), Double.toString(similarityMin))
        .substring(0, DIGEST_DIGITS);
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
    return classPrefix() + Fingerprint.sha256(compared(answerJson)).substring(0, DIGEST_DIGITS);
  }

  /** Whether two answers are equal for the task. */
  public boolean equal(String answerJson, String otherJson) {
    String one = compared(answerJson);
    String other = compared(otherJson);
    return one.equals(other) || (similarityMin < 1 && f1(one, other) >= similarityMin);
  }

  private String compared(String answerJson) {
    try {
      JsonNode answer = JSON.readTree(answerJson);
      if (!fields.isEmpty() && answer instanceof ObjectNode object) {
        answer = object.retain(fields);
      }
      return JSON.writeValueAsString(JSON.treeToValue(answer, Object.class));
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
    return words == 0 ? 1 : 2.0 * shared / words;
  }

  private static int count(String text, Map<String, Integer> words) {
    int count = 0;
    for (String word : NOT_A_WORD.split(text.toLowerCase(Locale.ROOT))) {
      if (!word.isEmpty()) {
        words.merge(word, 1, Integer::sum);
        count++;
      }
    }
    return count;
  }
}
