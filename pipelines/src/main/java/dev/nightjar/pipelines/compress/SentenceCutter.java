package dev.nightjar.pipelines.compress;

import java.text.BreakIterator;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Cuts a document along its structure: headings, list items and table rows are pieces of their own,
 * lines wrapped by hand are joined into their paragraph, and paragraphs are cut into sentences by
 * the JDK's {@link BreakIterator}, but not after abbreviations. What has no sentence end is cut at
 * white space before a greatest length, and where it has none, between characters. Takes time
 * linear in the document. Instances are immutable and thread-safe.
 */
final class SentenceCutter {
  /** Words that a full stop may follow inside a sentence, lower-case, without it. */
  private static final Set<String> ABBREVIATIONS =
      Set.of(
          "mr mrs ms dr prof sr jr st vs etc inc ltd co corp fig figs e.g i.e u.s approx gen sen"
              .split(" "));

  private static final Set<String> MORE_ABBREVIATIONS =
      Set.of(
          ("rep gov col lt capt sgt rev hon dept vol pp ed eds jan feb apr jun jul aug sept oct nov"
                  + " dec bzw usw z.b d.h nr al cf no")
              .split(" "));

  /** Lines of these lengths, in UTF-16 units, may have been wrapped by hand. */
  private static final int WRAPPED_MIN = 45;

  private static final int WRAPPED_MAX = 110;
  private static final int HEADING_MAX = 120;
  private static final int ABBREVIATION_MAX = 12;
  private static final int LIST_DIGITS_MAX = 3;
  private static final int HEADING_LEVELS_MAX = 6;

  private final int pieceMax;

  /**
   * A cutter.
   *
   * @param pieceMax longest piece without the white space after it, in UTF-16 units; at least 2
   */
  SentenceCutter(int pieceMax) {
    if (pieceMax < 2) {
      throw new IllegalArgumentException("pieceMax must be at least 2, but was " + pieceMax);
    }
    this.pieceMax = pieceMax;
  }

  private enum Kind {
    TEXT,
    HEADING,
    LIST_ITEM,
    TABLE_ROW
  }

  /** A run of lines that is cut as one. Mutable while lines are added. */
  private static final class Block {
    final int start;
    final Kind kind;
    final int level;
    int end;
    int lastLine;
    boolean closed;

    Block(int start, Kind kind, int level) {
      this.start = start;
      this.kind = kind;
      this.level = level;
      this.lastLine = start;
    }
  }

  /** The document's pieces; an empty document has none. */
  Sentences cut(String document) {
    List<Block> blocks = blocks(document);
    Pieces pieces = new Pieces();
    int[] open = new int[HEADING_LEVELS_MAX + 1]; // the heading in force at each level
    Arrays.fill(open, Sentences.NONE);
    int table = Sentences.NONE;
    BreakIterator sentences = BreakIterator.getSentenceInstance(Locale.ROOT);
    for (Block block : blocks) {
      int first = pieces.size;
      if (block.kind == Kind.HEADING) {
        Arrays.fill(open, block.level, open.length, Sentences.NONE);
      }
      int above = innermost(open);
      if (block.kind != Kind.TABLE_ROW) {
        table = Sentences.NONE;
      }
      if (block.kind == Kind.TEXT || block.kind == Kind.LIST_ITEM) {
        addSentences(document, block, sentences, pieces, above);
      } else {
        addBounded(
            document,
            block.start,
            block.end,
            pieces,
            above,
            block.kind == Kind.HEADING ? block.level : 0,
            table);
      }
      if (block.kind == Kind.HEADING) {
        open[block.level] = first;
      } else if (block.kind == Kind.TABLE_ROW && table == Sentences.NONE) {
        table = first;
      }
    }
    return pieces.of(document);
  }

  private static int innermost(int[] open) {
    for (int level = open.length - 1; level > 0; level--) {
      if (open[level] != Sentences.NONE) {
        return open[level];
      }
    }
    return Sentences.NONE;
  }

  private static List<Block> blocks(String document) {
    boolean escaped = isEscaped(document);
    List<Block> blocks = new ArrayList<>();
    int at = 0;
    while (at < document.length()) {
      int textEnd = at;
      while (textEnd < document.length() && breakLength(document, textEnd, escaped) == 0) {
        textEnd++;
      }
      int lineEnd =
          textEnd + (textEnd < document.length() ? breakLength(document, textEnd, escaped) : 0);
      add(document, at, textEnd, lineEnd, blocks);
      at = lineEnd;
    }
    return blocks;
  }

