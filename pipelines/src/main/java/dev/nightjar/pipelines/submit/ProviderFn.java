package dev.nightjar.pipelines.submit;

import dev.nightjar.pipelines.JobContext;
import dev.nightjar.pipelines.beam.SharedResource;
import dev.nightjar.pipelines.beam.StoreFn;
import org.jspecify.annotations.Nullable;

/**
 * Handles submissions one by one with the store and the providers. One set of clients per JVM;
 * thread-safe; closed by the last teardown.
 */
abstract class ProviderFn<O> extends StoreFn<String, O> {
  private static final long serialVersionUID = 1L;

  private transient SharedResource.@Nullable Lease<ProviderClients> clients;

  ProviderFn(JobContext context) {
    super(context, 1);
  }

  @Override
  protected void open() {
    super.open();
    clients = context.clients();
  }

  @Override
  protected void close() {
    if (clients != null) {
      clients.close();
      clients = null;
    }
    super.close();
  }

  /** The clients; only between setup and teardown. */
  ProviderClients clients() {
    if (clients == null) {
      throw new IllegalStateException("the clients are not open: setup has not run");
    }
    return clients.get();
  }
}
