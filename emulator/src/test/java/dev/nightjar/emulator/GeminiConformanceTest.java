package dev.nightjar.emulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.genai.Client;
import com.google.genai.errors.ClientException;
import com.google.genai.types.BatchJob;
import com.google.genai.types.BatchJobSource;
import com.google.genai.types.Content;
import com.google.genai.types.CreateBatchJobConfig;
import com.google.genai.types.File;
import com.google.genai.types.GenerateContentConfig;
import com.google.genai.types.HttpOptions;
import com.google.genai.types.HttpRetryOptions;
import com.google.genai.types.InlinedRequest;
import com.google.genai.types.InlinedResponse;
import com.google.genai.types.JobState;
import com.google.genai.types.ListBatchJobsConfig;
import com.google.genai.types.ListFilesConfig;
import com.google.genai.types.Part;
import com.google.genai.types.UploadFileConfig;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Gemini's API as the official Java SDK sees it, and over plain HTTP for its other version. */
class GeminiConformanceTest {
  private static final String MODEL = "gemini-3.8-flash";

  @TempDir Path home;

  private final TestClock clock = new TestClock();
  private Emulator emulator;
  private Client client;
  private Wire wire;

  @BeforeEach
  void start() throws Exception {
    emulator = Emulator.in(home.resolve("state")).clock(clock).start();
    client = client("any");
    wire = new Wire(emulator.uri());
  }

  private Client client(String key) {
    return Client.builder()
        .apiKey(key)
        .httpOptions(
            HttpOptions.builder()
                .baseUrl(emulator.uri().toString())
                .timeout(10_000)
                .retryOptions(HttpRetryOptions.builder().attempts(1).build())
                .build())
        .build();
  }

  @AfterEach
  void stop() {
    client.close();
    emulator.close();
  }

  private void pass(Duration duration) {
    clock.pass(duration);
    emulator.advance();
  }

  private BatchJob createByFile(List<String> lines) {
    File file =
        client.files.upload(
            (String.join("\n", lines) + "\n").getBytes(StandardCharsets.UTF_8),
            UploadFileConfig.builder()
                .displayName("requests")
                .mimeType("application/jsonl")
                .build());
    assertThat(file.state().orElseThrow().toString()).isEqualTo("ACTIVE");
    assertThat(client.files.get(file.name().orElseThrow(), null).displayName())
        .contains("requests");
    return client.batches.create(
        MODEL,
        BatchJobSource.builder().fileName(file.name().orElseThrow()).build(),
        CreateBatchJobConfig.builder().displayName("night-1").build());
  }

  private JobState.Known state(BatchJob job) {
    return client.batches.get(job.name().orElseThrow(), null).state().orElseThrow().knownEnum();
  }

  /** Reported by users as a false 404, hundreds of times, for a batch of the same project. */
  @Test
  void aBatchIsSeenByTheKeyThatCreatedItOnly() {
    BatchJob job = createByFile(List.of(Wire.geminiLine("a", "Say a.")));
    emulator.admit("project", "any");
    emulator.admit("project", "second");
    client.close();
    client = client("second");
    assertThatThrownBy(() -> state(job)).hasMessageContaining("404");
    client.close();
    client = client("any");
    assertThat(state(job)).isEqualTo(JobState.Known.JOB_STATE_PENDING);
  }

