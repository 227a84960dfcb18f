package dev.nightjar.pipelines.compress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nightjar.pipelines.model.Tokens;
import dev.nightjar.pipelines.task.Compression;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Documents of five million characters that have little of what a document has. */
class HostileDocumentTest {
  private static final int LENGTH = 5_000_000;

  /** Ten times what it takes on two busy cores. */
  private static final Duration TIME_MAX = Duration.ofSeconds(60);

  private static final Map<String, String> UNITS =
      Map.ofEntries(
          Map.entry("one line of words", "lorem ipsum dolor "),
          Map.entry("one line without a space", "abcdefghij"),
          Map.entry("one letter", "x"),
          Map.entry("white space", " "),
          Map.entry("line breaks", "\n"),
          Map.entry("escaped line breaks", "\\n"),
          Map.entry("full stops", "."),
          Map.entry("right to left", "السلام عليكم ورحمة "),
          Map.entry("ideographs without a stop", "天地玄黄宇宙洪荒"),
          Map.entry("emoji", "😀👩‍👧"),
          Map.entry("half characters", "\uDE00\uD83D"),
          Map.entry("combining marks", "e\u0301\u0302"),
          Map.entry("short lines", "a\n"),
          Map.entry("short lines and a tag at the end of each", "a<b>\n"),
          Map.entry("tags that do not end", "<b "),
          Map.entry("attributes that do not end", "<b a=\""),
          Map.entry("broken HTML", "<div><p><b class=\"x"),
          Map.entry("nested quotes", "> > \"'“ he said "),
          Map.entry("bars", "|"),
          Map.entry("digits", "0123456789"));

  @Test
  void aTagOfMegabytesOfBlanksIsNoneAndTakesNoTime() {
    String document = "<b" + " ".repeat(LENGTH) + "x";
    assertThat(
            Assertions.assertTimeoutPreemptively(
                    TIME_MAX, () -> new Compressor(Compression.REPLIES).compress(document))
                .text())
        .isEqualTo(document);
  }

  @TestFactory
  Stream<DynamicTest> isCutWithinItsBudgetAndInTime() {
    return UNITS.entrySet().stream()
        .map(
            unit ->
                DynamicTest.dynamicTest(
                    unit.getKey(),
                    () -> {
                      String document =
                          unit.getValue().repeat(LENGTH / unit.getValue().length()) + " lorem end.";
                      Excerpt excerpt =
                          Assertions.assertTimeoutPreemptively(
                              TIME_MAX,
                              () ->
                                  new ChunkRetriever(200, List.of("lorem 天地"))
                                      .excerpt(
                                          new Compressor(Compression.REPLIES)
                                              .compress(document)
                                              .text(),
                                          500));
                      assertThat(Tokens.count(excerpt.text())).isLessThanOrEqualTo(500);
                    }));
  }
}
