package dev.nightjar.pipelines.route;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.nightjar.cachestore.Embedding;
import dev.nightjar.pipelines.quality.QualityTarget;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LotRoutersTest {
  private static final double[] PRICES = {0.1, 1};
  private static final QualityTarget TARGET = new QualityTarget(0.9, 0.9);

  /**
   * Texts of two kinds: what the small tier is good at and what it is not; large is the reference.
   *
   * @param right how often the small tier agrees, on easy texts and on hard ones
   */
  private record World(double... right) {
    KnownAnswers text(Random random) {
      boolean isHard = random.nextInt(3) == 0;
      float[] values = new float[4];
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) (0.3 * random.nextGaussian()) + (i == (isHard ? 1 : 0) ? 1 : 0);
      }
      double small = random.nextDouble() < right[isHard ? 1 : 0] ? 1 : 0;
      return new KnownAnswers(
          "a text",
          Embedding.of(values),
          new double[] {small, 1},
          1,
          random.nextInt(LotRouters.LOTS));
    }

    List<KnownAnswers> texts(int count, Random random) {
      List<KnownAnswers> texts = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        texts.add(text(random));
      }
      return texts;
    }
  }

  /** How a night's rest ended: what agrees, and the share that was asked of the small tier. */
  private record Ended(double agreement, double small) {}

  private static Ended night(LotRouters routers, OptionalDouble trade, List<KnownAnswers> rest) {
    double agreement = 0;
    double small = 0;
    for (KnownAnswers text : rest) {
      int tier =
          trade.isPresent()
              ? LotRouters.choose(
                  routers.predict(text.lot(), text.text(), text.vector()),
                  PRICES,
                  trade.getAsDouble())
              : 1;
      agreement += text.agreement()[tier] / rest.size();
      small += (tier == 0 ? 1.0 : 0) / rest.size();
    }
    return new Ended(agreement, small);
  }

  private static OptionalDouble trade(LotRouters routers, int night, int rest) {
    return routers.trade(TARGET, PRICES, night, 0, rest);
  }

  @Test
  void theTargetIsHeldFromTheFirstNightOnInNearlyAllHistories() {
    World world = new World(0.97, 0.6); // all of it small: 84.7 % agree
    int below = 0;
    double small = 0;
    for (int seed = 0; seed < 100; seed++) {
      Random random = new Random(seed);
      List<KnownAnswers> known = world.texts(200, random);
      boolean isBelow = false;
      for (int night = 1; night <= 3; night++) {
        LotRouters routers = LotRouters.train(known, AnswerPredictor.Cosines.RECKONED);
        List<KnownAnswers> rest = world.texts(500, random);
        Ended ended = night(routers, trade(routers, night, rest.size()), rest);
        isBelow |= ended.agreement() < TARGET.agreementMin();
        small += ended.small() / 300;
        known.addAll(world.texts(100, random));
      }
      below += isBelow ? 1 : 0;
    }
    assertThat(below).as("of 100 histories at confidence .9").isLessThanOrEqualTo(10);
    assertThat(small).as("asked of the small tier").isBetween(0.3, 0.75);
  }

  @Test
  void whereEvidenceIsShortTheDearestTierIsAsked() {
    World world = new World(0.97, 0.6);
    LotRouters routers =
        LotRouters.train(world.texts(12, new Random(1)), AnswerPredictor.Cosines.RECKONED);
    assertThat(trade(routers, 1, 500)).isEmpty();
  }

  @Test
  void aTierThatIsAlwaysRightIsAskedEverything() {
    Random random = new Random(1);
    World world = new World(1, 1);
    LotRouters routers =
        LotRouters.train(world.texts(200, random), AnswerPredictor.Cosines.RECKONED);
    assertThat(night(routers, trade(routers, 1, 500), world.texts(500, random)).small())
        .isCloseTo(1, within(1e-9));
  }

  @Test
  void aTierThatIsMostlyWrongIsAskedNothing() {
    Random random = new Random(1);
    World world = new World(0.2, 0.1);
    LotRouters routers =
        LotRouters.train(world.texts(400, random), AnswerPredictor.Cosines.RECKONED);
    assertThat(night(routers, trade(routers, 1, 500), world.texts(500, random)).small())
        .isLessThan(0.05);
  }

  @Test
  void betweenEqualsTheDearerIsAsked() {
    assertThat(LotRouters.choose(new double[] {0.5, 0.5}, PRICES, 0)).isEqualTo(1);
    assertThat(LotRouters.choose(new double[] {0.5, 0.5}, PRICES, 0.1)).isZero();
    assertThat(LotRouters.choose(new double[] {0.6, 0.5}, PRICES, -0.3)).isEqualTo(1);
  }
}
