package dev.nightjar.cachestore.embed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ShingleSetTest {
  @Test
  void jaccardIsWhatIsSharedOfWhatThereIs() {
    // abc bcd cde  against  abc bcd cdf: two of four
    assertThat(ShingleSet.of("a b c d e").jaccard(ShingleSet.of("a b c d f")))
        .isCloseTo(0.5, within(1e-9));
    assertThat(ShingleSet.of("a b c").jaccard(ShingleSet.of("d e f"))).isZero();
  }

  @Test
  void caseAndPunctuationDoNotCount() {
    assertThat(ShingleSet.of("Dear Sir, we write."))
        .isEqualTo(ShingleSet.of("dear sir we\nWRITE!"));
  }

  @Test
  void textsOfFewWordsAreOneShingle() {
    assertThat(ShingleSet.of("hello").size()).isEqualTo(1);
    assertThat(ShingleSet.of("").size()).isEqualTo(1);
    assertThat(ShingleSet.of("--- !!!").jaccard(ShingleSet.of("*** ???")))
        .as("no word in either, but not the same")
        .isZero();
    assertThat(ShingleSet.of("hello there").jaccard(ShingleSet.of("hello here"))).isZero();
  }

  @Test
  void bandsAreTheSameOnEveryMachine() {
    assertThat(ShingleSet.of("the quick brown fox").bands())
        .hasSize(ShingleSet.BANDS)
        .startsWith(BANDS_OF_THE_FOX);
  }

  private static final int BANDS_OF_THE_FOX = 1965980048;

  @Test
  void bandsBringAlikePairsTogetherAndFewOthers() {
    Random random = new Random(1);
    int alikeFound = 0;
    int alike = 0;
    int unlikeFound = 0;
    for (int i = 0; i < 400; i++) {
      List<String> words =
          IntStream.range(0, 300)
              .mapToObj(n -> Integer.toString(random.nextInt(5_000)))
              .collect(Collectors.toCollection(ArrayList::new));
      ShingleSet original = ShingleSet.of(String.join(" ", words));
      for (int changes = 0; changes < 8; changes++) {
        words.set(random.nextInt(words.size()), "new" + changes);
      }
      ShingleSet changed = ShingleSet.of(String.join(" ", words));
      if (original.jaccard(changed) >= 0.8) {
        alike++;
        alikeFound += share(original, changed) ? 1 : 0;
      }
      List<String> others = new ArrayList<>(words.subList(0, 150));
      for (int n = 0; n < 150; n++) {
        others.add(Integer.toString(random.nextInt(5_000)));
      }
      unlikeFound += share(original, ShingleSet.of(String.join(" ", others))) ? 1 : 0;
    }
    assertThat(alike).isGreaterThan(200);
    assertThat((double) alikeFound / alike).isGreaterThanOrEqualTo(0.98);
    assertThat(unlikeFound).as("pairs of Jaccard 0.3 compared for nothing").isLessThan(40);
  }

  private static boolean share(ShingleSet one, ShingleSet other) {
    List<Integer> left = one.bands();
    List<Integer> right = other.bands();
    return IntStream.range(0, left.size()).anyMatch(i -> left.get(i).equals(right.get(i)));
  }
}
