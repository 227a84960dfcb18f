package dev.nightjar.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the providers refuse because it is too much. */
class LimitsTest {
  @TempDir Path home;

  private final TestClock clock = new TestClock();
  private Emulator emulator;
  private Wire wire;

  @BeforeEach
  void start() throws Exception {
    open(Emulator.in(home));
  }

  private void open(Emulator.Builder builder) throws IOException {
    emulator = builder.clock(clock).start();
    wire = new Wire(emulator.uri());
  }

  @AfterEach
  void stop() {
    emulator.close();
  }

  private void pass(Duration duration) {
    clock.pass(duration);
    emulator.advance();
  }

  /** Sends a body of a given size that is never in memory. */
  private HttpResponse<String> send(
      String path, String[] headers, String head, String filler, long fillers, String tail)
      throws Exception {
    Supplier<InputStream> body =
        () ->
            new java.io.SequenceInputStream(
                Collections.enumeration(
                    List.of(
                        text(head), new Repeated(filler, fillers * filler.length()), text(tail))));
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(emulator.uri() + path))
            .headers(headers)
            .POST(HttpRequest.BodyPublishers.ofInputStream(body));
    return HttpClient.newHttpClient().send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  private static InputStream text(String text) {
    return new java.io.ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
  }

  private static final class Repeated extends InputStream {
    private final byte[] filler;
    private final long length;
    private long at;

    private Repeated(String filler, long length) {
      this.filler = filler.getBytes(StandardCharsets.UTF_8);
      this.length = length;
    }

    @Override
    public int read() {
      return at == length ? -1 : filler[(int) (at++ % filler.length)];
    }
  }

  @Test
  void anOpenAiFileHasAtMost200Megabytes() throws Exception {
    HttpResponse<String> refused =
        send(
            "/v1/files",
            new String[] {
              "Authorization", "Bearer any", "Content-Type", "multipart/form-data; boundary=b"
            },
            "--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--b\r\n"
                + "Content-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n",
            "0123456789abcdef\n",
            (200L << 20) / 17 + 1,
            "\r\n--b--\r\n");
    assertThat(refused.statusCode()).isEqualTo(400);
    assertThat(Json.read(refused.body()).at("/error/message").asText())
        .isEqualTo("File is too large.");
    assertThat(home.resolve("files")).isEmptyDirectory();
  }

  @Test
  void anAnthropicBatchHasAtMost256Megabytes() throws Exception {
    HttpResponse<String> refused =
        send(
            "/v1/messages/batches",
            Wire.ANTHROPIC,
            "{\"requests\":[",
            " ".repeat(1024),
            (256L << 10) + 1,
            "]}");
    assertThat(refused.statusCode()).isEqualTo(413);
    assertThat(Json.read(refused.body()).at("/error/type").asText()).isEqualTo("request_too_large");
    assertThat(home.resolve("files")).isEmptyDirectory();
  }

  @Test
  void anAnthropicBatchHasAtMost100000Requests() throws Exception {
    StringBuilder body = new StringBuilder("{\"requests\":[");
    for (int i = 0; i <= 100_000; i++) {
      body.append(i == 0 ? "" : ",").append("{\"custom_id\":\"r").append(i).append("\"}");
    }
    Wire.Answer refused =
        wire.post(Wire.ANTHROPIC, "/v1/messages/batches", body.append("]}").toString());
    assertThat(refused.status()).isEqualTo(400);
    assertThat(refused.body()).contains("100000");
  }

  @Test
  void aGeminiBatchInlineHasLessThan20Megabytes() throws Exception {
    HttpResponse<String> refused =
        send(
            "/v1/models/gemini-3.8-flash:batchGenerateContent",
            Wire.GEMINI,
            "{\"batch\":{\"inputConfig\":[",
            "\"" + "x".repeat(1021) + "\",",
            20L << 10,
            "0]}}");
    assertThat(refused.statusCode()).isEqualTo(400);
    assertThat(refused.body()).contains("exceeds the limit: 20971520");
  }

