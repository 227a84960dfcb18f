package dev.nightjar.pipelines.dedupe;

import dev.nightjar.cachestore.DeadLetter;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.pipelines.beam.RecordCoder;
import dev.nightjar.pipelines.model.Document;
import dev.nightjar.pipelines.model.Watchdog;
import dev.nightjar.pipelines.task.TaskSpec;
import java.util.Comparator;
import java.util.Optional;
import org.apache.beam.sdk.coders.KvCoder;
import org.apache.beam.sdk.coders.StringUtf8Coder;
import org.apache.beam.sdk.transforms.DoFn;
import org.apache.beam.sdk.transforms.GroupByKey;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.transforms.WithKeys;
import org.apache.beam.sdk.values.KV;
import org.apache.beam.sdk.values.PCollection;
import org.apache.beam.sdk.values.PCollectionTuple;
import org.apache.beam.sdk.values.TupleTag;
import org.apache.beam.sdk.values.TupleTagList;

/**
 * Gives every document its item key. Of documents that share an id, the first by file and position
 * is kept and the others become dead letters, whatever order they were read in.
 */
public final class FingerprintDocuments
    extends PTransform<PCollection<Document>, PCollectionTuple> {
  private static final long serialVersionUID = 1L;

  public static final TupleTag<KV<String, Document>> KEYED = new TupleTag<>("keyed documents") {};
  public static final TupleTag<DeadLetter> DEAD_LETTERS = new TupleTag<>("dead letters") {};

  private final String namespace;
  private final TaskSpec task;

  private FingerprintDocuments(String namespace, TaskSpec task) {
    this.namespace = namespace;
    this.task = task;
  }

  /**
   * Keys within a namespace, given by an identity that includes tenant, task and embedding model.
   */
  public static FingerprintDocuments in(String namespace, TaskSpec task) {
    return new FingerprintDocuments(namespace, task);
  }

  @Override
  public PCollectionTuple expand(PCollection<Document> documents) {
    PCollectionTuple keyed =
        documents
            .apply("Key by id", WithKeys.of(Document::id))
            .setCoder(KvCoder.of(StringUtf8Coder.of(), RecordCoder.of(Document.class)))
            .apply("Group by id", GroupByKey.create())
            .apply(
                "Keep the first of each id",
                ParDo.of(new KeepFirstFn(namespace, task.showsId()))
                    .withOutputTags(KEYED, TupleTagList.of(DEAD_LETTERS)));
    keyed.get(KEYED).setCoder(KvCoder.of(StringUtf8Coder.of(), RecordCoder.of(Document.class)));
    keyed.get(DEAD_LETTERS).setCoder(RecordCoder.of(DeadLetter.class));
    return keyed;
  }

  /** A document that brought a stage to fail. */
  static DeadLetter failed(Document document, String reason) {
    return new DeadLetter(
        document.sourceUri(),
        document.position(),
        document.id(),
        ErrorCode.DOCUMENT_FAILED,
        reason);
  }

  private static final class KeepFirstFn
      extends DoFn<KV<String, Iterable<Document>>, KV<String, Document>> {
    private static final long serialVersionUID = 1L;
    private static final Comparator<Document> FIRST =
        Comparator.comparing(Document::sourceUri).thenComparingLong(Document::position);

    private final String namespace;
    private final boolean idMatters;

    KeepFirstFn(String namespace, boolean idMatters) {
      this.namespace = namespace;
      this.idMatters = idMatters;
    }

    @ProcessElement
    public void process(
        @Element KV<String, Iterable<Document>> sameId, MultiOutputReceiver output) {
      // One pass: on Flink a group can be read once only, unless all of it is held in memory.
      Document first = null;
      for (Document document : sameId.getValue()) {
        if (first == null) {
          first = document;
        } else if (FIRST.compare(document, first) < 0) {
          output.get(DEAD_LETTERS).output(duplicate(first));
          first = document;
        } else {
          output.get(DEAD_LETTERS).output(duplicate(document));
        }
      }
      if (first != null) {
        Document kept = first;
        Watchdog.contained(
                () -> Optional.of(ItemKeys.of(namespace, kept, idMatters)),
                reason -> {
                  output.get(DEAD_LETTERS).output(failed(kept, "to compare it " + reason));
                  return Optional.<String>empty();
                })
            .ifPresent(key -> output.get(KEYED).output(KV.of(key, kept)));
      }
    }

    private static DeadLetter duplicate(Document document) {
      return new DeadLetter(
          document.sourceUri(),
          document.position(),
          document.id(),
          ErrorCode.INPUT_DUPLICATE_ID,
          "an earlier document of the corpus has the same id; expected unique ids");
    }
  }
}
