package dev.nightjar.pipelines.submit;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Repeats a small action in the background until it is closed. A beat that fails is logged and the
 * next one comes as if it had not. One daemon thread, ended by {@link #close}.
 */
public final class Heartbeat implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Heartbeat.class);
  private static final int BEATS_PER_TERM = 3;

  private final CountDownLatch closed = new CountDownLatch(1);
  private final Thread thread;

  private Heartbeat(String name, Duration pause, Runnable beat) {
    this.thread = new Thread(() -> run(name, pause, beat), name);
    thread.setDaemon(true);
    thread.start();
  }

  /**
   * Starts to beat, three times within a term.
   *
   * @param term how long the effect of one beat lasts
   */
  public static Heartbeat start(String name, Duration term, Runnable beat) {
    return new Heartbeat(name, term.dividedBy(BEATS_PER_TERM).plusMillis(1), beat);
  }

  private void run(String name, Duration pause, Runnable beat) {
    try {
      while (!closed.await(pause.toMillis(), TimeUnit.MILLISECONDS)) {
        try {
          beat.run();
        } catch (RuntimeException e) {
          LOG.warn("{}: {}", name, e.getMessage());
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    closed.countDown();
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
