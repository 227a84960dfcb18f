package dev.nightjar.emulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The file that vLLM's offline tool writes, and its server. */
class RunBatchTest {
  @TempDir Path home;

  private final TestClock clock = new TestClock();

  private List<JsonNode> run(List<String> lines) throws Exception {
    Path input = home.resolve("in.jsonl");
    Files.write(input, lines);
    RunBatch.run(input, home.resolve("out.jsonl"), "mine", new DemoAnswers(), clock);
    return Files.readAllLines(home.resolve("out.jsonl")).stream()
        .<JsonNode>map(Json::read)
        .toList();
  }

  @Test
  void resultsAreInInputOrderWithErrorsAmongThem() throws Exception {
    List<JsonNode> results =
        run(
            List.of(
                Wire.chatLine("a", "mine", "Say a."),
                Wire.chatLine("b", "theirs", "Say b."),
                "",
                Wire.chatLine("c", "mine", "Say c.").replace("chat/completions", "images"),
                Wire.chatLine("a", "mine", "Say a again.")));
    assertThat(results.stream().map(line -> line.get("custom_id").asText()))
        .containsExactly("a", "b", "c", "a");
    assertThat(results.get(0).get("id").asText()).startsWith("vllm-");
    assertThat(results.get(0).at("/response/body/usage").has("prompt_tokens_details")).isFalse();
    assertThat(results.get(0).get("error").isNull()).isTrue();
    assertThat(results.get(1).at("/response/status_code").asInt()).isEqualTo(404);
    assertThat(results.get(1).at("/response/body").isNull()).isTrue();
    assertThat(results.get(1).get("error").isObject()).isTrue();
    assertThat(results.get(2).at("/response/status_code").asInt()).isEqualTo(400);
    assertThat(results.get(2).get("error").isTextual()).isTrue();
  }

  @Test
  void anInvalidLineEndsTheRunAndLeavesNothing() throws Exception {
    assertThatThrownBy(() -> run(List.of(Wire.chatLine("a", "mine", "x"), "{}")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("line 2");
    assertThat(home.resolve("out.jsonl")).doesNotExist();
    assertThat(home).isDirectoryNotContaining(path -> path.toString().endsWith(".tmp"));
  }

  @Test
  void theCommandLineTakesThreeOptions() throws Exception {
    Path input = home.resolve("in.jsonl");
    Files.writeString(input, Wire.chatLine("a", "mine", "x"));
    RunBatch.main("-i", input.toString(), "-o", home.resolve("o").toString(), "--model", "mine");
    assertThat(home.resolve("o")).content().contains("\"status_code\":200");
    assertThatThrownBy(() -> RunBatch.main("-i", input.toString()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void theServerAnswersForAnyModelAndBillsNothing() throws Exception {
    try (Emulator emulator = Emulator.in(home.resolve("state")).clock(clock).start()) {
      Wire wire = new Wire(emulator.uri());
      String[] noKey = {};
      JsonNode body =
          wire.post(
                  noKey,
                  "/vllm/v1/chat/completions",
                  Json.write(Json.read(Wire.chatLine("a", "any/model", "x")).get("body")))
              .json();
      assertThat(body.get("model").asText()).isEqualTo("any/model");
      assertThat(body.get("usage").has("prompt_tokens_details")).isFalse();
      assertThat(wire.get(noKey, "/vllm/health").status()).isEqualTo(200);
      assertThat(wire.get(noKey, "/vllm/v1/models").json().get("data")).hasSize(1);
      assertThat(wire.post(noKey, "/vllm/v1/chat/completions", "{}").status()).isEqualTo(400);
      assertThat(emulator.selfHostedRequests()).isEqualTo(1);
      assertThat(emulator.invoice().count()).isZero();
    }
  }
}