  @Test
  void aGeminiFileHasAtMost2Gigabytes() throws Exception {
    Wire.Answer refused =
        wire.post(
            Wire.GEMINI,
            "/upload/v1/files",
            "",
            "X-Goog-Upload-Command",
            "start",
            "X-Goog-Upload-Header-Content-Length",
            Long.toString((2L << 30) + 1));
    assertThat(refused.status()).isEqualTo(400);
  }

  @Test
  void geminiWorksOn100BatchesAtATime() throws Exception {
    String file = wire.uploadGemini("v1", Wire.geminiLine("a", "x")).get("name").asText();
    String input = "{\"fileName\":\"" + file + "\"}";
    for (int i = 0; i < 100; i++) {
      assertThat(wire.createGemini("v1", input).status()).isEqualTo(200);
    }
    assertThat(wire.createGemini("v1", input).status()).isEqualTo(429);
    pass(Duration.ofSeconds(2));
    pass(Duration.ofMinutes(1));
    assertThat(wire.createGemini("v1", input).status()).isEqualTo(200);
  }

  @Test
  void anOpenAiBatchHasAtMost50000Requests() throws Exception {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i <= 50_000; i++) {
      lines.add(Wire.chatLine("r" + i, "gpt-6-luna", "x"));
    }
    String id = wire.createOpenAi(lines).json().get("id").asText();
    pass(Duration.ofSeconds(2));
    assertThat(wire.openAi(id).at("/errors/data/0/code").asText()).isEqualTo("too_many_tasks");
  }

  @Test
  void openAiCreatesAtMost2000BatchesAnHour() throws Exception {
    String file =
        wire.uploadOpenAi(Wire.chatLine("a", "gpt-6-luna", "x")).json().get("id").asText();
    HttpClient client = HttpClient.newHttpClient(); // one connection, not 2,000
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(emulator.uri() + "/v1/batches"))
            .headers(Wire.OPENAI)
            .POST(
                HttpRequest.BodyPublishers.ofString(
                    "{\"input_file_id\":\""
                        + file
                        + "\",\"endpoint\":\"/v1/chat/completions\",\"completion_window\":\"24h\"}"))
            .build();
    for (int i = 0; i < 2_000; i++) {
      assertThat(client.send(request, HttpResponse.BodyHandlers.ofString()).statusCode())
          .isEqualTo(200);
    }
    assertThat(client.send(request, HttpResponse.BodyHandlers.ofString()).statusCode())
        .isEqualTo(429);
    clock.pass(Duration.ofHours(1));
    assertThat(client.send(request, HttpResponse.BodyHandlers.ofString()).statusCode())
        .isEqualTo(200);
  }

  @Test
  void aBatchOverTheEnqueuedTokensFailsUntilAnotherIsDone() throws Exception {
    emulator.close();
    open(Emulator.in(home).enqueuedTokensMax(1_500));
    String thousandTokens = "one two three four five six seven eight nine ten ".repeat(100);
    List<String> lines = List.of(Wire.chatLine("a", "gpt-6-luna", thousandTokens));
    String first = wire.createOpenAi(lines).json().get("id").asText();
    String second = wire.createOpenAi(lines).json().get("id").asText();
    String other =
        wire.createOpenAi(List.of(Wire.chatLine("a", "gpt-4.1-nano", thousandTokens)))
            .json()
            .get("id")
            .asText();
    pass(Duration.ofSeconds(2));
    assertThat(wire.openAi(first).get("status").asText()).isEqualTo("in_progress");
    assertThat(wire.openAi(other).get("status").asText()).isEqualTo("in_progress");
    JsonNode error = wire.openAi(second).at("/errors/data/0");
    assertThat(error.get("code").asText()).isEqualTo("token_limit_exceeded");
    assertThat(error.get("message").asText()).contains("Limit: 1,500 enqueued tokens");
    pass(Duration.ofMinutes(1));
    pass(Duration.ofSeconds(2));
    assertThat(wire.openAi(first).get("status").asText()).isEqualTo("completed");
    String third = wire.createOpenAi(lines).json().get("id").asText();
    pass(Duration.ofSeconds(2));
    assertThat(wire.openAi(third).get("status").asText()).isEqualTo("in_progress");
  }

  @Test
  void downloadsGoOnWhereTheyBrokeOff() throws Exception {
    String openAi = wire.createOpenAi(3).json().get("id").asText();
    String anthropic = wire.createAnthropic(3, "").json().get("id").asText();
    String gemini = wire.createGemini(3).json().get("name").asText();
    pass(Duration.ofSeconds(2));
    pass(Duration.ofMinutes(1));
    String file = wire.openAi(openAi).get("output_file_id").asText();
    String responses = wire.gemini(gemini).at("/response/responsesFile").asText();
    List<List<Object>> downloads =
        List.of(
            List.of(Wire.OPENAI, "/v1/files/" + file + "/content"),
            List.of(Wire.ANTHROPIC, "/v1/messages/batches/" + anthropic + "/results"),
            List.of(Wire.GEMINI, "/v1/" + responses + ":download?alt=media"));
    for (List<Object> download : downloads) {
      String[] vendor = (String[]) download.get(0);
      String path = (String) download.get(1);
      String whole = wire.get(vendor, path).body();
      Wire.Answer rest = wire.get(vendor, path, "Range", "bytes=100-");
      assertThat(rest.status()).isEqualTo(206);
      assertThat(rest.body()).isEqualTo(whole.substring(100));
      assertThat(rest.header("Content-Range"))
          .isEqualTo("bytes 100-" + (whole.length() - 1) + "/" + whole.length());
      assertThat(wire.get(vendor, path, "Range", "bytes=" + whole.length() + "-").status())
          .isEqualTo(416);
    }
    emulator.close();
    open(Emulator.in(home).ranges(false));
    String[] vendor = (String[]) downloads.get(0).get(0);
    assertThat(wire.get(vendor, (String) downloads.get(0).get(1), "Range", "bytes=9-").status())
        .isEqualTo(200);
  }

  @Test
  void openAisFilesAreListedByPurposePageAndOrder() throws Exception {
    List<String> ids = new ArrayList<>();
    for (String name : Arrays.asList("a", "b", "c")) {
      ids.add(wire.uploadOpenAi(Wire.chatLine(name, "gpt-6-luna", "x")).json().get("id").asText());
    }
    String batch = wire.createOpenAi(ids.get(0), "/v1/chat/completions").json().get("id").asText();
    pass(Duration.ofSeconds(2));
    pass(Duration.ofMinutes(1));
    assertThat(list("/v1/files?purpose=batch_output"))
        .containsExactly(wire.openAi(batch).get("output_file_id").asText());
    assertThat(list("/v1/files?purpose=batch&limit=2")).containsExactly(ids.get(2), ids.get(1));
    assertThat(list("/v1/files?purpose=batch&after=" + ids.get(1))).containsExactly(ids.get(0));
    assertThat(list("/v1/files?purpose=batch&order=asc&limit=1")).containsExactly(ids.get(0));
  }

  private List<String> list(String path) throws IOException {
    List<String> ids = new ArrayList<>();
    wire.get(Wire.OPENAI, path)
        .json()
        .get("data")
        .forEach(file -> ids.add(file.get("id").asText()));
    return ids;
  }

  @Test
  void maxTokensIsRefusedByGpt5AndLater() throws Exception {
    String body =
        "{\"model\":\"gpt-6-luna\",\"max_tokens\":5,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}";
    JsonNode error = wire.post(Wire.OPENAI, "/v1/chat/completions", body).json().get("error");
    assertThat(error.get("code").asText()).isEqualTo("unsupported_parameter");
    assertThat(error.get("param").asText()).isEqualTo("max_tokens");
    assertThat(error.get("message").asText()).contains("max_completion_tokens");
    assertThat(
            wire.post(
                    Wire.OPENAI, "/v1/chat/completions", body.replace("gpt-6-luna", "gpt-4.1-nano"))
                .status())
        .isEqualTo(200);
    String id =
        wire.createOpenAi(
                List.of(
                    "{\"custom_id\":\"a\",\"method\":\"POST\",\"url\":\"/v1/chat/completions\",\"body\":"
                        + body
                        + "}"))
            .json()
            .get("id")
            .asText();
    pass(Duration.ofSeconds(2));
    pass(Duration.ofMinutes(1));
    assertThat(wire.resultsOpenAi(id).get(0).at("/response/body/error/code").asText())
        .isEqualTo("unsupported_parameter");
  }
}
