package dev.nightjar.runners;

import dev.nightjar.pipelines.compress.Excerpt;
import dev.nightjar.pipelines.compress.Shortener;
import dev.nightjar.pipelines.model.Document;
import dev.nightjar.pipelines.model.Tokens;
import dev.nightjar.pipelines.task.PromptTemplate;
import dev.nightjar.pipelines.task.TaskSpec;
import java.io.PrintWriter;
import java.util.List;

/**
 * What a model is asked of a document, for people to read. Prompts are not kept: this one is made
 * anew, as the stages make it.
 *
 * @param system the system prompt
 * @param user the user message
 * @param document the whole document
 * @param spans what of it is sent
 * @param documentTokens tokens of the whole document, by our count
 * @param sentTokens tokens of what is sent of it
 */
record SentPrompt(
    String system,
    String user,
    String document,
    List<Excerpt.Span> spans,
    int documentTokens,
    int sentTokens) {

  /** Of what was left out in one go, so much is shown at its beginning and at its end. */
  private static final int SHOWN_CODE_POINTS = 200;

  private static final String DIM = "\u001b[2m";
  private static final String BRIGHT = "\u001b[0m";

  static SentPrompt of(TaskSpec task, Document document) {
    String text = document.text();
    Excerpt excerpt = new Shortener(task).shorten(text);
    return new SentPrompt(
        task.system(),
        PromptTemplate.compile(task.userTemplate())
            .render(document.id(), excerpt.text(), document.fields()),
        text,
        excerpt.spans(),
        Tokens.count(text),
        Tokens.count(excerpt.text()));
  }

  /** What was cut, in words; empty if nothing was. */
  String cut() {
    return sentTokens >= documentTokens
        ? ""
        : "sent are "
            + Terminal.count(sentTokens)
            + " of the document's "
            + Terminal.count(documentTokens)
            + " tokens";
  }

  /**
   * Prints the document with what was left out beside what was sent: lines sent begin with a plus,
   * lines left out with a minus.
   *
   * @param highlights whether what was left out is also dimmed, for a terminal
   */
  void printCut(PrintWriter out, boolean highlights) {
    int[] codePoints = document.codePoints().toArray();
    int at = 0;
    for (Excerpt.Span span : spans) {
      print(out, shortened(codePoints, at, span.start()), "-", highlights);
      print(out, new String(codePoints, span.start(), span.end() - span.start()), "+", false);
      at = span.end();
    }
    print(out, shortened(codePoints, at, codePoints.length), "-", highlights);
  }

  private static String shortened(int[] codePoints, int start, int end) {
    int hidden = end - start - 2 * SHOWN_CODE_POINTS;
    return hidden <= 0
        ? new String(codePoints, start, end - start)
        : new String(codePoints, start, SHOWN_CODE_POINTS)
            + "\n[… "
            + Terminal.count(hidden)
            + " more characters left out …]\n"
            + new String(codePoints, end - SHOWN_CODE_POINTS, SHOWN_CODE_POINTS);
  }

  private static void print(PrintWriter out, String text, String mark, boolean dims) {
    text.strip()
        .lines()
        .filter(line -> !line.isBlank())
        .forEach(
            line ->
                out.println("  " + mark + " " + (dims ? DIM : "") + line + (dims ? BRIGHT : "")));
  }
}
