package dev.nightjar.pipelines.submit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.openai.azure.credential.AzureApiKeyCredential;
import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonField;
import com.openai.core.JsonValue;
import com.openai.core.RequestOptions;
import com.openai.core.Timeout;
import com.openai.core.http.HttpResponse;
import com.openai.credential.BearerTokenCredential;
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
import dev.nightjar.cachestore.Submission;
import dev.nightjar.pipelines.model.ResultLine;
import dev.nightjar.pipelines.task.TierSpec;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * OpenAI's Files and Batches API, chat completions and responses. The submission's id travels in
 * the batch's metadata and in the upload's name.
 */
final class OpenAiClient implements ProviderClient {
  static final String METADATA_KEY = "nightjar_submission";

  static final ProviderKind KIND = kind(OpenAiProfile.OPENAI);
  static final ProviderKind AZURE = kind(OpenAiProfile.AZURE);
  static final ProviderKind GROQ = kind(OpenAiProfile.GROQ);
  static final ProviderKind DASHSCOPE = kind(OpenAiProfile.DASHSCOPE);

  private static final int PAGE_BATCHES_MAX = 100;
  private static final Duration POLL_RESPONSE = Duration.ofSeconds(2);
  private static final int PAGE_FILES_MAX = 10_000;
  private static final Duration TRANSFER_MAX = Duration.ofHours(2);

  /** OpenAI: "Limit: 2,000,000 enqueued tokens"; Azure: "the configured limit of 30K". */
  private static final Pattern QUEUE_LIMIT =
      Pattern.compile("(?:Limit: |configured limit of )([0-9,]+)([KMB]?)");

  private static ProviderKind kind(OpenAiProfile profile) {
    return new ProviderKind(
        profile.packing(),
        profile.queue(),
        8,
        profile.resultsKept(),
        true,
        settings -> true,
        task -> new OpenAiFormat(task, profile),
        (settings, apiKey) -> new OpenAiClient(profile, settings, apiKey));
  }

  private final OpenAiProfile profile;
  private final String name;
  private final String baseUrl;
  private final OpenAIClient client;
  private final RequestOptions transfer;
  private final ProviderSettings settings;
  private final RawHttp http;
  private final ProviderCalls calls;
  private final OnlineWays ways = new OnlineWays();

  private OpenAiClient(OpenAiProfile profile, ProviderSettings settings, String apiKey) {
    this.profile = profile;
    this.name = profile.provider().label();
    this.settings = settings;
    this.baseUrl = settings.baseUrl(profile.provider()) + profile.path();
    this.client =
        OpenAIOkHttpClient.builder()
            .baseUrl(baseUrl)
            .credential(
                profile.isBearer()
                    ? BearerTokenCredential.create(apiKey)
                    : AzureApiKeyCredential.create(apiKey))
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
    this.http =
        new RawHttp(
            name,
            Map.of(profile.keyHeader(), (profile.isBearer() ? "Bearer " : "") + apiKey),
            settings.callMax());
    this.calls = new ProviderCalls(name, settings.waitMax());
  }

  private <T> T reading(Supplier<T> call) {
    return calls.reading(() -> translated(call));
  }

