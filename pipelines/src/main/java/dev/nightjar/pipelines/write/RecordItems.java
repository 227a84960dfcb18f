package dev.nightjar.pipelines.write;

import dev.nightjar.cachestore.NewItem;
import dev.nightjar.pipelines.JobContext;
import dev.nightjar.pipelines.beam.StoreFn;
import java.util.List;
import java.util.function.Consumer;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.values.PCollection;

/**
 * Records items. Outputs nothing; wait on the output to know that every item is there. Inserts on
 * (run, document): safe to repeat.
 */
public final class RecordItems extends PTransform<PCollection<NewItem>, PCollection<Void>> {
  private static final long serialVersionUID = 1L;
  private static final int ITEMS_BATCH_MAX = 1_000;

  private final JobContext context;

  private RecordItems(JobContext context) {
    this.context = context;
  }

  public static RecordItems of(JobContext context) {
    return new RecordItems(context);
  }

  @Override
  public PCollection<Void> expand(PCollection<NewItem> items) {
    return items.apply("Insert items", ParDo.of(new InsertFn(context)));
  }

  private static final class InsertFn extends StoreFn<NewItem, Void> {
    private static final long serialVersionUID = 1L;

    InsertFn(JobContext context) {
      super(context, ITEMS_BATCH_MAX);
    }

    @Override
    protected void processBatch(List<NewItem> items, Consumer<Void> output) {
      stores().work().recordItems(context.runId(), items);
    }
  }
}
