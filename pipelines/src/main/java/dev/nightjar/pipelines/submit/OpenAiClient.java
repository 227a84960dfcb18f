package dev.nightjar.pipelines.submit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.core.RequestOptions;
import com.openai.core.Timeout;
import com.openai.core.http.HttpResponse;
import com.openai.errors.OpenAIException;
import com.openai.errors.OpenAIServiceException;
import com.openai.models.batches.Batch;
import com.openai.models.batches.BatchListPage;
import com.openai.models.batches.BatchListParams;
import com.openai.models.files.FileContentParams;
import com.openai.models.files.FileCreateParams;
import com.openai.models.files.FileListPage;
import com.openai.models.files.FileListParams;
import com.openai.models.files.FileObject;
import com.openai.models.files.FilePurpose;
import dev.nightjar.cachestore.Ending;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.OnlineRequest;
import dev.nightjar.cachestore.PackingLimits;
import dev.nightjar.cachestore.QueueLimits;
import dev.nightjar.cachestore.Submission;
import dev.nightjar.pipelines.model.Provider;
import dev.nightjar.pipelines.model.ResultLine;
import dev.nightjar.pipelines.task.TierSpec;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * OpenAI's Files and Batches API, chat completions and responses. The submission's id travels in
 * the batch's metadata and in the upload's name.
 */
final class OpenAiClient implements ProviderClient {
  static final String METADATA_KEY = "nightjar_submission";

  static final ProviderKind KIND =
      new ProviderKind(
          // 50,000 requests, 200 MB and one model a file. Queues are not published: 2,000,000
          // tokens were seen for small models, and what a refusal says is learnt.
          new PackingLimits(50_000, 190L << 20, 40_000_000),
          new QueueLimits(500, 1_900, 1_000_000_000),
          8,
          Duration.ofDays(30),
          true,
          settings -> true,
          OpenAiFormat::new,
          OpenAiClient::new);

  private static final String NAME = Provider.OPENAI.label();
  private static final int PAGE_BATCHES_MAX = 100;
  private static final Duration POLL_RESPONSE = Duration.ofSeconds(2);
  private static final int PAGE_FILES_MAX = 10_000;
  private static final Duration TRANSFER_MAX = Duration.ofHours(2);
  private static final Pattern QUEUE_LIMIT = Pattern.compile("Limit: ([0-9,]+) enqueued tokens");

  private final String baseUrl;
  private final OpenAIClient client;
  private final RequestOptions transfer;
  private final ProviderSettings settings;
  private final RawHttp http;
  private final ProviderCalls calls;

  private OpenAiClient(ProviderSettings settings, String apiKey) {
    this.settings = settings;
    this.baseUrl = settings.baseUrl(Provider.OPENAI);
    this.client =
        OpenAIOkHttpClient.builder()
            .baseUrl(baseUrl + "/v1")
            .apiKey(apiKey)
            .timeout(settings.callMax())
            .maxRetries(0) // ProviderCalls decides
            .build();
    // 190 MB take their time; what must not happen is that nothing moves.
    this.transfer =
        RequestOptions.builder()
            .timeout(
                Timeout.builder()
                    .read(settings.callMax())
                    .write(settings.callMax())
                    .request(TRANSFER_MAX)
                    .build())
            .build();
    this.http = new RawHttp(NAME, Map.of("Authorization", "Bearer " + apiKey), settings.callMax());
    this.calls = new ProviderCalls(NAME, settings.waitMax());
  }

  private <T> T reading(Supplier<T> call) {
    return calls.reading(() -> translated(call));
  }

  private static <T> T translated(Supplier<T> call) {
    try {
      return call.get();
    } catch (OpenAIServiceException e) {
      if (AccountStop.isOne(e.code().orElse("")) || AccountStop.isOne(e.type().orElse(""))) {
        throw new ProviderException(
            ProviderException.Kind.ACCOUNT_STOPPED,
            NAME + " answered " + e.statusCode() + " (" + e.code().or(e::type).orElse("") + ")",
            e);
      }
      // The message may quote the key or the prompt; status, type and code do not.
      throw ProviderException.ofStatus(
          NAME,
          e.statusCode(),
          e.code().or(e::type).orElse(""),
          e.headers().values("Retry-After").stream().findFirst().flatMap(RawHttp::seconds),
          e);
    } catch (OpenAIException e) {
      throw ProviderException.ofFailure(NAME, e);
    }
  }

