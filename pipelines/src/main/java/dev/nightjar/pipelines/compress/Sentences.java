package dev.nightjar.pipelines.compress;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * A document cut into pieces that tile it: sentences, headings, list items and table rows, each
 * with the white space that follows it. Joined together they are the document again. Offsets are
 * kept in UTF-16 units, as Java's strings count, and in Unicode code points, as people and other
 * languages do. Immutable and thread-safe.
 */
final class Sentences {
  /** What stands for "no such piece". */
  static final int NONE = -1;

  private final String text;
  private final int[] bounds;
  private final int[] codePointBounds;
  private final int[] headingOf;
  private final int[] headingLevels;
  private final int[] tableHeaderOf;

  /**
   * The pieces of a document.
   *
   * @param bounds UTF-16 offsets: piece i is from bounds[i] to bounds[i + 1]
   * @param headingOf for each piece the heading it stands under, a piece before it, or {@link
   *     #NONE}; of a heading, the one above it
   * @param headingLevels for each piece 0, or its depth if it is a heading, 1 being the top
   * @param tableHeaderOf for each piece the first row of its table, a piece before it, or {@link
   *     #NONE}
   */
  Sentences(String text, int[] bounds, int[] headingOf, int[] headingLevels, int[] tableHeaderOf) {
    this.text = text;
    this.bounds = bounds;
    this.headingOf = headingOf;
    this.headingLevels = headingLevels;
    this.tableHeaderOf = tableHeaderOf;
    this.codePointBounds = new int[bounds.length];
    for (int i = 1; i < bounds.length; i++) {
      codePointBounds[i] = codePointBounds[i - 1] + text.codePointCount(bounds[i - 1], bounds[i]);
    }
  }

  int size() {
    return bounds.length - 1;
  }

  String document() {
    return text;
  }

  /** A piece with the white space after it. */
  String text(int piece) {
    return text.substring(bounds[piece], bounds[piece + 1]);
  }

  int start(int piece) {
    return bounds[piece];
  }

  int end(int piece) {
    return bounds[piece + 1];
  }

  /** Where a piece begins, in code points. */
  int codePointStart(int piece) {
    return codePointBounds[piece];
  }

  int codePointEnd(int piece) {
    return codePointBounds[piece + 1];
  }

  boolean isHeading(int piece) {
    return headingLevels[piece] > 0;
  }

  /** The heading that a piece stands under, or {@link #NONE}. */
  int headingOf(int piece) {
    return headingOf[piece];
  }

  /** The first row of the table that a piece is a later row of, or {@link #NONE}. */
  int tableHeaderOf(int piece) {
    return tableHeaderOf[piece];
  }

  /** The headings above a piece, outermost first, without the white space around them. */
  List<String> headingPath(int piece) {
    Deque<String> path = new ArrayDeque<>();
    for (int at = headingOf[piece]; at != NONE; at = headingOf[at]) {
      path.addFirst(text(at).strip());
    }
    return List.copyOf(path);
  }
}
