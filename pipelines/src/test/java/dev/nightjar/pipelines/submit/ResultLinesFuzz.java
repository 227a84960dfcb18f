package dev.nightjar.pipelines.submit;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.nightjar.cachestore.OnlineRequest;
import dev.nightjar.pipelines.model.ResultLine;
import dev.nightjar.pipelines.route.CustomIds;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/** Result files and responses of any bytes, from each provider. */
public final class ResultLinesFuzz {
  private static final Instant NOW = Instant.EPOCH;

  private ResultLinesFuzz() {}

  /** Each line is read or handed over as unreadable, once; what is read counts nothing below 0. */
  public static void fuzzerTestOneInput(byte[] data) {
    List<Function<JsonNode, ResultLine>> formats =
        List.of(
            line -> OpenAiFormat.resultLine("openai", "s", line, NOW),
            line -> AnthropicClient.resultLine("s", line, NOW),
            line -> GeminiClient.resultLine("s", line, NOW));
    for (Function<JsonNode, ResultLine> format : formats) {
      AtomicInteger lines = new AtomicInteger();
      try {
        ResumingLines.forEachLine(
            new ProviderCalls("p", Duration.ofMillis(4)),
            offset -> new ResumingLines.Body(new ByteArrayInputStream(data), false),
            format,
            line -> {
              lines.incrementAndGet();
              assertThat(line.usage().inputTokens()).isNotNegative();
              assertThat(line.usage().outputTokens()).isNotNegative();
              assertThat(line.reason()).doesNotContain("\n");
            },
            text -> {
              lines.incrementAndGet();
              CustomIds.in(text).forEach(id -> assertThat(id).isNotBlank());
            });
      } catch (ProviderException e) {
        assertThat(e.kind()).isEqualTo(ProviderException.Kind.UNAVAILABLE); // cut in its last line
        continue;
      }
      String text = new String(data, StandardCharsets.UTF_8);
      assertThat(lines).hasValue((int) text.split("\n", -1).length - blanks(text));
    }
    OnlineRequest response =
        new OnlineRequest(
            "c",
            NOW,
            Optional.empty(),
            Optional.of(200),
            Optional.of(new String(data, StandardCharsets.UTF_8)),
            Optional.of(NOW));
    assertThat(OpenAiClient.onlineResult("openai", "s", response).customId()).isEqualTo("c");
  }

  private static int blanks(String text) {
    int blanks = 0;
    for (String line : text.split("\n", -1)) {
      blanks += line.isBlank() ? 1 : 0;
    }
    return blanks;
  }
}
