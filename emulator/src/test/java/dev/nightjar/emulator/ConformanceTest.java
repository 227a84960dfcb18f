package dev.nightjar.emulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.anthropic.client.AnthropicClient;
import com.anthropic.client.okhttp.AnthropicOkHttpClient;
import com.anthropic.helpers.MessageAccumulator;
import com.anthropic.models.messages.MessageCountTokensParams;
import com.anthropic.models.messages.MessageCreateParams;
import com.anthropic.models.messages.batches.BatchCreateParams;
import com.anthropic.models.messages.batches.MessageBatch;
import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.core.MultipartField;
import com.openai.errors.UnauthorizedException;
import com.openai.helpers.ChatCompletionAccumulator;
import com.openai.models.Reasoning;
import com.openai.models.ReasoningEffort;
import com.openai.models.batches.Batch;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.files.FileCreateParams;
import com.openai.models.files.FilePurpose;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.math.BigDecimal;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The emulator as the official Java SDKs, and for the older wire version plain HTTP, see it. */
class ConformanceTest {
  @TempDir Path home;

  private final TestClock clock = new TestClock();
  private Emulator emulator;
  private OpenAIClient openAi;
  private AnthropicClient anthropic;

  @BeforeEach
  void start() throws Exception {
    emulator = Emulator.in(home).clock(clock).start();
    connect("any");
  }

  private void connect(String key) {
    openAi =
        OpenAIOkHttpClient.builder()
            .baseUrl(emulator.uri() + "/v1")
            .apiKey(key)
            .maxRetries(0)
            .build();
    anthropic =
        AnthropicOkHttpClient.builder()
            .baseUrl(emulator.uri().toString())
            .apiKey(key)
            .maxRetries(0)
            .build();
  }

  @AfterEach
  void stop() {
    openAi.close();
    anthropic.close();
    emulator.close();
  }

  private void pass(Duration duration) {
    clock.pass(duration);
    emulator.advance();
  }

  private static String line(String customId, String model, String content) {
    return "{\"custom_id\":\""
        + customId
        + "\",\"method\":\"POST\",\"url\":\"/v1/chat/completions\",\"body\":{\"model\":\""
        + model
        + "\",\"messages\":[{\"role\":\"user\",\"content\":\""
        + content
        + "\"}]}}";
  }

  private Batch createOpenAi(List<String> lines) {
    return createOpenAi(
        lines, com.openai.models.batches.BatchCreateParams.Endpoint.V1_CHAT_COMPLETIONS);
  }

  private Batch createOpenAi(
      List<String> lines, com.openai.models.batches.BatchCreateParams.Endpoint endpoint) {
    String fileId =
        openAi
            .files()
            .create(
                FileCreateParams.builder()
                    .file(
                        MultipartField.<InputStream>builder()
                            .value(
                                new ByteArrayInputStream(
                                    (String.join("\n", lines) + "\n")
                                        .getBytes(StandardCharsets.UTF_8)))
                            .filename("requests.jsonl")
                            .build())
                    .purpose(FilePurpose.BATCH)
                    .build())
            .id();
    return openAi
        .batches()
        .create(
            com.openai.models.batches.BatchCreateParams.builder()
                .inputFileId(fileId)
                .endpoint(endpoint)
                .completionWindow(com.openai.models.batches.BatchCreateParams.CompletionWindow._24H)
                .metadata(
                    com.openai.models.batches.BatchCreateParams.Metadata.builder()
                        .putAdditionalProperty("owner", JsonValue.from("test"))
                        .build())
                .build());
  }

  private List<String> content(String fileId) throws Exception {
    try (var response = openAi.files().content(fileId)) {
      return new String(response.body().readAllBytes(), StandardCharsets.UTF_8).lines().toList();
    }
  }

  private String status(Batch batch) {
    return openAi.batches().retrieve(batch.id()).status().asString();
  }