  @Override
  public boolean uploads(Submission submission) {
    return true;
  }

  /** An upload costs nothing: if its outcome is unknown it is simply made again. */
  @Override
  public String upload(Submission submission, Path requests) {
    return reading(
        () ->
            client
                .files()
                .create(
                    FileCreateParams.builder()
                        .file(requests) // streamed; its name is the submission's
                        .purpose(FilePurpose.BATCH)
                        .build(),
                    transfer)
                .id());
  }

  @Override
  public ProviderBatch create(Submission submission, TierSpec tier, Optional<Path> requests) {
    ObjectNode body = RawHttp.JSON.createObjectNode();
    body.put("input_file_id", submission.inputFileId().orElseThrow());
    body.put("endpoint", OpenAiFormat.url(tier));
    body.put("completion_window", "24h");
    body.putObject("metadata").put(METADATA_KEY, submission.submissionId());
    return calls.once(
        () -> {
          var response = http.send(http.post(baseUrl + "/v1/batches", body.toString()).build());
          if (response.statusCode() == 400 && response.body().contains("Cannot find file")) {
            throw new ProviderException(
                ProviderException.Kind.UPLOAD_MISSING,
                "openai does not see the uploaded file yet",
                null);
          }
          JsonNode batch = http.json(http.answered(response).body());
          return ProviderBatch.working(
              http.id(batch, "id"), 0, Instant.ofEpochSecond(batch.path("created_at").asLong()));
        });
  }

  @Override
  public Found find(
      Submission submission,
      Instant since,
      Function<Collection<String>, List<String>> knownIds,
      Collection<String> customIds) {
    return firstBatch(
            since,
            batch ->
                submissionId(batch).equals(Optional.of(submission.submissionId()))
                    && knownIds.apply(List.of(batch.id())).isEmpty())
        .<Found>map(batch -> new Found.Batch(batch(batch)))
        .orElseGet(Found.Absent::new);
  }

  @Override
  public void forEachBatch(Instant since, Consumer<Listed> consumer) {
    firstBatch(
        since,
        batch -> {
          submissionId(batch)
              .ifPresent(
                  id ->
                      consumer.accept(
                          new Listed(
                              batch.id(),
                              Optional.of(id),
                              Instant.ofEpochSecond(batch.createdAt()))));
          return false;
        });
  }

  private static Optional<String> submissionId(Batch batch) {
    return batch
        .metadata()
        .map(metadata -> metadata._additionalProperties().get(METADATA_KEY))
        .flatMap(JsonValue::asString);
  }

  /** The newest batch that is wanted, of those that are not older than they may be. */
  private Optional<Batch> firstBatch(Instant since, Predicate<Batch> wanted) {
    long oldest = since.getEpochSecond();
    String after = "";
    while (true) {
      BatchListParams.Builder params = BatchListParams.builder().limit(PAGE_BATCHES_MAX);
      if (!after.isEmpty()) {
        params.after(after);
      }
      BatchListPage page = reading(() -> client.batches().list(params.build()));
      for (Batch batch : page.data()) {
        if (wanted.test(batch)) {
          return Optional.of(batch);
        }
        if (batch.createdAt() < oldest) { // newest first: nothing of ours can follow
          return Optional.empty();
        }
        after = batch.id();
      }
      if (page.data().isEmpty() || !page.hasNextPage()) {
        return Optional.empty();
      }
    }
  }

  @Override
  public ProviderBatch status(String batchId) {
    return batch(reading(() -> client.batches().retrieve(batchId)));
  }

