package dev.nightjar.pipelines.submit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nightjar.cachestore.Ending;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.OnlineRequest;
import dev.nightjar.cachestore.PackingLimits;
import dev.nightjar.cachestore.QueueLimits;
import dev.nightjar.cachestore.Served;
import dev.nightjar.cachestore.Submission;
import dev.nightjar.cachestore.Usage;
import dev.nightjar.pipelines.model.AnswerEnd;
import dev.nightjar.pipelines.model.CacheTtl;
import dev.nightjar.pipelines.model.Effort;
import dev.nightjar.pipelines.model.ModelTraits;
import dev.nightjar.pipelines.model.Provider;
import dev.nightjar.pipelines.model.ResultLine;
import dev.nightjar.pipelines.task.TaskSpec;
import dev.nightjar.pipelines.task.TierSpec;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The Gemini Developer API's batch mode, in its wire format: small batches inline, larger ones as
 * an uploaded file. The submission's id is the batch's display name.
 *
 * <p>Google's SDK is not used: it repeats a create up to five times by default, has no time limit,
 * and holds a file in memory.
 */
final class GeminiClient implements ProviderClient {
  static final ProviderKind KIND =
      new ProviderKind(
          new PackingLimits(50_000, 1L << 30, 1_000_000_000), // a file may have 2 GB
          new QueueLimits(90, 100_000, 1_000_000_000), // 100 concurrent batches
          8,
          Duration.ofDays(2),
          true,
          settings -> true,
          Format::new,
          GeminiClient::new);

  /** The API allows 20 MB inline; results of inline batches come in one body, hence less. */
  static final long INLINE_BYTES_MAX = 4L << 20;

  private static final int INLINE_REQUESTS_MAX = 500;

  private static final String NAME = Provider.GEMINI.label();
  private static final String UPLOAD_TYPE = "application/jsonl";
  private static final int PAGE_MAX = 100;

  /** As {@link dev.nightjar.pipelines.batch.PackSubmissions} names them. */
  private static final Pattern SUBMISSION_ID = Pattern.compile("sub_[0-9a-f-]{36}");

  /** The requests of one task. */
  private static final class Format implements RequestFormat {
    private final String system;
    private final ProviderSchema schema;

    Format(TaskSpec task) {
      this.system = task.system();
      this.schema = ProviderSchema.gemini(ProviderSchema.of(task));
    }

    @Override
    public ObjectNode line(TierSpec tier, String customId, String prompt, @Nullable CacheTtl mark) {
      ObjectNode line = JsonNodeFactory.instance.objectNode();
      line.put("key", customId);
      ObjectNode request = line.putObject("request");
      request.putObject("systemInstruction").putArray("parts").addObject().put("text", system);
      ObjectNode content = request.putArray("contents").addObject();
      content.put("role", "user").putArray("parts").addObject().put("text", prompt);
      ObjectNode config = request.putObject("generationConfig");
      config.put("maxOutputTokens", tier.outputTokensMax());
      config.put("responseMimeType", "application/json");
      putEffort(tier, config);
      schema.schema().ifPresent(taken -> config.set("responseJsonSchema", taken));
      return line;
    }

    private static void putEffort(TierSpec tier, ObjectNode config) {
      Effort effort = tier.effort();
      if (effort == null) {
        return;
      }
      if (tier.traits().map(ModelTraits::control).equals(Optional.of(ModelTraits.Control.BUDGET))) {
        config.putObject("thinkingConfig").put("thinkingBudget", budget(tier, effort));
      } else {
        config.putObject("thinkingConfig").put("thinkingLevel", effort.name());
      }
    }

    /** As Google's OpenAI-compatible interface turns efforts into budgets. */
    private static int budget(TierSpec tier, Effort effort) {
      return switch (effort) {
        case NONE -> 0;
        case MINIMAL -> tier.traits().orElseThrow().efforts().contains(Effort.NONE) ? 512 : 128;
        case LOW -> 1_024;
        case MEDIUM -> 8_192;
        case HIGH, XHIGH, MAX -> 24_576;
      };
    }

