package dev.nightjar.cachestore.embed;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A text as the set of its runs of three words, by which long texts are compared: Jaccard
 * similarity, and MinHash bands that find the pairs worth comparing (Broder 1997, "On the
 * resemblance and containment of documents"; Leskovec, Rajaraman and Ullman, "Mining of Massive
 * Datasets", chapter 3). With {@value #BANDS} bands of {@value #ROWS} rows a pair at Jaccard 0.8 is
 * found with probability 0.9993, one at 0.3 compared for nothing with 0.02.
 *
 * <p>Case, punctuation and white space do not count. The hash functions come from a fixed seed: the
 * same text has the same bands on every machine. Immutable and thread-safe.
 */
public final class ShingleSet {
  /** Bands. */
  public static final int BANDS = 24;

  private static final int ROWS = 6;
  private static final int WORDS = 3;
  private static final long SEED = 20_260_102L;
  private static final Pattern WORD = Pattern.compile("[\\p{L}\\p{N}]+");
  private static final long[] MULTIPLIERS = new long[BANDS * ROWS];
  private static final long[] ADDENDS = new long[BANDS * ROWS];

  static {
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(SEED);
    for (int i = 0; i < MULTIPLIERS.length; i++) {
      MULTIPLIERS[i] = random.nextLong() | 1;
      ADDENDS[i] = random.nextLong();
    }
  }

  private final int[] hashes;

  private ShingleSet(int[] hashes) {
    this.hashes = hashes;
  }

  /** The set of a text; of a text of less than three words, its words as one. */
  public static ShingleSet of(String text) {
    int[] words = new int[64];
    int count = 0;
    Matcher matcher = WORD.matcher(text);
    while (matcher.find()) {
      if (count == words.length) {
        words = Arrays.copyOf(words, count * 2);
      }
      words[count++] = matcher.group().toLowerCase(Locale.ROOT).hashCode();
    }
    if (count == 0) {
      return new ShingleSet(new int[] {text.hashCode()}); // symbols only: alike if they are equal
    }
    int shingles = Math.max(1, count - WORDS + 1);
    int[] hashes = new int[shingles];
    for (int i = 0; i < shingles; i++) {
      long hash = SEED;
      for (int j = i; j < Math.min(count, i + WORDS); j++) {
        hash = mix(hash ^ words[j]);
      }
      hashes[i] = (int) (hash >>> 32);
    }
    return new ShingleSet(Arrays.stream(hashes).sorted().distinct().toArray());
  }

  /** MurmurHash3's finaliser. */
  private static long mix(long value) {
    long mixed = (value ^ (value >>> 33)) * 0xff51afd7ed558ccdL;
    mixed = (mixed ^ (mixed >>> 33)) * 0xc4ceb9fe1a85ec53L;
    return mixed ^ (mixed >>> 33);
  }

  /** Sorted hashes without repetition. */
  public int[] hashes() {
    return hashes.clone();
  }

  /** How many there are. */
  public int size() {
    return hashes.length;
  }

  /** What is shared of what there is, in [0, 1]. */
  public double jaccard(ShingleSet other) {
    int shared = 0;
    for (int i = 0, j = 0; i < hashes.length && j < other.hashes.length; ) {
      int order = Integer.compare(hashes[i], other.hashes[j]);
      shared += order == 0 ? 1 : 0;
      i += order <= 0 ? 1 : 0;
      j += order >= 0 ? 1 : 0;
    }
    return (double) shared / (hashes.length + other.hashes.length - shared);
  }

  /** The hash of each band. */
  public List<Integer> bands() {
    long[] smallest = new long[BANDS * ROWS];
    Arrays.fill(smallest, Long.MAX_VALUE);
    for (int hash : hashes) {
      long spread = mix(hash);
      for (int i = 0; i < smallest.length; i++) {
        long value = (spread * MULTIPLIERS[i] + ADDENDS[i]) >>> 1;
        if (value < smallest[i]) {
          smallest[i] = value;
        }
      }
    }
    List<Integer> bands = new ArrayList<>(BANDS);
    for (int band = 0; band < BANDS; band++) {
      bands.add(Arrays.hashCode(Arrays.copyOfRange(smallest, band * ROWS, (band + 1) * ROWS)));
    }
    return bands;
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof ShingleSet set && Arrays.equals(hashes, set.hashes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(hashes);
  }

  @Override
  public String toString() {
    return Arrays.stream(hashes)
        .limit(4)
        .mapToObj(Integer::toHexString)
        .collect(Collectors.joining(" ", "ShingleSet(" + hashes.length + ": ", " …)"));
  }
}
