package dev.nightjar.pipelines.compress;

import dev.nightjar.pipelines.model.Watchdog;
import dev.nightjar.pipelines.task.Compression;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
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

  /**
   * What parts a running head from its page number: more than a word is parted from a number by.
   */
  private static final String PARTED = "(?:[ \\t]{2,}|\\t|[ \\t]?[|•·][ \\t]?)";

  /** Up to 999: invoices and cases, too, are numbered one by one. */
  private static final Pattern NUMBER_FIRST = Pattern.compile("(\\d{1,3})" + PARTED);

  private static final Pattern NUMBER_LAST = Pattern.compile("(?:^|" + PARTED + ")(\\d{1,3})$");

  private static final String VALUE = "\\s*+=\\s*+(?:\"[^\"<>]*+\"|'[^'<>]*+'|[^\\s\"'<>]++)";

  /**
   * Tags that say how a text looks. Superscript, struck text and images say something. What follows
   * the name has to be attributes: "a <b or c> 5" is none. Nothing is read twice.
   */
  private static final Pattern TAG =
      Pattern.compile(
          "<(?<close>/?)(?<name>a|b|i|u|p|br|div|span|font|table|tr|td|th|tbody|thead|ul|ol|li|h[1-6]|em|strong"
              + "|hr|html|head|body|meta|center|blockquote|small|big)(?=[\\s/>])(?<attributes>(?:\\s++[a-z][a-z:-]*+"
              + VALUE
              + "){0,30}+)\\s*+/?+>",
          Pattern.CASE_INSENSITIVE);

  /** Attributes that say nothing; others, a style, a link, a list's first number, do. */
  private static final Pattern LAYOUT =
      Pattern.compile(
          "(?:\\s++(?:class|id|name|align|valign|width|height|border|cellpadding|cellspacing|colspan|rowspan|scope"
              + "|lang|dir|face|size|role)"
              + VALUE
              + "){0,30}+",
          Pattern.CASE_INSENSITIVE);

  /** Tags that stand inside words. */
  private static final Set<String> INLINE =
      Set.of("a", "b", "i", "u", "em", "strong", "span", "font", "small", "big");

  /** Tags that nothing closes. */
  private static final Set<String> VOID = Set.of("br", "hr", "meta");

  private static final Pattern ATTRIBUTION =
      Pattern.compile(
          // \b knows ASCII only: "écrit" would have to follow a letter
          ".{2,200}(?<![\\p{L}\\p{N}])(?:wrote|schrieb|écrit|escribió|scritto|schreef|skrev)(?![\\p{L}\\p{N}]).{0,80}:",
          Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE);

  private static final Pattern ORIGINAL =
      Pattern.compile(
          "-{2,}\\s*(?:original message|ursprüngliche nachricht|message d'origine|mensaje"
              + " original)\\s*-{2,}",
          Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE);

  private static final Pattern DISCLAIMER =
      Pattern.compile(
          "intended (?:only for|solely for|recipient)|confidential|received this [\\w-]{1,20} in"
              + " error|notify the sender|legally privileged|unauthori[sz]ed"
              + " (?:use|copying|disclosure)|free (?:of|from) viruses|vertraulich|rechtlich"
              + " geschützte|irrtümlich erhalten|confidentiel|destinataire|unsubscribe",
          Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE);

  private static final int DISCLAIMER_MARKS_MIN = 2;
  private static final int DISCLAIMER_LINES_MAX = 25;

  /** What a mail begins with is its own: a greeting, and what it asks for. */
  private static final int OWN_PARAGRAPHS = 2;

  private static final int SIGNATURE_LINES_MAX = 15;
  private static final int RUNNING_MIN = 3;
  private static final int RUNNING_MAX = 120;

  /** A page begins or ends with no more lines of furniture. */
  private static final int EDGE_LINES_MAX = 4;

  private static final int[] NOTHING = {0, 0};

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
    Map<String, List<Numbered>> numbered = new HashMap<>();
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.line(i);
      boolean isPage = PAGE.matcher(line).matches();
      lines.goes[i] = isPage || RULE.matcher(line).matches();
      isEdge[i] = isPage || lines.beginsPage(i);
      if (!line.isEmpty() && line.length() <= RUNNING_MAX) {
        same.computeIfAbsent(line, key -> new ArrayList<>()).add(i);
        addNumbered(line, i, numbered);
      }
    }
    List<List<Integer>> running = new ArrayList<>(same.values());
    numbered.values().stream()
        .filter(Compressor::countsPages)
        .forEach(heads -> running.add(heads.stream().map(Numbered::place).toList()));
    running.removeIf(
        places ->
            places.size() < RUNNING_MIN
                || !places.stream().allMatch(i -> isAtEdge(lines, isEdge, i)));
    for (List<Integer> places : running) {
      // The first may be the title itself.
      places.stream().skip(1).forEach(i -> lines.goes[i] = true);
    }
  }

  /** A line that may be a running head with its page's number. */
  private record Numbered(int place, int number) {}

  private static void addNumbered(String line, int i, Map<String, List<Numbered>> numbered) {
    Matcher first = NUMBER_FIRST.matcher(line);
    if (first.lookingAt()) {
      numbered
          .computeIfAbsent("<" + line.substring(first.end()), key -> new ArrayList<>())
          .add(new Numbered(i, Integer.parseInt(first.group(1))));
    }
    Matcher last = NUMBER_LAST.matcher(line);
    if (last.find()) {
      numbered
          .computeIfAbsent(">" + line.substring(0, last.start()), key -> new ArrayList<>())
          .add(new Numbered(i, Integer.parseInt(last.group(1))));
    }
  }

  /** Whether a number rises by one each time: it is the page's. */
  private static boolean countsPages(List<Numbered> heads) {
    for (int i = 1; i < heads.size(); i++) {
      if (heads.get(i).number() != heads.get(i - 1).number() + 1) {
        return false;
      }
    }
    return true;
  }

  /** Whether a line is the first or last of a page, but for other furniture and blank lines. */
  private static boolean isAtEdge(Lines lines, boolean[] isEdge, int i) {
    for (int step : new int[] {-1, 1}) {
      int at = step < 0 ? i : i + 1; // a page's first line holds the form feed itself
      int passed = 0;
      while (at >= 0 && at < lines.size()) {
        if (isEdge[at]) {
          return true;
        }
        if (at != i && !lines.isBlankLine(at) && (!lines.goes[at] || ++passed > EDGE_LINES_MAX)) {
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
    int own = 0;
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
      boolean isLeft = false; // of what it quotes, all goes
      for (int i = from; i < to; i++) {
        isLeft |= !lines.goes[i];
      }
      own += isLeft ? 1 : 0;
      if (isShort
          && own > OWN_PARAGRAPHS
          && marks(lines.text.substring(start, end)) >= DISCLAIMER_MARKS_MIN) {
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
    Tags tags = new Tags(lines.text);
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
      if (withoutTags && tags.mayStandIn(bound[0], end)) {
        addWithoutTags(kept, tags, bound[0], end);
      } else {
        addVisible(kept, lines.text, bound[0], end);
      }
      kept.add(bound[1], bound[2]);
      afterBlank = false;
    }
    return kept.excerpt();
  }

  private static void addWithoutTags(Kept kept, Tags tags, int start, int end) {
    tags.region(start, end);
    int from = start;
    int[] parting = NOTHING; // of the tags that end here
    while (tags.find()) {
      if (!tags.goes()) {
        continue;
      }
      if (tags.start() > from) {
        kept.part(parting, from, end);
        addVisible(kept, tags.text, from, tags.start());
        parting = NOTHING;
      }
      boolean isShorter =
          parting == NOTHING || tags.end() - tags.start() <= parting[1] - parting[0];
      if (!tags.isInline() && isShorter) {
        parting = new int[] {tags.start(), tags.end()};
      }
      from = tags.end();
    }
    kept.part(parting, from, end);
    addVisible(kept, tags.text, from, end);
  }

  /** A document's tags, from the first to the last. Not thread-safe. */
  private static final class Tags {
    private final String text;
    private final Matcher tag;
    private int next = -1;

    /**
     * By name, of the open ones the last first, whether they went: what closes one goes with it.
     */
    private final Map<String, ArrayDeque<Boolean>> open = new HashMap<>();

    Tags(String text) {
      this.text = text;
      this.tag = TAG.matcher(Watchdog.watched(text));
    }

    /** Asked for ascending places, it reads the text once. */
    boolean mayStandIn(int start, int end) {
      if (next < start) {
        int found = text.indexOf('<', start);
        next = found < 0 ? text.length() : found;
      }
      return next < end;
    }

    void region(int start, int end) {
      tag.region(start, end);
    }

    boolean find() {
      return tag.find();
    }

    int start() {
      return tag.start();
    }

    int end() {
      return tag.end();
    }

    private String name() {
      return tag.group("name").toLowerCase(Locale.ROOT);
    }

    boolean isInline() {
      return INLINE.contains(name());
    }

    /** Whether the tag that was found says nothing. To be asked once of each. */
    boolean goes() {
      boolean isLayout = LAYOUT.matcher(tag.group("attributes")).matches();
      if (VOID.contains(name())) {
        return isLayout;
      }
      ArrayDeque<Boolean> opened = open.computeIfAbsent(name(), key -> new ArrayDeque<>());
      if (tag.group("close").isEmpty()) {
        opened.push(isLayout);
        return isLayout;
      }
      return opened.isEmpty() || opened.pop();
    }
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

    /** Keeps a tag between two cells or paragraphs that nothing else parts: 3.|14 is not 3.14. */
    void part(int[] tag, int next, int end) {
      boolean parts =
          tag[1] > tag[0]
              && next < end
              && text.length() > 0
              && !isWhite(document.charAt(next))
              && !isWhite(text.charAt(text.length() - 1));
      if (parts) {
        add(tag[0], tag[1]);
      }
    }

    private static boolean isWhite(char c) {
      return Character.isWhitespace(c) || Character.isSpaceChar(c);
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
