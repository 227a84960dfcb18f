package dev.nightjar.pipelines.validate;

import dev.nightjar.pipelines.model.SourceDocument;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;

/**
 * What answers quote: a document, that is its text and the fields that its prompt shows; or, where
 * the document is not at hand, the prompt. Immutable and thread-safe.
 */
public final class QuoteSource {
  private static final int CONTEXT_CODE_POINTS = 160;

  /** By field; the text's own is empty. */
  private final Map<String, String> texts;

  private final Map<String, QuoteLocator> locators = new LinkedHashMap<>();
  private final boolean isDocument;

  private QuoteSource(Map<String, String> texts, boolean isDocument) {
    this.texts = texts;
    this.isDocument = isDocument;
    texts.forEach((field, text) -> locators.put(field, new QuoteLocator(text)));
  }

  /** The prompt alone: quotes are judged, and have no place in a document. */
  public static QuoteSource ofPrompt(String prompt) {
    return new QuoteSource(Map.of("", prompt), false);
  }

  /** A whole document. */
  public static QuoteSource of(SourceDocument document) {
    Map<String, String> texts = new LinkedHashMap<>();
    texts.put("", document.text());
    texts.putAll(new TreeMap<>(document.fields()));
    return new QuoteSource(texts, true);
  }

  /** Whether places are those of a document. */
  boolean isDocument() {
    return isDocument;
  }

  /**
   * Where a quote stands.
   *
   * @param field of the document's; empty for its text
   */
  record Found(String field, QuoteLocator.Place place) {}

  Optional<Found> locate(String quote) {
    for (Map.Entry<String, QuoteLocator> field : locators.entrySet()) {
      Optional<QuoteLocator.Place> place = field.getValue().locate(quote);
      if (place.isPresent()) {
        return Optional.of(new Found(field.getKey(), place.get()));
      }
    }
    return Optional.empty();
  }

  /** What stands before a place; a little. */
  String before(Found found) {
    String text = text(found);
    int end = text.offsetByCodePoints(0, found.place().start());
    int codePoints = Math.min(found.place().start(), CONTEXT_CODE_POINTS);
    return text.substring(text.offsetByCodePoints(end, -codePoints), end);
  }

  /** What stands after it. */
  String after(Found found) {
    String text = text(found);
    int start = text.offsetByCodePoints(0, found.place().end());
    int codePoints = Math.min(text.codePointCount(start, text.length()), CONTEXT_CODE_POINTS);
    return text.substring(start, text.offsetByCodePoints(start, codePoints));
  }

  /** The page that a place is on, of a text with page breaks. */
  OptionalInt page(Found found) {
    String text = text(found);
    if (text.indexOf('\f') < 0) {
      return OptionalInt.empty();
    }
    int end = text.offsetByCodePoints(0, found.place().start());
    return OptionalInt.of(1 + (int) text.substring(0, end).chars().filter(c -> c == '\f').count());
  }

  private String text(Found found) {
    return texts.getOrDefault(found.field(), "");
  }
}
