package dev.nightjar.pipelines.write;

import dev.nightjar.cachestore.LeaderFailure;
import dev.nightjar.pipelines.JobContext;
import dev.nightjar.pipelines.beam.StoreFn;
import java.util.List;
import java.util.function.Consumer;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.values.PCollection;

/** Ends leaders that cannot be asked. Safe to repeat: what has ended is passed over. */
public final class FailLeaders extends PTransform<PCollection<LeaderFailure>, PCollection<Void>> {
  private static final long serialVersionUID = 1L;
  private static final int FAILURES_BATCH_MAX = 500;

  private final JobContext context;

  private FailLeaders(JobContext context) {
    this.context = context;
  }

  public static FailLeaders of(JobContext context) {
    return new FailLeaders(context);
  }

  @Override
  public PCollection<Void> expand(PCollection<LeaderFailure> failures) {
    return failures.apply("Fail leaders", ParDo.of(new FailFn(context)));
  }

  private static final class FailFn extends StoreFn<LeaderFailure, Void> {
    private static final long serialVersionUID = 1L;

    FailFn(JobContext context) {
      super(context, FAILURES_BATCH_MAX);
    }

    @Override
    protected void processBatch(List<LeaderFailure> failures, Consumer<Void> output) {
      stores().work().failLeaders(context.runId(), failures);
    }
  }
}
