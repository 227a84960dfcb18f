package dev.nightjar.pipelines.quality;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SurplusBetTest {
  private static final double TARGET = 0.9;

  /** Of texts whose answers are right with a probability, what they are above the target. */
  private static double[] surpluses(int texts, double right, Random random) {
    double[] surpluses = new double[texts];
    for (int i = 0; i < texts; i++) {
      surpluses[i] = (random.nextDouble() < right ? 1 : 0) - TARGET;
    }
    return surpluses;
  }

  private static double sum(double[] surpluses) {
    return Arrays.stream(surpluses).sum();
  }

  @Test
  void aNightThatIsBelowIsSeldomProven() {
    int wrongly = 0;
    for (int seed = 0; seed < 4_000; seed++) {
      Random random = new Random(seed);
      double[] known = surpluses(300, TARGET, random);
      double[] rest = surpluses(500, TARGET, random);
      boolean isProven = SurplusBet.isProven(known, 0, rest.length, 0.1);
      wrongly += isProven && sum(rest) < 0 ? 1 : 0;
    }
    assertThat(wrongly).as("of 4,000 at .1").isBetween(1, 400);
  }

  @Test
  void theChanceOfTonightsTextsIsPartOfIt() {
    int wrongly = 0;
    for (int seed = 0; seed < 4_000; seed++) {
      Random random = new Random(seed);
      double[] known = surpluses(3_000, TARGET + 0.01, random);
      double[] rest = surpluses(40, TARGET + 0.01, random); // below target in a third of the nights
      boolean isProven = SurplusBet.isProven(known, 0, rest.length, 0.1);
      wrongly += isProven && sum(rest) < 0 ? 1 : 0;
    }
    assertThat(wrongly).as("of 4,000 at .1").isLessThanOrEqualTo(400);
  }

  @Test
  void whatIsWellAboveIsProvenOnceThereIsEvidence() {
    int few = 0;
    int many = 0;
    for (int seed = 0; seed < 100; seed++) {
      few += SurplusBet.isProven(surpluses(20, 0.97, new Random(seed)), 0, 5_000, 0.05) ? 1 : 0;
      many += SurplusBet.isProven(surpluses(400, 0.97, new Random(seed)), 0, 5_000, 0.05) ? 1 : 0;
    }
    assertThat(few).isZero();
    assertThat(many).isGreaterThan(95);
  }

  @Test
  void whatIsInHandMayBeUsedUp() {
    double[] known = surpluses(300, 0.88, new Random(1));
    assertThat(SurplusBet.isProven(known, 0, 1_000, 0.05)).isFalse();
    assertThat(SurplusBet.isProven(known, 100, 1_000, 0.05)).isTrue();
    assertThat(SurplusBet.isProven(new double[0], 0, 0, 0.05)).as("nothing is left").isTrue();
    assertThat(SurplusBet.isProven(new double[0], 0, 1, 0.05)).as("nothing is known").isFalse();
  }

  @Test
  void nonsenseIsRefused() {
    assertThatThrownBy(() -> SurplusBet.isProven(new double[0], 0, -1, 0.05))
        .hasMessageContaining("they were -1 and 0.05");
    assertThatThrownBy(() -> SurplusBet.isProven(new double[0], 0, 1, 1))
        .hasMessageContaining("they were 1 and 1.0");
  }
}
