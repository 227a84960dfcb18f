package dev.nightjar.cachestore.embed;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class WordPiecesTest {
  private static HuggingFaceTokenizer tokenizer(EmbeddingModel model) throws IOException {
    NativeTokenizer.load();
    try (InputStream file =
        Objects.requireNonNull(
            WordPieces.class.getResourceAsStream("/" + model.resource() + "-tokenizer.json"))) {
      return HuggingFaceTokenizer.newInstance(
          file, Map.of("padding", "false", "truncation", "false", "modelMaxLength", "100000"));
    }
  }

  private static long unknown(HuggingFaceTokenizer tokenizer, String text) {
    Encoding encoding = tokenizer.encode(text);
    return Arrays.stream(encoding.getTokens()).filter("[UNK]"::equals).count();
  }

  /** Words of letters, signs, emoji and marks of many scripts, with the tokeniser as the judge. */
  @ParameterizedTest
  @EnumSource(EmbeddingModel.class)
  void aWordThatTheTokeniserDoesNotKnowIsNamed(EmbeddingModel model) throws IOException {
    int[][] blocks = {
      {'a', 'z'},
      {'A', 'Z'},
      {0xC0, 0x24F},
      {0x300, 0x36F},
      {0x391, 0x3C9},
      {0x410, 0x44F},
      {0x5D0, 0x5EA},
      {0x621, 0x64A},
      {0x905, 0x939},
      {0xE01, 0xE30},
      {0x3041, 0x3096},
      {0x4E00, 0x9FFF},
      {0xAC00, 0xD7A3},
      {0x2190, 0x21FF},
      {0x1F600, 0x1F64F},
      {0x21, 0x2F}
    };
    Random random = new Random(5);
    try (HuggingFaceTokenizer tokenizer = tokenizer(model)) {
      for (int round = 0; round < 3_000; round++) {
        StringBuilder word = new StringBuilder();
        int[] block = blocks[random.nextInt(blocks.length)];
        for (int i = 0; i < 1 + random.nextInt(6); i++) {
          int[] from = random.nextInt(5) == 0 ? blocks[random.nextInt(blocks.length)] : block;
          word.appendCodePoint(from[0] + random.nextInt(from[1] - from[0] + 1));
        }
        String text = "so " + word + " it is";
        boolean isUnknown = unknown(tokenizer, text) > 0;
        WordPieces.Loss loss = WordPieces.of(model).loss(text);
        if (isUnknown) {
          assertThat(loss.words()).as(text).isNotEmpty();
        } else if (word.codePoints().allMatch(c -> c < 0x300 && Character.isLetter(c))) {
          assertThat(loss.words().isEmpty())
              .as(text)
              .isEqualTo(java.text.Normalizer.isNormalized(word, java.text.Normalizer.Form.NFD));
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(EmbeddingModel.class)
  void whatIsReadInFullLosesNothing(EmbeddingModel model) {
    WordPieces.Loss loss =
        WordPieces.of(model).loss("Please send the invoice (no. 47-B) to a@b.org, US$ 5, 100 %!");
    assertThat(loss.words()).isEmpty();
    assertThat(loss.unreadShare()).isZero();
    assertThat(WordPieces.of(model).loss("Привет, как дела? 你好 สวัสดี").unreadShare())
        .isGreaterThan(0.8);
    assertThat(WordPieces.of(model).loss("naïve 👍great " + "x".repeat(101)).words())
        .isEqualTo(List.of("naïve", "👍great", "x".repeat(101)));
  }
}
