package dev.nightjar.pipelines;

import dev.nightjar.pipelines.audit.DrawDocuments;
import dev.nightjar.pipelines.batch.PackSubmissions;
import dev.nightjar.pipelines.beam.RecordCoder;
import dev.nightjar.pipelines.compress.RetrieveChunks;
import dev.nightjar.pipelines.dedupe.DeduplicateExact;
import dev.nightjar.pipelines.dedupe.ElectLeaders;
import dev.nightjar.pipelines.dedupe.FingerprintDocuments;
import dev.nightjar.pipelines.dedupe.ItemKeys;
import dev.nightjar.pipelines.dedupe.ResolveFromCache;
import dev.nightjar.pipelines.forecast.ForecastCost;
import dev.nightjar.pipelines.model.Candidate;
import dev.nightjar.pipelines.model.Document;
import dev.nightjar.pipelines.read.ReadCorpus;
import dev.nightjar.pipelines.route.FundAttempts;
import dev.nightjar.pipelines.route.PlanAttempts;
import dev.nightjar.pipelines.submit.SubmitBatches;
import dev.nightjar.pipelines.write.FailLeaders;
import dev.nightjar.pipelines.write.RecordDeadLetters;
import dev.nightjar.pipelines.write.RecordFiles;
import dev.nightjar.pipelines.write.RecordItems;
import java.util.List;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.transforms.Flatten;
import org.apache.beam.sdk.transforms.Wait;
import org.apache.beam.sdk.values.KV;
import org.apache.beam.sdk.values.PCollection;
import org.apache.beam.sdk.values.PCollectionList;
import org.apache.beam.sdk.values.PCollectionTuple;

/**
 * The first pipeline of a night: reads the corpus, settles what need not be asked, and hands the
 * rest to the providers. It ends when the providers have the work, not when they have done it.
 *
 * <p>Repeating it is safe at any point: what an earlier pass decided is passed over.
 */
public final class PrepareAndSubmit {
  private final JobContext context;
  private final String namespace;
  private final List<String> patterns;
  private final boolean strict;

  /**
   * Prepares one run.
   *
   * @param context the run
   * @param patterns file patterns of the corpus
   * @param strict whether a file that can be read by an assumption only stops the run
   */
  public PrepareAndSubmit(JobContext context, List<String> patterns, boolean strict) {
    this.context = context;
    this.namespace =
        ItemKeys.namespace(
            context.tenant(),
            context.task().fingerprint(),
            context.task().embeddingModel().label());
    this.patterns = List.copyOf(patterns);
    this.strict = strict;
  }

  /** Adds all stages to a pipeline, in the order of the flow. */
  public void addTo(Pipeline pipeline) {
    addPlanTo(pipeline)
        .apply("Fund by value", FundAttempts.of(context))
        .apply("Pack submissions", PackSubmissions.of(context))
        .apply("Submit batches", SubmitBatches.of(context));
  }

  /**
   * Adds the stages up to the spend: they send nothing and reserve nothing.
   *
   * @return empty; wait on it to know that everything is planned and its forecast is kept
   */
  public PCollection<Void> addPlanTo(Pipeline pipeline) {
    PCollectionTuple read =
        pipeline.apply("Read corpus", ReadCorpus.matching(patterns, context.task()).strict(strict));
    PCollectionTuple keyed =
        read.get(ReadCorpus.DOCUMENTS)
            .apply("Fingerprint documents", FingerprintDocuments.in(namespace, context.task()));
    boolean isAudit = context.task().auditPass() > 0;
    PCollection<KV<String, Document>> documents = keyed.get(FingerprintDocuments.KEYED);
    PCollectionTuple distinct =
        (isAudit
                ? documents.apply(
                    "Draw documents", DrawDocuments.of(context.tenant(), context.task()))
                : documents)
            .apply("Deduplicate exact copies", DeduplicateExact.forTask(context.task()));
    PCollection<Void> recorded =
        distinct.get(DeduplicateExact.ITEMS).apply("Record items", RecordItems.of(context));
    PCollection<Candidate> candidates =
        distinct
            .get(DeduplicateExact.CANDIDATES)
            .apply("Wait for items", Wait.on(recorded))
            .setCoder(RecordCoder.of(Candidate.class));
    if (!isAudit) { // what is refused is told by the night that the audit looks at
      read.get(ReadCorpus.FILES).apply("Record files", RecordFiles.of(context));
      PCollectionList.of(read.get(ReadCorpus.DEAD_LETTERS))
          .and(keyed.get(FingerprintDocuments.DEAD_LETTERS))
          .and(distinct.get(DeduplicateExact.DEAD_LETTERS))
          .apply("All dead letters", Flatten.pCollections())
          .apply("Record dead letters", RecordDeadLetters.of(context));
    }
    PCollectionTuple prompts =
        candidates
            .apply("Resolve from cache", ResolveFromCache.of(context))
            .apply("Elect leaders", ElectLeaders.of(context))
            .apply("Retrieve chunks", RetrieveChunks.forTask(context.task()));
    prompts.get(RetrieveChunks.FAILURES).apply("Fail leaders", FailLeaders.of(context));
    return prompts
        .get(RetrieveChunks.PROMPTS)
        .apply("Route and price", PlanAttempts.of(context))
        .apply("Forecast cost", ForecastCost.of(context));
  }
}