  private static void add(
      String document, int start, int textEnd, int lineEnd, List<Block> blocks) {
    Block last = blocks.isEmpty() ? null : blocks.get(blocks.size() - 1);
    if (isBlank(document, start, textEnd)) {
      if (last == null) {
        last = new Block(start, Kind.TEXT, 0);
        blocks.add(last);
      } else {
        last.closed = true;
      }
      last.end = lineEnd;
      return;
    }
    String line = document.substring(start, Math.min(textEnd, start + HEADING_MAX + 1)).strip();
    int level = headingLevel(line);
    Kind kind =
        level > 0
            ? Kind.HEADING
            : isTableRow(document, start, textEnd)
                ? Kind.TABLE_ROW
                : isListItem(line) ? Kind.LIST_ITEM : Kind.TEXT;
    boolean joins =
        last != null
            && !last.closed
            && document.charAt(start - 1) <= '\r' // a real line break, no escaped one
            && kind == Kind.TEXT
            && (last.kind == Kind.TEXT || last.kind == Kind.LIST_ITEM)
            && isWrapped(document, last.lastLine, start, textEnd);
    if (joins && last != null) {
      last.lastLine = start;
      last.end = lineEnd;
      return;
    }
    // White space before the first line belongs to it.
    boolean first = last != null && blocks.size() == 1 && isBlank(document, 0, start);
    Block block = new Block(first ? 0 : start, kind, level);
    block.end = lineEnd;
    block.lastLine = start;
    if (first) {
      blocks.set(0, block);
    } else {
      blocks.add(block);
    }
  }

  /** A line that goes on in the next: about as long as a screen is wide, and no sentence's end. */
  private static boolean isWrapped(String document, int lastLine, int start, int textEnd) {
    int end = start;
    while (end > lastLine && Character.isWhitespace(document.charAt(end - 1))) {
      end--;
    }
    int length = end - lastLine;
    return length >= WRAPPED_MIN
        && length <= WRAPPED_MAX
        && textEnd - start <= WRAPPED_MAX
        && ".!?:".indexOf(document.charAt(end - 1)) < 0
        && Character.isLetterOrDigit(document.codePointAt(start));
  }

  /**
   * Whether line breaks are written as a backslash and an n, as in logs of JSON: more often than
   * real ones occur.
   */
  private static boolean isEscaped(String document) {
    int escaped = 0;
    int real = 0;
    for (int i = 0; i < document.length(); i++) {
      char c = document.charAt(i);
      if (c == '\n') {
        real++;
      } else if (c == '\\' && i + 1 < document.length() && document.charAt(i + 1) == 'n') {
        escaped++;
      }
    }
    return escaped > real;
  }

  private static int breakLength(String document, int at, boolean escaped) {
    char c = document.charAt(at);
    if (c == '\n' || c == '\u2028' || c == '\u2029' || c == '\f') {
      return 1;
    }
    boolean more = at + 1 < document.length();
    if (c == '\r') {
      return more && document.charAt(at + 1) == '\n' ? 2 : 1;
    }
    return escaped && c == '\\' && more && document.charAt(at + 1) == 'n' ? 2 : 0;
  }

  private static boolean isBlank(String document, int start, int end) {
    for (int i = start; i < end; i++) {
      if (!Character.isWhitespace(document.charAt(i))) {
        return false;
      }
    }
    return true;
  }

  /**
   * 0, or a heading's depth: {@code ## Markdown}, {@code = = Wiki = =} or {@code <h2>HTML</h2>}.
   */
  private static int headingLevel(String line) {
    if (line.length() > HEADING_MAX || line.length() < 3) {
      return 0;
    }
    int marks = 0;
    char mark = line.charAt(0);
    if (mark == '#' || mark == '=') {
      int at = 0;
      while (at < line.length() && (line.charAt(at) == mark || line.charAt(at) == ' ')) {
        marks += line.charAt(at) == mark ? 1 : 0;
        at++;
      }
      boolean isHeading =
          at < line.length() && (mark == '#' ? line.charAt(at - 1) == ' ' : line.endsWith("="));
      return isHeading ? Math.min(marks, HEADING_LEVELS_MAX) : 0;
    }
    boolean html =
        mark == '<'
            && (line.charAt(1) == 'h' || line.charAt(1) == 'H')
            && line.charAt(2) >= '1'
            && line.charAt(2) <= '6';
    return html ? line.charAt(2) - '0' : 0;
  }

  private static boolean isTableRow(String document, int start, int end) {
    int bars = 0;
    int tabs = 0;
    for (int i = start; i < end; i++) {
      bars += document.charAt(i) == '|' ? 1 : 0;
      tabs += document.charAt(i) == '\t' && i > start && document.charAt(i - 1) != '\t' ? 1 : 0;
    }
    return bars >= 2 || tabs >= 2;
  }

