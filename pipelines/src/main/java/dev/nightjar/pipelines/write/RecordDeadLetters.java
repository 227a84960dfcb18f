package dev.nightjar.pipelines.write;

import dev.nightjar.cachestore.DeadLetter;
import dev.nightjar.pipelines.JobContext;
import dev.nightjar.pipelines.beam.StoreFn;
import java.util.List;
import java.util.function.Consumer;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.values.PCollection;

/** Records refused input. Inserts on (run, file, position): safe to repeat. */
public final class RecordDeadLetters
    extends PTransform<PCollection<DeadLetter>, PCollection<Void>> {
  private static final long serialVersionUID = 1L;
  private static final int DEAD_LETTERS_BATCH_MAX = 500;

  private final JobContext context;

  private RecordDeadLetters(JobContext context) {
    this.context = context;
  }

  public static RecordDeadLetters of(JobContext context) {
    return new RecordDeadLetters(context);
  }

  @Override
  public PCollection<Void> expand(PCollection<DeadLetter> deadLetters) {
    return deadLetters.apply("Insert dead letters", ParDo.of(new InsertFn(context)));
  }

  private static final class InsertFn extends StoreFn<DeadLetter, Void> {
    private static final long serialVersionUID = 1L;

    InsertFn(JobContext context) {
      super(context, DEAD_LETTERS_BATCH_MAX);
    }

    @Override
    protected void processBatch(List<DeadLetter> deadLetters, Consumer<Void> output) {
      stores().work().recordDeadLetters(context.runId(), deadLetters);
    }
  }
}
