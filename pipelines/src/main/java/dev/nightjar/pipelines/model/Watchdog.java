package dev.nightjar.pipelines.model;

import java.time.Duration;
import java.util.function.Function;
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

  /**
   * Does what one document asks of a stage. Whatever goes wrong, in time or in depth or in the
   * code, stays that document's: it must not be what a whole run fails of.
   *
   * @param work reads nothing but the document, and has no effect
   * @param instead what comes of a document that brought it to fail, told why in words
   */
  public static <T> T contained(Supplier<T> work, Function<String, T> instead) {
    try {
      return within(DOCUMENT_MAX, work);
    } catch (RuntimeException | StackOverflowError e) {
      return instead.apply(reason(e));
    }
  }

  /** What a failure comes to, without what its message quotes of a document. */
  public static String reason(Throwable failure) {
    return failure instanceof TookTooLong
        ? "it takes longer than " + DOCUMENT_MAX.toSeconds() + " s"
        : "it fails with " + failure.getClass().getSimpleName();
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
