package dev.nightjar.emulator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.knuddels.jtokkit.api.Encoding;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.zip.CRC32;

/**
 * Rules for the tasks that ship with the demo: any object schema is filled in, enumerations by
 * keywords of the text where rules are known, strings with sentences of the text. Weaker models
 * break the schema now and then, always on the same texts, so that escalation has something to do.
 */
public final class DemoAnswers implements Answers {

  /** Of a thousand texts, on how many a model of each strength gives an answer that will not do. */
  private static final Map<Strength, Integer> BROKEN_PER_MILLE =
      Map.of(Strength.SMALL, 60, Strength.MID, 30, Strength.LARGE, 0);

  /** Of a thousand texts, of how many a model takes one choice for another. */
  private static final Map<Strength, Integer> WRONG_PER_MILLE =
      Map.of(Strength.SMALL, 10, Strength.MID, 5, Strength.LARGE, 1);

  /** The property that is the text's label, where that is known. */
  private static final String LABEL = "label";

  private static final Map<String, List<String>> KEYWORDS =
      Map.of(
          "spam",
          List.of(
              "click here",
              "free",
              "guarantee",
              "viagra",
              "winner",
              "million",
              "unsubscribe",
              "100%",
              "credit",
              "mortgage",
              "offer",
              "remove",
              "adult"),
          "mailing_list",
          List.of(
              "wrote:", "list", "mailing", "patch", "re:", "bug", "perl", "linux", "spamassassin"),
          "newsletter",
          List.of(
              "newsletter", "issue", "subscribe", "headlines", "today's", "edition", "copyright"),
          "personal",
          List.of("dinner", "weekend", "thanks", "love", "family", "see you", "cheers"),
          "business",
          List.of(
              "meeting", "invoice", "contract", "attached", "schedule", "project", "please find"));

  private enum Strength {
    SMALL,
    MID,
    LARGE
  }

  private final Encoding encoding = Tokens.ENCODING;
  private final Map<Long, String> labels;

  /** Models that know no text. */
  public DemoAnswers() {
    this(Map.of());
  }

  /**
   * Models that know what some texts are.
   *
   * @param labels by {@link #hash} of the user's message without white space around it
   */
  public DemoAnswers(Map<Long, String> labels) {
    this.labels = Map.copyOf(labels);
  }

  @Override
  public String answer(Question question) {
    String text = question.user();
    JsonNode schema = question.schema().orElse(null);
    if (schema == null || !schema.path("properties").isObject()) {
      return sentences(text, 1);
    }
    ObjectNode answer = Json.object();
    schema
        .get("properties")
        .fields()
        .forEachRemaining(p -> answer.set(p.getKey(), value(p, question)));
    long draw = hash(question.model() + "\n" + text);
    if (draw % 1000 < BROKEN_PER_MILLE.getOrDefault(strength(question.model()), 0)) {
      return breakAnswer(answer, draw);
    }
    return Json.write(answer);
  }

  private static Strength strength(String model) {
    if (model.contains("luna")
        || model.contains("haiku")
        || model.startsWith("gpt-4.1-mini") // "mini" alone is in "gemini" too
        || model.startsWith("gpt-4o-mini")
        || model.contains("nano")
        || model.contains("-lite")) {
      return Strength.SMALL;
    }
    if (model.contains("terra") || model.contains("sonnet") || model.contains("-flash")) {
      return Strength.MID;
    }
    return Strength.LARGE;
  }

  /** The three ways in which real answers fail: prose, a missing field, a wrong type. */
  private static String breakAnswer(ObjectNode answer, long draw) {
    String first = answer.fieldNames().next();
    switch ((int) (draw / 1000 % 3)) {
      case 0 -> {
        return "I am sorry, but I cannot tell from this text.";
      }
      case 1 -> answer.remove(first);
      default -> answer.putObject(first).put("value", "unsure");
    }
    return Json.write(answer);
  }

  private JsonNode value(Map.Entry<String, JsonNode> property, Question question) {
    JsonNode schema = property.getValue();
    if (!(schema.path("enum") instanceof ArrayNode choices)) {
      return value(schema, question.user());
    }
    JsonNode right = best(choices, question.user());
    String label = labels.get(hash(question.user().strip()));
    for (int i = 0; i < choices.size(); i++) {
      boolean isKnown = property.getKey().equals(LABEL) && choices.get(i).asText().equals(label);
      if (isKnown || (label == null && choices.get(i).equals(right))) {
        // Whatever part of the text it was shown: a model that errs in a text errs in its parts.
        long draw = hash(question.model() + "\n" + property.getKey() + head(question.user()));
        boolean errs = draw % 1000 < WRONG_PER_MILLE.getOrDefault(strength(question.model()), 0);
        return choices.get(errs ? (i + 1) % choices.size() : i);
      }
    }
    return right;
  }

