package dev.nightjar.pipelines.quality;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

class RemainingErrorsTest {
  @Test
  void theStakeIsWhatOneReckonsByHand() {
    RemainingErrors stake = new RemainingErrors(0.1);
    stake.drawn(0.04, 0.1, false); // of ten, against "more than two": 1 / (1 − 0.04 · 3)
    assertThat(Math.exp(stake.logStake(2))).isCloseTo(1 / 0.88, within(1e-12));
    stake.drawn(0.05, 0.2, true); // the second finds one: (1 − 0.05 / 0.2), and now m is 4
    assertThat(stake.found()).isEqualTo(1);
    assertThat(Math.exp(stake.logStake(2)))
        .isCloseTo(1 / (1 - 0.04 * 4) * 0.75 / (1 - 0.05 * 4), within(1e-12));
  }

  @Test
  void anErrorThatWasChosenMakesEarlierDrawsWorthMore() {
    RemainingErrors stake = new RemainingErrors(0.1);
    stake.drawn(0.01, 0.05, false);
    double before = stake.logStake(3);
    stake.chosen(false);
    assertThat(stake.logStake(3)).isEqualTo(before);
    stake.chosen(true);
    assertThat(stake.logStake(3)).isGreaterThan(before);
  }

  @Test
  void moreThanThereCanBeIsDisprovenAtOnce() {
    RemainingErrors stake = new RemainingErrors(0.1);
    assertThat(stake.isAtMost(10)).isFalse();
    stake.drawn(0.09, 0.1, false);
    assertThat(stake.isAtMost(11)).isTrue();
    assertThat(stake.isAtMost(5)).isFalse();
  }

  @Test
  void whatIsProvenIsSeldomFalseThoughOneLooksAfterEveryDraw() {
    int wrongly = 0;
    for (int seed = 0; seed < 2_000; seed++) {
      wrongly += leftWhenProven(new Random(seed)) > 20 ? 1 : 0;
    }
    assertThat(wrongly).as("of 2,000 at .1; 226 is two deviations above").isLessThanOrEqualTo(226);
  }

  /** 300 items of which 30 are wrong, 20 allowed to be; odd ones are drawn three times as often. */
  private static int leftWhenProven(Random random) {
    RemainingErrors stake = new RemainingErrors(0.1);
    boolean[] taken = new boolean[300];
    while (stake.draws() < 290 && !stake.isAtMost(20)) {
      double sum = 0;
      for (int i = 0; i < 300; i++) {
        sum += taken[i] ? 0 : weight(i);
      }
      double at = random.nextDouble() * sum;
      int item = -1;
      for (int i = 0; i < 300 && at >= 0; i++) {
        if (!taken[i]) {
          item = i;
          at -= weight(i);
        }
      }
      taken[item] = true;
      stake.drawn(0.6 / sum, weight(item) / sum, item < 30);
    }
    return 30 - stake.found();
  }

  private static double weight(int item) {
    return item % 2 == 1 ? 3 : 1;
  }

  @Test
  void whatIsStakedMayNotExceedTheChance() {
    RemainingErrors stake = new RemainingErrors(0.1);
    assertThatThrownBy(() -> stake.drawn(0.1, 0.1, false))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("fraction");
    assertThatThrownBy(() -> new RemainingErrors(1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> stake.isAtMost(-1)).isInstanceOf(IllegalArgumentException.class);
  }
}
