package dev.nightjar.pipelines;

import dev.nightjar.pipelines.batch.PackSubmissions;
import dev.nightjar.pipelines.route.FundAttempts;
import dev.nightjar.pipelines.submit.CollectResults;
import dev.nightjar.pipelines.submit.SubmitBatches;
import dev.nightjar.pipelines.validate.ValidateAnswers;
import dev.nightjar.pipelines.write.CloseSubmissions;
import dev.nightjar.pipelines.write.WriteResults;
import java.util.List;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.coders.StringUtf8Coder;
import org.apache.beam.sdk.transforms.Create;
import org.apache.beam.sdk.transforms.Wait;
import org.apache.beam.sdk.values.PCollection;

/**
 * The second pipeline of a night, run whenever submissions have ended: collects their results,
 * writes what is good, escalates what is not, and hands the escalations to the providers.
 *
 * <p>Repeating it is safe at any point: a result that was settled is passed over.
 */
public final class Collect {
  private final JobContext context;
  private final List<String> endedSubmissionIds;

  /**
   * Collects submissions.
   *
   * @param context the run
   * @param endedSubmissionIds submissions in state {@code ended}; may be empty, in which case only
   *     what is planned is packed and submitted
   */
  public Collect(JobContext context, List<String> endedSubmissionIds) {
    this.context = context;
    this.endedSubmissionIds = List.copyOf(endedSubmissionIds);
  }

  /** Adds the stages to a pipeline, in the order of the flow. */
  public void addTo(Pipeline pipeline) {
    settle(pipeline, ValidateAnswers.of(context))
        .apply("Fund escalations", FundAttempts.oncePrepared(context))
        .apply("Pack escalations", PackSubmissions.of(context))
        .apply("Submit escalations", SubmitBatches.of(context));
  }

  /**
   * Adds the stages that settle what has ended, and none that sends anything.
   *
   * @param escalates whether what was rejected is planned at the next tier, for the task's own next
   *     run to send
   */
  public void addSettlingTo(Pipeline pipeline, boolean escalates) {
    ValidateAnswers validate = ValidateAnswers.of(context);
    settle(pipeline, escalates ? validate : validate.withoutEscalation());
  }

  private PCollection<Void> settle(Pipeline pipeline, ValidateAnswers validate) {
    PCollection<String> ended =
        pipeline.apply(
            "Ended submissions", Create.of(endedSubmissionIds).withCoder(StringUtf8Coder.of()));
    PCollection<Void> written =
        ended
            .apply("Collect results", CollectResults.of(context))
            .apply("Validate answers", validate)
            .apply("Write results and charges", WriteResults.of(context));
    return ended
        .apply("Wait for results", Wait.on(written))
        .setCoder(StringUtf8Coder.of())
        .apply("Close submissions", CloseSubmissions.of(context));
  }
}