  /** The first two lines that are not blank, which a shortened text has as well. */
  private static String head(String text) {
    return text.lines().filter(line -> !line.isBlank()).limit(2).collect(Collectors.joining("\n"));
  }

  private JsonNode value(JsonNode schema, String text) {
    return switch (schema.path("type").asText("string")) {
      case "integer", "number" -> {
        int minimum = schema.path("minimum").asInt(1);
        int maximum = schema.path("maximum").asInt(minimum + 2);
        yield Json.MAPPER
            .getNodeFactory()
            .numberNode(minimum + (int) (hash(head(text)) % (maximum - minimum + 1)));
      }
      case "boolean" -> Json.MAPPER.getNodeFactory().booleanNode(hash(head(text)) % 2 == 0);
      case "array" -> {
        ArrayNode items = Json.array();
        int count =
            Math.max(
                schema.path("minItems").asInt(1), Math.min(3, schema.path("maxItems").asInt(3)));
        for (String sentence : firstSentences(text, count)) {
          items.add(cut(sentence, schema.path("items").path("maxLength").asInt(100)));
        }
        while (items.size() < schema.path("minItems").asInt(0)) {
          items.add("(nothing more)");
        }
        yield items;
      }
      default -> Json.MAPPER.getNodeFactory().textNode(string(schema, text));
    };
  }

  /** As the schema wants strings to be, as far as that is understood. */
  private String string(JsonNode schema, String text) {
    String format =
        switch (schema.path("format").asText()) {
          case "date" -> "2026-11-24";
          case "date-time" -> "2026-11-24T07:30:00Z";
          case "time" -> "07:30:00Z";
          case "email" -> "somebody@example.org";
          case "uri" -> "https://example.org/";
          case "uuid" -> "6f1c2b1e-5d0a-4c7e-9a59-3f2d8e1b7a40";
          default -> "";
        };
    if (!format.isEmpty()) {
      return format;
    }
    if (schema.has("pattern")) {
      Optional<String> matching = PatternText.of(schema.get("pattern").asText(), hash(text));
      if (matching.isPresent()) {
        return matching.get();
      }
    }
    int charactersMax = schema.path("maxLength").asInt(180);
    String said = cut(sentences(text, charactersMax > 300 ? 4 : 1), charactersMax);
    int missing = schema.path("minLength").asInt(0) - said.length();
    return missing > 0 ? said + ".".repeat(missing) : said;
  }

  private static JsonNode best(ArrayNode choices, String text) {
    String lower = text.toLowerCase(Locale.ROOT);
    JsonNode best = choices.get((int) (hash(head(text)) % choices.size()));
    int bestScore = 0;
    for (JsonNode choice : choices) {
      int score = 0;
      for (String keyword : KEYWORDS.getOrDefault(choice.asText(), List.of())) {
        if (lower.contains(keyword)) {
          score++;
        }
      }
      if (score > bestScore) {
        bestScore = score;
        best = choice;
      }
    }
    return best;
  }

  private static String sentences(String text, int count) {
    return String.join(" ", firstSentences(text, count));
  }

  private static List<String> firstSentences(String text, int count) {
    List<String> sentences = new ArrayList<>();
    for (String sentence : text.strip().split("(?<=[.!?])\\s+|\\R\\s*\\R")) {
      String line = sentence.replaceAll("\\s+", " ").strip();
      if (line.length() > 20) {
        sentences.add(line);
      }
      if (sentences.size() == count) {
        break;
      }
    }
    if (sentences.isEmpty()) {
      sentences.add("No sentence found.");
    }
    return sentences;
  }

  private String cut(String text, int charactersMax) {
    String shortened = text.length() <= charactersMax ? text : text.substring(0, charactersMax);
    // Never half a surrogate pair.
    return encoding.decode(encoding.encodeOrdinary(shortened)).strip();
  }

  /** A checksum of a text. */
  public static long hash(String text) {
    CRC32 crc = new CRC32();
    crc.update(text.getBytes(StandardCharsets.UTF_8));
    return crc.getValue();
  }
}
