package dev.nightjar.emulator;

import java.time.Clock;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Which prompt prefixes are warm. Kept in memory: a provider promises nothing about them either.
 * Thread-safe.
 *
 * <p>A prefix is served from the deepest mark at which it is warm, and written from there to the
 * last mark. Requests of one batch run side by side, so that one does not see what another of its
 * batch writes: a cold batch of 138 was measured to read nothing, and all of it after a batch of
 * one. What batches write, direct requests do not read, nor the other way round.
 *
 * @see <a href="https://github.com/Bike4Mind/bike4mind/issues/2741">The measurement</a>
 */
public final class PromptCache {

  /**
   * What a provider does not promise.
   *
   * @param shortHits share of requests that find a prefix that is warm for the short time, 0 to 1
   * @param longHits the same for the long time
   * @param seesOwnBatch whether requests of a batch find what others of it have written
   * @param seed decides which requests are the lucky ones
   */
  public record World(double shortHits, double longHits, boolean seesOwnBatch, long seed) {
    /** What was measured. */
    public static final World MEASURED = new World(1, 1, false, 1);

    public World {
      if (!(shortHits >= 0 && shortHits <= 1 && longHits >= 0 && longHits <= 1)) {
        throw new IllegalArgumentException("shares must be 0 to 1");
      }
    }
  }

  /**
   * A prefix that is marked.
   *
   * @param key what it is known by: a hash of its text and of all before it
   * @param tokens tokens of both
   */
  public record Prefix(long key, long tokens) {}

  /**
   * What came of a request.
   *
   * @param read tokens that the cache served
   * @param written tokens that it was given
   */
  public record Served(long read, long written) {
    static final Served NOTHING = new Served(0, 0);
  }

  /** The batch of a request that is asked directly. */
  public static final long DIRECT = 0;

  private record Entry(long warmUntilMillis, long batch) {}

  private final ConcurrentHashMap<Long, Entry> warm = new ConcurrentHashMap<>();
  private final Clock clock;
  private final World world;

  /** An empty cache. */
  public PromptCache(Clock clock, World world) {
    this.clock = clock;
    this.world = world;
  }

  /**
   * Serves one request, and keeps what it marks.
   *
   * @param model the model, as a {@link #key}: each has a cache of its own
   * @param marks marked prefixes, the shortest first; none shorter than the model's least
   * @param longTime whether they are kept for the long time
   * @param secondsToLive how long they stay warm, from this use on
   * @param batch the batch that the request belongs to; {@link #DIRECT} for none
   * @param request what tells requests apart
   */
  public Served serve(
      long model,
      List<Prefix> marks,
      boolean longTime,
      long secondsToLive,
      long batch,
      long request) {
    if (marks.isEmpty()) {
      return Served.NOTHING;
    }
    long now = clock.millis();
    long pool = mixed(model, batch == DIRECT ? 1 : 2); // batches and direct requests are apart
    boolean lucky = share(request) < (longTime ? world.longHits : world.shortHits);
    long read = 0;
    for (int mark = marks.size() - 1; mark >= 0 && lucky; mark--) {
      Entry entry = warm.get(mixed(marks.get(mark).key, pool));
      if (entry != null
          && entry.warmUntilMillis >= now
          && (batch == DIRECT || entry.batch != batch || world.seesOwnBatch)) {
        read = marks.get(mark).tokens;
        break;
      }
    }
    for (Prefix mark : marks) {
      long until = now + secondsToLive * 1_000;
      warm.compute(
          mixed(mark.key, pool),
          (key, old) ->
              // What an earlier batch has written stays that one's.
              old == null || old.warmUntilMillis < now
                  ? new Entry(until, batch)
                  : new Entry(Math.max(until, old.warmUntilMillis), old.batch));
    }
    return new Served(read, marks.get(marks.size() - 1).tokens - read);
  }

  /**
   * Whether a prefix is warm that nobody has to mark; it is warm afterwards in any case.
   *
   * @param prefix the {@link #key} of model and text
   * @param secondsToLive from this use on
   */
  boolean touch(long prefix, long secondsToLive) {
    long now = clock.millis();
    Entry old = warm.put(prefix, new Entry(now + secondsToLive * 1_000, DIRECT));
    return old != null && old.warmUntilMillis >= now;
  }

  /** One number for texts: 64 bits of FNV-1a (Fowler, Noll and Vo). */
  static long key(CharSequence... texts) {
    long key = 0xcbf29ce484222325L;
    for (CharSequence text : texts) {
      for (int i = 0; i < text.length(); i++) {
        key = (key ^ text.charAt(i)) * 0x100000001b3L;
      }
      key = (key ^ 0xFFFF) * 0x100000001b3L;
    }
    return key;
  }

  /** Where a request stands among the lucky ones: evenly spread over 0 to 1. */
  private double share(long request) {
    return (mixed(request, world.seed) >>> 11) * 0x1.0p-53;
  }

  /** A mixing step of SplitMix64 (Steele, Lea and Flood 2014). */
  private static long mixed(long value, long seed) {
    long mixed = value * 0x9E3779B97F4A7C15L + seed;
    mixed = (mixed ^ (mixed >>> 30)) * 0xBF58476D1CE4E5B9L;
    mixed = (mixed ^ (mixed >>> 27)) * 0x94D049BB133111EBL;
    return mixed ^ (mixed >>> 31);
  }
}
