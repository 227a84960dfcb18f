package dev.nightjar.pipelines.compress;

import dev.nightjar.pipelines.task.Compression;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Leaves out of a document what says nothing of it: white space, page furniture, markup, and of a
 * mail what it repeats, its signature and disclaimers. Only whole lines go, and of a kept line
 * white space at its end, invisible characters and tags: no number, name, quote or negation is
 * changed, and what is left stands in the document's order. A document of which nothing would be
 * left stays. Takes time linear in the document. Immutable and thread-safe.
 */
public final class Compressor {
  private static final Pattern RULE = Pattern.compile("[-=_*~#](?:[ \\t]?[-=_*~#]){3,}");

  private static final Pattern PAGE =
      Pattern.compile(
          "(?:\\[?(?:page|seite|pagina|página|strona|sida)\\s*\\d{1,5}(?:\\s*(?:of|/|von|de|di|z|av)\\s*\\d{1,5})?]?"
              + "|-\\s*\\d{1,4}\\s*-)",
          Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE);

  private static final Pattern NUMBER = Pattern.compile("\\d{1,5}");

  /** Tags that say how a text looks. Superscript, struck text, links and images say something. */
  private static final Pattern TAG =
      Pattern.compile(
          "</?(?:a|b|i|u|p|br|div|span|font|table|tr|td|th|tbody|thead|ul|ol|li|h[1-6]|em|strong|hr|html|head"
              + "|body|meta|center|blockquote|small|big)(?:\\s(?![^<>]*\\b(?:href|src|alt|title|content)\\b)[^<>]{0,400})?\\s*/?>",
          Pattern.CASE_INSENSITIVE);

  /** Tags that stand inside words. */
  private static final Pattern INLINE =
      Pattern.compile("</?(?:b|i|u|em|strong|span|font|small|big)\\b.*", Pattern.CASE_INSENSITIVE);

  private static final Pattern ATTRIBUTION =
      Pattern.compile(
          ".{2,200}\\b(?:wrote|schrieb|écrit|escribió|scritto|schreef|skrev)\\b.{0,80}:",
          Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE);

  private static final Pattern ORIGINAL =
      Pattern.compile(
          "-{2,}\\s*(?:original message|ursprüngliche nachricht|message d'origine|mensaje original)\\s*-{2,}",
          Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE);

  private static final Pattern DISCLAIMER =
      Pattern.compile(
          "intended (?:only for|solely for|recipient)|confidential|received this [\\w-]{1,20} in error"
              + "|notify the sender|legally privileged|unauthori[sz]ed (?:use|copying|disclosure)"
              + "|free (?:of|from) viruses|vertraulich|rechtlich geschützte|irrtümlich erhalten"
              + "|confidentiel|destinataire|unsubscribe",
          Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE);

  private static final int DISCLAIMER_MARKS_MIN = 2;
  private static final int DISCLAIMER_LINES_MAX = 25;
  private static final int SIGNATURE_LINES_MAX = 15;
  private static final int RUNNING_MIN = 3;
  private static final int RUNNING_MAX = 120;

  /** Looked at whole: longer lines are text. */
  private static final int LINE_MAX = 400;

  private final Compression level;

  /** Leaves out what a level says. */
  public Compressor(Compression level) {
    this.level = level;
  }

  /** What is kept, with its places in the document. */
  public Excerpt compress(String document) {
    if (level == Compression.NONE) {
      return whole(document);
    }
    Excerpt kept = kept(document, level);
    // A mail that only forwards another, or a page of rules, is not nothing.
    for (Compression less = level;
        isBlank(kept.text()) && less.compareTo(Compression.SPACE) > 0; ) {
      less = Compression.values()[less.ordinal() - 1];
      kept = kept(document, less);
    }
    return isBlank(kept.text()) ? whole(document) : kept;
  }

  private static boolean isBlank(String text) {
    return text.codePoints().noneMatch(Character::isLetterOrDigit);
  }

  private static Excerpt whole(String document) {
    return new Excerpt(
        document, List.of(new Excerpt.Span(0, document.codePointCount(0, document.length()))));
  }

  /** A document's lines, and which of them go. */
  private static final class Lines {
    private final String text;
    private final List<int[]> bounds =
        new ArrayList<>(); // start, end of content, start of the next
    private final boolean[] goes;

