package dev.nightjar.pipelines.reuse;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AnswerEqualityTest {
  private static final String ONE = "{\"category\":\"spam\",\"reason\":\"it sells a watch\"}";
  private static final String REWORDED = "{\"reason\":\"it sells watch\", \"category\":\"spam\"}";
  private static final String OTHER = "{\"category\":\"work\",\"reason\":\"it sells a watch\"}";

  @Test
  void onlyTheNamedFieldsCount() {
    AnswerEquality category = new AnswerEquality(List.of("category"), 1);
    assertThat(category.equal(ONE, REWORDED)).isTrue();
    assertThat(category.classOf(ONE)).isEqualTo(category.classOf(REWORDED));
    assertThat(category.equal(ONE, OTHER)).isFalse();
    assertThat(category.classOf(ONE)).isNotEqualTo(category.classOf(OTHER));
  }

  @Test
  void withoutNamedFieldsAllCountInAnyOrder() {
    assertThat(AnswerEquality.ALL_FIELDS.equal(ONE, REWORDED)).isFalse();
    assertThat(
            AnswerEquality.ALL_FIELDS.equal(
                ONE, "{\"reason\":\"it sells a watch\",\"category\":\"spam\"}"))
        .isTrue();
  }

  @Test
  void aDegenerateAnswerIsComparedLikeAnyOther() {
    String digits = "1.2.".repeat(100_000);
    assertThat(
            new AnswerEquality(List.of(), 0.7)
                .equal("{\"v\":\"" + digits + "\"}", "{\"v\":\"" + digits + "1\"}"))
        .isFalse();
  }

  @Test
  void aNumberIsTheSameHoweverItIsWritten() {
    assertThat(AnswerEquality.ALL_FIELDS.equal("{\"n\":1}", "{\"n\":1.0}")).isTrue();
    assertThat(AnswerEquality.ALL_FIELDS.equal("{\"n\":1}", "{\"n\":\"1\"}")).isFalse();
  }

  @Test
  void wordsMayAgreeMostly() {
    AnswerEquality words = new AnswerEquality(List.of(), 0.7);
    assertThat(words.equal(ONE, REWORDED)).isTrue();
    assertThat(words.equal(ONE, OTHER)).as("one field that contradicts is enough").isFalse();
    assertThat(words.equal(ONE, "{\"category\":\"spam\",\"reason\":\"nobody knows why\"}"))
        .isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "'\"+\"', '\"-\"', false",
    "'\"\"', '\"!\"', false",
    "'\"...\"', '\"...\"', true",
    "3, -3, false",
    "1, 1.0, true",
    "1.5, 15, false",
    "true, false, false",
    "null, false, false",
    "null, null, true",
    "3, '\"3\"', false",
    "'\"-3 degrees\"', '\"3 degrees\"', false",
    "'[-3, 4]', '[3, 4]', false",
    "'[3, 4]', '[4, 3]', true",
    "'\"−3 degrees\"', '\"-3 degrees\"', true",
    "'\"3,5\"', '\"5,3\"', false"
  })
  void whatHasNoWordsIsAlikeOnlyIfItIsEqual(String one, String other, boolean alike) {
    AnswerEquality words = new AnswerEquality(List.of(), 0.7);
    assertThat(words.equal("{\"v\":" + one + "}", "{\"v\":" + other + "}")).isEqualTo(alike);
  }

  @Test
  void anotherWayOfComparingMakesOtherClasses() {
    AnswerEquality category = new AnswerEquality(List.of("category"), 1);
    assertThat(category.classOf(ONE)).startsWith(category.classPrefix());
    assertThat(AnswerEquality.ALL_FIELDS.classPrefix()).isNotEqualTo(category.classPrefix());
  }
}