    @Override
    public Set<String> unenforced(TierSpec tier) {
      return schema.unenforced();
    }
  }

  private final String api;
  private final String uploadApi;
  private final ProviderSettings settings;
  private final RawHttp http;
  private final ProviderCalls calls;
  private final OnlineWays ways = new OnlineWays();

  private GeminiClient(ProviderSettings settings, String apiKey) {
    this.settings = settings;
    String baseUrl = settings.baseUrl(Provider.GEMINI);
    this.api = baseUrl + "/v1beta";
    this.uploadApi = baseUrl + "/upload/v1beta";
    this.http = new RawHttp(NAME, Map.of("x-goog-api-key", apiKey), settings.callMax());
    this.calls = new ProviderCalls(NAME, settings.waitMax());
  }

  private JsonNode get(String path) {
    return calls.reading(() -> http.json(http.request(api + "/" + path).GET().build()));
  }

  @Override
  public boolean uploads(Submission submission) {
    return submission.requestBytes() > INLINE_BYTES_MAX
        || submission.requests() > INLINE_REQUESTS_MAX;
  }

  /** An upload costs nothing: if its outcome is unknown it is simply made again. */
  @Override
  public String upload(Submission submission, Path requests) {
    return calls.reading(
        () -> {
          ObjectNode file = RawHttp.JSON.createObjectNode();
          file.putObject("file").put("displayName", UploadName.of(submission.submissionId()));
          HttpResponse<String> started =
              http.answered(
                  http.send(
                      http.post(uploadApi + "/files", file.toString())
                          .header("X-Goog-Upload-Protocol", "resumable")
                          .header("X-Goog-Upload-Command", "start")
                          .header(
                              "X-Goog-Upload-Header-Content-Length", Long.toString(size(requests)))
                          .header("X-Goog-Upload-Header-Content-Type", UPLOAD_TYPE)
                          .build()));
          String address =
              started
                  .headers()
                  .firstValue("X-Goog-Upload-URL")
                  .orElseThrow(
                      () ->
                          new ProviderException(
                              ProviderException.Kind.OUTCOME_UNKNOWN,
                              "gemini named no address for the upload",
                              null));
          return http.json(
                  http.request(address)
                      .timeout(http.limitFor(size(requests)))
                      .header("X-Goog-Upload-Command", "upload, finalize")
                      .header("X-Goog-Upload-Offset", "0")
                      .POST(body(requests))
                      .build())
              .path("file")
              .path("name")
              .asText();
        });
  }

