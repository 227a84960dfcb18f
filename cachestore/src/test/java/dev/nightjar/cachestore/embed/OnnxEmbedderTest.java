package dev.nightjar.cachestore.embed;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nightjar.cachestore.EmbeddedText;
import dev.nightjar.cachestore.Embedding;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class OnnxEmbedderTest {
  private static OnnxEmbedder embedder;

  @BeforeAll
  static void load() {
    embedder = OnnxEmbedder.load(EmbeddingModel.ALL_MINILM_L6_V2, 2);
  }

  @AfterAll
  static void close() {
    embedder.close();
  }

  private static List<Embedding> vectors(String... texts) {
    return embedder.embed(List.of(texts)).stream()
        .map(embedded -> embedded.embedding().orElseThrow())
        .toList();
  }

  @Test
  void vectorsAreOfUnitLengthAndOfTheStatedDimensions() {
    Embedding embedding = vectors("a cat sat on the mat").get(0);
    assertThat(embedding.dimensions()).isEqualTo(EmbeddingModel.DIMENSIONS);
    assertThat(embedding.cosine(embedding)).isBetween(0.9999, 1.0001);
  }

  @Test
  void textsThatMeanTheSameAreNearerThanOthers() {
    List<Embedding> embeddings =
        vectors(
            "How do I reset my card PIN?",
            "I want to change the PIN of my card",
            "The weather in Lisbon is mild in March");
    assertThat(embeddings.get(0).cosine(embeddings.get(1)))
        .isGreaterThan(embeddings.get(0).cosine(embeddings.get(2)) + 0.3);
  }

  @Test
  void theSameTextGivesTheSameVectorWhateverBatchItCameIn() {
    String text = "Please send the invoice for March to our office in Ghent.";
    Embedding alone = vectors(text).get(0);
    List<Embedding> among =
        vectors("short", text, "a much longer text ".repeat(40), "!!!! ???? 1234 5678", text);
    assertThat(among.get(1)).isEqualTo(alone);
    assertThat(among.get(4)).isEqualTo(alone);
  }

  @Test
  void aLongTextIsReadInWindowsSoThatItsEndCountsToo() {
    String beginning = "The committee discussed the harbour and its cranes. ".repeat(60);
    List<EmbeddedText> embedded =
        embedder.embed(
            List.of(
                beginning + "Then it closed. ".repeat(100),
                beginning + "Dogs bark at cats in the garden. ".repeat(100),
                beginning,
                "Short."));
    assertThat(embedded)
        .extracting(EmbeddedText::isWhole)
        .containsExactly(false, false, false, true);
    Embedding first = embedded.get(0).embedding().orElseThrow();
    assertThat(first.cosine(first)).isBetween(0.9999, 1.0001);
    assertThat(first.cosine(embedded.get(1).embedding().orElseThrow())).isLessThan(0.95);
    assertThat(first.cosine(embedded.get(2).embedding().orElseThrow())).isGreaterThan(0.5);
  }

  @Test
  void aTextThatIsTooLongToBeReadHasNoVector() {
    EmbeddedText embedded = embedder.embed(List.of("word ".repeat(100_000))).get(0);
    assertThat(embedded.embedding()).isEmpty();
    assertThat(embedded.isWhole()).isFalse();
  }

  @Test
  void theSecondModelTellsTextsApartToo() {
    try (OnnxEmbedder second = OnnxEmbedder.load(EmbeddingModel.BGE_SMALL_EN_V15, 1)) {
      List<Embedding> embeddings =
          second
              .embed(
                  List.of(
                      "How do I reset my card PIN?",
                      "I want to change the PIN of my card",
                      "The weather in Lisbon is mild in March"))
              .stream()
              .map(embedded -> embedded.embedding().orElseThrow())
              .toList();
      assertThat(embeddings.get(0).dimensions()).isEqualTo(EmbeddingModel.DIMENSIONS);
      assertThat(embeddings.get(0).cosine(embeddings.get(1)))
          .isGreaterThan(embeddings.get(0).cosine(embeddings.get(2)) + 0.1);
    }
  }

  @Test
  void anEmptyTextHasAnEmbeddingToo() {
    assertThat(embedder.embed(List.of(""))).hasSize(1);
  }
}
