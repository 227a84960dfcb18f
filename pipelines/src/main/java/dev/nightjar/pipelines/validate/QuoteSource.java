package dev.nightjar.pipelines.validate;

import dev.nightjar.pipelines.compress.Compressor;
import dev.nightjar.pipelines.compress.Excerpt;
import dev.nightjar.pipelines.model.SourceDocument;
import dev.nightjar.pipelines.task.Compression;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What answers quote: a document, that is its text and the fields that its prompt shows; or, where
 * the document is not at hand, the prompt. What does not stand in the document to the letter is
 * looked for in what compression left of it, too: a model that is not shown a page number quotes
 * across it. Not thread-safe.
 */
public final class QuoteSource {
  private static final int CONTEXT_CODE_POINTS = 160;

  /** By field; the text's own is empty. */
  private final Map<String, String> texts;

  private final Map<String, QuoteLocator> locators = new LinkedHashMap<>();
  private final boolean isDocument;
  private final Compression level;

  /** What compression left, and quotes in it; null until one is looked for there. */
  private @Nullable Excerpt compressed;

  private @Nullable QuoteLocator compressedLocator;

  private QuoteSource(Map<String, String> texts, boolean isDocument, Compression level) {
    this.texts = texts;
    this.isDocument = isDocument;
    this.level = level;
    texts.forEach((field, text) -> locators.put(field, new QuoteLocator(text)));
  }

  /** The prompt alone: quotes are judged, and have no place in a document. */
  public static QuoteSource ofPrompt(String prompt) {
    return new QuoteSource(Map.of("", prompt), false, Compression.NONE);
  }

  /**
   * A whole document.
   *
   * @param level what the task leaves out of what it sends
   */
  public static QuoteSource of(SourceDocument document, Compression level) {
    Map<String, String> texts = new LinkedHashMap<>();
    texts.put("", document.text());
    texts.putAll(new TreeMap<>(document.fields()));
    return new QuoteSource(texts, true, level);
  }

  /** Whether places are those of a document. */
  boolean isDocument() {
    return isDocument;
  }

  /**
   * Where a quote stands.
   *
   * @param field of the document's; empty for its text
   * @param said its words without what was not sent
   */
  record Found(String field, QuoteLocator.Place place, String said) {}

  Optional<Found> locate(String quote) {
    Optional<Found> whole = inDocument(quote);
    if (level == Compression.NONE || whole.filter(found -> found.place().isExact()).isPresent()) {
      return whole;
    }
    Optional<Found> sent = inCompressed(quote);
    boolean isToTheLetter = sent.filter(found -> found.said().equals(quote)).isPresent();
    return isToTheLetter ? sent : whole.or(() -> sent);
  }

  private Optional<Found> inDocument(String quote) {
    for (Map.Entry<String, QuoteLocator> field : locators.entrySet()) {
      Optional<QuoteLocator.Place> place = field.getValue().locate(quote);
      if (place.isPresent()) {
        return Optional.of(new Found(field.getKey(), place.get(), place.get().text()));
      }
    }
    return Optional.empty();
  }

  private Optional<Found> inCompressed(String quote) {
    Excerpt sent = compressed;
    QuoteLocator locator = compressedLocator;
    if (sent == null || locator == null) {
      sent = new Compressor(level).compress(texts.getOrDefault("", ""));
      locator = new QuoteLocator(sent.text());
      compressed = sent;
      compressedLocator = locator;
    }
    Excerpt of = sent;
    return locator
        .locate(quote)
        .filter(place -> place.end() > place.start())
        .map(
            place -> {
              String text = texts.getOrDefault("", "");
              int start = placeOf(of, place.start());
              int end = placeOf(of, place.end() - 1) + 1;
              int from = text.offsetByCodePoints(0, start);
              int to = text.offsetByCodePoints(from, end - start);
              return new Found(
                  "",
                  new QuoteLocator.Place(start, end, text.substring(from, to), false),
                  place.text());
            });
  }

  /** The place of an excerpt's code point in the document. */
  private static int placeOf(Excerpt excerpt, int codePoint) {
    int left = codePoint;
    for (Excerpt.Span span : excerpt.spans()) {
      int length = span.end() - span.start();
      if (left < length) {
        return span.start() + left;
      }
      left -= length;
    }
    throw new IllegalArgumentException("no code point " + codePoint + " in " + excerpt.spans());
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
