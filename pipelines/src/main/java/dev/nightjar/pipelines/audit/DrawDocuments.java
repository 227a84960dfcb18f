package dev.nightjar.pipelines.audit;

import dev.nightjar.pipelines.dedupe.ItemKeys;
import dev.nightjar.pipelines.model.Document;
import dev.nightjar.pipelines.reuse.ShadowSampling;
import dev.nightjar.pipelines.task.AuditSpec;
import dev.nightjar.pipelines.task.TaskSpec;
import java.util.Objects;
import org.apache.beam.sdk.transforms.DoFn;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.values.KV;
import org.apache.beam.sdk.values.PCollection;

/**
 * Keeps the documents that an audit's pass asks. A document is drawn by a hash of its text under
 * its tenant: the same in every night, on every machine and for every version of a task, and apart
 * from the draw of shadow checks. Where money is short the smallest hashes go first, so that what
 * is asked is still a draw.
 */
public final class DrawDocuments
    extends PTransform<PCollection<KV<String, Document>>, PCollection<KV<String, Document>>> {
  private static final long serialVersionUID = 1L;

  private final String tenant;
  private final double share;

  private DrawDocuments(String tenant, double share) {
    this.tenant = tenant;
    this.share = share;
  }

  /**
   * Draws for a task that is a pass of an audit.
   *
   * @param tenant whose documents they are
   */
  public static DrawDocuments of(String tenant, TaskSpec task) {
    AuditSpec audit = Objects.requireNonNull(task.audit(), "an audit's pass has its audit");
    return new DrawDocuments(tenant, audit.share(task.auditPass()));
  }

  /** Where a text stands in the draw, in [0, 1): a share keeps those below it. */
  public static double drawn(String tenant, String text) {
    return ShadowSampling.fraction(ItemKeys.ofText("audit\n" + tenant, text));
  }

  @Override
  public PCollection<KV<String, Document>> expand(PCollection<KV<String, Document>> keyed) {
    return keyed.apply("Draw", ParDo.of(new DrawFn(this))).setCoder(keyed.getCoder());
  }

  private static final class DrawFn extends DoFn<KV<String, Document>, KV<String, Document>> {
    private static final long serialVersionUID = 1L;

    private final DrawDocuments draw;

    DrawFn(DrawDocuments draw) {
      this.draw = draw;
    }

    @ProcessElement
    public void process(
        @Element KV<String, Document> keyed, OutputReceiver<KV<String, Document>> output) {
      Document document = keyed.getValue();
      double drawn = drawn(draw.tenant, document.text());
      if (drawn < draw.share) {
        output.output(KV.of(keyed.getKey(), document.withPriority(1 - drawn)));
      }
    }
  }
}