  private <T> T translated(Supplier<T> call) {
    try {
      return call.get();
    } catch (OpenAIServiceException e) {
      JsonNode said = e.body().convert(JsonNode.class);
      if (said != null && AccountStop.isIn(e.statusCode(), said)) {
        throw http.accountStopped(e.statusCode(), e.code().or(e::type).orElse(""));
      }
      // The message may quote the key or the prompt; status, type and code do not.
      throw ProviderException.ofStatus(
          name,
          e.statusCode(),
          e.code().or(e::type).orElse(""),
          e.headers().values("Retry-After").stream().findFirst().flatMap(RawHttp::seconds),
          e);
    } catch (OpenAIException e) {
      throw ProviderException.ofFailure(name, e);
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
    body.put(
        "endpoint",
        tier.api() == TierSpec.Api.RESPONSES ? OpenAiFormat.url(tier) : profile.createEndpoint());
    body.put("completion_window", profile.window());
    body.putObject("metadata").put(METADATA_KEY, submission.submissionId());
    if (profile == OpenAiProfile.AZURE) { // which has room for 500 files that do not expire
      body.putObject("output_expires_after")
          .put("anchor", "created_at")
          .put("seconds", profile.resultsKept().toSeconds());
    }
    return calls.once(
        () -> {
          var response = http.send(http.post(baseUrl + "/batches", body.toString()).build());
          if (response.statusCode() == 400 && response.body().contains("Cannot find file")) {
            throw new ProviderException(
                ProviderException.Kind.UPLOAD_MISSING,
                name + " does not see the uploaded file yet",
                null);
          }
          JsonNode batch = http.json(http.answered(response).body());
          return ProviderBatch.working(http.id(batch, "id"), 0, Instant.EPOCH);
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
            batch -> isOf(batch, submission) && knownIds.apply(List.of(batch.id())).isEmpty())
        .<Found>map(batch -> new Found.Batch(batch(batch)))
        .orElseGet(Found.Absent::new);
  }

  /** Not all keep metadata; each upload is of one submission, and of one batch. */
  private static boolean isOf(Batch batch, Submission submission) {
    return submissionId(batch)
        .map(submission.submissionId()::equals)
        .orElseGet(
            () ->
                submission.inputFileId().isPresent()
                    && submission.inputFileId().equals(batch._inputFileId().asKnown()));
  }

  @Override
  public void forEachBatch(Instant since, Consumer<Listed> consumer) {
    Map<String, String> uploads = new LinkedHashMap<>();
    firstBatch(
        since,
        batch -> {
          Optional<String> id = submissionId(batch);
          if (id.isEmpty() && uploads.isEmpty()) {
            uploads.putAll(uploads());
          }
          id.or(() -> batch._inputFileId().asKnown().map(uploads::get))
              .ifPresent(
                  known ->
                      consumer.accept(
                          new Listed(
                              batch.id(),
                              Optional.of(known),
                              time(batch._createdAt()).orElse(since))));
          return false;
        });
  }

  /** Seconds, as OpenAI counts them, or a time in words. */
  private static Optional<Instant> time(JsonField<Long> field) {
    return field
        .asKnown()
        .map(Instant::ofEpochSecond)
        .or(() -> field.asString().flatMap(OpenAiClient::parsed));
  }

  private static Optional<Instant> parsed(String time) {
    try {
      return Optional.of(OffsetDateTime.parse(time).toInstant());
    } catch (DateTimeParseException e) {
      return Optional.empty();
    }
  }

  private static Optional<String> submissionId(Batch batch) {
    return batch
        .metadata()
        .map(metadata -> metadata._additionalProperties().get(METADATA_KEY))
        .flatMap(JsonValue::asString);
  }

  /** The newest batch that is wanted, of those that are not older than they may be. */
  private Optional<Batch> firstBatch(Instant since, Predicate<Batch> wanted) {
    Instant oldest = since.truncatedTo(ChronoUnit.SECONDS);
    Optional<String> next = Optional.of("");
    while (next.isPresent()) {
      BatchListParams.Builder params = BatchListParams.builder().limit(PAGE_BATCHES_MAX);
      if (!next.get().isEmpty()) {
        if (profile.pages() == OpenAiProfile.Pages.CURSOR) {
          params.putAdditionalQueryParam("cursor", next.get());
        } else {
          params.after(next.get());
        }
      }
      BatchListPage page = reading(() -> client.batches().list(params.build()));
      for (Batch batch : page.data()) {
        if (wanted.test(batch)) {
          return Optional.of(batch);
        }
        if (time(batch._createdAt()).filter(at -> at.isBefore(oldest)).isPresent()) {
          return Optional.empty(); // newest first: nothing of ours can follow
        }
      }
      next = next(page);
    }
    return Optional.empty();
  }

  private Optional<String> next(BatchListPage page) {
    if (profile.pages() == OpenAiProfile.Pages.CURSOR) {
      JsonValue paging = page.response()._additionalProperties().get("paging");
      JsonNode fields = paging == null ? null : paging.convert(JsonNode.class);
      return Optional.ofNullable(fields)
          .map(node -> node.path("next_cursor").asText(""))
          .filter(cursor -> !cursor.isEmpty());
    }
    return page.data().isEmpty() || !page.hasNextPage()
        ? Optional.empty()
        : Optional.of(page.data().get(page.data().size() - 1).id());
  }

  @Override
  public ProviderBatch status(String batchId) {
    return batch(reading(() -> client.batches().retrieve(batchId)));
  }

  private ProviderBatch batch(Batch batch) {
    // Azure counts null until it has validated.
    long requests = batch.requestCounts().flatMap(c -> c._total().asKnown()).orElse(0L);
    long answered = batch.requestCounts().flatMap(c -> c._completed().asKnown()).orElse(0L);
    Instant workedAt =
        Stream.of(
                batch._finalizingAt(),
                batch._completedAt(),
                batch._expiredAt(),
                batch._cancelledAt())
            .flatMap(field -> time(field).stream())
            .findFirst()
            .or(() -> time(batch._createdAt()))
            .orElse(Instant.EPOCH);
    return switch (batch.status().asString().toLowerCase(Locale.ROOT)) {
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

  private ProviderBatch failed(Batch batch, long requests, Instant workedAt) {
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
            ? Optional.of(
                Long.parseLong(limit.group(1).replace(",", ""))
                    * switch (limit.group(2)) {
                      case "K" -> 1_000;
                      case "M" -> 1_000_000;
                      case "B" -> 1_000_000_000;
                      default -> 1;
                    })
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
                      line -> OpenAiFormat.resultLine(name, submissionId, line, batch.workedAt()),
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
    ProviderException.unlessGone(() -> reading(() -> client.files().delete(fileId)));
  }

  @Override
  public void deleteBatch(String batchId, Optional<String> inputFileId) {
    inputFileId.ifPresent(this::deleteUpload);
    ProviderException.unlessGone(
        () -> {
          Batch full = reading(() -> client.batches().retrieve(batchId));
          for (Optional<String> file : List.of(full.outputFileId(), full.errorFileId())) {
            file.filter(id -> !id.isBlank()).ifPresent(this::deleteUpload);
          }
        });
  }

  @Override
  public Response ask(
      TierSpec tier, String line, Duration left, int turns, Consumer<String> accepted) {
    JsonNode request = http.json(line).path("body");
    return ways.ask(
        tier,
        left,
        turns,
        way ->
            ask(
                tier,
                way,
                request.deepCopy(),
                way.waitMax(left, settings.answerMax(tier.outputTokensMax())),
                accepted));
  }

  @Override
  public Duration patience(TierSpec tier, Duration left, Duration otherwise) {
    return OnlineWay.patience(tier, left, otherwise, settings.callMax());
  }

  private Response ask(
      TierSpec tier, OnlineWay way, ObjectNode body, Duration whole, Consumer<String> accepted) {
    if (profile == OpenAiProfile.OPENAI) {
      // Unasked, a project may make a dearer one its own default.
      body.put("service_tier", way == OnlineWay.FLEX ? "flex" : "default");
    }
    if (tier.api() == TierSpec.Api.RESPONSES) {
      return askInBackground(way, body, whole, accepted);
    }
    body.put("stream", true).putObject("stream_options").put("include_usage", true);
    return calls.once(
        () ->
            http.streamed(
                http.post(baseUrl + "/chat/completions", body.toString()).timeout(whole).build(),
                StreamedAnswer.chat()));
  }

  /**
   * Only the creation can be lost: from then on the answer has a name, and is kept for a while. One
   * that takes its time, or is not seen when it should be there, is the collector's to fetch.
   */
  private Response askInBackground(
      OnlineWay way, ObjectNode body, Duration whole, Consumer<String> accepted) {
    body.put("background", true);
    body.put("store", true); // else it is kept for ten minutes only
    String window = way == OnlineWay.WITHIN_8H ? "8h" : way == OnlineWay.WITHIN_2H ? "2h" : "";
    if (!window.isEmpty()) {
      body.putObject("background_options").put("completion_window", window);
      // An answer does not say by which window it came; what it was sent with it gives back.
      body.putObject("metadata").put(OpenAiFormat.WINDOW_KEY, window);
    }
    Response created =
        calls.once(
            () ->
                RawHttp.response(
                    http.send(http.post(baseUrl + "/responses", body.toString()).build())));
    if (created.status() / 100 != 2) {
      return created;
    }
    String id = http.id(http.json(created.body()), "id");
    accepted.accept(id);
    if (way != OnlineWay.STANDARD) {
      return Response.ACCEPTED;
    }
    try {
      return calls.awaiting(() -> retrieve(id), POLL_RESPONSE, whole).orElse(Response.ACCEPTED);
    } catch (ProviderException e) { // of a look; it is worked on all the same
      return Response.ACCEPTED;
    }
  }

  @Override
  public Optional<Response> retrieve(String responseId) {
    JsonNode response =
        calls.reading(
            () -> http.json(http.request(baseUrl + "/responses/" + responseId).GET().build()));
    Optional<Response> fetched = fetched(response);
    if (fetched.filter(Response::hadNoRoom).isPresent()
        && response.path("service_tier").asText().equals("flex")) {
      ways.wasFull(response.path("model").asText());
    }
    return fetched;
  }

  /** What a response in the background has come to; empty while it is worked on. */
  static Optional<Response> fetched(JsonNode response) {
    return switch (response.path("status").asText()) {
      case "queued", "in_progress" -> Optional.empty();
      // An error's status, so that it is read as one; what it was billed is in its usage.
      case "failed", "cancelled" -> {
        String code = response.at("/error/code").asText("");
        boolean hadNoRoom =
            !response.path("usage").isObject()
                && (code.equals("resource_unavailable") || code.equals("rate_limit_exceeded"));
        yield Optional.of(
            new Response(
                hadNoRoom ? Response.NO_ROOM_STATUS : 500,
                withError(response).toString(),
                Optional.empty()));
      }
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
    return onlineResult(name, submissionId, request);
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
    return calls.reading(() -> http.date(baseUrl + "/batches?limit=1"));
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
