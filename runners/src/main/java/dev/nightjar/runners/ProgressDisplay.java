package dev.nightjar.runners;

import dev.nightjar.cachestore.RunProgress;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Progress bars of one night: documents read, attempts answered, items settled. What they show is
 * read from the database, so it is right also after a restart. Without a terminal it prints a line
 * whenever a stage has moved on by a tenth.
 */
final class ProgressDisplay implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ProgressDisplay.class);
  private static final int REFRESH_MILLIS = 500;
  private static final int COUNTING_SHARE = 20;
  private static final int LINE_CHARACTERS_MAX = 100;

  private final Supplier<RunProgress> progress;
  private final ScheduledExecutorService ticker;
  private final PrintWriter out;
  private final String title;
  private final boolean interactive;
  private final ProgressBar[] bars;
  private String lastMoved = "";
  private long idleTicks;

  private ProgressDisplay(String title, Supplier<RunProgress> progress, PrintWriter out) {
    this.title = title;
    this.progress = progress;
    this.out = out;
    this.interactive = Boolean.getBoolean("nightjar.interactive");
    this.bars =
        interactive
            ? new ProgressBar[] {bar("read", -1), bar("ask", 0), bar("settle", 0)}
            : new ProgressBar[0];
    this.ticker =
        Executors.newSingleThreadScheduledExecutor(
            runnable -> {
              Thread thread = new Thread(runnable, "progress");
              thread.setDaemon(true);
              return thread;
            });
    var unused =
        ticker.scheduleWithFixedDelay(this::tick, 0, REFRESH_MILLIS, TimeUnit.MILLISECONDS);
  }

  static ProgressDisplay show(String title, Supplier<RunProgress> progress, PrintWriter out) {
    return new ProgressDisplay(title, progress, out);
  }

  private ProgressBar bar(String stage, long total) {
    return new ProgressBarBuilder()
        .setTaskName(title + " " + stage)
        .setInitialMax(total)
        .setUpdateIntervalMillis(REFRESH_MILLIS)
        .setConsumer(new ConsoleProgressBarConsumer(System.err, LINE_CHARACTERS_MAX))
        .setEtaFunction(state -> java.util.Optional.<Duration>empty())
        .build();
  }

  /** Counting takes its time where a run is large: it gets a twentieth of all time at most. */
  private void tick() {
    if (idleTicks > 0) {
      idleTicks--;
      return;
    }
    try {
      long begun = System.nanoTime();
      refresh(progress.get());
      long millis = (System.nanoTime() - begun) / 1_000_000;
      idleTicks = millis * COUNTING_SHARE / REFRESH_MILLIS;
    } catch (RuntimeException e) {
      LOG.debug("No progress to show", e); // the database may be away: the night itself will say so
    }
  }

  private void refresh(RunProgress now) {
    if (interactive) {
      bars[0].stepTo(now.items() + now.deadLetters());
      bars[1].maxHint(now.attempts());
      bars[1].stepTo(now.attemptsEnded());
      bars[2].maxHint(now.items());
      bars[2].stepTo(now.settled());
      return;
    }
    // A line a tenth, not a line a tick.
    String moved =
        now.items() / 1_000
            + " "
            + tenths(now.attemptsEnded(), now.attempts())
            + " "
            + tenths(now.settled(), now.items());
    if (!moved.equals(lastMoved) && now.items() > 0) {
      lastMoved = moved;
      out.printf(
          "%s: read %s, asked %s of %s, settled %s%n",
          title,
          Terminal.count(now.items() + now.deadLetters()),
          Terminal.count(now.attemptsEnded()),
          Terminal.count(now.attempts()),
          Terminal.count(now.settled()));
      out.flush();
    }
  }

  private static long tenths(long part, long whole) {
    return whole == 0 ? 0 : part * 10 / whole;
  }

  @Override
  public void close() {
    ticker.shutdownNow();
    try {
      ticker.awaitTermination(2, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    tick();
    for (ProgressBar bar : bars) {
      bar.close();
    }
  }
}
