package dev.nightjar.cachestore.embed;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nightjar.cachestore.Embedding;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class MiniLmEmbedderTest {
  private static MiniLmEmbedder embedder;

  @BeforeAll
  static void load() {
    embedder = MiniLmEmbedder.load(1);
  }

  @AfterAll
  static void close() {
    embedder.close();
  }

  private static List<Embedding> vectors(String... texts) {
    return embedder.embed(List.of(texts)).stream().map(Optional::orElseThrow).toList();
  }

  @Test
  void vectorsAreOfUnitLengthAndOfTheStatedDimensions() {
    Embedding embedding = vectors("a cat sat on the mat").get(0);
    assertThat(embedding.dimensions()).isEqualTo(MiniLmEmbedder.DIMENSIONS);
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
  void aTextLongerThanTheModelReadsHasNoVectorBecauseItsBeginningIsNotAllOfIt() {
    assertThat(embedder.embed(List.of("word ".repeat(300), "word ".repeat(100_000), "word")))
        .extracting(Optional::isPresent)
        .containsExactly(false, false, true);
  }

  @Test
  void anEmptyTextHasAnEmbeddingToo() {
    assertThat(embedder.embed(List.of(""))).hasSize(1);
  }
}