  @Test
  void aBatchByFileGoesThroughItsStatesAndIsBilledHalf() throws Exception {
    BatchJob job =
        createByFile(
            List.of(
                Wire.geminiLine("a", "Say a."),
                "{\"key\":\"bad\",\"request\":{\"contents\":[]}}",
                Wire.geminiLine("c", "Say c.")));
    assertThat(job.state().orElseThrow().knownEnum()).isEqualTo(JobState.Known.JOB_STATE_PENDING);
    assertThat(job.displayName()).contains("night-1");
    pass(Duration.ofSeconds(2));
    assertThat(state(job)).isEqualTo(JobState.Known.JOB_STATE_RUNNING);
    pass(Duration.ofMinutes(1));
    BatchJob done = client.batches.get(job.name().orElseThrow(), null);
    assertThat(done.state().orElseThrow().knownEnum())
        .isEqualTo(JobState.Known.JOB_STATE_SUCCEEDED);
    Path target = home.resolve("results.jsonl");
    client.files.download(
        done.dest().orElseThrow().fileName().orElseThrow(), target.toString(), null);
    List<String> keys = new ArrayList<>();
    BigDecimal expected = BigDecimal.ZERO;
    for (String text : Files.readAllLines(target)) {
      JsonNode line = Json.read(text);
      keys.add(line.get("key").asText());
      if (line.get("key").asText().equals("bad")) {
        assertThat(line.at("/error/status").asText()).isEqualTo("INVALID_ARGUMENT");
        continue;
      }
      JsonNode usage = line.at("/response/usageMetadata");
      expected =
          expected
              .add(
                  new BigDecimal(usage.get("promptTokenCount").asText())
                      .multiply(new BigDecimal("0.375")))
              .add(
                  new BigDecimal(
                          usage.get("candidatesTokenCount").asLong()
                              + usage.get("thoughtsTokenCount").asLong())
                      .multiply(new BigDecimal("1.875")));
    }
    assertThat(keys).containsExactlyInAnyOrder("a", "bad", "c");
    assertThat(emulator.invoice().count()).isEqualTo(2);
    assertThat(emulator.invoice().total()).isEqualByComparingTo(expected.movePointLeft(6));
  }