  @Test
  void anOpenAiBatchGoesThroughItsStatesAndIsBilledHalf() throws Exception {
    Batch batch =
        createOpenAi(
            List.of(
                line("a", "gpt-6-luna", "Say a."),
                line("b", "gpt-6-luna", "Say b."),
                line("c", "gpt-6-luna", "Say c.")));
    assertThat(status(batch)).isEqualTo("validating");
    pass(Duration.ofSeconds(2));
    assertThat(status(batch)).isEqualTo("in_progress");
    pass(Duration.ofSeconds(41));
    assertThat(status(batch)).isEqualTo("finalizing");
    assertThat(emulator.invoice().lines()).hasSize(3);
    pass(Duration.ofSeconds(2));
    Batch done = openAi.batches().retrieve(batch.id());
    assertThat(done.status().asString()).isEqualTo("completed");
    assertThat(done.requestCounts().orElseThrow().completed()).isEqualTo(3);
    assertThat(done.errorFileId()).isEmpty();
    assertThat(done.expiresAt().orElseThrow() - done.createdAt()).isEqualTo(86_400);
    assertThat(done.metadata().orElseThrow()._additionalProperties().get("owner").asString())
        .contains("test");

    BigDecimal expected = BigDecimal.ZERO;
    List<String> customIds = new ArrayList<>();
    for (String text : content(done.outputFileId().orElseThrow())) {
      var line = Json.read(text);
      customIds.add(line.get("custom_id").asText());
      var usage = line.at("/response/body/usage");
      expected =
          expected
              .add(
                  new BigDecimal(usage.get("prompt_tokens").asText())
                      .multiply(new BigDecimal("0.05")))
              .add(
                  new BigDecimal(usage.get("completion_tokens").asText())
                      .multiply(new BigDecimal("0.25")));
    }
    assertThat(customIds).containsExactlyInAnyOrder("a", "b", "c");
    assertThat(emulator.invoice().total()).isEqualByComparingTo(expected.movePointLeft(6));
  }

