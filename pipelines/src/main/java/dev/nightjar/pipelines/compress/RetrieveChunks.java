package dev.nightjar.pipelines.compress;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.LeaderFailure;
import dev.nightjar.pipelines.beam.RecordCoder;
import dev.nightjar.pipelines.model.Document;
import dev.nightjar.pipelines.model.LeaderDocument;
import dev.nightjar.pipelines.model.Prompt;
import dev.nightjar.pipelines.model.SourceDocument;
import dev.nightjar.pipelines.model.Watchdog;
import dev.nightjar.pipelines.task.TaskSpec;
import java.util.Optional;
import org.apache.beam.sdk.transforms.DoFn;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.values.PCollection;
import org.apache.beam.sdk.values.PCollectionTuple;
import org.apache.beam.sdk.values.TupleTag;
import org.apache.beam.sdk.values.TupleTagList;
import org.jspecify.annotations.Nullable;

/** Renders each leader's prompt, with its document shortened if the task says so. */
public final class RetrieveChunks
    extends PTransform<PCollection<LeaderDocument>, PCollectionTuple> {
  private static final long serialVersionUID = 1L;

  public static final TupleTag<Prompt> PROMPTS = new TupleTag<>("prompts") {};
  public static final TupleTag<LeaderFailure> FAILURES = new TupleTag<>("failures") {};

  private final TaskSpec task;

  private RetrieveChunks(TaskSpec task) {
    this.task = task;
  }

  public static RetrieveChunks forTask(TaskSpec task) {
    return new RetrieveChunks(task);
  }

  @Override
  public PCollectionTuple expand(PCollection<LeaderDocument> leaders) {
    PCollectionTuple rendered =
        leaders.apply(
            "Render prompts",
            ParDo.of(new RenderFn(task)).withOutputTags(PROMPTS, TupleTagList.of(FAILURES)));
    rendered.get(PROMPTS).setCoder(RecordCoder.of(Prompt.class));
    rendered.get(FAILURES).setCoder(RecordCoder.of(LeaderFailure.class));
    return rendered;
  }

  private static final class RenderFn extends DoFn<LeaderDocument, Prompt> {
    private static final long serialVersionUID = 1L;

    private final TaskSpec task;
    private transient @Nullable PromptRenderer renderer;
    private transient boolean quotes;

    RenderFn(TaskSpec task) {
      this.task = task;
    }

    @Setup
    public void setup() {
      renderer = new PromptRenderer(task);
      quotes = task.hasQuotes();
    }

    @ProcessElement
    public void process(@Element LeaderDocument leader, MultiOutputReceiver output) {
      Watchdog.contained(
              () -> Optional.of(prompt(leader)),
              reason -> {
                output
                    .get(FAILURES)
                    .output(
                        new LeaderFailure(
                            leader.candidate().itemKey(),
                            ErrorCode.DOCUMENT_FAILED,
                            "to shorten and render it " + reason));
                return Optional.<Prompt>empty();
              })
          .ifPresent(prompt -> output.get(PROMPTS).output(prompt));
    }

    private Prompt prompt(LeaderDocument leader) {
      Document document = leader.candidate().document();
      if (renderer == null) {
        throw new IllegalStateException("setup has not run");
      }
      SourceDocument source = SourceDocument.of(document);
      PromptRenderer.Rendered rendered = renderer.render(source);
      return new Prompt(
          leader.candidate().itemKey(),
          leader.attemptNumber(),
          rendered.user(),
          rendered.promptTokens(),
          document.priority(),
          quotes ? Optional.of(source.toJson()) : Optional.empty());
    }
  }
}