    Lines(String text) {
      this.text = text;
      int at = 0;
      while (at < text.length()) {
        int end = at;
        while (end < text.length() && text.charAt(end) != '\n' && text.charAt(end) != '\r') {
          end++;
        }
        int next = end;
        if (next < text.length()) {
          next += text.startsWith("\r\n", next) ? 2 : 1;
        }
        bounds.add(new int[] {at, end, next});
        at = next;
      }
      this.goes = new boolean[bounds.size()];
    }

    int size() {
      return goes.length;
    }

    /** A line without the white space around it; empty if it is longer than any furniture. */
    String line(int i) {
      int[] bound = bounds.get(i);
      return bound[1] - bound[0] > LINE_MAX ? "" : text.substring(bound[0], bound[1]).strip();
    }

    boolean isBlankLine(int i) {
      int[] bound = bounds.get(i);
      for (int at = bound[0]; at < bound[1]; at++) {
        if (!isSpace(text.charAt(at))) {
          return false;
        }
      }
      return true;
    }

    boolean beginsPage(int i) {
      int[] bound = bounds.get(i);
      return bound[1] > bound[0] && text.charAt(bound[0]) == '\f';
    }
  }

  private static boolean isSpace(char c) {
    return Character.isWhitespace(c) || Character.isSpaceChar(c) || isInvisible(c);
  }

  /** A byte order mark, a soft hyphen, a word joiner: seen by the tokeniser alone. */
  private static boolean isInvisible(char c) {
    return c == '\uFEFF' || c == '\u00AD' || c == '\u2060';
  }

  private static Excerpt kept(String document, Compression level) {
    Lines lines = new Lines(document);
    if (level.compareTo(Compression.FURNITURE) >= 0) {
      leaveOutFurniture(lines);
    }
    if (level.compareTo(Compression.REPLIES) >= 0) {
      leaveOutReplies(lines);
    }
    return written(lines, level.compareTo(Compression.FURNITURE) >= 0);
  }