  @Test
  void outputIsNotInInputOrder() throws Exception {
    List<String> ids = new ArrayList<>();
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      ids.add("r" + i);
      lines.add(line("r" + i, "gpt-6-luna", "Say " + i));
    }
    Batch batch = createOpenAi(lines);
    finish();
    List<String> out =
        content(openAi.batches().retrieve(batch.id()).outputFileId().orElseThrow()).stream()
            .map(text -> Json.read(text).get("custom_id").asText())
            .toList();
    assertThat(out).containsExactlyInAnyOrderElementsOf(ids).isNotEqualTo(ids);
  }

  private void finish() {
    pass(Duration.ofSeconds(2));
    pass(Duration.ofMinutes(2));
    pass(Duration.ofSeconds(2));
  }

  @Test
  void oneBadLineFailsTheWholeBatchLaterAndNothingIsBilled() {
    Batch batch =
        createOpenAi(
            List.of(
                line("a", "gpt-6-luna", "x"),
                line("a", "gpt-6-luna", "y"),
                "not json",
                line("d", "gpt-6.2-sol", "z")));
    assertThat(status(batch)).isEqualTo("validating"); // create itself succeeds
    finish();
    Batch failed = openAi.batches().retrieve(batch.id());
    assertThat(failed.status().asString()).isEqualTo("failed");
    assertThat(
            failed.errors().orElseThrow().data().orElseThrow().stream()
                .map(error -> error.code().orElseThrow())
                .collect(Collectors.toSet()))
        .containsExactlyInAnyOrder("duplicate_custom_id", "invalid_json_line", "model_mismatch");
    assertThat(failed.outputFileId()).isEmpty();
    assertThat(emulator.invoice().lines()).isEmpty();
  }

  @Test
  void aRefusedLineGoesToTheErrorFileAndIsNotBilled() throws Exception {
    Batch batch = createOpenAi(List.of(line("a", "gpt-unknown", "x")));
    finish();
    Batch done = openAi.batches().retrieve(batch.id());
    assertThat(done.status().asString()).isEqualTo("completed");
    assertThat(done.outputFileId()).isEmpty(); // all failed: no output file at all
    assertThat(content(done.errorFileId().orElseThrow()).get(0))
        .contains("\"status_code\":404")
        .contains("model_not_found");
    assertThat(emulator.invoice().lines()).isEmpty();
  }

  @Test
  void aCancelledBatchKeepsAndBillsWhatWasDone() throws Exception {
    Batch batch = createOpenAi(List.of(line("a", "gpt-6-luna", "x"), line("b", "gpt-6-luna", "y")));
    pass(Duration.ofSeconds(2));
    pass(Duration.ofSeconds(25));
    openAi.batches().cancel(batch.id());
    pass(Duration.ofSeconds(1));
    Batch done = openAi.batches().retrieve(batch.id());
    assertThat(done.status().asString()).isEqualTo("cancelled");
    assertThat(content(done.outputFileId().orElseThrow())).hasSize(1);
    assertThat(content(done.errorFileId().orElseThrow()).get(0)).contains("batch_cancelled");
    assertThat(emulator.invoice().lines()).hasSize(1);
  }

  @Test
  void aBatchOfResponsesIsAnsweredInTheirForm() throws Exception {
    String head =
        "{\"custom_id\":\"%s\",\"method\":\"POST\",\"url\":\"/v1/responses\",\"body\":"
            + "{\"model\":\"gpt-6-luna\",\"instructions\":\"Be brief.\",\"input\":";
    Batch batch =
        createOpenAi(
            List.of(
                head.formatted("text") + "\"Say it.\"}}",
                head.formatted("list")
                    + "[{\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":"
                    + "\"Please find the invoice attached.\"}]}],\"text\":{\"format\":{\"type\":"
                    + "\"json_schema\",\"name\":\"kind\",\"schema\":{\"type\":\"object\","
                    + "\"properties\":{\"n\":{\"type\":\"integer\"}}}}}}}"),
            com.openai.models.batches.BatchCreateParams.Endpoint.V1_RESPONSES);
    finish();
    Batch done = openAi.batches().retrieve(batch.id());
    assertThat(done.status().asString()).isEqualTo("completed");
    BigDecimal expected = BigDecimal.ZERO;
    for (String text : content(done.outputFileId().orElseThrow())) {
      var body = Json.read(text).at("/response/body");
      assertThat(body.at("/output/0/type").asText()).as("by default").isEqualTo("reasoning");
      assertThat(body.at("/output/1/content/0/type").asText()).isEqualTo("output_text");
      assertThat(body.get("status").asText()).isEqualTo("completed");
      expected =
          expected
              .add(
                  new BigDecimal(body.at("/usage/input_tokens").asText())
                      .multiply(new BigDecimal("0.05")))
              .add(
                  new BigDecimal(body.at("/usage/output_tokens").asText())
                      .multiply(new BigDecimal("0.25")));
    }
    assertThat(emulator.invoice().total()).isEqualByComparingTo(expected.movePointLeft(6));
  }

  @Test
  void aResponseIsAnsweredAtOnceAndMayBeIncomplete() {
    String prompt = "This is a sentence of many words that goes on and on until it is far longer. ";
    var response =
        openAi
            .responses()
            .create(
                com.openai.models.responses.ResponseCreateParams.builder()
                    .model("gpt-6-luna")
                    .reasoning(Reasoning.builder().effort(ReasoningEffort.NONE).build())
                    .input(prompt.repeat(3).replace(".", ","))
                    .maxOutputTokens(16)
                    .build());
    assertThat(response.status().orElseThrow().asString()).isEqualTo("incomplete");
    assertThat(response.incompleteDetails().orElseThrow().reason().orElseThrow().asString())
        .isEqualTo("max_output_tokens");
    assertThat(response.usage().orElseThrow().outputTokens()).isEqualTo(16);
    assertThat(emulator.invoice().lines()).hasSize(1);
  }

  @Test
  void aSynchronousRequestReusesAWarmPrefixAndPaysLessForIt() {
    String shared = "Policy paragraph. ".repeat(600);
    for (int i = 0; i < 2; i++) {
      openAi
          .chat()
          .completions()
          .create(
              com.openai.models.chat.completions.ChatCompletionCreateParams.builder()
                  .model("gpt-5.4")
                  .addSystemMessage(shared)
                  .addUserMessage("Question " + i)
                  .build());
    }
    List<Invoice.Line> lines = emulator.invoice().lines();
    assertThat(lines.get(1).usage().prompt()).isEqualTo(lines.get(0).usage().prompt());
    assertThat(lines.get(1).usd()).isLessThan(lines.get(0).usd());
  }

  @ParameterizedTest
  @CsvSource({"implicit, true", "explicit, false"})
  void newerModelsWriteEachLongPromptUnaskedAndReadNone(String mode, boolean writes) {
    String shared = "Policy paragraph. ".repeat(600);
    for (int i = 0; i < 2; i++) {
      openAi
          .chat()
          .completions()
          .create(
              ChatCompletionCreateParams.builder()
                  .model("gpt-6-luna")
                  .addSystemMessage(shared)
                  .addUserMessage("Question " + i)
                  .putAdditionalBodyProperty(
                      "prompt_cache_options", JsonValue.from(java.util.Map.of("mode", mode)))
                  .build());
    }
    assertThat(emulator.invoice().usage().cached()).isZero();
    assertThat(emulator.invoice().usage().write5m() > 0).isEqualTo(writes);
  }

  @Test
  void anAnthropicBatchShowsItsCountsOnlyAtTheEndAndMarksCacheUse() {
    String system = "Rule. ".repeat(1_500);
    BatchCreateParams.Builder batch = BatchCreateParams.builder();
    for (int i = 0; i < 4; i++) {
      batch.addRequest(
          BatchCreateParams.Request.builder()
              .customId("r" + i)
              .params(
                  BatchCreateParams.Request.Params.builder()
                      .model("claude-sonnet-5-5")
                      .maxTokens(100)
                      .systemOfTextBlockParams(
                          List.of(
                              com.anthropic.models.messages.TextBlockParam.builder()
                                  .text(system)
                                  .cacheControl(
                                      com.anthropic.models.messages.CacheControlEphemeral.builder()
                                          .ttl(
                                              com.anthropic.models.messages.CacheControlEphemeral
                                                  .Ttl.TTL_1H)
                                          .build())
                                  .build()))
                      .addUserMessage("Question " + i)
                      .build())
              .build());
    }
    String id = anthropic.messages().batches().create(batch.build()).id();
    MessageBatch working = anthropic.messages().batches().retrieve(id);
    assertThat(working.processingStatus().asString()).isEqualTo("in_progress");
    assertThat(working.requestCounts().processing()).isEqualTo(4);
    assertThatThrownBy(() -> anthropic.messages().batches().resultsStreaming(id).close())
        .isInstanceOf(com.anthropic.errors.NotFoundException.class);
    pass(Duration.ofMinutes(1));
    MessageBatch ended = anthropic.messages().batches().retrieve(id);
    assertThat(ended.processingStatus().asString()).isEqualTo("ended");
    assertThat(ended.requestCounts().succeeded()).isEqualTo(4);
    long written = 0;
    long read = 0;
    try (var results = anthropic.messages().batches().resultsStreaming(id)) {
      for (var result : results.stream().toList()) {
        var usage = result.result().succeeded().orElseThrow().message().usage();
        written += usage.cacheCreation().orElseThrow().ephemeral1hInputTokens();
        read += usage.cacheReadInputTokens().orElse(0L);
      }
    }
    assertThat(written).isGreaterThan(1_000);
    assertThat(written + read).isGreaterThanOrEqualTo(4_000);
    assertThat(emulator.invoice().lines()).hasSize(4);
  }

  @Test
  void anAnthropicRequestWithBadParamsIsErroredLaterAndNotBilled() {
    String id =
        anthropic
            .messages()
            .batches()
            .create(
                BatchCreateParams.builder()
                    .addRequest(
                        BatchCreateParams.Request.builder()
                            .customId("bad")
                            .params(
                                BatchCreateParams.Request.Params.builder()
                                    .model("claude-nobody")
                                    .maxTokens(10)
                                    .addUserMessage("x")
                                    .build())
                            .build())
                    .build())
            .id();
    pass(Duration.ofMinutes(1));
    try (var results = anthropic.messages().batches().resultsStreaming(id)) {
      assertThat(results.stream().findFirst().orElseThrow().result().isErrored()).isTrue();
    }
    assertThat(emulator.invoice().lines()).isEmpty();
  }

  @Test
  void anAnthropicBatchBeyondItsWindowExpires() {
    emulator.close();
    openAi.close();
    anthropic.close();
    try {
      emulator = Emulator.in(home).clock(clock).speed(0.0001).start();
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    connect("any");
    String id =
        anthropic
            .messages()
            .batches()
            .create(
                BatchCreateParams.builder()
                    .addRequest(
                        BatchCreateParams.Request.builder()
                            .customId("late")
                            .params(
                                BatchCreateParams.Request.Params.builder()
                                    .model("claude-haiku-5-5")
                                    .maxTokens(10)
                                    .addUserMessage("x")
                                    .build())
                            .build())
                    .build())
            .id();
    pass(Duration.ofHours(25));
    assertThat(anthropic.messages().batches().retrieve(id).requestCounts().expired()).isEqualTo(1);
  }

  @Test
  void messagesAndTokenCountsAnswerSynchronously() {
    var message =
        anthropic
            .messages()
            .create(
                MessageCreateParams.builder()
                    .model("claude-haiku-5-5")
                    .maxTokens(50)
                    .addUserMessage("Hello there.")
                    .build());
    assertThat(message.usage().inputTokens()).isPositive();
    assertThat(
            anthropic
                .messages()
                .countTokens(
                    MessageCountTokensParams.builder()
                        .model("claude-haiku-5-5")
                        .addUserMessage("Hello there.")
                        .build())
                .inputTokens())
        .isPositive();
  }

  @Test
  void bothAnthropicWireVersionsAreSpokenAndOnlyTheNewerRefusesSampling() throws Exception {
    String body =
        "{\"model\":\"claude-haiku-5-5\",\"max_tokens\":20,\"temperature\":0.5,"
            + "\"messages\":[{\"role\":\"user\",\"content\":\"Hi.\"}]}";
    assertThat(post("2023-06-01", "X-Api-Key", "any", body)).isEqualTo(200);
    assertThat(post("2026-10-21", "Authorization", "Bearer any", body)).isEqualTo(400);
    assertThat(
            post(
                "2026-10-21",
                "Authorization",
                "Bearer any",
                body.replace("\"temperature\":0.5,", "")))
        .isEqualTo(200);
    assertThat(post("1999-01-01", "X-Api-Key", "any", body)).isEqualTo(400);
  }

  private int post(String version, String header, String key, String body) throws Exception {
    return HttpClient.newHttpClient()
        .send(
            HttpRequest.newBuilder(URI.create(emulator.uri() + "/v1/messages"))
                .header("anthropic-version", version)
                .header(header, key)
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build(),
            HttpResponse.BodyHandlers.ofString())
        .statusCode();
  }

  @Test
  void aWrongKeyIsRefusedInEachProvidersOwnWay() throws Exception {
    emulator.close();
    openAi.close();
    anthropic.close();
    emulator = Emulator.in(home).clock(clock).apiKey("right").start();
    connect("wrong");
    assertThatThrownBy(() -> openAi.batches().list()).isInstanceOf(UnauthorizedException.class);
    assertThatThrownBy(() -> anthropic.messages().batches().list())
        .isInstanceOf(com.anthropic.errors.UnauthorizedException.class);
  }

  @Test
  void keysOfAProjectSeeTheSameAndThoseOfAnotherNothingOfIt() throws Exception {
    emulator.close();
    emulator =
        Emulator.in(home).clock(clock).apiKey("ours", "old").apiKey("theirs", "stranger").start();
    connect("old");
    Batch batch = createOpenAi(List.of(line("a", "gpt-6-luna", "x")));
    String file = batch.inputFileId();
    connect("stranger");
    assertThat(openAi.batches().list().data()).isEmpty();
    assertThatThrownBy(() -> status(batch)).isInstanceOf(com.openai.errors.NotFoundException.class);
    assertThatThrownBy(() -> openAi.files().retrieve(file))
        .isInstanceOf(com.openai.errors.NotFoundException.class);
    emulator.admit("ours", "new");
    emulator.revoke("old");
    connect("new");
    assertThat(status(batch)).isEqualTo("validating");
    connect("old");
    assertThatThrownBy(() -> status(batch)).isInstanceOf(UnauthorizedException.class);
  }

  @Test
  void theOfficialClientsPutStreamedAnswersTogether() {
    ChatCompletionAccumulator chat = ChatCompletionAccumulator.create();
    try (var stream =
        openAi
            .chat()
            .completions()
            .createStreaming(
                ChatCompletionCreateParams.builder()
                    .model("gpt-6-luna")
                    .addUserMessage("Say hello to everybody in the house.")
                    .streamOptions(ChatCompletionStreamOptions.builder().includeUsage(true).build())
                    .build())) {
      stream.stream().forEach(chat::accumulate);
    }
    assertThat(chat.chatCompletion().choices().get(0).message().content().orElseThrow())
        .isNotEmpty();
    assertThat(chat.chatCompletion().usage().orElseThrow().completionTokens()).isPositive();

    MessageAccumulator message = MessageAccumulator.create();
    try (var stream =
        anthropic
            .messages()
            .createStreaming(
                MessageCreateParams.builder()
                    .model("claude-haiku-5-5")
                    .maxTokens(3_000)
                    .addUserMessage("Say hello to everybody in the house.")
                    .build())) {
      stream.stream().forEach(message::accumulate);
    }
    assertThat(message.message().content().get(0).isThinking()).isTrue();
    assertThat(message.message().content().get(1).asText().text()).isNotEmpty();
    assertThat(message.message().usage().outputTokens())
        .isEqualTo(emulator.invoice().lines().get(1).usage().completion());
  }

  @Test
  void aRestartKeepsBatchesAndTheInvoiceAndGoesOn() throws Exception {
    Batch batch = createOpenAi(List.of(line("a", "gpt-6-luna", "x")));
    pass(Duration.ofSeconds(2));
    emulator.close();
    openAi.close();
    anthropic.close();
    emulator = Emulator.in(home).clock(clock).start();
    connect("any");
    assertThat(status(batch)).isEqualTo("in_progress");
    pass(Duration.ofSeconds(45));
    pass(Duration.ofSeconds(2));
    assertThat(status(batch)).isEqualTo("completed");
    assertThat(emulator.invoice().lines()).hasSize(1);
  }

  @Test
  void theOfficialNodeClientsPassTheirBatchFlows() throws Exception {
    emulator.close();
    emulator = Emulator.in(home).speed(100).start();
    Path node = Path.of("target/node").toAbsolutePath();
    java.nio.file.Files.createDirectories(node);
    for (String file : List.of("package.json", "package-lock.json", "conformance.mjs")) {
      java.nio.file.Files.copy(
          Path.of("src/test/node", file),
          node.resolve(file),
          java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    }
    run(node, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund");
    assertThat(run(node, "node", "conformance.mjs", emulator.uri().toString()))
        .contains("ok openai", "ok responses", "ok anthropic", "ok gemini");
  }

  private static String run(Path directory, String... command) throws Exception {
    Process process =
        new ProcessBuilder(command).directory(directory.toFile()).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }
}