  private static boolean isListItem(String line) {
    if (line.isEmpty()) {
      return false; // its beginning is white space, further than is looked at
    }
    char c = line.charAt(0);
    boolean bullet = "-*+•–·‣◦".indexOf(c) >= 0 && line.length() > 1 && line.charAt(1) == ' ';
    int digits = 0;
    while (digits < line.length() && Character.isDigit(line.charAt(digits))) {
      digits++;
    }
    boolean numbered =
        digits > 0
            && digits <= LIST_DIGITS_MAX
            && digits + 1 < line.length()
            && (line.charAt(digits) == '.' || line.charAt(digits) == ')')
            && line.charAt(digits + 1) == ' ';
    return bullet || numbered;
  }

  private void addSentences(
      String document, Block block, BreakIterator sentences, Pieces pieces, int heading) {
    // The iterator takes a line break for a paragraph's end: inside a block it is a space.
    String body = document.substring(block.start, block.end).replace('\n', ' ').replace('\r', ' ');
    sentences.setText(body);
    int from = 0;
    sentences.first();
    for (int to = sentences.next(); to != BreakIterator.DONE; to = sentences.next()) {
      if (to < body.length() && endsInAbbreviation(body, from, to)) {
        continue;
      }
      addBounded(
          document, block.start + from, block.start + to, pieces, heading, 0, Sentences.NONE);
      from = to;
    }
    if (from < body.length()) {
      addBounded(document, block.start + from, block.end, pieces, heading, 0, Sentences.NONE);
    }
  }

  private static boolean endsInAbbreviation(String body, int from, int to) {
    int dot = to - 1;
    while (dot > from && Character.isWhitespace(body.charAt(dot))) {
      dot--;
    }
    if (body.charAt(dot) != '.') {
      return false;
    }
    int start = dot;
    while (start > from
        && dot - start <= ABBREVIATION_MAX
        && (Character.isLetter(body.charAt(start - 1)) || body.charAt(start - 1) == '.')) {
      start--;
    }
    if (from == 0 && dot <= LIST_DIGITS_MAX && isNumber(body, dot)) {
      return true; // a list item's number
    }
    String word = body.substring(start, dot).toLowerCase(Locale.ROOT);
    boolean initial = word.length() == 1 && !word.equals("i");
    return initial || ABBREVIATIONS.contains(word) || MORE_ABBREVIATIONS.contains(word);
  }

  private static boolean isNumber(String body, int end) {
    return end > 0 && body.substring(0, end).chars().allMatch(Character::isDigit);
  }

  private void addBounded(
      String document, int start, int end, Pieces pieces, int heading, int level, int table) {
    int from = start;
    int contentEnd = end;
    while (contentEnd > start && Character.isWhitespace(document.charAt(contentEnd - 1))) {
      contentEnd--;
    }
    while (contentEnd - from > pieceMax) {
      int to = cutBefore(document, from, from + pieceMax);
      pieces.add(to, heading, level, table);
      from = to;
    }
    pieces.add(end, heading, level, table);
  }

  /** The last cut at or before a limit: after white space, else between whole characters. */
  private static int cutBefore(String document, int from, int limit) {
    for (int at = limit; at > from + (limit - from) / 2; at--) {
      if (Character.isWhitespace(document.charAt(at - 1))) {
        return at;
      }
    }
    int at = limit;
    while (at > from + (limit - from) / 2 && joinsWithNext(document, at)) {
      at--;
    }
    boolean cutsAPair =
        Character.isLowSurrogate(document.charAt(at))
            && Character.isHighSurrogate(document.charAt(at - 1));
    if (!cutsAPair) {
      return at;
    }
    return at - 1 > from ? at - 1 : at + 1;
  }

  private static boolean joinsWithNext(String document, int at) {
    int next = document.codePointAt(at);
    int type = Character.getType(next);
    return Character.isLowSurrogate(document.charAt(at))
        || type == Character.NON_SPACING_MARK
        || type == Character.ENCLOSING_MARK
        || type == Character.COMBINING_SPACING_MARK
        || next == 0x200D
        || document.charAt(at - 1) == '\u200D';
  }

  /** Growing arrays. */
  private static final class Pieces {
    private static final int START = 256;
    private int[] bounds = new int[START];
    private int[] headings = new int[START];
    private int[] levels = new int[START];
    private int[] tables = new int[START];
    private int size;

    void add(int end, int heading, int level, int table) {
      if (size + 1 == bounds.length) {
        bounds = Arrays.copyOf(bounds, size * 2);
        headings = Arrays.copyOf(headings, size * 2);
        levels = Arrays.copyOf(levels, size * 2);
        tables = Arrays.copyOf(tables, size * 2);
      }
      headings[size] = heading;
      levels[size] = level;
      tables[size] = table;
      size++;
      bounds[size] = end;
    }

    Sentences of(String document) {
      return new Sentences(
          document,
          Arrays.copyOf(bounds, size + 1),
          Arrays.copyOf(headings, size),
          Arrays.copyOf(levels, size),
          Arrays.copyOf(tables, size));
    }
  }
}
