package dev.nightjar.runners;

import dev.nightjar.cachestore.Price;
import dev.nightjar.cachestore.PriceStore;
import dev.nightjar.pipelines.task.TaskSpec;
import dev.nightjar.pipelines.task.TierSpec;
import java.math.BigDecimal;
import java.math.MathContext;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What a task's tiers cost beside each other: a request with three times as many tokens in as out,
 * at list price. Cheap tiers first save most where each step is dear, as 1, 10 to 20 and 100.
 */
final class PriceLadder {
  private static final BigDecimal INPUT_WEIGHT = BigDecimal.valueOf(3);

  /** A step that costs less than so many times the one before is hardly one. */
  private static final double STEP_MIN = 1.5;

  private final List<String> tiers = new ArrayList<>();
  private final List<Double> ratios = new ArrayList<>();

  private PriceLadder() {}

  /** The ladder at the prices of a time; models without a price are left out. */
  static PriceLadder of(TaskSpec task, PriceStore store, Instant at) {
    List<Price> prices = store.list(Optional.of(at));
    PriceLadder ladder = new PriceLadder();
    BigDecimal first = null;
    for (TierSpec tier : task.tiers()) {
      Optional<BigDecimal> usd =
          prices.stream()
              .filter(price -> price.provider().equals(tier.provider().label()))
              .filter(price -> price.model().equals(tier.model()))
              .filter(price -> price.inputTokensAbove() == 0)
              .map(
                  price ->
                      price.online().input().multiply(INPUT_WEIGHT).add(price.online().output()))
              .findFirst();
      if (usd.isPresent()) {
        first = first == null ? usd.get() : first;
        ladder.tiers.add(tier.name());
        ladder.ratios.add(usd.get().divide(first, MathContext.DECIMAL32).doubleValue());
      }
    }
    return ladder;
  }

  /** The ratios in a line; empty for a single tier. */
  Optional<String> line() {
    if (tiers.size() < 2) {
      return Optional.empty();
    }
    List<String> parts = new ArrayList<>();
    for (int i = 0; i < tiers.size(); i++) {
      parts.add(tiers.get(i) + " " + times(ratios.get(i)));
    }
    return Optional.of("prices of tiers, as 1 to: " + String.join(", ", parts));
  }

  /** Steps that are none, a line each. */
  List<String> warnings() {
    List<String> warnings = new ArrayList<>();
    for (int i = 1; i < tiers.size(); i++) {
      double step = ratios.get(i) / ratios.get(i - 1);
      if (step < STEP_MIN) {
        warnings.add(
            "%s costs about what %s does (%s times): an answer that is asked again there is paid twice"
                .formatted(tiers.get(i), tiers.get(i - 1), times(step)));
      }
    }
    return warnings;
  }

  private static String times(double ratio) {
    return String.format(Locale.ROOT, ratio < 10 ? "%.1f" : "%.0f", ratio)
        .replaceFirst("\\.0$", "");
  }
}
