package dev.nightjar.pipelines.submit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nightjar.cachestore.Ending;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.OnlineRequest;
import dev.nightjar.cachestore.PackingLimits;
import dev.nightjar.cachestore.QueueLimits;
import dev.nightjar.cachestore.Submission;
import dev.nightjar.pipelines.model.CacheTtl;
import dev.nightjar.pipelines.model.Provider;
import dev.nightjar.pipelines.model.ResultLine;
import dev.nightjar.pipelines.task.TaskSpec;
import dev.nightjar.pipelines.task.TierSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Mistral's batch jobs: files and answers are OpenAI's, what works on them is a job with states of
 * its own. The submission's id travels in the job's metadata and in the upload's name.
 */
final class MistralClient implements ProviderClient {
  static final ProviderKind KIND =
      new ProviderKind(
          // A million requests and 512 MB a file, say its pages; a tenth is a submission's worth.
          new PackingLimits(100_000, 475L << 20, 1_000_000_000),
          new QueueLimits(100, 1_900, 1_000_000_000),
          8,
          Duration.ofDays(30),
          true,
          settings -> true,
          Format::new,
          MistralClient::new);

  private static final String NAME = Provider.MISTRAL.label();
  private static final int TIMEOUT_HOURS = 24;
  private static final int PAGE = 100;

  private static final Pattern NO_FILE =
      Pattern.compile("not found|cannot find|not exist", Pattern.CASE_INSENSITIVE);

  /** OpenAI's chat completions, in lines that name neither method nor address. */
  private static final class Format implements RequestFormat {
    private final OpenAiFormat chat;

    Format(TaskSpec task) {
      this.chat = new OpenAiFormat(task, OpenAiProfile.MISTRAL);
    }

    @Override
    public ObjectNode line(TierSpec tier, String customId, String prompt, @Nullable CacheTtl mark) {
      ObjectNode line = chat.line(tier, customId, prompt, mark);
      line.remove(List.of("method", "url"));
      return line;
    }

    @Override
    public Set<String> unenforced(TierSpec tier) {
      return chat.unenforced(tier);
    }
  }

  private final String api;
  private final ProviderSettings settings;
  private final RawHttp http;
  private final ProviderCalls calls;

  private MistralClient(ProviderSettings settings, String apiKey) {
    this.settings = settings;
    this.api = settings.baseUrl(Provider.MISTRAL) + OpenAiProfile.MISTRAL.path();
    this.http = new RawHttp(NAME, Map.of("Authorization", "Bearer " + apiKey), settings.callMax());
    this.calls = new ProviderCalls(NAME, settings.waitMax());
  }

  private JsonNode get(String path) {
    return calls.reading(() -> http.json(http.request(api + path).GET().build()));
  }

  @Override
  public boolean uploads(Submission submission) {
    return true;
  }

