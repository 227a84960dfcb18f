package dev.nightjar.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A real process, killed for real. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class KillTest {
  private static final int REQUESTS = 4_000;
  private static final String[] NO_KEY = {};

  @TempDir Path home;

  private static JsonNode total(Wire wire) throws Exception {
    return wire.get(NO_KEY, "/emulator/invoice?total").json();
  }

  private static void awaitLines(Wire wire, int lines) throws Exception {
    while (total(wire).get("lines").asInt() < lines) {
      Thread.onSpinWait(); // bounded by the test's timeout
    }
  }

  @Test
  void aKilledEmulatorKeepsItsInvoiceAndGoesOn() throws Exception {
    String openAi;
    String anthropic;
    String gemini;
    String billedBefore;
    try (EmulatorProcess emulator = EmulatorProcess.start(home, 200, "256m")) {
      Wire wire = new Wire(emulator.uri());
      wire.createOpenAi(java.util.List.of(Wire.chatLine("early", "gpt-6-luna", "x")));
      awaitLines(wire, 1);
      billedBefore = total(wire).get("total_usd").asText();
      openAi = wire.createOpenAi(REQUESTS).json().get("id").asText();
      anthropic = wire.createAnthropic(10, "").json().get("id").asText();
      gemini = wire.createGemini(10).json().get("name").asText();
      Path bill = home.resolve("files").resolve(openAi + ".bill");
      while (!Files.exists(bill)) {
        Thread.onSpinWait(); // until the batch is in the middle of its execution
      }
      emulator.kill();
    }
    try (EmulatorProcess emulator = EmulatorProcess.start(home, 200, "256m")) {
      Wire wire = new Wire(emulator.uri());
      JsonNode kept = total(wire);
      assertThat(kept.get("lines").asInt())
          .isIn(1, 11, 21, 1 + REQUESTS, 11 + REQUESTS, 21 + REQUESTS);
      if (kept.get("lines").asInt() == 1) {
        assertThat(kept.get("total_usd").asText()).isEqualTo(billedBefore);
      }
      awaitLines(wire, 1 + REQUESTS + 20);
      assertThat(total(wire).get("distinct_custom_ids").asInt()).isEqualTo(1 + REQUESTS);
      while (!wire.openAi(openAi).get("status").asText().equals("completed")) {
        Thread.onSpinWait();
      }
      assertThat(wire.resultsOpenAi(openAi)).hasSize(REQUESTS);
      assertThat(wire.resultsAnthropic(anthropic)).hasSize(10);
      assertThat(wire.resultsGemini(gemini)).hasSize(10);
      assertThat(total(wire).get("lines").asInt()).isEqualTo(1 + REQUESTS + 20);
    }
  }

  /** Twice the heap, through the doors of two providers. */
  @Test
  void aBatchLargerThanTheHeapIsHandled() throws Exception {
    // Most of a line is a field that no model reads: what is measured is memory, not the tokenizer.
    String filler = "x".repeat(40_000);
    int requests = 3_000;
    try (EmulatorProcess emulator = EmulatorProcess.start(home, 1_000, "64m")) {
      Wire wire = new Wire(emulator.uri());
      StringBuilder file = new StringBuilder();
      StringBuilder body = new StringBuilder("{\"requests\":[");
      for (int i = 0; i < requests; i++) {
        file.append(
                Wire.chatLine("o" + i, "gpt-6-luna", "x")
                    .replace("\"body\":{", "\"body\":{\"user\":\"" + filler + "\","))
            .append('\n');
        body.append(i == 0 ? "" : ",")
            .append("{\"custom_id\":\"a" + i + "\",\"params\":{\"metadata\":{\"user_id\":\"")
            .append(filler)
            .append("\"},\"model\":\"claude-haiku-5-5\",\"max_tokens\":9,\"messages\":")
            .append("[{\"role\":\"user\",\"content\":\"x\"}]}}");
      }
      assertThat(file.length()).isGreaterThan(100_000_000);
      String fileId = wire.uploadOpenAi(file.toString()).json().get("id").asText();
      String id = wire.createOpenAi(fileId, "/v1/chat/completions").json().get("id").asText();
      assertThat(
              wire.post(Wire.ANTHROPIC, "/v1/messages/batches", body.append("]}").toString())
                  .status())
          .isEqualTo(200);
      awaitLines(wire, 2 * requests);
      while (!wire.openAi(id).get("status").asText().equals("completed")) {
        Thread.onSpinWait();
      }
      assertThat(wire.openAi(id).at("/request_counts/completed").asInt()).isEqualTo(requests);
    }
  }
}
