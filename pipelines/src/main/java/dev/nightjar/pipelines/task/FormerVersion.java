package dev.nightjar.pipelines.task;

import dev.nightjar.cachestore.VersionStore;
import java.io.Serializable;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * A former version of a task, and which of its answers a run of the present one may keep.
 *
 * @param namespaceId where its answers are
 * @param namespace the identity that its keys are made with
 * @param fields the fields that it read
 * @param showsId whether its prompts showed a document's id
 * @param changes what is different now
 * @param keepsTouched whether answers are kept, too, that the change touches
 * @param documentTokensOver over how many tokens a document was, or is, shortened
 * @param comparesAlike whether its texts are compared as the present version compares them
 */
public record FormerVersion(
    long namespaceId,
    String namespace,
    List<String> fields,
    boolean showsId,
    TaskChanges changes,
    boolean keepsTouched,
    int documentTokensOver,
    boolean comparesAlike)
    implements Serializable {
  public FormerVersion {
    fields = List.copyOf(fields);
  }

  /**
   * A version.
   *
   * @param known what the store knows of it
   * @param namespace the identity that its keys are made with
   */
  public static FormerVersion of(
      VersionStore.Former known,
      String namespace,
      TaskSpec former,
      TaskSpec now,
      boolean keepsTouched) {
    return new FormerVersion(
        known.namespaceId(),
        namespace,
        former.fields(),
        former.showsId(),
        TaskChanges.between(former, now),
        keepsTouched,
        TaskChanges.documentTokensOver(former.retrieval(), now.retrieval()),
        former.embeddingModel() == now.embeddingModel()
            && former.showsId() == now.showsId()
            && new TreeSet<>(former.fields()).equals(new TreeSet<>(now.fields())));
  }

  /** Whether any of its answers may be kept: one that read what is not read now has other keys. */
  public boolean mayKeep(TaskSpec now) {
    return Set.copyOf(now.fields()).containsAll(fields)
        && (keepsTouched || !changes.touched().all());
  }
}
