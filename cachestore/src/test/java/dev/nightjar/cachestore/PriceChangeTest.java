package dev.nightjar.cachestore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class PriceChangeTest {
  private static final Instant BEFORE = Instant.parse("2026-06-01T00:00:00Z");
  private static final Instant FROM = Instant.parse("2026-12-01T00:00:00Z");

  private static Price.Rates rates(String input, String cached, String write, String output) {
    return new Price.Rates(
        new BigDecimal(input),
        new BigDecimal(cached),
        new BigDecimal(write),
        new BigDecimal(write),
        new BigDecimal(output),
        new BigDecimal(output));
  }

  private static Price band(int above, Price.Rates online, Price.Rates batch) {
    return new Price(
        "p",
        "m",
        BEFORE,
        above,
        online,
        batch,
        BigDecimal.ONE,
        OptionalInt.of(1_024),
        OptionalInt.of(1_000_000),
        OptionalInt.of(64_000),
        "list");
  }

  private static PriceChange change(int above, String input, String output) {
    return new PriceChange(
        "p",
        "m",
        FROM,
        above,
        new BigDecimal(input),
        new BigDecimal(output),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  /** As OpenAI's: a band for long requests, batches at half of everything. */
  private static final List<Price> OPENAI =
      List.of(
          band(0, rates("0.1", "0.01", "0.125", "0.5"), rates("0.05", "0.005", "0.0625", "0.25")),
          band(
              272_000,
              rates("0.2", "0.02", "0.25", "0.75"),
              rates("0.1", "0.01", "0.125", "0.375")));

  @Test
  void theBandForLongRequestsComesAlongAndWhatIsNotStatedKeepsItsRelation() {
    List<Price> rows = change(0, "0.2", "1").rows(OPENAI);
    assertThat(rows).extracting(Price::inputTokensAbove).containsExactly(0, 272_000);
    assertThat(rows).extracting(Price::effectiveFrom).containsOnly(FROM);
    assertThat(rows.get(0).online().cachedInput()).isEqualByComparingTo("0.02");
    assertThat(rows.get(0).online().cacheWrite()).isEqualByComparingTo("0.25");
    assertThat(rows.get(0).batch().output()).isEqualByComparingTo("0.5");
    assertThat(rows.get(0).contextTokensMax()).hasValue(1_000_000);
    assertThat(rows.get(1).online()).isEqualTo(OPENAI.get(1).online());
  }

  @Test
  void aBandOfTheSameDateIsThereAlready() {
    List<Price> first = change(0, "0.2", "1").rows(OPENAI);
    List<Price> second = change(272_000, "0.4", "1.5").rows(first);
    assertThat(second).extracting(Price::inputTokensAbove).containsExactly(272_000);
    assertThat(second.get(0).online().cachedInput()).isEqualByComparingTo("0.04");
  }

  @Test
  void whatCostsTheSameInABatchStillDoes() {
    // Gemini's cached reads are not halved in batches.
    List<Price> gemini =
        List.of(
            band(
                0,
                rates("0.75", "0.075", "0.75", "3.75"),
                rates("0.375", "0.075", "0.375", "1.875")));
    Price row = change(0, "1.5", "7.5").rows(gemini).get(0);
    assertThat(row.online().cachedInput()).isEqualByComparingTo("0.15");
    assertThat(row.batch().cachedInput()).isEqualByComparingTo("0.15");
    assertThat(row.batch().input()).isEqualByComparingTo("0.75");
  }

  @Test
  void aModelWithoutAPriceIsHalfInBatchesAndWhatIsNotPositiveIsRefused() {
    Price row = change(0, "2", "10").rows(List.of()).get(0);
    assertThat(row.batch().input()).isEqualByComparingTo("1");
    assertThat(row.online().cachedInput()).isEqualByComparingTo("2");
    assertThatThrownBy(() -> change(0, "0", "1").rows(List.of()))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
