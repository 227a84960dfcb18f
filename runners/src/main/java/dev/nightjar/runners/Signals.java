package dev.nightjar.runners;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import sun.misc.Signal;

/**
 * Ctrl-C and SIGTERM, gracefully: the first one lets the step in hand come to its end, the second
 * ends the process at once. No batch is lost either way; the first leaves no lease to run out, no
 * upload to tidy and no online request in flight. One for a process; thread-safe.
 */
final class Signals implements Pause {
  private static final int EXIT_INTERRUPTED = 130;

  private final CountDownLatch requested = new CountDownLatch(1);
  private final PrintWriter out;

  private Signals(PrintWriter out) {
    this.out = out;
  }

  /**
   * Takes the signals over for the rest of the process.
   *
   * @param out told what happens
   */
  static Signals handled(PrintWriter out) {
    Signals signals = new Signals(out);
    for (String name : new String[] {"INT", "TERM"}) {
      Signal.handle(new Signal(name), signal -> signals.received());
    }
    return signals;
  }

  /** One signal; the second ends the process. */
  void received() {
    if (stopRequested()) {
      Runtime.getRuntime().halt(EXIT_INTERRUPTED);
    }
    requested.countDown();
    out.println(
        "stopping after the step in hand; once more stops at once (no batch is lost either way)");
    out.flush();
  }

  @Override
  public void sleep(Duration duration) throws InterruptedException {
    var unused = requested.await(duration.toMillis(), TimeUnit.MILLISECONDS);
  }

  @Override
  public boolean stopRequested() {
    return requested.getCount() == 0;
  }
}
