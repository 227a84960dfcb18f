package dev.nightjar.pipelines.submit;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.pipelines.JobContext;
import java.util.List;
import java.util.function.Consumer;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.values.PCollection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes submissions to their providers. Safe to repeat: see {@link BatchSubmitter}. Outputs the ids
 * of those that the provider has.
 */
public final class SubmitBatches extends PTransform<PCollection<String>, PCollection<String>> {
  private static final long serialVersionUID = 1L;
  private static final Logger LOG = LoggerFactory.getLogger(SubmitBatches.class);

  private final JobContext context;

  private SubmitBatches(JobContext context) {
    this.context = context;
  }

  public static SubmitBatches of(JobContext context) {
    return new SubmitBatches(context);
  }

  @Override
  public PCollection<String> expand(PCollection<String> submissionIds) {
    return submissionIds.apply("Create batches", ParDo.of(new CreateFn(context)));
  }

  private static final class CreateFn extends ProviderFn<String> {
    private static final long serialVersionUID = 1L;

    CreateFn(JobContext context) {
      super(context);
    }

    @Override
    protected void processBatch(List<String> submissionIds, Consumer<String> output) {
      BatchSubmitter submitter =
          new BatchSubmitter(
              stores(), clients(), context.providers(), context.task(), context.clock());
      for (String submissionId : submissionIds) {
        try {
          if (submitter.submit(submissionId)) {
            output.accept(submissionId);
          }
        } catch (NightjarException e) {
          if (e.code() != ErrorCode.PROVIDER_UNAVAILABLE) {
            throw e;
          }
          LOG.warn("{}", e.getMessage()); // it stays planned; the driver tries again
        }
      }
    }
  }
}
