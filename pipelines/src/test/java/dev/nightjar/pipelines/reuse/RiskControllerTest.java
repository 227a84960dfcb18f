package dev.nightjar.pipelines.reuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nightjar.cachestore.Evidence;
import dev.nightjar.cachestore.ReuseBounds;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RiskControllerTest {
  private static final double MAX_ERROR = 0.05;

  private static RiskController controller() {
    return new RiskController(MAX_ERROR, 0.95);
  }

  /**
   * A world of mostly high scores, in which a text of score s has a wrong neighbour with
   * probability (1 − s) / 2.
   */
  private static Evidence draw(Random random, RiskController controller) {
    double score = 1 - Math.pow(random.nextDouble(), 2);
    return new Evidence(
        score, controller.threshold(), random.nextDouble() >= (1 - score) / 2, false, false);
  }

  /** There, the mean error of hits at a threshold is a sixth of what it lacks to 1. */
  private static double trueError(double threshold) {
    return (1 - threshold) / 6;
  }

  @Test
  void withoutEvidenceNothingIsBorrowed() {
    assertThat(controller().threshold()).isEqualTo(ReuseBounds.NEVER);
    assertThat(controller().errorBound()).isEmpty();
    assertThat(controller().shadowShare(0.05)).isEqualTo(1);
  }

  @Test
  void theThresholdFallsTowardsTheBoundAndSeldomBelowIt() {
    int violations = 0;
    double sum = 0;
    for (int seed = 0; seed < 200; seed++) {
      RiskController controller = controller();
      Random random = new Random(seed);
      double lowest = ReuseBounds.NEVER;
      for (int i = 0; i < 5_000; i++) {
        controller.observe(draw(random, controller));
        lowest = Math.min(lowest, controller.threshold());
      }
      violations += trueError(lowest) > MAX_ERROR ? 1 : 0;
      sum += lowest;
    }
    assertThat(violations).as("of 200, looked at 5,000 times each").isLessThanOrEqualTo(10);
    assertThat(sum / 200).as("0.70 would be perfect").isBetween(0.7, 0.8);
  }

  @Test
  void theBoundOnErrorsIsThatOfClopperAndPearson() {
    RiskController controller = controller();
    for (int i = 0; i < 200; i++) {
      controller.observe(new Evidence(0.999, ReuseBounds.NEVER, i != 50, false, false));
    }
    assertThat(controller.threshold()).isLessThan(1);
    assertThat(controller.errorBound().orElseThrow())
        .as("1 wrong of 200 at 95 %")
        .isCloseTo(0.0235, org.assertj.core.api.Assertions.within(0.0002));
  }

  @Test
  void driftRaisesTheThresholdByItself() {
    RiskController controller = controller();
    Random random = new Random(7);
    for (int i = 0; i < 3_000; i++) {
      controller.observe(draw(random, controller));
    }
    assertThat(controller.threshold()).isLessThan(0.9);
    assertThat(controller.driftFound()).isFalse();
    int noticed = 0;
    for (int i = 0; i < 2_000 && !controller.driftFound(); i++) {
      // the answers changed: every fourth hit is wrong now
      controller.observe(
          new Evidence(0.95, controller.threshold(), random.nextInt(4) > 0, false, false));
      noticed = i;
    }
    assertThat(controller.driftFound()).isTrue();
    assertThat(noticed).as("sampled hits until it is noticed").isLessThan(100);
    assertThat(controller.threshold()).isEqualTo(ReuseBounds.NEVER);
  }

  @Test
  void whatIsLearntAfterADriftTakesMoreEvidenceSoThatAllPromisesHoldTogether() {
    RiskController controller = controller();
    int before = 0;
    for (int epoch = 1; epoch <= 4; epoch++) {
      int right = 0;
      while (controller.threshold() == ReuseBounds.NEVER) {
        controller.observe(new Evidence(0.999, ReuseBounds.NEVER, true, false, false));
        right++;
      }
      assertThat(right).as("right answers in epoch " + epoch).isGreaterThan(before);
      before = right;
      while (controller.threshold() != ReuseBounds.NEVER) {
        controller.observe(new Evidence(0.999, 0, false, false, false));
      }
    }
  }

  @Test
  void copiesOfATextProveNothingButTheirErrorsAreSeen() {
    RiskController controller = controller();
    for (int i = 0; i < 2_000; i++) {
      controller.observe(new Evidence(0.999, ReuseBounds.NEVER, true, i > 0, false));
    }
    assertThat(controller.threshold()).isEqualTo(ReuseBounds.NEVER);
    assertThat(controller.evidence()).isEqualTo(1);
    for (int i = 0; i < 500; i++) {
      controller.observe(new Evidence(0.999, 0.9, true, false, false));
    }
    assertThat(controller.threshold()).isLessThan(1);
    double learnt = controller.threshold();
    for (int i = 0; i < 20; i++) {
      controller.observe(new Evidence(0.999, 0.9, false, i > 0, true));
      controller.observe(new Evidence(0.999, 0.9, true, true, true));
    }
    assertThat(controller.driftFound()).as("one text with twenty copies is no drift").isFalse();
    assertThat(controller.threshold()).isEqualTo(learnt);
    for (int i = 0; i < 20; i++) {
      controller.observe(new Evidence(0.999, 0.9, false, false, true));
    }
    assertThat(controller.driftFound()).isTrue();
  }

  @Test
  void samplingThinsOutButNeverEnds() {
    RiskController controller = controller();
    double last = 1;
    for (int i = 0; i < 20_000; i++) {
      controller.observe(new Evidence(0.999, controller.threshold(), true, false, false));
      assertThat(controller.shadowShare(0.03)).isLessThanOrEqualTo(last);
      last = controller.shadowShare(0.03);
    }
    assertThat(last).isEqualTo(0.03);
  }

  @Test
  void boundsOutOfRangeAreRefused() {
    assertThatThrownBy(() -> new RiskController(0, 0.95))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("maxError");
  }

  @Test
  void theSampleIsAsLargeAsItsShare() {
    int sampled = 0;
    for (int i = 0; i < 10_000; i++) {
      sampled +=
          ShadowSampling.isSampled(
                  dev.nightjar.cachestore.Fingerprint.sha256(Integer.toString(i)), 0.1)
              ? 1
              : 0;
    }
    assertThat(sampled).isBetween(900, 1_100);
    assertThat(ShadowSampling.isSampled("f".repeat(64), 1)).isTrue();
    assertThat(ShadowSampling.isSampled("0".repeat(64), 0)).isFalse();
  }
}
