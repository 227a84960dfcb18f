package dev.nightjar.pipelines.compress;

import dev.nightjar.pipelines.model.SourceDocument;
import dev.nightjar.pipelines.model.Tokens;
import dev.nightjar.pipelines.task.PromptTemplate;
import dev.nightjar.pipelines.task.RetrievalSpec;
import dev.nightjar.pipelines.task.TaskSpec;
import java.util.Optional;

/** Makes a task's prompts of documents. Immutable and thread-safe. */
public final class PromptRenderer {
  /** A larger budget is so many times the one before it. */
  private static final int STEP = 4;

  private final PromptTemplate template;
  private final Shortener shortener;
  private final int fixedTokens;
  private final int documentTokensMax;

  public PromptRenderer(TaskSpec task) {
    RetrievalSpec retrieval = task.retrieval();
    this.template = PromptTemplate.compile(task.userTemplate());
    this.shortener = new Shortener(task);
    this.documentTokensMax = retrieval == null ? Integer.MAX_VALUE : retrieval.documentTokensMax();
    this.fixedTokens =
        Tokens.count(task.system()) + Tokens.count(task.outputSchemaJson()) + Tokens.REQUEST_FRAME;
  }

  /**
   * A user message.
   *
   * @param promptTokens of the whole request, by our count
   */
  public record Rendered(String user, int promptTokens) {}

  /** The message of a document, shortened as the task says. */
  public Rendered render(SourceDocument document) {
    return rendered(document, shortener.shorten(document.text()).text());
  }

  /**
   * A message with more of the document: of the task's budget four times as much, sixteen times and
   * so on, up to the whole document as it stands.
   *
   * @param prompt the message that did not do
   * @param share at least so many times its letters and digits: white space is nothing more
   * @return empty if there is no such message
   */
  public Optional<Rendered> larger(SourceDocument document, String prompt, double share) {
    long least = Math.max(said(prompt) + 1, (long) Math.ceil(said(prompt) * share));
    int whole = Tokens.count(document.text());
    for (long budget = (long) documentTokensMax * STEP; budget < whole; budget *= STEP) {
      Rendered rendered =
          rendered(document, shortener.shorten(document.text(), (int) budget).text());
      if (said(rendered.user()) >= least) {
        return Optional.of(rendered);
      }
    }
    Rendered all = rendered(document, document.text());
    return said(all.user()) >= least ? Optional.of(all) : Optional.empty();
  }

  private static long said(String text) {
    return text.codePoints().filter(Character::isLetterOrDigit).count();
  }

  private Rendered rendered(SourceDocument document, String text) {
    String user = template.render(document.id(), text, document.fields());
    return new Rendered(user, fixedTokens + Tokens.count(user));
  }
}
