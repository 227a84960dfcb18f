package dev.nightjar.pipelines.task;

import com.samskivert.mustache.Mustache;
import com.samskivert.mustache.MustacheException;
import com.samskivert.mustache.Template;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * A user message with placeholders. Values are inserted as they are, without HTML escapes.
 * Immutable and thread-safe.
 */
public final class PromptTemplate {
  private final Template template;

  private PromptTemplate(Template template) {
    this.template = template;
  }

  /**
   * Compiles a template.
   *
   * @throws IllegalArgumentException if its syntax is wrong; the message says where
   */
  public static PromptTemplate compile(String source) {
    try {
      return new PromptTemplate(Mustache.compiler().escapeHTML(false).compile(source));
    } catch (MustacheException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }

  /** The names that the template reads. */
  public Set<String> placeholders() {
    Set<String> names = new TreeSet<>();
    template.visit(
        new Mustache.Visitor() {
          @Override
          public void visitText(String text) {}

          @Override
          public void visitVariable(String name) {
            names.add(name);
          }

          @Override
          public boolean visitInclude(String name) {
            names.add("> " + name);
            return false;
          }

          @Override
          public boolean visitSection(String name) {
            names.add(name);
            return true;
          }

          @Override
          public boolean visitInvertedSection(String name) {
            names.add(name);
            return true;
          }
        });
    return names;
  }

  /** The text before the first placeholder, as every message begins with it. */
  public String head() {
    StringBuilder head = new StringBuilder();
    template.visit(
        new Mustache.Visitor() {
          private boolean ended;

          @Override
          public void visitText(String text) {
            head.append(ended ? "" : text);
          }

          @Override
          public void visitVariable(String name) {
            ended = true;
          }

          @Override
          public boolean visitInclude(String name) {
            ended = true;
            return false;
          }

          @Override
          public boolean visitSection(String name) {
            ended = true;
            return false;
          }

          @Override
          public boolean visitInvertedSection(String name) {
            ended = true;
            return false;
          }
        });
    return head.toString();
  }

  /** Fills the template in. */
  public String render(String id, String text, Map<String, String> fields) {
    Map<String, String> values = new HashMap<>(fields);
    values.put("id", id);
    values.put("text", text);
    return template.execute(values);
  }
}
