package dev.nightjar.pipelines.quality;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class AgreementCascadeTest {
  private static final int ITEMS = 3_000;

  /** Answers and whether they are wrong. */
  private record World(List<CheapAnswer> answers, boolean[] wrong) {
    int errors() {
      int errors = 0;
      for (boolean w : wrong) {
        errors += w ? 1 : 0;
      }
      return errors;
    }
  }

  /** How a cascade ended. */
  private record End(int checks, int wrongDelivered, boolean isProven) {}

  /** What a model of class 0 admits to is the truth; one of class 1 errs ten times as often. */
  private static World world(long seed, double usual) {
    Random random = new Random(seed);
    List<CheapAnswer> answers = new ArrayList<>();
    boolean[] wrong = new boolean[ITEMS];
    for (int i = 0; i < ITEMS; i++) {
      int group = random.nextInt(20) == 0 ? 1 : 0;
      double admitted = Math.min(0.5, usual * Math.exp(1.5 * random.nextGaussian()));
      answers.add(new CheapAnswer(group, 1 - admitted));
      wrong[i] = random.nextDouble() < Math.min(0.7, admitted * (group == 1 ? 10 : 1));
    }
    return new World(answers, wrong);
  }

  private static End run(World world, double agreementMin, long seed, int wave) {
    AgreementCascade cascade =
        new AgreementCascade(world.answers(), agreementMin, 0.9, new Random(seed));
    int left = world.errors();
    int checks = 0;
    while (!cascade.isProven()) {
      for (AgreementCascade.Check check : cascade.next(wave)) {
        boolean isWrong = world.wrong()[check.item()];
        cascade.observe(check, isWrong);
        left -= isWrong ? 1 : 0;
        checks++;
      }
    }
    return new End(checks, left, cascade.isProven());
  }

  @Test
  void whatIsDeliveredAgreesAsOftenAsWasAskedFor() {
    int below = 0;
    long checks = 0;
    for (int seed = 0; seed < 200; seed++) {
      End end = run(world(seed, 0.01), 0.98, seed, 20);
      below += end.wrongDelivered() > 0.02 * ITEMS ? 1 : 0;
      checks += end.checks();
    }
    assertThat(below).as("of 200 at .9").isLessThanOrEqualTo(27);
    assertThat(checks / 200.0).as("of 3,000, at 2 % allowed of some 2 %").isLessThan(0.4 * ITEMS);
  }

  @Test
  void scoresThatSayNothingCostChecksAndNoPromise() {
    int below = 0;
    for (int seed = 0; seed < 100; seed++) {
      World honest = world(seed, 0.02);
      Random random = new Random(~seed);
      World shuffled =
          new World(
              honest.answers().stream()
                  .map(a -> new CheapAnswer(a.group(), 0.9 + 0.1 * random.nextDouble()))
                  .toList(),
              honest.wrong());
      End end = run(shuffled, 0.97, seed, 20);
      below += end.wrongDelivered() > 0.03 * ITEMS ? 1 : 0;
    }
    assertThat(below).as("of 100 at .9").isLessThanOrEqualTo(15);
  }

  @Test
  void modelsThatAreSureOfTheirErrorsAreFoundOut() {
    int below = 0;
    for (int seed = 0; seed < 100; seed++) {
      World honest = world(seed, 0.03);
      World boasting =
          new World(
              honest.answers().stream()
                  .map(a -> new CheapAnswer(0, 2 - 2 * Math.max(0.5, a.confidence())))
                  .toList(),
              honest.wrong());
      below += run(boasting, 0.98, seed, 50).wrongDelivered() > 0.02 * ITEMS ? 1 : 0;
    }
    assertThat(below).as("of 100 at .9").isLessThanOrEqualTo(15);
  }

  @Test
  void wherePerfectionIsAskedAllAreChecked() {
    World world = world(1, 0.01);
    End end = run(world, 1, 1, 500);
    assertThat(end).isEqualTo(new End(ITEMS, 0, true));
  }

  @Test
  void whereEnoughMayBeWrongNothingIsChecked() {
    assertThat(run(world(1, 0.01), 0, 1, 10).checks()).isZero();
    assertThat(new AgreementCascade(List.of(), 0.9, 0.9, new Random(1)).isProven()).isTrue();
    assertThat(new AgreementCascade(world(1, 0.01).answers(), 0.98, 0.9, new Random(1)).allowed())
        .isEqualTo(60);
  }

  @Test
  void noAnswerIsCheckedTwiceAndTheSameSeedChecksTheSame() {
    World world = world(3, 0.02);
    AgreementCascade one = new AgreementCascade(world.answers(), 0.99, 0.9, new Random(3));
    AgreementCascade other = new AgreementCascade(world.answers(), 0.99, 0.9, new Random(3));
    Set<Integer> seen = new HashSet<>();
    while (!one.isProven()) {
      List<AgreementCascade.Check> wave = one.next(64);
      assertThat(other.next(64)).isEqualTo(wave);
      for (AgreementCascade.Check check : wave) {
        assertThat(seen.add(check.item())).isTrue();
        one.observe(check, world.wrong()[check.item()]);
        other.observe(check, world.wrong()[check.item()]);
      }
    }
    assertThat(seen).hasSizeBetween(100, ITEMS);
  }

  @Test
  void outcomesAreTakenInTheOrderOfTheDraws() {
    AgreementCascade cascade =
        new AgreementCascade(world(1, 0.01).answers(), 0.99, 0.9, new Random(1));
    List<AgreementCascade.Check> wave = cascade.next(2);
    assertThatThrownBy(() -> cascade.observe(wave.get(1), false))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> cascade.next(2)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void theBestDesignDrawsTheDoubtfulMoreOften() {
    int[] counts = {100, 900, 0};
    DrawDesign design = DrawDesign.best(counts, new double[] {0.2, 0.002, 0.5}, 30);
    assertThat(design.probabilities()[0]).isGreaterThan(2 * design.probabilities()[1]);
    assertThat(design.probabilities()[2]).isZero();
    assertThat(100 * design.probabilities()[0] + 900 * design.probabilities()[1])
        .isCloseTo(1, org.assertj.core.api.Assertions.within(1e-9));
    assertThat(design.fraction()).isLessThan(design.probabilities()[1]);
    assertThat(design.growth()).isGreaterThan(0);
  }
}