  private static ProviderBatch batch(Batch batch) {
    long requests = batch.requestCounts().map(counts -> counts.total()).orElse(0L);
    long answered = batch.requestCounts().map(counts -> counts.completed()).orElse(0L);
    Instant workedAt =
        Instant.ofEpochSecond(
            batch
                .finalizingAt()
                .or(batch::completedAt)
                .or(batch::expiredAt)
                .or(batch::cancelledAt)
                .orElse(batch.createdAt()));
    return switch (batch.status().asString()) {
      case "completed" ->
          ProviderBatch.ended(batch.id(), Ending.COMPLETED, requests, answered, workedAt);
      case "expired" ->
          ProviderBatch.ended(batch.id(), Ending.EXPIRED, requests, answered, workedAt);
      case "cancelled" ->
          ProviderBatch.ended(batch.id(), Ending.CANCELLED, requests, answered, workedAt);
      case "failed" -> failed(batch, requests, workedAt);
      default -> ProviderBatch.working(batch.id(), requests, workedAt);
    };
  }

  private static ProviderBatch failed(Batch batch, long requests, Instant workedAt) {
    Optional<com.openai.models.batches.BatchError> first =
        batch.errors().flatMap(Batch.Errors::data).flatMap(all -> all.stream().findFirst());
    String code = first.flatMap(error -> error.code()).orElse("error");
    String message = first.flatMap(error -> error.message()).orElse("the provider gives no reason");
    String line = first.flatMap(error -> error.line()).map(n -> " in line " + n).orElse("");
    boolean queueFull = code.equals("token_limit_exceeded");
    Matcher limit = QUEUE_LIMIT.matcher(message);
    return ProviderBatch.failed(
        batch.id(),
        requests,
        code + line + ": " + message,
        queueFull
            ? ErrorCode.QUEUE_FULL
            : AccountStop.isOne(code) ? ErrorCode.PROVIDER_ACCOUNT_STOPPED : ErrorCode.BATCH_FAILED,
        queueFull && limit.find()
            ? Optional.of(Long.parseLong(limit.group(1).replace(",", "")))
            : Optional.empty(),
        workedAt);
  }

  @Override
  public void results(
      String submissionId,
      ProviderBatch batch,
      Consumer<ResultLine> consumer,
      Consumer<String> unreadable) {
    Batch full = reading(() -> client.batches().retrieve(batch.id()));
    // A clean batch has an error file id of null or of "": both mean none.
    for (Optional<String> file : List.of(full.outputFileId(), full.errorFileId())) {
      file.filter(id -> !id.isBlank())
          .ifPresent(
              id ->
                  ResumingLines.forEachLine(
                      calls,
                      offset -> open(id, offset),
                      line -> OpenAiFormat.resultLine(NAME, submissionId, line, batch.workedAt()),
                      consumer,
                      unreadable));
    }
  }

  @SuppressWarnings("MustBeClosedChecker") // its body is closed by the reader
  private ResumingLines.Body open(String fileId, long offset) {
    return translated(
        () -> {
          FileContentParams.Builder params = FileContentParams.builder().fileId(fileId);
          if (offset > 0) {
            params.putAdditionalHeader("Range", "bytes=" + offset + "-");
          }
          HttpResponse response = client.files().content(params.build(), transfer);
          return new ResumingLines.Body(response.body(), response.statusCode() == 206);
        });
  }

  @Override
  public void cancel(String batchId) {
    calls.once(() -> translated(() -> client.batches().cancel(batchId)));
  }

  @Override
  public Map<String, String> uploads() {
    Map<String, String> uploads = new LinkedHashMap<>();
    FileListPage page =
        reading(
            () ->
                client
                    .files()
                    .list(
                        FileListParams.builder()
                            .purpose(FilePurpose.BATCH.asString())
                            .limit(PAGE_FILES_MAX)
                            .build()));
    while (true) {
      for (FileObject file : page.data()) {
        UploadName.submissionId(file.filename()).ifPresent(id -> uploads.put(file.id(), id));
      }
      if (page.data().isEmpty() || !page.hasNextPage()) {
        return uploads;
      }
      FileListPage last = page;
      page = reading(last::nextPage);
    }
  }

