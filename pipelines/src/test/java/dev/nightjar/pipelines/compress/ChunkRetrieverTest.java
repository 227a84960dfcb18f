package dev.nightjar.pipelines.compress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nightjar.pipelines.model.Tokens;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ChunkRetrieverTest {
  private static final String FILLER =
      IntStream.range(0, 200)
          .mapToObj(i -> "The committee met on day " + i + " and adjourned without a vote.")
          .collect(Collectors.joining(" "));

  private final ChunkRetriever retriever = new ChunkRetriever(60, "price of wheat");

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
  void chunksKeepTheDocumentsOrderAndGapsAreMarked() {
    String first = "Wheat rose in price in spring.";
    String second = "In autumn the price of wheat fell.";
    String shortened =
        retriever.shorten(FILLER + " " + first + " " + FILLER + " " + second + " " + FILLER, 300);
    assertThat(shortened.indexOf(first)).isBetween(0, shortened.indexOf(second));
    assertThat(shortened).contains(ChunkRetriever.GAP);
  }

  @Test
  void chunksJoinedAreTheDocument() {
    assertThat(String.join("", retriever.chunks(FILLER))).isEqualTo(FILLER);
  }

  @Test
  void aTextWithoutAnySentenceEndIsCutAllTheSame() {
    String table = "cell ".repeat(5_000);
    assertThat(Tokens.count(retriever.shorten(table, 200))).isLessThanOrEqualTo(200);
    assertThat(String.join("", retriever.chunks(table))).isEqualTo(table);
  }
}
