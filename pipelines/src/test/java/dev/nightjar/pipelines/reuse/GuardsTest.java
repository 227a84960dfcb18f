package dev.nightjar.pipelines.reuse;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;
import org.junit.jupiter.params.provider.ValueSource;

class GuardsTest {
  /** A megabyte of each, which a pattern that backtracks would not live to see the end of. */
  @ParameterizedTest
  @ValueSource(strings = {"a", "-", "a-", "1", "1,", "/a", "a.", "1-", "A b ", "$1 ", "a@", "@"})
  @Timeout(20)
  void aLongTextOfOneKindTakesNoLongerThanAnother(String unit) {
    assertThat(Guards.marks(unit.repeat(1_000_000 / unit.length()))).isNotEmpty();
  }

  private static final Guards ALL = new Guards(Arrays.asList(Guards.Guard.values()));

  @ParameterizedTest
  @CsvFileSource(resources = "traps.csv", numLinesToSkip = 1)
  void aTrapIsVetoedByTheGuardThatAReaderWouldName(String guard, String one, String other) {
    assertThat(ALL.difference(Guards.marks(one), Guards.marks(other))).contains(guard);
    Guards without =
        new Guards(
            Arrays.stream(Guards.Guard.values()).filter(g -> !g.label().equals(guard)).toList());
    assertThat(without.difference(Guards.marks(one), Guards.marks(other)))
        .as("no other guard sees it, so that a task may leave this one out")
        .isEmpty();
  }

  @ParameterizedTest
  @CsvFileSource(resources = "harmless.csv", numLinesToSkip = 1)
  void wordsThatMeanTheSameAreLeftAlone(String one, String other) {
    assertThat(Guards.DEFAULT.difference(Guards.marks(one), Guards.marks(other))).isEmpty();
  }

  @Test
  void anEntryFromBeforeThereWereMarksIsNotTrusted() {
    assertThat(Guards.DEFAULT.difference(List.of(), Guards.marks("a"))).contains("numbers");
    assertThat(new Guards(List.of()).difference(List.of(), Guards.marks("a"))).isEmpty();
  }

  @Test
  void positionsNameTheMarksThatSqlCompares() {
    assertThat(new Guards(List.of(Guards.Guard.NEGATION, Guards.Guard.NUMBERS)).positions())
        .containsExactly(1, 4);
    assertThat(Guards.marks("a plain sentence"))
        .hasSize(Guards.Guard.values().length)
        .containsOnly("-");
  }
}