  @Override
  public void deleteUpload(String fileId) {
    try {
      reading(() -> client.files().delete(fileId));
    } catch (ProviderException e) {
      if (e.kind() != ProviderException.Kind.REFUSED) { // 404: gone already
        throw e;
      }
    }
  }

  @Override
  public Response ask(TierSpec tier, String line, Consumer<String> accepted) {
    ObjectNode body = (ObjectNode) http.json(line).path("body");
    body.put("service_tier", "default"); // a project may make a dearer one its own default
    Duration whole = settings.answerMax(tier.outputTokensMax());
    if (tier.api() == TierSpec.Api.RESPONSES) {
      return askInBackground(body, whole, accepted);
    }
    body.put("stream", true).putObject("stream_options").put("include_usage", true);
    return calls.once(
        () ->
            http.streamed(
                http.post(baseUrl + OpenAiFormat.CHAT_URL, body.toString()).timeout(whole).build(),
                StreamedAnswer.chat()));
  }

  /** Only the creation can be lost: from then on the answer has a name, and is kept for a while. */
  private Response askInBackground(ObjectNode body, Duration whole, Consumer<String> accepted) {
    body.put("background", true);
    body.put("store", true); // else it is kept for ten minutes only
    Response created =
        calls.once(
            () ->
                RawHttp.response(
                    http.send(
                        http.post(baseUrl + OpenAiFormat.RESPONSES_URL, body.toString()).build())));
    if (created.status() / 100 != 2) {
      return created;
    }
    String id = http.id(http.json(created.body()), "id");
    accepted.accept(id);
    Optional<Response> answer;
    try {
      answer = calls.awaiting(() -> retrieve(id), POLL_RESPONSE, whole);
    } catch (ProviderException e) {
      throw e.as(ProviderException.Kind.OUTCOME_UNKNOWN); // of a look; it is worked on all the same
    }
    return answer.orElseThrow(
        () ->
            new ProviderException(
                ProviderException.Kind.OUTCOME_UNKNOWN,
                "openai is still at work on " + id + " after " + whole.toSeconds() + " s",
                null));
  }

  @Override
  public Optional<Response> retrieve(String responseId) {
    JsonNode response =
        calls.reading(
            () ->
                http.json(
                    http.request(baseUrl + OpenAiFormat.RESPONSES_URL + "/" + responseId)
                        .GET()
                        .build()));
    return switch (response.path("status").asText()) {
      case "queued", "in_progress" -> Optional.empty();
      // An error's status, so that it is read as one; what it was billed is in its usage.
      case "failed", "cancelled" ->
          Optional.of(new Response(500, withError(response).toString(), Optional.empty()));
      default -> Optional.of(new Response(200, response.toString(), Optional.empty()));
    };
  }

  private static JsonNode withError(JsonNode response) {
    if (!response.path("error").isObject()) {
      ((ObjectNode) response).putObject("error").set("code", response.path("status"));
    }
    return response;
  }

  @Override
  public ResultLine onlineResult(String submissionId, OnlineRequest request) {
    return onlineResult(NAME, submissionId, request);
  }

  static ResultLine onlineResult(String provider, String submissionId, OnlineRequest request) {
    ObjectNode line = RawHttp.JSON.createObjectNode();
    line.put("custom_id", request.customId());
    ObjectNode response = line.putObject("response");
    response.put("status_code", request.status().orElseThrow());
    response.set("body", RawHttp.lenient(request.body().orElseThrow()));
    return OpenAiFormat.resultLine(
        provider, submissionId, line, request.answeredAt().orElseThrow());
  }

  @Override
  public Optional<Instant> time() {
    return calls.reading(() -> http.date(baseUrl + "/v1/batches?limit=1"));
  }

  @Override
  public Optional<ProviderException> check() {
    try {
      translated(() -> client.batches().list(BatchListParams.builder().limit(1).build()));
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
