package dev.nightjar.pipelines.validate;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.LocatedQuote;
import dev.nightjar.pipelines.model.Watchdog;
import dev.nightjar.pipelines.task.AnswerSchema;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Checks answers against a task's output schema. Immutable and thread-safe. */
public final class AnswerValidator {
  /** Decimals stay as they are written. */
  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .nodeFactory(JsonNodeFactory.withExactBigDecimals(true))
          .build();

  /** One fence around the whole answer, with or without a language. */
  private static final Pattern FENCE =
      Pattern.compile("\\s*+```\\w*+[ \\t]*+\\R(?<inside>.*)\\R[ \\t]*+```\\s*+", Pattern.DOTALL);

  /** Decimals of a number that PostgreSQL's numeric, and hence jsonb, can hold. */
  private static final int SCALE_MAX = 16_000;

  private static final String BEYOND_A_DOUBLE =
      "the answer holds a number beyond what a double can hold";

  private final AnswerSchema schema;
  private final QuoteFields quotes;
  private final Duration timeMax;

  /**
   * A validator.
   *
   * @param outputSchemaJson JSON Schema, draft 2020-12
   */
  public AnswerValidator(String outputSchemaJson) {
    this(outputSchemaJson, Watchdog.DOCUMENT_MAX);
  }

  AnswerValidator(String outputSchemaJson, Duration timeMax) {
    this.schema = AnswerSchema.of(outputSchemaJson);
    this.quotes = QuoteFields.of(outputSchemaJson);
    this.timeMax = timeMax;
  }

  /**
   * What an answer came to.
   *
   * @param answerJson the answer, if it will do
   * @param code why not, if not
   * @param reason the same in words, without the answer's text
   * @param isMisquoted whether it quotes what the document does not say
   * @param quotes where its quotes stand, if it will do and the document is at hand
   */
  public record Verdict(
      Optional<String> answerJson,
      Optional<ErrorCode> code,
      String reason,
      boolean isMisquoted,
      List<LocatedQuote> quotes) {
    static Verdict rejected(ErrorCode code, String reason) {
      return new Verdict(Optional.empty(), Optional.of(code), reason, false, List.of());
    }

    /** Whether the answer may be good: what failed is the judging. */
    public boolean isUnjudged() {
      return code.equals(Optional.of(ErrorCode.ANSWER_UNJUDGED));
    }
  }

  /**
   * Judges an answer of which what it was asked about is not at hand. One wrapper is taken off, if
   * what is in it meets the schema: a byte order mark, or a fence. An answer that has to quote
   * stays unjudged.
   *
   * @param text of an answer that is complete
   */
  public Verdict validate(String text) {
    return quotes.isEmpty()
        ? validate(text, QuoteSource.ofPrompt(""))
        : Verdict.rejected(
            ErrorCode.ANSWER_UNJUDGED, "its quotes cannot be judged without what it was asked");
  }

  /**
   * The same with its quotes: each has to stand in the source, and is put right where it differs in
   * case, white space, hyphenation, punctuation or one word.
   *
   * @param text of an answer that is complete
   * @param source whose words it quotes
   */
  public Verdict validate(String text, QuoteSource source) {
    try {
      return Watchdog.within(timeMax, () -> judged(text, source));
    } catch (RuntimeException | StackOverflowError e) {
      return Verdict.rejected(
          ErrorCode.ANSWER_UNJUDGED,
          "it could not be judged by the task's schema (" + e.getClass().getSimpleName() + ")");
    }
  }

  private Verdict judged(String text, QuoteSource source) {
    Verdict first = judgedAsItIs(text, source);
    if (first.answerJson().isPresent()) {
      return first;
    }
    String inside = text.startsWith("\uFEFF") ? text.substring(1) : text;
    Matcher fence = FENCE.matcher(inside);
    inside = fence.matches() ? fence.group("inside") : inside;
    if (inside.equals(text)) {
      return first;
    }
    Verdict second = judgedAsItIs(inside, source);
    return second.answerJson().isPresent() ? second : first;
  }

