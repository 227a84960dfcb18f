package dev.nightjar.pipelines.submit;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.core.MultipartField;
import com.openai.core.http.HttpResponse;
import com.openai.errors.OpenAIException;
import com.openai.errors.OpenAIServiceException;
import com.openai.models.batches.Batch;
import com.openai.models.batches.BatchCreateParams;
import com.openai.models.batches.BatchListPage;
import com.openai.models.batches.BatchListParams;
import com.openai.models.files.FileCreateParams;
import com.openai.models.files.FilePurpose;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.Submission;
import dev.nightjar.cachestore.Usage;
import dev.nightjar.pipelines.model.ResultLine;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/** OpenAI's Files and Batches API. The submission's id travels in the batch's metadata. */
final class OpenAiClient implements ProviderClient {
  static final String METADATA_KEY = "nightjar_submission";

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int PAGE_BATCHES_MAX = 100;
  private static final int READ_RETRIES_MAX = 4;
  private static final int CLOCK_SKEW_SECONDS_MAX = 300;

  private final OpenAIClient client;

  private OpenAiClient(OpenAIClient client) {
    this.client = client;
  }

  static OpenAiClient open(String baseUrl, String apiKey) {
    return new OpenAiClient(
        OpenAIOkHttpClient.builder()
            .baseUrl(baseUrl + "/v1")
            .apiKey(apiKey)
            .timeout(Duration.ofMinutes(10))
            //            // The SDK would repeat a create on a 503 without an idempotency key: two
            // batches, two bills.
            .maxRetries(0)
            .build());
  }

  /** For calls without an effect, which may be repeated. */
  private OpenAIClient reading() {
    return client.withOptions(options -> options.maxRetries(READ_RETRIES_MAX));
  }

  private static <T> T call(Supplier<T> call) {
    try {
      return call.get();
    } catch (OpenAIServiceException e) {
      // The message may quote the key or the prompt; status, type and code do not.
      throw new ProviderException(
          ProviderException.ofStatus(e.statusCode()),
          "openai answered "
              + e.statusCode()
              + e.code().or(e::type).map(code -> " (" + code + ")").orElse(""),
          e);
    } catch (OpenAIException e) {
      throw new ProviderException(
          ProviderException.ofFailure(e), "openai could not be reached: " + e.getMessage(), e);
    }
  }

  @Override
  public ProviderBatch create(
      Submission submission, RequestSource requests, Runnable beforeEffect) {
    String fileId = upload(submission, spool(submission, requests));
    beforeEffect.run();
    return call(
        () ->
            batch(
                client
                    .batches()
                    .create(
                        BatchCreateParams.builder()
                            .inputFileId(fileId)
                            .endpoint(BatchCreateParams.Endpoint.V1_CHAT_COMPLETIONS)
                            .completionWindow(BatchCreateParams.CompletionWindow._24H)
                            .metadata(
                                BatchCreateParams.Metadata.builder()
                                    .putAdditionalProperty(
                                        METADATA_KEY, JsonValue.from(submission.submissionId()))
                                    .build())
                            .build())));
  }

