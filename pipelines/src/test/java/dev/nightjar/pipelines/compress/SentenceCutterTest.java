package dev.nightjar.pipelines.compress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.From;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class SentenceCutterTest {
  private final SentenceCutter cutter = new SentenceCutter(800);

  @Property(tries = 500)
  void piecesJoinedAreTheDocumentAndNoCharacterIsCut(
      @ForAll @From("hostile") String document, @ForAll @IntRange(min = 2, max = 40) int pieceMax) {
    Sentences sentences = new SentenceCutter(pieceMax).cut(document);
    assertThat(String.join("", texts(sentences))).isEqualTo(document);
    for (int i = 0; i < sentences.size(); i++) {
      String text = sentences.text(i);
      assertThat(text).isNotEmpty();
      assertThat(sentences.codePointEnd(i) - sentences.codePointStart(i))
          .isEqualTo(text.codePointCount(0, text.length()));
      boolean cutsAPair =
          Character.isLowSurrogate(text.charAt(0))
              && i > 0
              && Character.isHighSurrogate(document.charAt(sentences.start(i) - 1));
      assertThat(cutsAPair).isFalse();
      assertThat(text.stripTrailing().length()).isLessThanOrEqualTo(Math.max(pieceMax, 2));
      assertThat(sentences.headingOf(i)).isLessThan(i);
      assertThat(sentences.tableHeaderOf(i)).isLessThan(i);
    }
  }

  @Provide
  static Arbitrary<String> hostile() {
    return Arbitraries.of(
            "a", "Wort ", ". ", "! ", "\n", "\r\n", "\n\n", "\\n", "# ", "= ", " =", "|", "\t",
            "- ", "1. ", "<h1>", "</", "「", "。", "文", "שלום ", "مرحبا ", "؟ ", "😀", "👩‍👧",
            "e\u0301", "\uD83D", "\uDE00", "\u2028", "\f", "\u0000", "Dr. ", "\"", "“", "   ")
        .list()
        .ofMaxSize(80)
        .map(parts -> String.join("", parts));
  }

  @Test
  void sentencesAreCutAndAbbreviationsAreNot() {
    assertThat(texts(cutter.cut("Dr. Lee paid $1.50 to J. Roe. Was it late? Yes.")))
        .containsExactly("Dr. Lee paid $1.50 to J. Roe. ", "Was it late? ", "Yes.");
  }

  @Test
  void chineseIsCutAtItsOwnFullStop() {
    assertThat(texts(cutter.cut("今天天气很好。我们去公园吧。"))).hasSize(2);
  }

  @Test
  void headingsAreKnownAsAPath() {
    Sentences sentences =
        cutter.cut("# Report\n\nIt opens.\n\n## Costs\nThey rose.\n\n## Risks\n\nFew remain.\n");
    assertThat(sentences.headingPath(sentences.size() - 1)).containsExactly("# Report", "## Risks");
    assertThat(sentences.headingPath(0)).isEmpty();
    assertThat(sentences.isHeading(0)).isTrue();
  }

  @Test
  void headingsOfWikisAndOfHtmlAreHeadings() {
    assertThat(cutter.cut(" = = Plot = = \n It begins . \n").isHeading(0)).isTrue();
    assertThat(cutter.cut("<h2>Plot</h2>\nIt begins.").isHeading(0)).isTrue();
    assertThat(cutter.cut("== is an operator.\nIt begins.").isHeading(0)).isFalse();
  }

  @Test
  void aTablesRowsKnowTheirFirst() {
    Sentences sentences = cutter.cut("Sales:\n| year | sum |\n|---|---|\n| 2021 | 7 |\nAfter it.");
    assertThat(texts(sentences)).hasSize(5);
    assertThat(sentences.tableHeaderOf(1)).isEqualTo(Sentences.NONE);
    assertThat(sentences.tableHeaderOf(3)).isEqualTo(1);
    assertThat(sentences.tableHeaderOf(4)).isEqualTo(Sentences.NONE);
  }

  @Test
  void linesWrappedByHandAreOneSentence() {
    String wrapped =
        "The committee that met on the first day of the month\nfound no reason to adjourn. It did.";
    assertThat(texts(cutter.cut(wrapped))).hasSize(2);
  }

  @Test
  void lineBreaksWrittenAsEscapesCut() {
    assertThat(texts(cutter.cut("Steps:\\n\\n1. Open it\\n2. Close it")))
        .containsExactly("Steps:\\n\\n", "1. Open it\\n", "2. Close it");
  }

  @Test
  void anEmptyDocumentHasNoPiece() {
    assertThat(cutter.cut("").size()).isZero();
  }

  @Test
  void aPieceIsAtLeastOneCharacterLong() {
    assertThatThrownBy(() -> new SentenceCutter(1)).hasMessageContaining("but was 1");
  }

  private static List<String> texts(Sentences sentences) {
    return IntStream.range(0, sentences.size()).mapToObj(sentences::text).toList();
  }
}
