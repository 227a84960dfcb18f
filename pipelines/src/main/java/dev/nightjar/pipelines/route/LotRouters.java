package dev.nightjar.pipelines.route;

import dev.nightjar.cachestore.Embedding;
import dev.nightjar.pipelines.quality.QualityTarget;
import dev.nightjar.pipelines.quality.SurplusBet;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/**
 * Predictors of which tier will do, each ignorant of one lot of the known texts.
 *
 * <p>Texts fall into lots by a draw. The predictor of a lot is trained on the known texts of all
 * other lots, and is the one that decides on tonight's texts of its own lot. So a known text is
 * judged as one of tonight's would be, by a predictor that has not seen it, and what the known ones
 * show is what tonight's will do on average, without a part of the evidence kept back from
 * training.
 *
 * <p>Immutable and thread-safe.
 */
public final class LotRouters {
  /** Lots: a predictor lacks a quarter of the evidence. */
  public static final int LOTS = 4;

  /** So many that one more moves few texts: a coarse step costs half of itself. */
  private static final int RULES = 180;

  private static final double[] TRADES = trades();

  private final List<KnownAnswers> known;
  private final List<AnswerPredictor> predictors;
  private final double[][] held;

  private LotRouters(List<KnownAnswers> known, List<AnswerPredictor> predictors, double[][] held) {
    this.known = known;
    this.predictors = predictors;
    this.held = held;
  }

  /**
   * What a unit of price is worth in probability, from the most cautious: below 0 a cheap tier is
   * asked only where it is expected to do better than a dear one.
   */
  private static double[] trades() {
    double[] trades = new double[RULES];
    double trade = -0.3;
    for (int i = 0; i < RULES; i++) {
      trades[i] = trade;
      trade += trade < -0.1 ? 0.05 : trade < 0.5 ? 0.004 : 0.1 * trade;
    }
    return trades;
  }

  /**
   * Trains on what is known.
   *
   * @param known texts, at least two lots of them
   */
  public static LotRouters train(List<KnownAnswers> known, AnswerPredictor.Cosines cosines) {
    List<AnswerPredictor> predictors = new ArrayList<>();
    for (int lot = 0; lot < LOTS; lot++) {
      int its = lot;
      List<KnownAnswers> others = known.stream().filter(k -> k.lot() != its).toList();
      predictors.add(
          AnswerPredictor.train(
              others.stream().map(KnownAnswers::text).toList(),
              others.stream().map(KnownAnswers::vector).toList(),
              others.stream().map(KnownAnswers::agreement).toArray(double[][]::new),
              cosines));
    }
    double[][] held =
        known.stream()
            .map(k -> predictors.get(k.lot()).predict(k.text(), k.vector()))
            .toArray(double[][]::new);
    return new LotRouters(List.copyOf(known), List.copyOf(predictors), held);
  }

  /** Of each tier, the probability that its answer to a text of tonight will do. */
  public double[] predict(int lot, String text, Embedding vector) {
    return predictors.get(lot).predict(text, vector);
  }

  /**
   * The cheapest rule that is proven to keep a target.
   *
   * <p>Rules are tried from the most cautious on, as in Learn then Test (Angelopoulos and others
   * 2021), until one is not proven: so the probability of error is not shared between them.
   *
   * @param prices of a request to each tier, cheapest first, the dearest 1
   * @param night which of the task's nights this is, from 1
   * @param inHand surplus of tonight's texts that the rule does not decide on
   * @param rest tonight's texts that it does
   * @return what price is worth; empty if no rule is proven, and all is asked of the dearest
   */
  public OptionalDouble trade(
      QualityTarget target, double[] prices, int night, double inHand, int rest) {
    OptionalDouble proven = OptionalDouble.empty();
    double errorProbability = target.errorProbability(night);
    double[] surpluses = new double[held.length];
    for (double trade : TRADES) {
      for (int i = 0; i < surpluses.length; i++) {
        KnownAnswers one = known.get(i);
        surpluses[i] =
            one.agreement()[choose(held[i], prices, trade)]
                - target.agreementMin() * one.reference();
      }
      if (!SurplusBet.isProven(surpluses, inHand, rest, errorProbability)) {
        return proven;
      }
      proven = OptionalDouble.of(trade);
    }
    return proven;
  }

  /** The tier whose probability, less what its price is worth, is largest. */
  public static int choose(double[] probabilities, double[] prices, double trade) {
    int best = prices.length - 1;
    for (int tier = prices.length - 2; tier >= 0; tier--) {
      if (probabilities[tier] - trade * prices[tier] > probabilities[best] - trade * prices[best]) {
        best = tier;
      }
    }
    return best;
  }
}
