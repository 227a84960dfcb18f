package dev.nightjar.pipelines.dedupe;

import dev.nightjar.cachestore.DeadLetter;
import dev.nightjar.cachestore.NewItem;
import dev.nightjar.pipelines.beam.RecordCoder;
import dev.nightjar.pipelines.model.Candidate;
import dev.nightjar.pipelines.model.Document;
import dev.nightjar.pipelines.model.Tokens;
import dev.nightjar.pipelines.model.Watchdog;
import dev.nightjar.pipelines.task.PromptTemplate;
import dev.nightjar.pipelines.task.TaskSpec;
import org.apache.beam.sdk.transforms.DoFn;
import org.apache.beam.sdk.transforms.GroupByKey;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.values.KV;
import org.apache.beam.sdk.values.PCollection;
import org.apache.beam.sdk.values.PCollectionTuple;
import org.apache.beam.sdk.values.TupleTag;
import org.apache.beam.sdk.values.TupleTagList;
import org.jspecify.annotations.Nullable;

/**
 * Groups documents that ask the same. Outputs one {@link Candidate} a key, carried by the document
 * with the smallest id, and a {@link NewItem} for every document. A group's documents are passed
 * through, never collected, so a million copies of one text need no memory.
 */
public final class DeduplicateExact
    extends PTransform<PCollection<KV<String, Document>>, PCollectionTuple> {
  private static final long serialVersionUID = 1L;

  public static final TupleTag<Candidate> CANDIDATES = new TupleTag<>("candidates") {};
  public static final TupleTag<NewItem> ITEMS = new TupleTag<>("items") {};
  public static final TupleTag<DeadLetter> DEAD_LETTERS = new TupleTag<>("dead letters") {};

  private final TaskSpec task;

  private DeduplicateExact(TaskSpec task) {
    this.task = task;
  }

  /** Deduplicates for a task, whose prompt is counted in tokens on the way. */
  public static DeduplicateExact forTask(TaskSpec task) {
    return new DeduplicateExact(task);
  }

  @Override
  public PCollectionTuple expand(PCollection<KV<String, Document>> keyed) {
    PCollectionTuple grouped =
        keyed
            .apply("Group by item key", GroupByKey.create())
            .apply(
                "Elect representatives",
                ParDo.of(new RepresentFn(task))
                    .withOutputTags(CANDIDATES, TupleTagList.of(ITEMS).and(DEAD_LETTERS)));
    grouped.get(CANDIDATES).setCoder(RecordCoder.of(Candidate.class));
    grouped.get(ITEMS).setCoder(RecordCoder.of(NewItem.class));
    grouped.get(DEAD_LETTERS).setCoder(RecordCoder.of(DeadLetter.class));
    return grouped;
  }

  private static final class RepresentFn extends DoFn<KV<String, Iterable<Document>>, Candidate> {
    private static final long serialVersionUID = 1L;

    private final TaskSpec task;
    private transient @Nullable PromptTemplate template;
    private transient int fixedTokens;

    /** The tokens of a prompt, or why there are none. */
    private record Counted(int tokens, String trouble) {}

    RepresentFn(TaskSpec task) {
      this.task = task;
    }

    @Setup
    public void setup() {
      template = PromptTemplate.compile(task.userTemplate());
      fixedTokens =
          Tokens.count(task.system())
              + Tokens.count(task.outputSchemaJson())
              + Tokens.REQUEST_FRAME;
    }

    @ProcessElement
    public void process(
        @Element KV<String, Iterable<Document>> sameKey, MultiOutputReceiver output) {
      // One pass: on Flink a group can be read once only, unless all of it is held in memory.
      Document representative = null;
      Counted counted = null;
      for (Document document : sameKey.getValue()) {
        if (counted == null) {
          counted =
              Watchdog.contained(
                  () -> new Counted(promptTokens(document), ""),
                  reason -> new Counted(0, "to render its prompt " + reason));
        }
        if (!counted.trouble().isEmpty()) { // that of one text is that of its copies
          output.get(DEAD_LETTERS).output(FingerprintDocuments.failed(document, counted.trouble()));
        } else if (representative == null) {
          representative = document;
        } else if (document.id().compareTo(representative.id()) < 0) {
          output.get(ITEMS).output(item(sameKey.getKey(), representative, false, counted.tokens()));
          representative = document;
        } else {
          output.get(ITEMS).output(item(sameKey.getKey(), document, false, counted.tokens()));
        }
      }
      if (representative != null && counted != null) {
        int tokens = counted.tokens();
        output.get(ITEMS).output(item(sameKey.getKey(), representative, true, tokens));
        output.get(CANDIDATES).output(new Candidate(sameKey.getKey(), representative, tokens));
      }
    }

    /** Counted on the canonical text, which is the same for every document of the group. */
    private int promptTokens(Document document) {
      if (template == null) {
        throw new IllegalStateException("setup has not run");
      }
      return fixedTokens
          + Tokens.count(
              template.render(
                  document.id(), ItemKeys.canonical(document.text()), document.fields()));
    }

    private static NewItem item(
        String itemKey, Document document, boolean representative, int tokens) {
      return new NewItem(
          document.id(),
          itemKey,
          document.sourceUri(),
          document.position(),
          representative,
          tokens);
    }
  }
}
