package dev.nightjar.pipelines.beam;

import dev.nightjar.cachestore.Stores;
import dev.nightjar.pipelines.JobContext;
import org.jspecify.annotations.Nullable;

/**
 * A {@link BatchFn} that uses the store. One pool per JVM; thread-safe; closed by the last
 * teardown.
 */
public abstract class StoreFn<I, O> extends BatchFn<I, O> {
  private static final long serialVersionUID = 1L;

  /** What the run is about. */
  protected final JobContext context;

  private transient SharedResource.@Nullable Lease<Stores> stores;

  /** Hands over lists of at most {@code elementsMax} elements. */
  protected StoreFn(JobContext context, int elementsMax) {
    super(elementsMax);
    this.context = context;
  }

  @Override
  protected void open() {
    super.open();
    stores = context.stores();
  }

  @Override
  protected void close() {
    if (stores != null) {
      stores.close();
      stores = null;
    }
    super.close();
  }

  /** The store; only between setup and teardown. */
  protected Stores stores() {
    if (stores == null) {
      throw new IllegalStateException("the store is not open: setup has not run");
    }
    return stores.get();
  }
}
