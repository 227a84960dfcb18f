package dev.nightjar.pipelines.compress;

import dev.nightjar.pipelines.beam.RecordCoder;
import dev.nightjar.pipelines.model.Document;
import dev.nightjar.pipelines.model.LeaderDocument;
import dev.nightjar.pipelines.model.Prompt;
import dev.nightjar.pipelines.model.Tokens;
import dev.nightjar.pipelines.task.PromptTemplate;
import dev.nightjar.pipelines.task.RetrievalSpec;
import dev.nightjar.pipelines.task.TaskSpec;
import org.apache.beam.sdk.transforms.DoFn;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.values.PCollection;
import org.jspecify.annotations.Nullable;

/** Renders each leader's prompt, with its document shortened if the task says so. */
public final class RetrieveChunks
    extends PTransform<PCollection<LeaderDocument>, PCollection<Prompt>> {
  private static final long serialVersionUID = 1L;

  private final TaskSpec task;

  private RetrieveChunks(TaskSpec task) {
    this.task = task;
  }

  public static RetrieveChunks forTask(TaskSpec task) {
    return new RetrieveChunks(task);
  }

  @Override
  public PCollection<Prompt> expand(PCollection<LeaderDocument> leaders) {
    return leaders
        .apply("Render prompts", ParDo.of(new RenderFn(task)))
        .setCoder(RecordCoder.of(Prompt.class));
  }

  private static final class RenderFn extends DoFn<LeaderDocument, Prompt> {
    private static final long serialVersionUID = 1L;

    private final TaskSpec task;
    private transient @Nullable PromptTemplate template;
    private transient @Nullable ChunkRetriever retriever;
    private transient int fixedTokens;

    RenderFn(TaskSpec task) {
      this.task = task;
    }

    @Setup
    public void setup() {
      template = PromptTemplate.compile(task.userTemplate());
      RetrievalSpec retrieval = task.retrieval();
      retriever =
          retrieval == null ? null : new ChunkRetriever(retrieval.chunkTokens(), retrieval.query());
      fixedTokens =
          Tokens.count(task.system())
              + Tokens.count(task.outputSchemaJson())
              + Tokens.REQUEST_FRAME;
    }

    @ProcessElement
    public void process(@Element LeaderDocument leader, OutputReceiver<Prompt> output) {
      Document document = leader.candidate().document();
      RetrievalSpec retrieval = task.retrieval();
      String text =
          retriever == null || retrieval == null
              ? document.text()
              : retriever.shorten(document.text(), retrieval.documentTokensMax());
      if (template == null) {
        throw new IllegalStateException("setup has not run");
      }
      String user = template.render(document.id(), text, document.fields());
      output.output(
          new Prompt(
              leader.candidate().itemKey(),
              leader.attemptNumber(),
              user,
              fixedTokens + Tokens.count(user),
              document.priority()));
    }
  }
}
