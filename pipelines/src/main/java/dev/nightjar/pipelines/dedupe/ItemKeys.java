package dev.nightjar.pipelines.dedupe;

import dev.nightjar.cachestore.Fingerprint;
import dev.nightjar.pipelines.model.Document;
import dev.nightjar.pipelines.model.Texts;
import java.util.Map;
import java.util.TreeMap;

/**
 * Names what a document asks. Two documents get the same key if, and only if, they would send the
 * same prompt up to differences that no reader sees: Unicode composition, line ends, white space at
 * the ends of lines and of the text.
 *
 * <p>The key covers the fields that the task reads as well as the text. The id is covered only if
 * the template shows it. Stateless and thread-safe.
 */
public final class ItemKeys {
  private ItemKeys() {}

  /** The identity of a namespace: what answers may be shared within. */
  public static String namespace(String tenant, String taskFingerprint, String embeddingModel) {
    return tenant + "\n" + taskFingerprint + "\n" + embeddingModel;
  }

  /**
   * The key of a document in a namespace.
   *
   * @param namespace identity of the namespace, which includes the task's fingerprint
   * @param idMatters whether the prompt contains the document's id
   */
  public static String of(String namespace, Document document, boolean idMatters) {
    StringBuilder fields = new StringBuilder();
    for (Map.Entry<String, String> field : new TreeMap<>(document.fields()).entrySet()) {
      String value = canonical(field.getValue());
      fields.append(field.getKey()).append('=').append(value.length()).append(':').append(value);
    }
    return Fingerprint.sha256(
        namespace, canonical(document.text()), fields.toString(), idMatters ? document.id() : "");
  }

  /** The key of a text alone, whatever a task asks of it. */
  public static String ofText(String namespace, String text) {
    return Fingerprint.sha256(namespace, canonical(text));
  }

  /** The form of a text in which equal texts are equal. */
  static String canonical(String text) {
    String composed = Texts.composed(text);
    StringBuilder canonical = new StringBuilder(composed.length());
    composed.lines().forEach(line -> canonical.append(line.stripTrailing()).append('\n'));
    return canonical.toString().strip();
  }
}
