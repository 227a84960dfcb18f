package dev.nightjar.pipelines.write;

import dev.nightjar.cachestore.FileReading;
import dev.nightjar.pipelines.JobContext;
import dev.nightjar.pipelines.beam.StoreFn;
import java.util.List;
import java.util.function.Consumer;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.values.PCollection;

/** Records how files were read. A file that is read again replaces its row: safe to repeat. */
public final class RecordFiles extends PTransform<PCollection<FileReading>, PCollection<Void>> {
  private static final long serialVersionUID = 1L;
  private static final int FILES_BATCH_MAX = 500;

  private final JobContext context;

  private RecordFiles(JobContext context) {
    this.context = context;
  }

  public static RecordFiles of(JobContext context) {
    return new RecordFiles(context);
  }

  @Override
  public PCollection<Void> expand(PCollection<FileReading> files) {
    return files.apply("Insert files", ParDo.of(new InsertFn(context)));
  }

  private static final class InsertFn extends StoreFn<FileReading, Void> {
    private static final long serialVersionUID = 1L;

    InsertFn(JobContext context) {
      super(context, FILES_BATCH_MAX);
    }

    @Override
    protected void processBatch(List<FileReading> files, Consumer<Void> output) {
      stores().work().recordFiles(context.runId(), files);
    }
  }
}
