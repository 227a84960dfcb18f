package dev.nightjar.pipelines.reuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.nightjar.cachestore.ErrorBound;
import dev.nightjar.cachestore.Evidence;
import dev.nightjar.cachestore.Fingerprint;
import dev.nightjar.cachestore.ReuseBounds;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RiskControllerTest {
  private static final ErrorBound PER_HIT = new ErrorBound(0.05, false, 0.95);
  private static final ErrorBound PER_REQUEST = new ErrorBound(0.05, true, 0.95);
  private static final double SHADOW_SHARE = 0.05;

  private static RiskController controller() {
    return new RiskController(PER_HIT);
  }

  /** Of a night on which every text is asked. */
  private static Evidence asked(double score, boolean isRight) {
    return new Evidence(score, false, 1, 1, isRight, false, false);
  }

  private static Evidence shadow(double score, boolean isRight) {
    return new Evidence(score, true, SHADOW_SHARE, SHADOW_SHARE, isRight, false, false);
  }

  /** A controller that lends, by texts of a world in which a vote of s errs in (1 − s) / 2. */
  private static RiskController lending(Random random) {
    RiskController controller = controller();
    while (controller.threshold() == ReuseBounds.NEVER) {
      night(random, controller, 1);
    }
    return controller;
  }

  /**
   * A night of a hundred texts with mostly high scores, in which a text of score s has a wrong
   * neighbour with probability {@code harder} · (1 − s) / 2.
   */
  private static void night(Random random, RiskController controller, double harder) {
    double threshold = controller.threshold();
    double share = controller.shadowShare(SHADOW_SHARE);
    for (int i = 0; i < 100; i++) {
      double score = 1 - Math.pow(random.nextDouble(), 2);
      boolean isRight = random.nextDouble() >= harder * (1 - score) / 2;
      boolean isHit = score >= threshold;
      if (!isHit || random.nextDouble() < share) {
        controller.observe(
            new Evidence(score, isHit, share, isHit ? share : 1, isRight, false, false));
      }
    }
  }

  /** There, the mean error of hits at a threshold is a sixth of what it lacks to 1. */
  private static double trueError(double threshold) {
    return (1 - threshold) / 6;
  }

  @Test
  void withoutEvidenceNothingIsBorrowed() {
    assertThat(controller().threshold()).isEqualTo(ReuseBounds.NEVER);
    assertThat(controller().errorBound()).isEmpty();
    assertThat(controller().shadowShare(SHADOW_SHARE)).isEqualTo(1);
  }

  @Test
  void theThresholdFallsTowardsTheBoundAndSeldomBelowIt() {
    int violations = 0;
    double sum = 0;
    for (int seed = 0; seed < 100; seed++) {
      RiskController controller = controller();
      Random random = new Random(seed);
      double lowest = ReuseBounds.NEVER;
      for (int i = 0; i < 50; i++) {
        night(random, controller, 1);
        lowest = Math.min(lowest, controller.threshold());
      }
      violations += trueError(lowest) > PER_HIT.maxError() ? 1 : 0;
      sum += lowest;
    }
    assertThat(violations).as("of 100, looked at after each of 50 nights").isLessThanOrEqualTo(5);
    assertThat(sum / 100).as("0.70 would be perfect").isBetween(0.7, 0.87);
  }

  /** Each text is a hit and wrong with probability (1 − threshold)^1.5 / 6. */
  @Test
  void perRequestTheThresholdIsAsLenientAsAllTextsTogetherAllow() {
    int violations = 0;
    double sum = 0;
    for (int seed = 0; seed < 100; seed++) {
      RiskController controller = new RiskController(PER_REQUEST);
      Random random = new Random(seed);
      for (int i = 0; i < 50; i++) {
        night(random, controller, 2);
      }
      double lowest = controller.threshold();
      violations += Math.pow(1 - lowest, 1.5) / 3 > PER_REQUEST.maxError() ? 1 : 0;
      sum += lowest;
    }
    assertThat(violations).as("of 100").isLessThanOrEqualTo(5);
    assertThat(sum / 100).as("0.72 would be perfect; per hit it would be .85").isBetween(0.72, 0.8);
  }

  @Test
  void whatIsBelowTheThresholdTellsOfThresholdsMoreLenient() {
    RiskController controller = controller();
    for (int i = 0; i < 700; i++) {
      controller.observe(asked(i % 2 == 0 ? 0.9 : 0.3, i % 2 == 0 || i % 3 == 0));
    }
    double before = controller.threshold();
    assertThat(before).as("below .9 two of three are wrong").isBetween(0.3, 0.9);
    // Nothing above it is drawn for a while; what is asked below it is right by now.
    for (int i = 0; i < 60_000; i++) {
      controller.observe(new Evidence(0.3, false, SHADOW_SHARE, 1, true, false, false));
    }
    assertThat(controller.threshold()).isLessThan(before).isLessThanOrEqualTo(0.3);
  }

  @Test
  void aThresholdThatIsProvenIsNotUsedWhereErrorsHaveRisenSince() {
    RiskController controller = controller();
    for (int i = 0; i < 800; i++) {
      controller.observe(asked(i % 2 == 0 ? 0.9 : 0.5, true));
    }
    assertThat(controller.threshold()).isLessThan(0.5);
    for (int i = 0; i < 1_500; i++) { // one of eleven low votes is wrong: 4.5 % of all
      controller.observe(shadow(i % 2 == 0 ? 0.9 : 0.5, i % 22 != 1));
    }
    assertThat(controller.driftFound()).as("less than is allowed").isFalse();
    assertThat(controller.threshold()).isBetween(0.5, 0.9);
  }

  @Test
  void theBoundOnErrorsIsThatOfClopperAndPearson() {
    RiskController controller = controller();
    for (int i = 0; i < 400; i++) {
      controller.observe(asked(0.999, true));
    }
    assertThat(controller.threshold()).as("these only choose where to begin").isEqualTo(2);
    for (int i = 0; i < 200; i++) {
      controller.observe(asked(0.999, i != 50));
    }
    assertThat(controller.threshold()).isLessThan(1);
    assertThat(controller.errorBound().orElseThrow())
        .as("1 wrong of 200 at 95 %")
        .isCloseTo(0.0235, within(0.0002));
  }

  @Test
  void driftRaisesTheThresholdByItself() {
    Random random = new Random(7);
    RiskController controller = lending(random);
    assertThat(controller.driftFound()).isFalse();
    int noticed = 0;
    for (int i = 0; i < 2_000 && !controller.driftFound(); i++) {
      controller.observe(shadow(0.95, random.nextInt(4) > 0)); // every fourth hit is wrong now
      noticed = i;
    }
    assertThat(controller.driftFound()).isTrue();
    assertThat(noticed).as("drawn hits until it is noticed").isLessThan(100);
    assertThat(controller.threshold()).isEqualTo(ReuseBounds.NEVER);
  }

  @Test
  void perRequestHitsMayErrMoreOftenThanTheBoundWithoutAnAlarm() {
    RiskController controller = new RiskController(PER_REQUEST);
    for (int i = 0; i < 4_000; i++) {
      // Four of five texts are asked and no hits; of the hits a tenth is wrong, and one in twenty
      // is
      // drawn.
      controller.observe(new Evidence(0.1, false, SHADOW_SHARE, 1, false, false, false));
      if (i % 80 == 0) {
        controller.observe(shadow(0.9, i % 800 != 0));
      }
    }
    assertThat(controller.driftFound()).isFalse();
  }

  @Test
  void whatIsLearntAfterADriftTakesMoreEvidenceSoThatAllPromisesHoldTogether() {
    RiskController controller = controller();
    int before = 0;
    for (int epoch = 1; epoch <= 4; epoch++) {
      int right = 0;
      while (controller.threshold() == ReuseBounds.NEVER) {
        controller.observe(asked(0.999, true));
        right++;
      }
      assertThat(right).as("right answers in epoch " + epoch).isGreaterThan(before);
      before = right;
      int drifting = controller.evidence();
      while (controller.evidence() >= drifting) {
        drifting = controller.evidence();
        controller.observe(shadow(0.999, false));
      }
    }
  }

  @Test
  void copiesOfATextProveNothingButTheirErrorsAreSeen() {
    RiskController controller = controller();
    for (int i = 0; i < 2_000; i++) {
      controller.observe(new Evidence(0.999, false, 1, 1, true, i > 0, false));
    }
    assertThat(controller.threshold()).isEqualTo(ReuseBounds.NEVER);
    assertThat(controller.evidence()).isEqualTo(1);
    for (int i = 0; i < 900; i++) {
      controller.observe(asked(0.999, true));
    }
    double learnt = controller.threshold();
    assertThat(learnt).isLessThan(1);
    for (int i = 0; i < 20; i++) {
      controller.observe(new Evidence(0.999, true, 1, 1, false, i > 0, true));
      controller.observe(new Evidence(0.999, true, 1, 1, true, true, true));
    }
    assertThat(controller.driftFound()).as("one text with twenty copies is no drift").isFalse();
    assertThat(controller.threshold()).isEqualTo(learnt);
    for (int i = 0; i < 20; i++) {
      controller.observe(new Evidence(0.999, true, 1, 1, false, false, true));
    }
    assertThat(controller.driftFound()).isTrue();
  }

  @Test
  void samplingThinsOutButNeverEnds() {
    RiskController controller = controller();
    double last = 1;
    for (int i = 0; i < 4_000; i++) {
      controller.observe(asked(0.999, true));
      if (i % 100 == 0) {
        assertThat(controller.shadowShare(0.03)).isLessThanOrEqualTo(last);
        last = controller.shadowShare(0.03);
      }
    }
    assertThat(last).isEqualTo(0.03);
  }

  @Test
  void boundsOutOfRangeAreRefused() {
    assertThatThrownBy(() -> new ErrorBound(0, false, 0.95))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("maxError");
    assertThatThrownBy(() -> new Evidence(0.9, true, 0.5, 0.25, true, false, false))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("propensity");
  }

  @Test
  void theSampleIsAsLargeAsItsShare() {
    int sampled = 0;
    for (int i = 0; i < 10_000; i++) {
      sampled += ShadowSampling.isSampled(Fingerprint.sha256(Integer.toString(i)), 0.1) ? 1 : 0;
    }
    assertThat(sampled).isBetween(900, 1_100);
    assertThat(ShadowSampling.isSampled("f".repeat(64), 1)).isTrue();
    assertThat(ShadowSampling.isSampled("0".repeat(64), 0)).isFalse();
  }
}
