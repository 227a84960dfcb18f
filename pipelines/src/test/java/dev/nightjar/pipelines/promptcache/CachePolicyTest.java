package dev.nightjar.pipelines.promptcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.nightjar.pipelines.promptcache.CachePolicy.Step;
import dev.nightjar.pipelines.promptcache.CachePolicy.Way;
import java.util.List;
import org.junit.jupiter.api.Test;

class CachePolicyTest {
  private static final PrefixNode SHARED = PrefixNode.leaf("rules", 2_000, 100);
  private static final double UNMARKED = 200_000;
  private static final double RISK = CachePolicy.risk(UNMARKED, 0, 0);

  private static Way shortWay(HitEvidence evidence) {
    return new Way("5m", new CacheTerms(1, 0.1, 1.25, 1_024, 4), evidence, HitEvidence.NONE);
  }

  private static Way longWay(HitEvidence evidence) {
    return new Way("1h", new CacheTerms(1, 0.1, 2, 1_024, 4), evidence, HitEvidence.NONE);
  }

  @Test
  void whatIsNotKnownIsTriedOnAFewRequestsFirst() {
    Step step = CachePolicy.next(SHARED, List.of(shortWay(HitEvidence.NONE)), RISK, 6, List.of());
    assertThat(step.through()).isEqualTo(SHARED);
    assertThat(step.requests()).isBetween(5, 20);
  }

  @Test
  void whatHasShownThatItIsFoundGoesToAll() {
    Step step =
        CachePolicy.next(
            SHARED, List.of(shortWay(new HitEvidence(12, 12))), RISK, 4, List.of("5m"));
    assertThat(step.way()).isNotNull();
    assertThat(step.through()).isNull();
  }

  @Test
  void whatIsNeverFoundIsLeftAlone() {
    Step step =
        CachePolicy.next(SHARED, List.of(shortWay(new HitEvidence(0, 12))), RISK, 4, List.of("5m"));
    assertThat(step.way()).isNull();
  }

  @Test
  void whenOneWayFailsTheOtherIsTriedInTheSameNight() {
    Step step =
        CachePolicy.next(
            SHARED,
            List.of(shortWay(new HitEvidence(0, 12)), longWay(HitEvidence.NONE)),
            RISK,
            4,
            List.of("5m"));
    assertThat(step.way()).isNotNull().extracting(Way::name).isEqualTo("1h");
    assertThat(step.through()).isNotNull();
  }

  @Test
  void withoutTimeToWaitNothingIsMarkedThatWasNotSeenToWork() {
    Step step =
        CachePolicy.next(SHARED, List.of(shortWay(new HitEvidence(40, 40))), RISK, 1, List.of());
    assertThat(step.way()).isNull();
  }

  @Test
  void oneTryRisksNoMoreThanAPartOfWhatMayBeLost() {
    PrefixNode few = PrefixNode.leaf("rules", 2_000, 8);
    double risk = CachePolicy.risk(16_000, 0, 0);
    Step step = CachePolicy.next(few, List.of(longWay(HitEvidence.NONE)), risk, 6, List.of());
    // At twice the price one request loses 2,000 of the 3,200 that may be lost.
    assertThat(step.way()).isNull();
    assertThat(risk).isCloseTo(3_200, within(1e-6));
  }

  @Test
  void whatWasSavedMayBeRiskedToo() {
    assertThat(CachePolicy.risk(100, 0, 50)).isCloseTo(70, within(1e-9));
    assertThat(CachePolicy.risk(100, 9_900, 0)).isCloseTo(80, within(1e-9));
  }

  @Test
  void oldNightsCountLess() {
    HitEvidence evidence = HitEvidence.NONE.plus(0, 100, 100).aNightLater();
    assertThat(evidence.trials())
        .isCloseTo(HitEvidence.TRIALS_MAX_A_NIGHT * HitEvidence.KEPT_A_NIGHT, within(1e-9));
    assertThat(evidence.low()).isLessThan(1).isGreaterThan(0.9);
    assertThat(HitEvidence.NONE.low()).isZero();
    assertThat(HitEvidence.NONE.high()).isEqualTo(1);
  }
}
