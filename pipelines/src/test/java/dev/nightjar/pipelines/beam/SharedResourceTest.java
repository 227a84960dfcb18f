package dev.nightjar.pipelines.beam;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class SharedResourceTest {
  private final AtomicInteger open = new AtomicInteger();
  private final AtomicInteger opened = new AtomicInteger();

  private final class Resource implements AutoCloseable {
    Resource() {
      assertThat(open.incrementAndGet()).as("open at once").isEqualTo(1);
      opened.incrementAndGet();
    }

    @Override
    public void close() {
      open.decrementAndGet();
    }
  }

  private SharedResource.Lease<Resource> lease() {
    return SharedResource.acquire(this, Resource.class, Resource::new);
  }

  @Test
  void theFirstLeaseOpensAndTheLastCloses() {
    var first = lease();
    var second = lease();
    assertThat(second.get()).isSameAs(first.get());
    first.close();
    first.close(); // a second teardown must not take another's lease
    assertThat(open).hasValue(1);
    second.close();
    assertThat(open).hasValue(0);
    assertThat(SharedResource.leases(this)).isZero();
  }

  @Test
  void neverTwoAreOpenHoweverThreadsComeAndGo() throws Exception {
    var threads = Executors.newFixedThreadPool(8);
    CountDownLatch done = new CountDownLatch(8);
    for (int t = 0; t < 8; t++) {
      var unused =
          threads.submit(
              () -> {
                for (int i = 0; i < 2_000; i++) {
                  lease().close();
                }
                done.countDown();
              });
    }
    assertThat(done.await(30, TimeUnit.SECONDS)).isTrue();
    threads.shutdown();
    assertThat(open).hasValue(0);
    assertThat(opened.get()).isPositive();
  }
}
