package dev.nightjar.pipelines.compress;

import java.util.List;

/**
 * What is kept of a document. Immutable and thread-safe.
 *
 * @param text the kept parts in document order, with a mark where something was left out
 * @param spans where they stand in the document, ascending, disjoint, not adjacent
 */
public record Excerpt(String text, List<Span> spans) {

  public Excerpt {
    spans = List.copyOf(spans);
    for (int i = 1; i < spans.size(); i++) {
      if (spans.get(i).start() < spans.get(i - 1).end()) {
        throw new IllegalArgumentException("spans must ascend, but were " + spans);
      }
    }
  }

  /**
   * A stretch of a document in Unicode code points.
   *
   * @param start of its first code point, from 0
   * @param end of the first code point after it
   */
  public record Span(int start, int end) {
    public Span {
      if (start < 0 || end < start) {
        throw new IllegalArgumentException(
            "a span must be 0 <= start <= end, but was " + start + " to " + end);
      }
    }
  }
}
