package dev.nightjar.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PatternTextTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "^[A-Z]{2}-\\d{9}$",
        "^(?:EUR|USD) [0-9]+(\\.[0-9]{2})?$",
        "^[^@\\s]+@[^@\\s]+\\.[a-z]{2,}$",
        "^(?:[ab]|[^ab])*$",
        "order [A-Z]\\d{4,6}",
        "^[\\w.-]+$",
        ".*",
        "^\\(\\d{3}\\) \\d{3}-\\d{4}$"
      })
  void aTextIsMadeThatThePatternMatches(String pattern) {
    for (long seed : new long[] {1, 77, 4_000_000_000L}) {
      assertThat(PatternText.of(pattern, seed))
          .hasValueSatisfying(
              text -> assertThat(Pattern.compile(pattern).matcher(text).find()).as(text).isTrue());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"a^", "(?=x)y", "[", "(a", "x{", "(a)\\1b{2000}"})
  void whatIsNotUnderstoodOrCannotBeGivesNothing(String pattern) {
    assertThat(PatternText.of(pattern, 1)).isEmpty();
  }
}
