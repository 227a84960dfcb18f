package dev.nightjar.pipelines.model;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/**
 * What somebody may have meant who wrote a name that does not exist: the one that takes the fewest
 * single letters to be put in, left out or exchanged, two neighbours changing places counting as
 * one (optimal string alignment). Stateless and thread-safe.
 */
public final class Suggestion {
  private static final int CHARACTERS_MAX = 100;

  private Suggestion() {}

  /** {@code ; did you mean 'body'?}, to be put behind a message; empty if nothing is near. */
  public static String among(String written, Collection<String> known) {
    return nearest(written, known).map(name -> "; did you mean '" + name + "'?").orElse("");
  }

  /** The nearest name, if a third of its letters or fewer are wrong. Capitals do not count. */
  public static Optional<String> nearest(String written, Collection<String> known) {
    if (written.isBlank() || written.length() > CHARACTERS_MAX) {
      return Optional.empty();
    }
    return known.stream()
        .filter(name -> name.length() <= CHARACTERS_MAX)
        .min(
            Comparator.comparingInt((String name) -> distance(written, name))
                .thenComparing(Comparator.naturalOrder()))
        .filter(
            name ->
                distance(written, name)
                    <= Math.max(1, Math.min(written.length(), name.length()) / 3));
  }

  private static int distance(String first, String second) {
    String a = first.toLowerCase(Locale.ROOT);
    String b = second.toLowerCase(Locale.ROOT);
    int[][] steps = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          steps[i][j] = i + j;
          continue;
        }
        int exchanged = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
        steps[i][j] =
            Math.min(
                Math.min(steps[i - 1][j], steps[i][j - 1]) + 1, steps[i - 1][j - 1] + exchanged);
        if (i > 1
            && j > 1
            && a.charAt(i - 1) == b.charAt(j - 2)
            && a.charAt(i - 2) == b.charAt(j - 1)) {
          steps[i][j] = Math.min(steps[i][j], steps[i - 2][j - 2] + 1);
        }
      }
    }
    return steps[a.length()][b.length()];
  }
}
