package dev.nightjar.pipelines.lint;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Edits of a task file that cannot change what its prompt means: white space at the ends of lines,
 * blank lines after a blank line, and, in the system prompt, a line of whole sentences that is the
 * line above it to the letter. What stands elsewhere before stays: under another heading, or in
 * another turn of an example, it says something else. Only literal blocks ({@code system: |}) are
 * edited; what is between code fences, and what follows the first example, keeps its lines.
 * Stateless and thread-safe.
 */
public final class SafeEdits {
  private static final Pattern BLOCK = Pattern.compile("(system|user):\\s*\\|[+-]?\\s*(#.*)?");
  private static final Pattern TRAILING = Pattern.compile("[ \\t\\u00a0\\u200b\\ufeff]+$");

  /** A shorter line may be a heading or a label that has to stand twice. */
  private static final int WORDS_MIN = 5;

  private SafeEdits() {}

  /**
   * What becomes of a line of the file.
   *
   * @param before the line
   * @param after what stands in its place
   * @param isKept whether anything does
   */
  public record Line(String before, String after, boolean isKept) {
    /** Whether it is another line than before. */
    public boolean isChanged() {
      return !isKept || !before.equals(after);
    }
  }

  /** Every line of a task file, and what becomes of it. */
  public static List<Line> of(String yaml) {
    List<Line> lines = new ArrayList<>();
    Text text = new Text(false);
    boolean inBlock = false;
    for (String whole : yaml.split("\n", -1)) {
      String end = whole.endsWith("\r") ? "\r" : ""; // which stays, whatever becomes of the line
      String line = whole.substring(0, whole.length() - end.length());
      boolean belongs = line.isBlank() || line.startsWith(" ") || line.startsWith("\t");
      if (inBlock && belongs) {
        Line edited = text.edited(line);
        lines.add(new Line(whole, edited.after() + end, edited.isKept()));
        continue;
      }
      inBlock = BLOCK.matcher(line).matches();
      text = new Text(line.startsWith("system"));
      lines.add(new Line(whole, whole, true));
    }
    return lines;
  }

  /** The file with its edits. */
  public static String applied(List<Line> lines) {
    List<String> kept = new ArrayList<>();
    for (Line line : lines) {
      if (line.isKept()) {
        kept.add(line.after());
      }
    }
    return String.join("\n", kept);
  }

  /**
   * A text of the task as the edits leave it.
   *
   * @param isSystem whether it is the system prompt
   */
  static String ofText(String text, boolean isSystem) {
    Text edits = new Text(isSystem);
    List<Line> lines = new ArrayList<>();
    for (String line : text.split("\n", -1)) {
      lines.add(edits.edited(line));
    }
    return applied(lines);
  }

  /**
   * Whether two tasks' texts differ in what these edits change, and in nothing else.
   *
   * @param isSystem whether they are system prompts
   */
  public static boolean areEqualButForEdits(String before, String after, boolean isSystem) {
    return ofText(before, isSystem).strip().equals(after.strip());
  }

  /** One text, line by line. Not thread-safe. */
  private static final class Text {
    private final boolean isSystem;
    private String above = "";
    private boolean isFenced;
    private boolean isExample;
    private boolean afterBlank;
    private boolean atSentence = true;

    Text(boolean isSystem) {
      this.isSystem = isSystem;
    }

    Line edited(String line) {
      String content = line.strip();
      if (content.startsWith("```") || content.startsWith("~~~")) {
        isFenced = !isFenced;
      }
      isExample |= Examples.begins(content);
      if (isFenced) {
        afterBlank = false;
        atSentence = false;
        above = "";
        return new Line(line, line, true);
      }
      if (content.isEmpty()) {
        boolean isKept = !afterBlank;
        afterBlank = true;
        atSentence = true;
        above = "";
        return new Line(line, "", isKept);
      }
      boolean isWhole = atSentence && endsASentence(content);
      boolean isSaid =
          isSystem
              && isWhole
              && !isExample
              && content.split("\\s+").length >= WORDS_MIN
              && content.equals(above);
      if (isSaid) {
        return new Line(line, "", false); // what comes next begins a sentence, too
      }
      above = isWhole ? content : "";
      atSentence = endsASentence(content);
      afterBlank = false;
      return new Line(line, TRAILING.matcher(line).replaceAll(""), true);
    }

    private static boolean endsASentence(String content) {
      return ".!?".indexOf(content.charAt(content.length() - 1)) >= 0;
    }
  }
}