  /** An upload costs nothing: if its outcome is unknown it is simply made again. */
  @Override
  public String upload(Submission submission, Path requests) {
    String boundary = UUID.randomUUID().toString();
    String head =
        "--%s\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--%s\r\nContent-Disposition: form-data; name=\"file\"; filename=\"%s\"\r\nContent-Type: application/jsonl\r\n\r\n"
            .formatted(boundary, boundary, UploadName.of(submission.submissionId()));
    return calls.reading(
        () -> {
          try {
            return http.id(
                http.json(
                    http.request(api + "/files")
                        .timeout(http.limitFor(Files.size(requests)))
                        .header("Content-Type", "multipart/form-data; boundary=" + boundary)
                        .POST(
                            BodyPublishers.concat(
                                BodyPublishers.ofString(head),
                                BodyPublishers.ofFile(requests),
                                BodyPublishers.ofString("\r\n--" + boundary + "--\r\n")))
                        .build()),
                "id");
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
  }

  @Override
  public ProviderBatch create(Submission submission, TierSpec tier, Optional<Path> requests) {
    ObjectNode body = RawHttp.JSON.createObjectNode();
    body.putArray("input_files").add(submission.inputFileId().orElseThrow());
    body.put("endpoint", OpenAiProfile.MISTRAL.createEndpoint());
    body.put("model", tier.model());
    body.put("timeout_hours", TIMEOUT_HOURS);
    body.putObject("metadata").put(OpenAiClient.METADATA_KEY, submission.submissionId());
    return calls.once(
        () -> {
          HttpResponse<String> answer =
              http.send(http.post(api + "/batch/jobs", body.toString()).build());
          if (answer.statusCode() / 100 == 4 && isUploadMissing(answer, submission)) {
            throw new ProviderException(
                ProviderException.Kind.UPLOAD_MISSING,
                NAME + " does not see the uploaded file",
                null);
          }
          JsonNode job = http.json(http.answered(answer).body());
          return ProviderBatch.working(http.id(job, "id"), 0, Instant.EPOCH);
        });
  }

  /** Said in whatever words, or seen by looking for it: a refusal would fail all its requests. */
  private boolean isUploadMissing(HttpResponse<String> answer, Submission submission) {
    int status = answer.statusCode();
    if (status != 400 && status != 404 && status != 422) {
      return false;
    }
    String file = submission.inputFileId().orElseThrow();
    return answer.body().contains(file) && NO_FILE.matcher(answer.body()).find()
        || http.send(http.request(api + "/files/" + file).GET().build()).statusCode() == 404;
  }

  @Override
  public Found find(
      Submission submission,
      Instant since,
      Function<Collection<String>, List<String>> knownIds,
      Collection<String> customIds) {
    return firstJob(
            since,
            job ->
                submissionId(job).equals(Optional.of(submission.submissionId()))
                    && knownIds.apply(List.of(job.path("id").asText())).isEmpty())
        .<Found>map(job -> new Found.Batch(batch(job)))
        .orElseGet(Found.Absent::new);
  }

  private static Optional<String> submissionId(JsonNode job) {
    return Optional.ofNullable(job.path("metadata").path(OpenAiClient.METADATA_KEY).asText(null));
  }

  private static Instant time(JsonNode job, String field) {
    return Instant.ofEpochSecond(job.path(field).asLong(0));
  }

  @Override
  public void forEachBatch(Instant since, Consumer<Listed> consumer) {
    firstJob(
        since,
        job -> {
          Optional<String> id = submissionId(job);
          if (id.isPresent()) {
            consumer.accept(new Listed(job.path("id").asText(), id, time(job, "created_at")));
          }
          return false;
        });
  }

  /** The newest job that is wanted, of those that are not older than they may be. */
  private Optional<JsonNode> firstJob(Instant since, Predicate<JsonNode> wanted) {
    Instant oldest = since.truncatedTo(ChronoUnit.SECONDS);
    for (int page = 0; ; page++) {
      JsonNode list = get("/batch/jobs?page=" + page + "&page_size=" + PAGE + "&order_by=-created");
      for (JsonNode job : list.path("data")) {
        if (wanted.test(job)) {
          return Optional.of(job);
        }
        if (time(job, "created_at").isBefore(oldest)) {
          return Optional.empty(); // newest first: nothing of ours can follow
        }
      }
      if (list.path("data").size() < PAGE) {
        return Optional.empty();
      }
    }
  }

  @Override
  public ProviderBatch status(String batchId) {
    return batch(get("/batch/jobs/" + batchId));
  }

  static ProviderBatch batch(JsonNode job) {
    String id = job.path("id").asText();
    long requests = job.path("total_requests").asLong(0);
    long answered = job.path("succeeded_requests").asLong(0);
    Instant workedAt =
        time(job, job.path("completed_at").isNumber() ? "completed_at" : "created_at");
    return switch (job.path("status").asText()) {
      case "SUCCESS" -> ProviderBatch.ended(id, Ending.COMPLETED, requests, answered, workedAt);
      case "TIMEOUT_EXCEEDED" ->
          ProviderBatch.ended(id, Ending.EXPIRED, requests, answered, workedAt);
      case "CANCELLED" -> ProviderBatch.ended(id, Ending.CANCELLED, requests, answered, workedAt);
      case "FAILED" ->
          // Half way, too: what was answered by then is billed, and there to be read.
          answered > 0
                  || !job.path("output_file").asText("").isBlank() && job.hasNonNull("output_file")
              ? ProviderBatch.ended(id, Ending.COMPLETED, requests, answered, workedAt)
              : ProviderBatch.failed(
                  id,
                  requests,
                  job.path("errors").path(0).path("message").asText("the provider gives no reason"),
                  ErrorCode.BATCH_FAILED,
                  Optional.empty(),
                  workedAt);
      default -> ProviderBatch.working(id, requests, workedAt);
    };
  }

  @Override
  public void results(
      String submissionId,
      ProviderBatch batch,
      Consumer<ResultLine> consumer,
      Consumer<String> unreadable) {
    for (String file : files(get("/batch/jobs/" + batch.id()))) {
      ResumingLines.forEachLine(
          calls,
          offset -> http.download(api + "/files/" + file + "/content", offset),
          line -> OpenAiFormat.resultLine(NAME, submissionId, line, batch.workedAt()),
          consumer,
          unreadable);
    }
  }

  /** The files of a job's answers and errors, as far as there are any. */
  private static List<String> files(JsonNode job) {
    return Stream.of("output_file", "error_file")
        .filter(job::hasNonNull)
        .map(field -> job.path(field).asText())
        .filter(file -> !file.isBlank())
        .toList();
  }

  @Override
  public void cancel(String batchId) {
    calls.once(
        () -> http.json(http.post(api + "/batch/jobs/" + batchId + "/cancel", "{}").build()));
  }

  @Override
  public Map<String, String> uploads() {
    Map<String, String> uploads = new LinkedHashMap<>();
    for (int page = 0; ; page++) {
      JsonNode list = get("/files?purpose=batch&page=" + page + "&page_size=" + PAGE);
      for (JsonNode file : list.path("data")) {
        UploadName.submissionId(file.path("filename").asText())
            .ifPresent(id -> uploads.put(file.path("id").asText(), id));
      }
      if (list.path("data").size() < PAGE) {
        return uploads;
      }
    }
  }

  @Override
  public void deleteUpload(String fileId) {
    ProviderException.unlessGone(
        () ->
            calls.reading(
                () -> http.json(http.request(api + "/files/" + fileId).DELETE().build())));
  }

  @Override
  public void deleteBatch(String batchId, Optional<String> inputFileId) {
    inputFileId.ifPresent(this::deleteUpload);
    ProviderException.unlessGone(
        () -> files(get("/batch/jobs/" + batchId)).forEach(this::deleteUpload));
  }

  @Override
  public Response ask(
      TierSpec tier, String line, Duration left, int turns, Consumer<String> accepted) {
    ObjectNode body = (ObjectNode) http.json(line).path("body");
    body.put("stream", true); // its last event has the usage, unasked
    return calls.once(
        () ->
            http.streamed(
                http.post(api + "/chat/completions", body.toString())
                    .timeout(settings.answerMax(tier.outputTokensMax()))
                    .build(),
                StreamedAnswer.chat()));
  }

  @Override
  public ResultLine onlineResult(String submissionId, OnlineRequest request) {
    return OpenAiClient.onlineResult(NAME, submissionId, request);
  }

  @Override
  public Optional<Instant> time() {
    return calls.reading(() -> http.date(api + "/batch/jobs?page_size=1"));
  }

  @Override
  public Optional<ProviderException> check() {
    try {
      http.json(http.request(api + "/batch/jobs?page_size=1").GET().build());
      return Optional.empty();
    } catch (ProviderException e) {
      return Optional.of(e);
    }
  }

  @Override
  public void close() {}
}
