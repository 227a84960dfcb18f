package dev.nightjar.pipelines.reuse;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nightjar.cachestore.embed.EmbeddingModel;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class GuardsTest {
  private static List<String> marks(String text) {
    return Guards.marks(EmbeddingModel.ALL_MINILM_L6_V2, Map.of(), text);
  }

  /** A megabyte of each, which a pattern that backtracks would not live to see the end of. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "a", "-", "a-", "1", "1,", "/a", "a.", "1-", "A b ", "$1 ", "a@", "@", "1.", "1.1-a.", "1 ",
        "5 mg ", "½", "e\u0301", "\u0301", "👍", "你", "x:) "
      })
  @Timeout(20)
  void aLongTextOfOneKindTakesNoLongerThanAnother(String unit) {
    assertThat(marks(unit.repeat(1_000_000 / unit.length()))).isNotEmpty();
  }

  private static final Guards ALL = new Guards(Arrays.asList(Guards.Guard.values()));

  @ParameterizedTest
  @CsvFileSource(resources = "traps.csv", numLinesToSkip = 1)
  void aTrapIsVetoedByTheGuardThatAReaderWouldName(String guard, String one, String other) {
    assertThat(ALL.difference(marks(one), marks(other))).contains(guard);
    if (guard.equals("unread")) {
      return; // in force whatever a task leaves out
    }
    Guards without =
        new Guards(
            Arrays.stream(Guards.Guard.values()).filter(g -> !g.label().equals(guard)).toList());
    assertThat(without.difference(marks(one), marks(other)).orElse("unread"))
        .as("no other guard sees it, so that a task may leave this one out")
        .isEqualTo("unread");
  }

  @ParameterizedTest
  @CsvFileSource(resources = "harmless.csv", numLinesToSkip = 1)
  void wordsThatMeanTheSameAreLeftAlone(String one, String other) {
    assertThat(Guards.DEFAULT.difference(marks(one), marks(other))).isEmpty();
  }

  @Test
  void aShortFieldMustBeEqualHoweverLongTheText() {
    String text = "The meeting was moved to another room, as everybody had wished. ".repeat(20);
    List<String> english =
        Guards.marks(EmbeddingModel.ALL_MINILM_L6_V2, Map.of("language", "en"), text);
    Guards none = new Guards(List.of());
    for (String other : List.of("de", "EN", "", "e n", "x".repeat(40))) {
      assertThat(
              none.difference(
                  english,
                  Guards.marks(EmbeddingModel.ALL_MINILM_L6_V2, Map.of("language", other), text)))
          .as(other)
          .contains("fields");
    }
    assertThat(
            none.difference(
                english,
                Guards.marks(EmbeddingModel.ALL_MINILM_L6_V2, Map.of("language", " en "), text)))
        .isEmpty();
    assertThat(
            none.difference(
                Guards.marks(EmbeddingModel.ALL_MINILM_L6_V2, Map.of("a", "x"), text),
                Guards.marks(EmbeddingModel.ALL_MINILM_L6_V2, Map.of("b", "x"), text)))
        .contains("fields");
  }

  @ParameterizedTest
  @EnumSource(EmbeddingModel.class)
  void whatTheTokeniserLosesIsComparedWhateverGuardsATaskSets(EmbeddingModel model) {
    Guards none = new Guards(List.of());
    List<List<String>> pairs =
        List.of(
            List.of("Offer: 👍", "Offer: 👎"),
            List.of("Offer: 👍🏽", "Offer: 👍🏿"),
            List.of("Tôi muốn mua ngay", "Tôi muốn múa ngay"),
            List.of("Das wurde schon gesagt", "Das würde schön gesagt"),
            List.of("El año nuevo", "El ano nuevo"),
            List.of("我同意这个提议", "我反对这个提议"),
            List.of("Я согласен с этим", "Я не согласен с этим"),
            List.of("أوافق على الاقتراح", "أرفض على الاقتراح"),
            List.of("ฉันเห็นด้วย", "ฉันไม่เห็นด้วย"),
            List.of("나는 동의합니다", "나는 반대합니다"),
            List.of("The answer is ✅", "The answer is ❌"),
            List.of("We go ⬆ now", "We go ⬇ now"),
            List.of("Nice work :)", "Nice work :("),
            List.of("A long word " + "x".repeat(101), "A long word " + "y".repeat(101)));
    for (List<String> pair : pairs) {
      assertThat(
              none.difference(
                  Guards.marks(model, Map.of(), pair.get(0)),
                  Guards.marks(model, Map.of(), pair.get(1))))
          .as(pair.toString())
          .contains("unread");
    }
  }

  @Test
  void anEntryFromBeforeThereWereMarksIsNotTrusted() {
    assertThat(Guards.DEFAULT.difference(List.of(), marks("a"))).contains("numbers");
    assertThat(new Guards(List.of()).difference(List.of(), marks("a"))).contains("unread");
  }

  @Test
  void positionsNameTheMarksThatSqlCompares() {
    assertThat(new Guards(List.of(Guards.Guard.NEGATION, Guards.Guard.NUMBERS)).positions())
        .containsExactly(1, 4, 7, 8);
    assertThat(marks("a plain sentence")).hasSize(Guards.Guard.values().length).containsOnly("-");
  }
}