  private Verdict judgedAsItIs(String text, QuoteSource source) {
    JsonNode answer;
    try {
      answer = JSON.readTree(text);
    } catch (JsonProcessingException e) {
      return Verdict.rejected(ErrorCode.ANSWER_INVALID, "the answer is not JSON");
    } catch (NumberFormatException e) { // its exponent is beyond what BigDecimal takes
      return Verdict.rejected(ErrorCode.ANSWER_INVALID, BEYOND_A_DOUBLE);
    }
    if (answer == null || !answer.isObject()) {
      return Verdict.rejected(ErrorCode.ANSWER_INVALID, "the answer is not a JSON object");
    }
    Optional<String> unstorable = unstorable(answer);
    if (unstorable.isPresent()) {
      return Verdict.rejected(ErrorCode.ANSWER_INVALID, unstorable.get());
    }
    Optional<String> problem = schema.firstProblem(answer);
    if (problem.isPresent()) {
      return Verdict.rejected(ErrorCode.ANSWER_INVALID, problem.get());
    }
    if (quotes.isEmpty()) {
      return accepted(answer, List.of());
    }
    QuoteFields.Checked checked = quotes.correct(answer, source);
    if (checked.missing().isPresent()) {
      return new Verdict(
          Optional.empty(),
          Optional.of(ErrorCode.ANSWER_INVALID),
          checked.missing().get() + " quotes what is not in the document",
          true,
          List.of());
    }
    // The source's own words took the quotes' place, and have to meet the schema as they did.
    return unstorable(answer)
        .or(() -> schema.firstProblem(answer))
        .map(broken -> Verdict.rejected(ErrorCode.ANSWER_INVALID, broken))
        .orElseGet(() -> accepted(answer, located(checked.found(), source)));
  }

  private static Verdict accepted(JsonNode answer, List<LocatedQuote> quotes) {
    return new Verdict(Optional.of(answer.toString()), Optional.empty(), "", false, quotes);
  }

  private static List<LocatedQuote> located(
      Map<String, QuoteSource.Found> found, QuoteSource source) {
    List<LocatedQuote> quotes = new ArrayList<>();
    if (source.isDocument()) {
      found.forEach(
          (place, quote) ->
              quotes.add(
                  new LocatedQuote(
                      "",
                      place,
                      quote.field(),
                      quote.place().start(),
                      quote.place().end(),
                      source.page(quote),
                      quote.place().isExact(),
                      source.before(quote),
                      quote.place().text(),
                      source.after(quote))));
    }
    return quotes;
  }

  /** What PostgreSQL, or who reads a number as a double, cannot hold. */
  private static Optional<String> unstorable(JsonNode answer) {
    List<JsonNode> open = new ArrayList<>(List.of(answer));
    while (!open.isEmpty()) {
      JsonNode node = open.remove(open.size() - 1);
      if (node.isTextual() && !isStorable(node.asText())) {
        return Optional.of("the answer holds a NUL or half a character, which cannot be stored");
      }
      if (node.isBigDecimal() || node.isBigInteger()) {
        boolean isKept =
            Double.isFinite(node.doubleValue())
                && (!node.isBigDecimal() || Math.abs(node.decimalValue().scale()) <= SCALE_MAX);
        if (!isKept) {
          return Optional.of(BEYOND_A_DOUBLE);
        }
      }
      var names = node.fieldNames();
      while (names.hasNext()) {
        if (!isStorable(names.next())) {
          return Optional.of("the answer holds a NUL or half a character, which cannot be stored");
        }
      }
      node.forEach(open::add);
    }
    return Optional.empty();
  }

  private static boolean isStorable(String text) {
    return text.codePoints()
        .noneMatch(c -> c == 0 || (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE));
  }
}
