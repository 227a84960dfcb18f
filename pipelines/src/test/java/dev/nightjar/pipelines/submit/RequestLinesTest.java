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

  @Test
  void anAzureResourceWithoutAnAddressIsSentNothing() {
    ProviderSettings real =
        ProviderSettings.fromEnvironment(Map.of(), ProviderSettings.Patience.DEFAULT);
    try (ProviderClients clients =
        ProviderClients.open(real, Map.of("AZURE_OPENAI_API_KEY", "some"))) {
      assertThatThrownBy(() -> clients.of(Provider.AZURE))
          .hasMessageStartingWith("OPTION_INVALID: AZURE_OPENAI_BASE_URL")
          .hasMessageContaining("it is not set");
    }
  }

  @Test
  void whereNoSchemaGoesAlongTheModelIsToldOfIt() {
    TaskSpec task =
        TestTasks.of(
            TestTasks.YAML
                .replace("Answer in JSON.", "Name the topic.")
                .replace("provider: openai", "provider: dashscope")
                .replace("gpt-6-luna", "qwen3.7-plus"));
    JsonNode body = new RequestLines(task).of(task.tier("small"), "id_1", "prompt").get("body");
    assertThat(body.at("/messages/0/content").asText())
        .startsWith("Name the topic.")
        .contains("Answer with JSON that meets this schema: {")
        .contains("maxLength");
    assertThat(body.get("max_tokens").asInt()).isEqualTo(60);
    assertThat(body.get("enable_thinking").asBoolean()).isFalse();
    assertThat(new RequestLines(task).unenforced(task.tier("small"))).contains("maxLength");
  }
}
