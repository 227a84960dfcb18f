package dev.nightjar.pipelines.compress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nightjar.pipelines.model.Tokens;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.From;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class ChunkRetrieverTest {
  private static final String FILLER =
      IntStream.range(0, 200)
          .mapToObj(i -> "The committee met on day " + i + " and adjourned without a vote.")
          .collect(Collectors.joining(" "));

  private final ChunkRetriever retriever = new ChunkRetriever(60, List.of("price of wheat"));

  @Test
  void aShortDocumentIsSentWhole() {
    assertThat(retriever.shorten("A short one.", 100)).isEqualTo("A short one.");
  }

  @Test
  void whatAnswersTheQuerySurvivesWhereverItStands() {
    String needle = "Wheat was sold at a price of ninety cents a bushel.";
    String document = FILLER + " " + needle + " " + FILLER;
    String shortened = retriever.shorten(document, 300);
    assertThat(shortened).contains(needle);
    assertThat(Tokens.count(shortened)).isLessThanOrEqualTo(300);
  }

  @Test
  void sentencesKeepTheDocumentsOrderAndGapsAreMarked() {
    String first = "Wheat rose in price in spring.";
    String second = "In autumn the price of wheat fell.";
    String shortened =
        retriever.shorten(FILLER + " " + first + " " + FILLER + " " + second + " " + FILLER, 300);
    assertThat(shortened.indexOf(first)).isBetween(0, shortened.indexOf(second));
    assertThat(shortened).contains(SentencePicker.GAP);
  }

  @Test
  void severalQueriesShareTheBudget() {
    String wheat = "Wheat was sold at a price of ninety cents a bushel, and wheat prices fell. ";
    String treaty = "The treaty with Norway was ratified.";
    String document = FILLER + " " + wheat.repeat(30) + FILLER + " " + treaty + " " + FILLER;
    List<String> queries = List.of("price of wheat", "treaty Norway", "zebra");
    assertThat(new ChunkRetriever(60, queries).shorten(document, 300))
        .contains(treaty, "ninety cents");
  }

  @Test
  void aQueryWithNothingLeftToFindLeavesItsShareToTheOthers() {
    String wheat =
        IntStream.range(0, 60)
            .mapToObj(i -> "Wheat was sold in county " + i + ".")
            .collect(Collectors.joining(" "));
    String document = "The treaty was ratified. " + FILLER + " " + wheat + " " + FILLER;
    String shortened = new ChunkRetriever(60, List.of("treaty", "wheat")).shorten(document, 800);
    assertThat(shortened).contains("treaty");
    assertThat(shortened.split("Wheat was sold", -1))
        .as("of 60 that take 500 tokens; half of the budget has 400")
        .hasSizeGreaterThan(55);
  }

  @Test
  void ofALongQueryTheFirstWordsCount() {
    String words =
        IntStream.range(0, 400).mapToObj(i -> "word" + i).collect(Collectors.joining(" "));
    String needle = "Wheat was sold at a price of ninety cents a bushel.";
    String document = words + ". " + FILLER + " " + needle + " " + FILLER;
    TermIndex index = TermIndex.of(new SentenceCutter(240).cut(document));
    int[] terms = index.query("wheat " + words);
    assertThat(index.words().get(terms[0])).isEqualTo("wheat");
    assertThat(index.words().get(terms[1])).isEqualTo("word0");
    assertThat(terms).hasSize(401);
  }

  @Test
  void aWordInAnotherFormIsFound() {
    String needle = "Die Preise der Häuser stiegen.";
    String filler = "Der Ausschuss trat am Tag zusammen und ging ohne Beschluss auseinander. ";
    String document = filler.repeat(100) + needle + " " + filler.repeat(100);
    assertThat(new ChunkRetriever(60, List.of("Preis eines Hauses")).shorten(document, 200))
        .contains(needle);
  }

  @Test
  void aNumberIsFoundWithAndWithoutItsCommas() {
    String needle = "They counted 12,500 sheep.";
    String document = FILLER + " " + needle + " " + FILLER;
    assertThat(new ChunkRetriever(60, List.of("12500")).shorten(document, 100)).contains(needle);
  }

  @Test
  void chineseIsSearched() {
    String filler = "委员会今天开会讨论了许多问题。".repeat(300);
    String needle = "小麦的价格在秋天下降了。";
    assertThat(new ChunkRetriever(60, List.of("小麦价格")).shorten(filler + needle + filler, 200))
        .contains(needle);
  }

  @Test
  void aBlankQueryFallsBackToCoverage() {
    String half =
        IntStream.range(0, 60)
            .mapToObj(i -> "The harvest of barley in county " + i % 9 + " was good.")
            .collect(Collectors.joining(" "));
    String other =
        IntStream.range(0, 60)
            .mapToObj(i -> "The railway line " + i % 9 + " opened to freight trains.")
            .collect(Collectors.joining(" "));
    String shortened = new ChunkRetriever(60, List.of(" ")).shorten(half + " " + other, 120);
    assertThat(shortened).contains("barley").contains("railway");
    assertThat(Tokens.count(shortened)).isLessThanOrEqualTo(120);
  }

  @Test
  void aQueryOfWhichNoWordStandsInTheDocumentFallsBackToCoverage() {
    assertThat(new ChunkRetriever(60, List.of("zebra")).shorten(FILLER, 100)).contains("committee");
  }

  @Test
  void aTableRowBringsItsHeader() {
    String table =
        "| town | mayor |\n|---|---|\n"
            + IntStream.range(0, 80)
                .mapToObj(i -> "| town" + i + " | person" + i + " |\n")
                .collect(Collectors.joining());
    String shortened =
        new ChunkRetriever(60, List.of("town42"))
            .shorten(FILLER + "\n\n" + table + "\n" + FILLER, 80);
    assertThat(shortened).contains("| town42 | person42 |").contains("| town | mayor |");
  }

  @Test
  void spansAreTheKeptPartsInCodePoints() {
    String needle = "Wheat 😀 rose in price 😀 in spring.";
    String document = "😀 " + FILLER + " " + needle + " " + FILLER;
    Excerpt excerpt = retriever.excerpt(document, 100);
    assertThat(excerpt.spans())
        .allSatisfy(span -> assertThat(excerpt.text()).contains(text(document, span)))
        .anySatisfy(span -> assertThat(text(document, span)).contains(needle));
  }

  @Property(tries = 200)
  void theBudgetIsKeptAndOnlyTheDocumentsWordsAreSent(
      @ForAll @From("documents") String document,
      @ForAll @IntRange(min = 1, max = 120) int budget) {
    Excerpt excerpt = new ChunkRetriever(32, List.of("a 文 wort")).excerpt(document, budget);
    assertThat(Tokens.count(excerpt.text())).isLessThanOrEqualTo(budget);
    String kept =
        excerpt.spans().stream().map(span -> text(document, span)).collect(Collectors.joining());
    assertThat(excerpt.text().replace(SentencePicker.GAP, "")).isEqualTo(kept);
  }

  @Provide
  static Arbitrary<String> documents() {
    return SentenceCutterTest.hostile();
  }

  private static String text(String document, Excerpt.Span span) {
    return document.substring(
        document.offsetByCodePoints(0, span.start()), document.offsetByCodePoints(0, span.end()));
  }
}
