package dev.nightjar.pipelines.batch;

import dev.nightjar.cachestore.SubmissionStore;
import dev.nightjar.pipelines.JobContext;
import dev.nightjar.pipelines.beam.StoreFn;
import dev.nightjar.pipelines.submit.BatchSubmitter;
import dev.nightjar.pipelines.submit.Providers;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import org.apache.beam.sdk.coders.StringUtf8Coder;
import org.apache.beam.sdk.transforms.Create;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.transforms.Reshuffle;
import org.apache.beam.sdk.transforms.Wait;
import org.apache.beam.sdk.values.PCollection;

/**
 * Waits for a signal, then packs planned attempts into submissions and outputs the ids of all
 * submissions that the provider does not have yet, also those that an earlier pass left behind.
 * Packing is one transaction a tier in the store, so that what lies in a submission does not depend
 * on bundles. Where it may pay to have the provider cache what prompts share, a few requests go
 * first, and the rest stays unpacked until they have shown whether it does: see {@link
 * PrefixMarks}.
 */
public final class PackSubmissions extends PTransform<PCollection<Void>, PCollection<String>> {
  private static final long serialVersionUID = 1L;

  private final JobContext context;

  private PackSubmissions(JobContext context) {
    this.context = context;
  }

  public static PackSubmissions of(JobContext context) {
    return new PackSubmissions(context);
  }

  @Override
  public PCollection<String> expand(PCollection<Void> planned) {
    return planned
        .getPipeline()
        .apply("One packing", Create.of(context.runId()))
        .apply("Wait for every plan", Wait.on(planned))
        .setCoder(StringUtf8Coder.of())
        .apply("Pack", ParDo.of(new PackFn(context)))
        .setCoder(StringUtf8Coder.of())
        .apply("Spread submissions", Reshuffle.viaRandomKey());
  }

  private static final class PackFn extends StoreFn<String, String> {
    private static final long serialVersionUID = 1L;

    PackFn(JobContext context) {
      super(context, 1);
    }

    @Override
    protected void processBatch(List<String> runIds, Consumer<String> output) {
      PrefixMarks marks = new PrefixMarks(stores(), context);
      for (SubmissionStore.Unpacked what :
          stores().submissions().unpacked(context.namespaceId(), context.attended())) {
        stores()
            .submissions()
            .pack(
                context.namespaceId(),
                what,
                Providers.packing(context.task().tier(what.tier()).provider()),
                marks.of(what),
                () -> "sub_" + UUID.randomUUID());
      }
      stores().submissions().open(context.namespaceId()).stream()
          .filter(BatchSubmitter::isToSubmit)
          .forEach(submission -> output.accept(submission.submissionId()));
    }
  }
}