  private static void leaveOutFurniture(Lines lines) {
    boolean[] isEdge = new boolean[lines.size()];
    Map<String, List<Integer>> same = new HashMap<>();
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.line(i);
      boolean isPage = PAGE.matcher(line).matches();
      lines.goes[i] = isPage || RULE.matcher(line).matches();
      isEdge[i] = isPage || lines.beginsPage(i);
      if (!line.isEmpty() && line.length() <= RUNNING_MAX) {
        same.computeIfAbsent(
                NUMBER.matcher(line.toLowerCase(Locale.ROOT)).replaceAll("0"),
                key -> new ArrayList<>())
            .add(i);
      }
    }
    for (List<Integer> places : same.values()) {
      boolean isRunning =
          places.size() >= RUNNING_MIN && places.stream().allMatch(i -> isAtEdge(lines, isEdge, i));
      places.stream()
          .skip(1) // the first may be the title itself
          .filter(i -> isRunning)
          .forEach(i -> lines.goes[i] = true);
    }
  }

  /** Whether a line is the first or last of a page, but for other furniture and blank lines. */
  private static boolean isAtEdge(Lines lines, boolean[] isEdge, int i) {
    for (int step : new int[] {-1, 1}) {
      int at = step < 0 ? i : i + 1; // a page's first line holds the form feed itself
      while (at >= 0 && at < lines.size()) {
        if (isEdge[at]) {
          return true;
        }
        if (at != i && !lines.isBlankLine(at) && !lines.goes[at]) {
          break;
        }
        at += step;
      }
      if (at < 0 || at >= lines.size()) {
        return true;
      }
    }
    return false;
  }

  private static void leaveOutReplies(Lines lines) {
    int end = lines.size();
    int last = Sentences.NONE; // that says something
    for (int i = 0; i < end; i++) {
      String line = lines.line(i);
      if (line.startsWith(">")) {
        lines.goes[i] = true;
        if (last >= 0 && ATTRIBUTION.matcher(lines.line(last)).matches()) {
          lines.goes[last] = true;
        }
      } else if (last >= 0 && ORIGINAL.matcher(line).matches()) {
        for (int rest = i; rest < end; rest++) {
          lines.goes[rest] = true;
        }
        break;
      } else if (line.equals("--") && end - i <= SIGNATURE_LINES_MAX && last >= 0) {
        for (int rest = i; rest < end; rest++) {
          lines.goes[rest] = true;
        }
        break;
      } else if (!lines.isBlankLine(i)) {
        last = i;
      }
    }
    leaveOutDisclaimers(lines);
  }

  private static void leaveOutDisclaimers(Lines lines) {
    int from = 0;
    while (from < lines.size()) {
      if (lines.isBlankLine(from)) {
        from++;
        continue;
      }
      int to = from;
      while (to < lines.size() && !lines.isBlankLine(to)) {
        to++;
      }
      int start = lines.bounds.get(from)[0];
      int end = lines.bounds.get(to - 1)[1];
      boolean isShort =
          to - from <= DISCLAIMER_LINES_MAX && end - start <= DISCLAIMER_LINES_MAX * RUNNING_MAX;
      // What a mail begins with is its own.
      if (isShort && from > 0 && marks(lines.text.substring(start, end)) >= DISCLAIMER_MARKS_MIN) {
        for (int i = from; i < to; i++) {
          lines.goes[i] = true;
        }
      }
      from = to;
    }
  }

  private static long marks(String paragraph) {
    return DISCLAIMER
        .matcher(paragraph)
        .results()
        .map(found -> found.group().toLowerCase(Locale.ROOT))
        .distinct()
        .count();
  }

  private static Excerpt written(Lines lines, boolean withoutTags) {
    Kept kept = new Kept(lines.text);
    boolean afterBlank = true;
    for (int i = 0; i < lines.size(); i++) {
      int[] bound = lines.bounds.get(i);
      if (lines.goes[i]) {
        continue;
      }
      int end = bound[1];
      while (end > bound[0] && isSpace(lines.text.charAt(end - 1))) {
        end--;
      }
      if (end == bound[0]) {
        if (!afterBlank) {
          kept.add(bound[1], bound[2]);
        }
        afterBlank = true;
        continue;
      }
      addLine(kept, lines.text, bound[0], end, withoutTags);
      kept.add(bound[1], bound[2]);
      afterBlank = false;
    }
    return kept.excerpt();
  }

  private static void addLine(Kept kept, String text, int start, int end, boolean withoutTags) {
    int from = start;
    if (withoutTags && text.indexOf('<', start) >= 0) {
      Matcher tag = TAG.matcher(text).region(start, end);
      while (tag.find()) {
        addVisible(kept, text, from, tag.start());
        boolean joins = // two cells, or two paragraphs, would become one word
            kept.endsInWord()
                && tag.end() < end
                && Character.isLetterOrDigit(text.codePointAt(tag.end()))
                && !INLINE.matcher(tag.group()).matches();
        if (joins) {
          kept.add(tag.start(), tag.end());
        }
        from = tag.end();
      }
    }
    addVisible(kept, text, from, end);
  }

  private static void addVisible(Kept kept, String text, int start, int end) {
    int from = start;
    for (int at = start; at < end; at++) {
      if (isInvisible(text.charAt(at))) {
        kept.add(from, at);
        from = at + 1;
      }
    }
    kept.add(from, end);
  }

  /** Stretches of a text, ascending. Not thread-safe. */
  private static final class Kept {
    private final String document;
    private final StringBuilder text = new StringBuilder();
    private final List<int[]> stretches = new ArrayList<>();

    Kept(String document) {
      this.document = document;
    }

    void add(int start, int end) {
      if (end <= start) {
        return;
      }
      text.append(document, start, end);
      int[] last = stretches.isEmpty() ? null : stretches.get(stretches.size() - 1);
      if (last != null && last[1] == start) {
        last[1] = end;
      } else {
        stretches.add(new int[] {start, end});
      }
    }

    boolean endsInWord() {
      return text.length() > 0 && Character.isLetterOrDigit(text.codePointBefore(text.length()));
    }

    Excerpt excerpt() {
      List<Excerpt.Span> spans = new ArrayList<>();
      int codePoints = 0;
      int at = 0;
      for (int[] stretch : stretches) {
        codePoints += document.codePointCount(at, stretch[0]);
        int end = codePoints + document.codePointCount(stretch[0], stretch[1]);
        spans.add(new Excerpt.Span(codePoints, end));
        codePoints = end;
        at = stretch[1];
      }
      return new Excerpt(text.toString(), spans);
    }
  }
}
