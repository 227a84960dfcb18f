package dev.nightjar.cachestore;

import java.io.Serializable;
import java.util.OptionalInt;

/**
 * Where a quote of an answer stands in its document.
 *
 * @param customId the attempt that the answer came to
 * @param place in the answer, as {@code $.quotes[0]}
 * @param field of the document's; empty for its text
 * @param start of its first code point there, from 0
 * @param end of the first code point after it
 * @param page from 1, of a text with page breaks
 * @param isExact whether the model quoted to the letter
 * @param before what stands before it
 * @param quote the document's own words
 * @param after what stands after it
 */
public record LocatedQuote(
    String customId,
    String place,
    String field,
    int start,
    int end,
    OptionalInt page,
    boolean isExact,
    String before,
    String quote,
    String after)
    implements Serializable {

  /** The same of an attempt. */
  public LocatedQuote of(String attempt) {
    return new LocatedQuote(attempt, place, field, start, end, page, isExact, before, quote, after);
  }
}
