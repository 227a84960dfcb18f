package dev.nightjar.pipelines.model;

import java.time.Duration;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Bounds the time that one document may take in one stage. A thread cannot be stopped from outside;
 * what can take for ever is a pattern, and a pattern asks its text for every character: the text
 * looks at the clock. Thread-safe.
 */
public final class Watchdog {
  /** More than the largest document takes anywhere, on a slow machine. */
  public static final Duration DOCUMENT_MAX = Duration.ofSeconds(60);

  private static final int CHARACTERS_A_LOOK = 4_096;
  private static final ThreadLocal<@Nullable Long> END = new ThreadLocal<>();

  private Watchdog() {}

  /** A document took too long. */
  public static final class TookTooLong extends RuntimeException {
    private static final long serialVersionUID = 1L;

    TookTooLong() {
      super("it took longer than a document may");
    }
  }

  /**
   * Does something within a time, as far as it reads {@link #watched} texts.
   *
   * @throws TookTooLong if it does not end in time
   */
  public static <T> T within(Duration max, Supplier<T> work) {
    Long outer = END.get();
    END.set(System.nanoTime() + max.toNanos());
    try {
      return work.get();
    } finally {
      END.set(outer);
    }
  }

  /** The text, which ends what reads it when its time is over. Of the thread that asks for it. */
  public static CharSequence watched(CharSequence text) {
    Long end = END.get();
    return end == null ? text : new WatchedText(text, end);
  }

  private static final class WatchedText implements CharSequence {
    private final CharSequence text;
    private final long end;
    private int untilLook = CHARACTERS_A_LOOK;

    WatchedText(CharSequence text, long end) {
      this.text = text;
      this.end = end;
    }

    @Override
    public char charAt(int index) {
      if (--untilLook == 0) {
        untilLook = CHARACTERS_A_LOOK;
        if (System.nanoTime() - end > 0) {
          throw new TookTooLong();
        }
      }
      return text.charAt(index);
    }

    @Override
    public int length() {
      return text.length();
    }

    @Override
    public CharSequence subSequence(int from, int to) {
      return text.subSequence(from, to);
    }

    @Override
    public String toString() {
      return text.toString();
    }
  }
}
