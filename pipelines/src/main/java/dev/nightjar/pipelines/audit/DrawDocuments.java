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
 * Keeps the documents that an audit's pass asks. A document is drawn by a hash of its content under
 * its tenant: the same in every night, on every machine and for every version of a task, and apart
 * from the draw of shadow checks. Where money is short the smallest hashes go first, so that what
 * is asked is still a draw.
 */
public final class DrawDocuments
    extends PTransform<PCollection<KV<String, Document>>, PCollection<KV<String, Document>>> {
  private static final long serialVersionUID = 1L;

  private final String tenant;
  private final boolean idMatters;
  private final double share;

  private DrawDocuments(String tenant, boolean idMatters, double share) {
    this.tenant = tenant;
    this.idMatters = idMatters;
    this.share = share;
  }

  /**
   * Draws for a task that is a pass of an audit.
   *
   * @param tenant whose documents they are
   */
  public static DrawDocuments of(String tenant, TaskSpec task) {
    AuditSpec audit = Objects.requireNonNull(task.audit(), "an audit's pass has its audit");
    return new DrawDocuments(tenant, task.showsId(), audit.share(task.auditPass()));
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
      double drawn =
          ShadowSampling.fraction(ItemKeys.of("audit\n" + draw.tenant, document, draw.idMatters));
      if (drawn < draw.share) {
        output.output(KV.of(keyed.getKey(), document.withPriority(1 - drawn)));
      }
    }
  }
}