  private static long size(Path file) {
    try {
      return Files.size(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static HttpRequest.BodyPublisher body(Path file) {
    try {
      return HttpRequest.BodyPublishers.ofFile(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public ProviderBatch create(Submission submission, TierSpec tier, Optional<Path> requests) {
    ObjectNode body = RawHttp.JSON.createObjectNode();
    ObjectNode batch = body.putObject("batch");
    batch.put("displayName", submission.submissionId());
    ObjectNode input = batch.putObject("inputConfig");
    if (submission.inputFileId().isPresent()) {
      input.put("fileName", submission.inputFileId().get());
    } else {
      inline(requests.orElseThrow(), input.putObject("requests").putArray("requests"));
    }
    return calls.once(
        () -> {
          HttpResponse<String> answer =
              http.send(
                  http.post(
                          api
                              + "/models/"
                              + URLEncoder.encode(tier.model(), StandardCharsets.UTF_8)
                              + ":batchGenerateContent",
                          body.toString())
                      .build());
          // Files are kept for two days, and one that is gone is "forbidden"; so is a model that
          // the key may not use.
          if ((answer.statusCode() == 403 || answer.statusCode() == 404)
              && submission.inputFileId().filter(this::isGone).isPresent()) {
            throw new ProviderException(
                ProviderException.Kind.UPLOAD_MISSING,
                "gemini does not have the uploaded file any more",
                null);
          }
          JsonNode operation = http.json(http.answered(answer).body());
          http.id(operation, "name");
          return batch(operation);
        });
  }

  private boolean isGone(String file) {
    int status = http.send(http.request(api + "/" + file).GET().build()).statusCode();
    return status == 403 || status == 404;
  }

  private void inline(Path requests, ArrayNode inlined) {
    try (BufferedReader lines = Files.newBufferedReader(requests)) {
      for (String text = lines.readLine(); text != null; text = lines.readLine()) {
        JsonNode line = http.json(text);
        ObjectNode entry = inlined.addObject();
        entry.set("request", line.path("request"));
        entry.putObject("metadata").put("key", line.path("key").asText());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public Found find(
      Submission submission,
      Instant since,
      Function<Collection<String>, List<String>> knownIds,
      Collection<String> customIds) {
    return firstBatch(
            operation ->
                submissionId(operation).equals(submission.submissionId())
                    && knownIds.apply(List.of(operation.path("name").asText())).isEmpty())
        .<Found>map(operation -> new Found.Batch(batch(operation)))
        .orElseGet(Found.Absent::new);
  }

  @Override
  public void forEachBatch(Instant since, Consumer<Listed> consumer) {
    firstBatch(
        operation -> {
          String id = submissionId(operation);
          String created = operation.path("metadata").path("createTime").asText("");
          Instant createdAt = created.isEmpty() ? Instant.EPOCH : Instant.parse(created);
          if (SUBMISSION_ID.matcher(id).matches() && !createdAt.isBefore(since)) {
            consumer.accept(
                new Listed(operation.path("name").asText(), Optional.of(id), createdAt));
          }
          return false; // it states no order
        });
  }

  private static String submissionId(JsonNode operation) {
    return operation.path("metadata").path("displayName").asText();
  }

  private Optional<JsonNode> firstBatch(Predicate<JsonNode> wanted) {
    String pageToken = "";
    while (true) {
      JsonNode page = get("batches?pageSize=" + PAGE_MAX + token(pageToken));
      for (JsonNode operation : page.path("operations")) {
        if (wanted.test(operation)) {
          return Optional.of(operation);
        }
      }
      pageToken = page.path("nextPageToken").asText("");
      if (pageToken.isEmpty()) {
        return Optional.empty();
      }
    }
  }

  private static String token(String pageToken) {
    return pageToken.isEmpty()
        ? ""
        : "&pageToken=" + URLEncoder.encode(pageToken, StandardCharsets.UTF_8);
  }

  @Override
  public ProviderBatch status(String batchId) {
    return batch(get(batchId));
  }

  private static ProviderBatch batch(JsonNode operation) {
    JsonNode metadata = operation.path("metadata");
    String id = operation.path("name").asText();
    long requests = metadata.path("batchStats").path("requestCount").asLong(0);
    String time =
        metadata
            .path("endTime")
            .asText(metadata.path("updateTime").asText(metadata.path("createTime").asText("")));
    Instant at = time.isEmpty() ? Instant.EPOCH : Instant.parse(time);
    return switch (metadata.path("state").asText().replaceFirst("^(BATCH|JOB)_STATE_", "")) {
      case "SUCCEEDED" -> ended(id, Ending.COMPLETED, requests, metadata, at);
      case "EXPIRED" -> ended(id, Ending.EXPIRED, requests, metadata, at);
      case "CANCELLED" -> ended(id, Ending.CANCELLED, requests, metadata, at);
      case "FAILED" -> {
        JsonNode error = operation.path("error");
        String code = code(error);
        yield ProviderBatch.failed(
            id,
            requests,
            code + ": " + error.path("message").asText("the provider gives no reason"),
            AccountStop.isIn(0, operation)
                ? ErrorCode.PROVIDER_ACCOUNT_STOPPED
                : code.equals("RESOURCE_EXHAUSTED") ? ErrorCode.QUEUE_FULL : ErrorCode.BATCH_FAILED,
            Optional.empty(),
            at);
      }
      default -> ProviderBatch.working(id, requests, at);
    };
  }

  private static ProviderBatch ended(
      String id, Ending ending, long requests, JsonNode metadata, Instant at) {
    return ProviderBatch.ended(
        id,
        ending,
        requests,
        metadata.path("batchStats").path("successfulRequestCount").asLong(0),
        at);
  }

  /** The name of an error: operations give it as a number of google.rpc.Code, other answers not. */
  private static String code(JsonNode error) {
    String code = error.path("status").asText(error.path("code").asText("unknown"));
    return switch (code) {
      case "1" -> "CANCELLED";
      case "4" -> "DEADLINE_EXCEEDED";
      case "8" -> "RESOURCE_EXHAUSTED";
      default -> code;
    };
  }

  @Override
  public void results(
      String submissionId,
      ProviderBatch batch,
      Consumer<ResultLine> consumer,
      Consumer<String> unreadable) {
    JsonNode operation = get(batch.id());
    JsonNode response = operation.path("response");
    if (response.isMissingNode()) {
      response = operation.path("metadata").path("output");
    }
    String file = response.path("responsesFile").asText("");
    if (!file.isEmpty()) {
      ResumingLines.forEachLine(
          calls,
          offset -> download(file, offset),
          line -> resultLine(submissionId, line, batch.workedAt()),
          consumer,
          unreadable);
      return;
    }
    JsonNode inlined = response.path("inlinedResponses");
    for (JsonNode line : inlined.isArray() ? inlined : inlined.path("inlinedResponses")) {
      consumer.accept(resultLine(submissionId, line, batch.workedAt()));
    }
  }

  /** The key was good a moment ago: "forbidden" here is a file that is gone. */
  private ResumingLines.Body download(String file, long offset) {
    try {
      return http.download(api + "/" + file + ":download?alt=media", offset);
    } catch (ProviderException e) {
      throw e.kind() == ProviderException.Kind.KEY_REFUSED
          ? e.as(ProviderException.Kind.REFUSED)
          : e;
    }
  }

  static ResultLine resultLine(String submissionId, JsonNode line, Instant workedAt) {
    String customId = line.path("key").asText(line.path("metadata").path("key").asText(""));
    JsonNode response = line.path("response");
    if (!response.isObject()) {
      JsonNode error = line.path("error").isObject() ? line.path("error") : line.path("status");
      String code = code(error);
      return ResultLine.failed(
          submissionId,
          customId,
          Served.UNSAID,
          Usage.NONE,
          workedAt,
          switch (code) {
            case "CANCELLED" -> ErrorCode.SUBMISSION_CANCELLED;
            case "DEADLINE_EXCEEDED" -> ErrorCode.REQUEST_EXPIRED;
            default -> Refusals.codeOf(0, code, error.path("message").asText(""));
          },
          NAME + ": " + code);
    }
    JsonNode candidate = response.path("candidates").path(0);
    StringBuilder text = new StringBuilder();
    for (JsonNode part : candidate.path("content").path("parts")) {
      if (!part.path("thought").asBoolean(false)) {
        text.append(part.path("text").asText(""));
      }
    }
    JsonNode usage = response.path("usageMetadata");
    long cached = usage.path("cachedContentTokenCount").asLong(0);
    String blocked = response.path("promptFeedback").path("blockReason").asText("");
    String finish = candidate.path("finishReason").asText("");
    return ResultLine.answered(
        submissionId,
        customId,
        new Served(
            response.path("modelVersion").asText(""),
            usage.path("serviceTier").asText("").toLowerCase(Locale.ROOT)),
        text.toString(),
        end(blocked, finish),
        new Usage(
            // The prompt's count includes what was cached; tools' results come on top.
            Math.max(0, usage.path("promptTokenCount").asLong(0) - cached)
                + usage.path("toolUsePromptTokenCount").asLong(0),
            cached,
            0,
            0,
            usage.path("candidatesTokenCount").asLong(0),
            usage.path("thoughtsTokenCount").asLong(0)),
        workedAt,
        blocked.isEmpty() ? finish : blocked);
  }

  /** A prompt that is blocked has no candidate; an answer that is has a reason, and no parts. */
  private static AnswerEnd end(String blocked, String finish) {
    if (!blocked.isEmpty()) {
      return AnswerEnd.FILTERED;
    }
    return switch (finish) {
      case "MAX_TOKENS" -> AnswerEnd.TRUNCATED;
      case "SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY" ->
          AnswerEnd.FILTERED;
      default -> AnswerEnd.COMPLETE;
    };
  }

  @Override
  public void cancel(String batchId) {
    calls.once(() -> http.json(http.post(api + "/" + batchId + ":cancel", "{}").build()));
  }

  @Override
  public Map<String, String> uploads() {
    Map<String, String> uploads = new LinkedHashMap<>();
    String pageToken = "";
    do {
      JsonNode page = get("files?pageSize=" + PAGE_MAX + token(pageToken));
      for (JsonNode file : page.path("files")) {
        UploadName.submissionId(file.path("displayName").asText())
            .ifPresent(id -> uploads.put(file.path("name").asText(), id));
      }
      pageToken = page.path("nextPageToken").asText("");
    } while (!pageToken.isEmpty());
    return uploads;
  }

  @Override
  public void deleteUpload(String fileId) {
    try {
      delete(fileId);
    } catch (ProviderException e) {
      // It says 403 of a file that is not there any more: gone already.
      if (e.kind() != ProviderException.Kind.KEY_REFUSED) {
        throw e;
      }
    }
  }

  private void delete(String name) {
    ProviderException.unlessGone(
        () ->
            calls.reading(
                () -> http.answered(http.send(http.request(api + "/" + name).DELETE().build()))));
  }

  @Override
  public void deleteBatch(String batchId, Optional<String> inputFileId) {
    delete(batchId); // named batches/…, and deleted as a file is; first, for it tells a wrong key
    inputFileId.ifPresent(this::deleteUpload);
  }

  @Override
  public Response ask(
      TierSpec tier, String line, Duration left, int turns, Consumer<String> accepted) {
    ObjectNode request = (ObjectNode) http.json(line).path("request");
    return ways.ask(
        tier,
        left,
        turns,
        way -> {
          if (way == OnlineWay.FLEX) {
            request.put("serviceTier", "flex");
          } else {
            request.remove("serviceTier");
          }
          return ask(tier, request, way.waitMax(left, settings.answerMax(tier.outputTokensMax())));
        });
  }

  @Override
  public Duration patience(TierSpec tier, Duration left, Duration otherwise) {
    return OnlineWay.patience(tier, left, otherwise, settings.callMax());
  }

  private Response ask(TierSpec tier, JsonNode request, Duration whole) {
    String model = URLEncoder.encode(tier.model(), StandardCharsets.UTF_8);
    return calls.once(
        () ->
            http.streamed(
                http.post(
                        api + "/models/" + model + ":streamGenerateContent?alt=sse",
                        request.toString())
                    .timeout(whole)
                    .build(),
                StreamedAnswer.content()));
  }

  @Override
  public ResultLine onlineResult(String submissionId, OnlineRequest request) {
    JsonNode body = RawHttp.lenient(request.body().orElseThrow());
    ObjectNode line = RawHttp.JSON.createObjectNode();
    line.put("key", request.customId());
    if (request.status().orElseThrow() / 100 == 2) {
      line.set("response", body);
    } else {
      line.set("error", body.path("error"));
    }
    return resultLine(submissionId, line, request.answeredAt().orElseThrow());
  }

  @Override
  public Optional<Instant> time() {
    return calls.reading(() -> http.date(api + "/batches?pageSize=1"));
  }

  @Override
  public Optional<ProviderException> check() {
    try {
      http.json(http.request(api + "/batches?pageSize=1").GET().build());
      return Optional.empty();
    } catch (ProviderException e) {
      return Optional.of(e);
    }
  }

  @Override
  public void close() {
    // the JDK's client ends with its last reference
  }
}