  /** On disk: a batch may hold 190 MB, and several submissions are made at once. */
  private static Path spool(Submission submission, RequestSource requests) {
    try {
      Path file = Files.createTempFile("nightjar-" + submission.submissionId(), ".jsonl");
      try (BufferedWriter writer = Files.newBufferedWriter(file, StandardCharsets.UTF_8)) {
        requests.forEachLine(
            line -> {
              try {
                writer.write(line);
                writer.write('\n');
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
        return file;
      } catch (RuntimeException e) {
        Files.deleteIfExists(file); // it holds prompts
        throw e;
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** An upload costs nothing: if its outcome is unknown it is simply made again. */
  private String upload(Submission submission, Path file) {
    // Deleted when it is closed, also after a failure.
    try (InputStream content = Files.newInputStream(file, StandardOpenOption.DELETE_ON_CLOSE)) {
      return call(
          () ->
              client
                  .files()
                  .create(
                      FileCreateParams.builder()
                          .file(
                              MultipartField.<InputStream>builder()
                                  .value(content)
                                  .filename(submission.submissionId() + ".jsonl")
                                  .build())
                          .purpose(FilePurpose.BATCH)
                          .build())
                  .id());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (ProviderException e) {
      throw e.kind() == ProviderException.Kind.OUTCOME_UNKNOWN
          ? new ProviderException(
              ProviderException.Kind.UNAVAILABLE, String.valueOf(e.getMessage()), e)
          : e;
    }
  }

  @Override
  public Found find(
      Submission submission,
      Function<Collection<String>, List<String>> knownIds,
      Collection<String> customIds) {
    long oldest =
        submission.creatingAt().map(Instant::getEpochSecond).orElse(0L) - CLOCK_SKEW_SECONDS_MAX;
    String after = "";
    while (true) {
      BatchListParams.Builder params = BatchListParams.builder().limit(PAGE_BATCHES_MAX);
      if (!after.isEmpty()) {
        params.after(after);
      }
      BatchListPage page = call(() -> reading().batches().list(params.build()));
      for (Batch batch : page.data()) {
        Optional<String> owner =
            batch
                .metadata()
                .map(metadata -> metadata._additionalProperties().get(METADATA_KEY))
                .flatMap(JsonValue::asString);
        if (owner.isPresent() && owner.get().equals(submission.submissionId())) {
          return new Found.Batch(batch(batch));
        }
        if (batch.createdAt() < oldest) { // newest first: nothing of ours can follow
          return new Found.Absent();
        }
        after = batch.id();
      }
      if (page.data().isEmpty() || !page.hasNextPage()) {
        return new Found.Absent();
      }
    }
  }

  @Override
  public ProviderBatch status(String batchId) {
    return call(() -> batch(reading().batches().retrieve(batchId)));
  }

  private static ProviderBatch batch(Batch batch) {
    ProviderBatch.Progress progress =
        switch (batch.status().asString()) {
          case "completed", "expired", "cancelled" -> ProviderBatch.Progress.ENDED;
          case "failed" -> ProviderBatch.Progress.FAILED;
          default -> ProviderBatch.Progress.WORKING;
        };
    String failure =
        batch
            .errors()
            .flatMap(Batch.Errors::data)
            .filter(errors -> !errors.isEmpty())
            .map(
                errors ->
                    errors.get(0).code().orElse("error")
                        + errors.get(0).line().map(line -> " in line " + line).orElse("")
                        + ": "
                        + errors.get(0).message().orElse(""))
            .orElse(
                progress == ProviderBatch.Progress.FAILED ? "the provider gives no reason" : "");
    long worked =
        batch
            .finalizingAt()
            .or(batch::completedAt)
            .or(batch::expiredAt)
            .or(batch::cancelledAt)
            .orElse(batch.createdAt());
    return new ProviderBatch(
        batch.id(),
        batch.inputFileId(),
        progress,
        batch.requestCounts().map(counts -> counts.total()).orElse(0L),
        failure,
        Instant.ofEpochSecond(worked));
  }

  @Override
  public void results(String submissionId, ProviderBatch batch, Consumer<ResultLine> consumer) {
    Batch full = call(() -> reading().batches().retrieve(batch.id()));
    // A clean batch has an error file id of null or of "": both mean none.
    full.outputFileId()
        .filter(id -> !id.isBlank())
        .ifPresent(id -> readFile(submissionId, batch, id, consumer));
    full.errorFileId()
        .filter(id -> !id.isBlank())
        .ifPresent(id -> readFile(submissionId, batch, id, consumer));
  }

  @SuppressWarnings("MustBeClosedChecker") // closed by the caller's try
  private HttpResponse open(String fileId) {
    return call(() -> reading().files().content(fileId));
  }

  private void readFile(
      String submissionId, ProviderBatch batch, String fileId, Consumer<ResultLine> consumer) {
    try (HttpResponse response = open(fileId);
        BufferedReader reader =
            new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        if (!line.isBlank()) {
          consumer.accept(resultLine(submissionId, batch, line));
        }
      }
    } catch (IOException e) {
      throw new ProviderException(
          ProviderException.Kind.UNAVAILABLE, "the results of " + batch.id() + " broke off", e);
    }
  }

  static ResultLine resultLine(String submissionId, ProviderBatch batch, String text) {
    JsonNode line;
    try {
      line = JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw new ProviderException(
          ProviderException.Kind.UNAVAILABLE, "a result line of " + batch.id() + " broke off", e);
    }
    String customId = line.path("custom_id").asText();
    JsonNode response = line.path("response");
    int status = response.path("status_code").asInt(0);
    JsonNode body = response.path("body");
    Usage usage = usage(body.path("usage"));
    if (status < 200 || status >= 300) {
      // Not executed: error is set. Executed and refused: response.body.error is.
      JsonNode error = line.path("error").isObject() ? line.path("error") : body.path("error");
      String code = error.path("code").asText(error.path("type").asText("unknown"));
      return new ResultLine(
          submissionId,
          customId,
          "",
          false,
          usage,
          batch.workedAt(),
          Optional.of(
              code.equals("batch_expired") ? ErrorCode.REQUEST_EXPIRED : ErrorCode.REQUEST_ERRORED),
          "openai: " + code + (status > 0 ? " (" + status + ")" : ""));
    }
    JsonNode choice = body.path("choices").path(0);
    return new ResultLine(
        submissionId,
        customId,
        choice.path("message").path("content").asText(""),
        choice.path("finish_reason").asText().equals("length"),
        usage,
        batch.workedAt(),
        Optional.empty(),
        "");
  }

  /**
   * cached_tokens and cache_write_tokens are part of prompt_tokens here; our classes exclude one
   * another.
   */
  private static Usage usage(JsonNode usage) {
    long prompt = usage.path("prompt_tokens").asLong(0);
    JsonNode details = usage.path("prompt_tokens_details");
    long cached = details.path("cached_tokens").asLong(0);
    long written = details.path("cache_write_tokens").asLong(0);
    return new Usage(
        Math.max(0, prompt - cached - written),
        cached,
        written,
        0,
        usage.path("completion_tokens").asLong(0));
  }

  @Override
  public Optional<ProviderException> check() {
    try {
      call(() -> client.batches().list(BatchListParams.builder().limit(1).build()));
      return Optional.empty();
    } catch (ProviderException e) {
      return Optional.of(e);
    }
  }

  @Override
  public void close() {
    client.close();
  }
}
