package dev.nightjar.pipelines.quality;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class QualityTargetTest {
  @Test
  void theErrorsOfAllNightsTogetherAreWhatConfidenceLeaves() {
    QualityTarget target = new QualityTarget(0.9, 0.95);
    double years = IntStream.rangeClosed(1, 100_000).mapToDouble(target::errorProbability).sum();
    assertThat(years).isLessThanOrEqualTo(0.05).isCloseTo(0.05, within(1e-5));
    assertThat(target.errorProbability(1)).isCloseTo(0.01, within(1e-12));
    assertThat(target.errorProbability(5)).isCloseTo(0.05 * 4 / 72, within(1e-12));
  }

  @Test
  void noMethodSendsFewerUpThanThoseThatAreWrongAndNotAllowed() {
    QualityTarget target = new QualityTarget(0.95, 0.95);
    assertThat(target.shareUpMin(0.24)).isCloseTo(0.2, within(1e-12));
    assertThat(target.shareUpMin(0.05)).isZero();
    assertThat(target.shareUpMin(1)).isCloseTo(1, within(1e-12));
  }

  @Test
  void nonsenseIsRefused() {
    assertThatThrownBy(() -> new QualityTarget(0, 0.95)).hasMessageContaining("0.0 and 0.95");
    assertThatThrownBy(() -> new QualityTarget(0.9, 1)).hasMessageContaining("0.9 and 1.0");
  }
}
