package dev.nightjar.pipelines.beam;

import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Resources of which one JVM needs one, however many DoFn instances use it: a connection pool, a
 * model, a client. The first lease opens it, the last one closes it. Both happen inside one {@link
 * ConcurrentHashMap#compute}, so that a close never races with an open. Thread-safe.
 *
 * <p>Closing matters: on a session cluster a pool that is left open keeps its threads, and they
 * keep the job's class loader, for as long as the TaskManager lives.
 */
public final class SharedResource {
  private static final ConcurrentHashMap<Object, Entry> OPEN = new ConcurrentHashMap<>();

  private record Entry(AutoCloseable resource, int leases) {}

  /** A claim on a resource; close it in {@code @Teardown}. */
  public static final class Lease<R extends AutoCloseable> implements AutoCloseable {
    private final Object key;
    private final R resource;
    private boolean closed;

    private Lease(Object key, R resource) {
      this.key = key;
      this.resource = resource;
    }

    public R get() {
      return resource;
    }

    @Override
    public synchronized void close() {
      if (!closed) {
        closed = true;
        release(key);
      }
    }
  }

  private SharedResource() {}

  /**
   * Claims the resource of a key, opening it if nobody else has.
   *
   * @param key equal keys share one resource
   */
  public static <R extends AutoCloseable> Lease<R> acquire(
      Object key, Class<R> type, Supplier<R> open) {
    Entry entry =
        OPEN.compute(
            key,
            (same, existing) ->
                existing == null
                    ? new Entry(open.get(), 1)
                    : new Entry(existing.resource(), existing.leases() + 1));
    return new Lease<>(key, type.cast(entry.resource()));
  }

  private static void release(Object key) {
    OPEN.compute(
        key,
        (same, existing) -> {
          if (existing == null || existing.leases() > 1) {
            return existing == null ? null : new Entry(existing.resource(), existing.leases() - 1);
          }
          try {
            existing.resource().close();
          } catch (Exception e) {
            throw new IllegalStateException("cannot close " + same, e);
          }
          return null;
        });
  }

  /** How many leases a key has; for tests. */
  static int leases(Object key) {
    @Nullable Entry entry = OPEN.get(key);
    return entry == null ? 0 : entry.leases();
  }
}
