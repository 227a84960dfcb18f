package dev.nightjar.pipelines.reuse;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nightjar.cachestore.Fingerprint;
import java.util.List;
import java.util.Map;
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

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "exact | \"a b\" | \"a  b\" | false",
        "exact | 1 | 1.0 | true",
        "set | [1, 2] | [2, 1.0, 1] | true",
        "set | [\"a\", \"b\"] | [\"a\"] | false",
        "set | \"a\" | [\"a\"] | false",
        "tolerance | 3 | 3.5 | true",
        "tolerance | 3 | 3.51 | false",
        "tolerance | 3 | \"3\" | false",
        "words | \"the cat sat\" | \"the cat lay\" | true",
        "words | \"the cat sat\" | \"a dog lay\" | false",
        "ignored | \"a\" | \"b\" | true"
      })
  void aFieldMayHaveARuleOfItsOwn(String name, String one, String other, boolean same) {
    FieldRule rule =
        switch (name) {
          case "set" -> FieldRule.SET;
          case "tolerance" -> FieldRule.tolerance(0.5);
          case "words" -> FieldRule.words(0.6);
          case "ignored" -> FieldRule.IGNORED;
          default -> FieldRule.EXACT;
        };
    AnswerEquality equality = new AnswerEquality(List.of(), 1, Map.of("v", rule));
    String left = "{\"k\":1,\"v\":" + one + "}";
    assertThat(equality.differing(left, "{\"k\":1,\"v\":" + other + "}"))
        .isEqualTo(same ? List.of() : List.of("v"));
    assertThat(equality.differing(left, "{\"k\":2,\"v\":" + one + "}")).containsExactly("k");
    assertThat(equality.differingFromPart(left, "{\"k\":1}")).isEmpty();
    assertThat(equality.classPrefix()).isNotEqualTo(AnswerEquality.ALL_FIELDS.classPrefix());
  }

  @Test
  void withoutRulesAnswersAreClassedAsBefore() {
    assertThat(AnswerEquality.ALL_FIELDS.classPrefix())
        .isEqualTo(Fingerprint.sha256("2", "", "1.0").substring(0, 16) + ":");
  }

  @Test
  void anotherWayOfComparingMakesOtherClasses() {
    AnswerEquality category = new AnswerEquality(List.of("category"), 1);
    assertThat(category.classOf(ONE)).startsWith(category.classPrefix());
    assertThat(AnswerEquality.ALL_FIELDS.classPrefix()).isNotEqualTo(category.classPrefix());
  }
}
