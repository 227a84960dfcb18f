package dev.nightjar.pipelines.write;

import dev.nightjar.cachestore.Outcome;
import dev.nightjar.cachestore.Submission;
import dev.nightjar.pipelines.JobContext;
import dev.nightjar.pipelines.beam.StoreFn;
import dev.nightjar.pipelines.model.SubmissionOutcome;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.values.PCollection;

/**
 * Settles outcomes: results, charges, cache entries, the answers of followers, and escalations, all
 * in one transaction a list. Outputs nothing; wait on the output to know that everything is
 * written. Safe to repeat: an attempt is settled by a compare-and-set on its state.
 */
public final class WriteResults
    extends PTransform<PCollection<SubmissionOutcome>, PCollection<Void>> {
  private static final long serialVersionUID = 1L;
  private static final int OUTCOMES_BATCH_MAX = 500;

  private final JobContext context;

  private WriteResults(JobContext context) {
    this.context = context;
  }

  public static WriteResults of(JobContext context) {
    return new WriteResults(context);
  }

  @Override
  public PCollection<Void> expand(PCollection<SubmissionOutcome> outcomes) {
    return outcomes.apply("Settle attempts", ParDo.of(new SettleFn(context)));
  }

  private static final class SettleFn extends StoreFn<SubmissionOutcome, Void> {
    private static final long serialVersionUID = 1L;

    SettleFn(JobContext context) {
      super(context, OUTCOMES_BATCH_MAX);
    }

    @Override
    protected void processBatch(List<SubmissionOutcome> outcomes, Consumer<Void> output) {
      // Nearly always one run: a namespace also collects what an interrupted run left behind.
      Map<String, String> runs = new HashMap<>();
      Map<String, List<Outcome>> byRun = new HashMap<>();
      for (SubmissionOutcome outcome : outcomes) {
        String runId =
            runs.computeIfAbsent(
                outcome.submissionId(),
                id -> stores().submissions().find(id).map(Submission::runId).orElseThrow());
        byRun.computeIfAbsent(runId, id -> new ArrayList<>()).add(outcome.outcome());
      }
      byRun.forEach((runId, same) -> stores().settlements().settle(runId, same));
    }
  }
}