  @Test
  void aBatchInlineAnswersInTheOrderOfItsRequests() {
    List<InlinedRequest> requests = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      requests.add(
          InlinedRequest.builder()
              .contents(List.of(Content.fromParts(Part.fromText("Say " + i + "."))))
              .metadata(Map.of("key", "r" + i))
              .config(GenerateContentConfig.builder().maxOutputTokens(i == 2 ? 1 : 5_000).build())
              .build());
    }
    BatchJob job =
        client.batches.create(
            MODEL, BatchJobSource.builder().inlinedRequests(requests).build(), null);
    pass(Duration.ofSeconds(2));
    pass(Duration.ofMinutes(1));
    BatchJob done = client.batches.get(job.name().orElseThrow(), null);
    List<InlinedResponse> responses = done.dest().orElseThrow().inlinedResponses().orElseThrow();
    assertThat(responses.stream().map(r -> r.metadata().orElseThrow().get("key")))
        .containsExactly("r0", "r1", "r2");
    assertThat(responses.get(0).response().orElseThrow().text()).isNotEmpty();
    assertThat(responses.get(2).response().orElseThrow().finishReason().toString())
        .isEqualTo("MAX_TOKENS");
    assertThat(emulator.invoice().lines().stream().map(Invoice.Line::customId))
        .containsExactly("r0", "r1", "r2");
  }

  @Test
  void batchesAndFilesAreListedCancelledAndDeleted() {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      names.add(createByFile(List.of(Wire.geminiLine("a" + i, "x"))).name().orElseThrow());
    }
    List<String> listed = new ArrayList<>();
    for (BatchJob job : client.batches.list(ListBatchJobsConfig.builder().pageSize(2).build())) {
      listed.add(job.name().orElseThrow());
    }
    assertThat(listed).containsExactly(names.get(2), names.get(1), names.get(0));
    List<String> files = new ArrayList<>();
    for (File file : client.files.list(ListFilesConfig.builder().pageSize(2).build())) {
      files.add(file.name().orElseThrow());
    }
    assertThat(files).hasSize(3);
    client.batches.cancel(names.get(0), null);
    assertThat(client.batches.get(names.get(0), null).state().orElseThrow().knownEnum())
        .isEqualTo(JobState.Known.JOB_STATE_CANCELLED);
    client.batches.delete(names.get(0), null);
    assertThatThrownBy(() -> client.batches.get(names.get(0), null))
        .isInstanceOf(ClientException.class)
        .hasMessageContaining("404");
    client.files.delete(files.get(0), null);
    assertThatThrownBy(() -> client.files.get(files.get(0), null))
        .isInstanceOf(ClientException.class)
        .hasMessageContaining("403");
    // The file went, but its batch had it already.
    pass(Duration.ofSeconds(2));
    pass(Duration.ofMinutes(1));
    assertThat(emulator.invoice().lines().stream().map(Invoice.Line::customId))
        .containsExactlyInAnyOrder("a1", "a2");
  }

  @Test
  void aDeletedBatchThatWasRunningIsStillBilled() throws Exception {
    String name = wire.createGemini(1).json().get("name").asText();
    client.batches.delete(name, null);
    pass(Duration.ofSeconds(2));
    pass(Duration.ofMinutes(1));
    assertThat(wire.get(Wire.GEMINI, "/v1/" + name).status()).isEqualTo(404);
    assertThat(emulator.invoice().count()).isEqualTo(1);
  }

  @Test
  void aRequestIsAnsweredAtOnceInJsonIfItAsksForThat() {
    var response =
        client.models.generateContent(
            MODEL,
            "Please find the invoice attached.",
            GenerateContentConfig.builder()
                .systemInstruction(Content.fromParts(Part.fromText("Classify.")))
                .responseMimeType("application/json")
                .responseJsonSchema(
                    Map.of(
                        "type",
                        "object",
                        "properties",
                        Map.of("kind", Map.of("type", "string", "enum", List.of("business")))))
                .build());
    assertThat(Json.read(response.text())).isEqualTo(Json.read("{\"kind\":\"business\"}"));
    assertThat(response.usageMetadata().orElseThrow().promptTokenCount().orElseThrow())
        .isPositive();
    assertThat(client.models.countTokens(MODEL, "Hello.", null).totalTokens().orElseThrow())
        .isPositive();
    assertThat(emulator.invoice().count()).isEqualTo(1);
  }

  @Test
  void aLongSystemPromptIsCachedAndItsReadsAreNotHalvedInABatch() throws Exception {
    String system = "Rule number one is that rules are rules. ".repeat(600);
    StringBuilder content = new StringBuilder();
    for (int i = 0; i < 10; i++) {
      var line = Json.read(Wire.geminiLine("r" + i, "Question " + i));
      line.withObject("/request")
          .putObject("systemInstruction")
          .putArray("parts")
          .addObject()
          .put("text", system);
      content.append(Json.write(line)).append('\n');
    }
    String file = wire.uploadGemini("v1", content.toString()).get("name").asText();
    String name =
        wire.createGemini("v1", "{\"fileName\":\"" + file + "\"}").json().get("name").asText();
    pass(Duration.ofSeconds(2));
    pass(Duration.ofMinutes(1));
    BigDecimal expected = BigDecimal.ZERO;
    long hits = 0;
    for (JsonNode line : wire.resultsGemini(name)) {
      JsonNode usage = line.at("/response/usageMetadata");
      long cached = usage.path("cachedContentTokenCount").asLong();
      hits += cached > 0 ? 1 : 0;
      expected =
          expected
              .add(
                  BigDecimal.valueOf(usage.get("promptTokenCount").asLong() - cached)
                      .multiply(new BigDecimal("0.375")))
              .add(BigDecimal.valueOf(cached).multiply(new BigDecimal("0.075")))
              .add(
                  BigDecimal.valueOf(
                          usage.get("candidatesTokenCount").asLong()
                              + usage.get("thoughtsTokenCount").asLong())
                      .multiply(new BigDecimal("1.875")));
    }
    assertThat(hits).isPositive();
    assertThat(emulator.invoice().total()).isEqualByComparingTo(expected.movePointLeft(6));
  }

  @ParameterizedTest
  @ValueSource(strings = {"v1", "v1beta"})
  void bothVersionsAreSpokenOverPlainHttp(String version) throws Exception {
    JsonNode file =
        wire.uploadGemini(
            version, Wire.geminiLine("a", "Say a.") + "\n" + Wire.geminiLine("b", "Say b.") + "\n");
    assertThat(file.get("name").asText()).startsWith("files/");
    assertThat(file.get("sizeBytes").isTextual()).isTrue();
    assertThat(file.get("expirationTime").asText()).isEqualTo("2026-11-26T00:00:00Z");
    JsonNode created =
        wire.createGemini(version, "{\"fileName\":\"" + file.get("name").asText() + "\"}").json();
    String name = created.get("name").asText();
    assertThat(created.at("/metadata/state").asText()).isEqualTo("BATCH_STATE_PENDING");
    pass(Duration.ofSeconds(2));
    JsonNode running = wire.get(Wire.GEMINI, "/" + version + "/" + name).json();
    assertThat(running.at("/metadata/batchStats/pendingRequestCount").asText()).isEqualTo("2");
    pass(Duration.ofMinutes(1));
    JsonNode done = wire.get(Wire.GEMINI, "/" + version + "/" + name + "?key=any").json();
    assertThat(done.get("done").asBoolean()).isTrue();
    assertThat(done.at("/metadata/state").asText()).isEqualTo("BATCH_STATE_SUCCEEDED");
    assertThat(done.at("/metadata/batchStats"))
        .isEqualTo(Json.read("{\"requestCount\":\"2\",\"successfulRequestCount\":\"2\"}"));
    String results = done.at("/response/responsesFile").asText();
    assertThat(done.at("/metadata/output/responsesFile").asText()).isEqualTo(results);
    for (String path : List.of("/" + version + "/", "/download/" + version + "/")) {
      assertThat(wire.get(Wire.GEMINI, path + results + ":download?alt=media").lines())
          .hasSize(2)
          .allMatch(line -> line.at("/response/candidates/0/finishReason").asText().equals("STOP"));
    }
    assertThat(wire.get(Wire.OPENAI, "/v1/files").json().get("data")).isEmpty();
  }

  @Test
  void aFileThatIsNotRequestsFailsItsBatchAndOneOfAnotherModelIsRefused() throws Exception {
    String file = wire.uploadGemini("v1", "not json\n").get("name").asText();
    String name =
        wire.createGemini("v1", "{\"fileName\":\"" + file + "\"}").json().get("name").asText();
    pass(Duration.ofSeconds(2));
    assertThat(wire.gemini(name).at("/metadata/state").asText()).isEqualTo("BATCH_STATE_FAILED");
    Wire.Answer unknown =
        wire.post(
            Wire.GEMINI,
            "/v1/models/gemini-none:batchGenerateContent",
            "{\"batch\":{\"inputConfig\":{\"fileName\":\"" + file + "\"}}}");
    assertThat(unknown.status()).isEqualTo(404);
    assertThat(wire.createGemini("v1", "{\"fileName\":\"files/none\"}").status()).isEqualTo(403);
    assertThat(wire.createGemini("v1", "{}").status()).isEqualTo(400);
  }

  @Test
  void filesEndAfterTwoDays() throws Exception {
    String file = wire.uploadGemini("v1", "x").get("name").asText();
    pass(Duration.ofHours(48));
    assertThat(wire.get(Wire.GEMINI, "/v1/" + file).status()).isEqualTo(403);
    assertThat(wire.get(Wire.GEMINI, "/v1/files").json().get("files")).isEmpty();
  }

  @Test
  void anInterruptedUploadGoesOnWhereItStood() throws IOException {
    Wire.Answer start =
        wire.post(Wire.GEMINI, "/upload/v1/files", "", "X-Goog-Upload-Command", "start");
    String url = start.header("X-Goog-Upload-URL");
    String[] none = {};
    wire.post(none, url, "abc", "X-Goog-Upload-Command", "upload", "X-Goog-Upload-Offset", "0");
    assertThat(
            wire.post(none, url, "", "X-Goog-Upload-Command", "query")
                .header("X-Goog-Upload-Size-Received"))
        .isEqualTo("3");
    assertThat(
            wire.post(
                    none,
                    url,
                    "x",
                    "X-Goog-Upload-Command",
                    "upload, finalize",
                    "X-Goog-Upload-Offset",
                    "7")
                .status())
        .isEqualTo(400);
    Wire.Answer end =
        wire.post(
            none,
            url,
            "def",
            "X-Goog-Upload-Command",
            "upload, finalize",
            "X-Goog-Upload-Offset",
            "3");
    assertThat(end.header("X-Goog-Upload-Status")).isEqualTo("final");
    assertThat(end.json().at("/file/sizeBytes").asText()).isEqualTo("6");
  }

  @Test
  void anUploadThatMakesNoSenseIsRefused() throws Exception {
    for (String body : List.of("no json", "{\"file\":{\"name\":\"files/../Up\"}}")) {
      assertThat(
              wire.post(Wire.GEMINI, "/upload/v1/files", body, "X-Goog-Upload-Command", "start")
                  .status())
          .isEqualTo(400);
    }
    assertThat(wire.post(Wire.GEMINI, "/upload/v1/files", "x").status()).isEqualTo(400);
  }

  @Test
  void aWrongKeyIsRefused() throws Exception {
    client.close();
    emulator.close();
    emulator = Emulator.in(home.resolve("state")).clock(clock).apiKey("right").start();
    client = client("wrong");
    assertThatThrownBy(() -> client.batches.list(null))
        .isInstanceOf(ClientException.class)
        .hasMessageContaining("API key not valid");
    assertThat(new Wire(emulator.uri()).get(new String[0], "/v1beta/batches").status())
        .isEqualTo(403);
  }
}
