package dev.nightjar.pipelines.write;

import dev.nightjar.pipelines.JobContext;
import dev.nightjar.pipelines.beam.StoreFn;
import java.util.List;
import java.util.function.Consumer;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.values.PCollection;

/**
 * Marks submissions as collected, after every attempt in them is settled. Outputs nothing; wait on
 * the output before packing what was escalated.
 */
public final class CloseSubmissions extends PTransform<PCollection<String>, PCollection<Void>> {
  private static final long serialVersionUID = 1L;

  private final JobContext context;

  private CloseSubmissions(JobContext context) {
    this.context = context;
  }

  public static CloseSubmissions of(JobContext context) {
    return new CloseSubmissions(context);
  }

  @Override
  public PCollection<Void> expand(PCollection<String> submissionIds) {
    return submissionIds.apply("Mark as collected", ParDo.of(new CloseFn(context)));
  }

  private static final class CloseFn extends StoreFn<String, Void> {
    private static final long serialVersionUID = 1L;

    CloseFn(JobContext context) {
      super(context, 1);
    }

    @Override
    protected void processBatch(List<String> submissionIds, Consumer<Void> output) {
      for (String submissionId : submissionIds) {
        stores().submissions().close(submissionId, context.workerId(), context.clock().instant());
      }
    }
  }
}
