package dev.nightjar.pipelines.submit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.nightjar.pipelines.TestTasks;
import dev.nightjar.pipelines.model.Provider;
import dev.nightjar.pipelines.task.TaskSpec;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RequestLinesTest {
  private final TaskSpec task = TestTasks.task();
  private final RequestLines lines = new RequestLines(task);

  @Test
  void theCountedBytesAreThoseOfTheLine() {
    for (var tier : task.tiers()) {
      String line = RequestLines.write(lines.of(tier, "id_1", "Grüße \uD83D\uDE00"));
      assertThat(lines.bytes(tier, "id_1", "Grüße \uD83D\uDE00"))
          .isEqualTo(line.getBytes(StandardCharsets.UTF_8).length);
    }
  }

  @Test
  void whatAllRequestsShareComesFirst() {
    JsonNode line = lines.of(task.tier("small"), "id_1", "prompt");
    assertThat(line.at("/body/messages/0/content").asText()).isEqualTo("Answer in JSON.");
    assertThat(line.at("/body/messages/1/content").asText()).isEqualTo("prompt");
    assertThat(line.at("/body/max_completion_tokens").asInt()).isEqualTo(60);
    assertThat(line.at("/body").has("temperature")).isFalse();
  }

  @Test
  void limitsThatAnthropicRefusesAreLeftOutOfItsSchemaAndStayInOpenAis() {
    assertThat(lines.of(task.tier("large"), "id_1", "p").toString())
        .contains("\"topic\":{\"type\":\"string\"}")
        .doesNotContain("maxLength");
    assertThat(lines.of(task.tier("small"), "id_1", "p").toString()).contains("\"maxLength\":80");
  }

  @Test
  void aMissingKeyIsOneLineAndALoopbackServerNeedsNone() {
    ProviderSettings real =
        ProviderSettings.fromEnvironment(Map.of(), ProviderSettings.Patience.DEFAULT);
    assertThatThrownBy(() -> real.apiKey(Provider.OPENAI, Map.of()))
        .hasMessageStartingWith("PROVIDER_KEY_MISSING: openai")
        .hasMessageContaining("OPENAI_API_KEY");
    ProviderSettings local =
        ProviderSettings.fromEnvironment(
            Map.of("OPENAI_BASE_URL", "http://127.0.0.1:1/v1"), ProviderSettings.Patience.DEFAULT);
    assertThat(local.apiKey(Provider.OPENAI, Map.of())).isEqualTo("none");
    assertThat(local.baseUrl(Provider.OPENAI)).isEqualTo("http://127.0.0.1:1");
    assertThat(local.toString()).doesNotContain("key");
  }
}
