package dev.nightjar.pipelines.route;

import dev.nightjar.pipelines.JobContext;
import dev.nightjar.pipelines.beam.StoreFn;
import java.util.List;
import java.util.function.Consumer;
import org.apache.beam.sdk.coders.StringUtf8Coder;
import org.apache.beam.sdk.transforms.Create;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.transforms.Wait;
import org.apache.beam.sdk.values.PCollection;

/**
 * Waits until every attempt is worked out, then reserves their worst case against the budgets in
 * one transaction, those worth most a dollar first. What does not fit waits in the database.
 * Outputs nothing; wait on the output to know that what may be sent is planned.
 */
public final class FundAttempts extends PTransform<PCollection<Void>, PCollection<Void>> {
  private static final long serialVersionUID = 1L;

  private final JobContext context;

  private final boolean onlyOncePrepared;

  private FundAttempts(JobContext context, boolean onlyOncePrepared) {
    this.context = context;
    this.onlyOncePrepared = onlyOncePrepared;
  }

  /** After the whole corpus has been planned. */
  public static FundAttempts of(JobContext context) {
    return new FundAttempts(context, false);
  }

  /** After results have come in; passed over while a corpus is still to be read to its end. */
  public static FundAttempts oncePrepared(JobContext context) {
    return new FundAttempts(context, true);
  }

  @Override
  public PCollection<Void> expand(PCollection<Void> planned) {
    return planned
        .getPipeline()
        .apply("One round of funding", Create.of(context.runId()))
        .apply("Wait for every attempt", Wait.on(planned))
        .setCoder(StringUtf8Coder.of())
        .apply("Fund", ParDo.of(new FundFn(context, onlyOncePrepared)));
  }

  private static final class FundFn extends StoreFn<String, Void> {
    private static final long serialVersionUID = 1L;

    private final boolean onlyOncePrepared;

    FundFn(JobContext context, boolean onlyOncePrepared) {
      super(context, 1);
      this.onlyOncePrepared = onlyOncePrepared;
    }

    @Override
    protected void processBatch(List<String> runIds, Consumer<Void> output) {
      for (String runId : runIds) {
        if (!onlyOncePrepared || stores().runs().find(runId).orElseThrow().prepared()) {
          stores().funding().fund(runId);
        }
      }
    }
  }
}
