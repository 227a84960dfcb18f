package dev.nightjar.pipelines.submit;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nightjar.cachestore.Ending;
import dev.nightjar.cachestore.OnlineRequest;
import dev.nightjar.cachestore.PackingLimits;
import dev.nightjar.cachestore.QueueLimits;
import dev.nightjar.cachestore.Submission;
import dev.nightjar.pipelines.model.Provider;
import dev.nightjar.pipelines.model.ResultLine;
import dev.nightjar.pipelines.task.TierSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * A server of one's own that speaks OpenAI's chat completions, as vLLM does. Without a batch
 * directory it is asked online. With one, submissions are files in {@code in/}, for a {@code vllm
 * run-batch} beside the GPU that leaves its results in {@code out/} under the same name.
 *
 * <p>It has no invoice: the ledger charges what the price list says for its tokens.
 */
final class SelfHostedClient implements ProviderClient {
  static final ProviderKind KIND =
      new ProviderKind(
          new PackingLimits(50_000, 190L << 20, 1_000_000_000),
          new QueueLimits(1_000, 100_000, 1_000_000_000_000L),
          32, // vLLM batches what is in flight; more waits in its queue
          Duration.ofDays(36_500), // files of one's own
          false,
          settings -> settings.selfHostedBatchDirectory().isPresent(),
          task -> new OpenAiFormat(task, OpenAiProfile.OPENAI),
          SelfHostedClient::new);

  private static final String NAME = Provider.SELF_HOSTED.label();

  private final String baseUrl;
  private final Optional<Path> directory;
  private final ProviderSettings settings;
  private final RawHttp http;
  private final ProviderCalls calls;

  private SelfHostedClient(ProviderSettings settings, String apiKey) {
    this.settings = settings;
    this.baseUrl = settings.baseUrl(Provider.SELF_HOSTED);
    this.directory = settings.selfHostedBatchDirectory().map(Path::of);
    this.http = new RawHttp(NAME, Map.of("Authorization", "Bearer " + apiKey), settings.callMax());
    this.calls = new ProviderCalls(NAME, settings.waitMax());
  }

  private Path in(String submissionId) {
    return directory("in").resolve(UploadName.of(submissionId));
  }

  private Path out(String submissionId) {
    return directory("out").resolve(UploadName.of(submissionId));
  }

  private Path directory(String name) {
    Path path =
        directory
            .orElseThrow(() -> new IllegalStateException("no batch directory is set"))
            .resolve(name);
    try {
      return Files.createDirectories(path);
    } catch (IOException e) {
      throw unavailable(e);
    }
  }

  /** Files of one's own: an operation that failed had no effect that costs anything. */
  private static ProviderException unavailable(IOException e) {
    return new ProviderException(
        ProviderException.Kind.UNAVAILABLE, "the batch directory failed: " + e, e);
  }

  @Override
  public boolean uploads(Submission submission) {
    return false;
  }

  @Override
  public String upload(Submission submission, Path requests) {
    throw new IllegalStateException("a self-hosted batch is one file");
  }

  /** The file appears whole or not at all; making it again changes nothing. */
  @Override
  public ProviderBatch create(Submission submission, TierSpec tier, Optional<Path> requests) {
    Path in = in(submission.submissionId());
    try {
      Path part = in.resolveSibling("." + in.getFileName() + ".part");
      Files.copy(requests.orElseThrow(), part, StandardCopyOption.REPLACE_EXISTING);
      Files.move(part, in, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw unavailable(e);
    }
    return status(submission.submissionId());
  }

  @Override
  public Found find(
      Submission submission,
      Instant since,
      Function<Collection<String>, List<String>> knownIds,
      Collection<String> customIds) {
    String id = submission.submissionId();
    return Files.exists(in(id)) || Files.exists(out(id))
        ? new Found.Batch(status(id))
        : new Found.Absent();
  }

  /** None: what it is asked twice costs nothing. */
  @Override
  public void forEachBatch(Instant since, Consumer<Listed> consumer) {}

  @Override
  public ProviderBatch status(String batchId) {
    Path in = in(batchId);
    Path out = out(batchId);
    try {
      if (Files.exists(out)) {
        return ProviderBatch.ended(batchId, Ending.COMPLETED, lines(out), 0, modified(out));
      }
      return Files.exists(in)
          ? ProviderBatch.working(batchId, lines(in), modified(in))
          : ProviderBatch.ended(batchId, Ending.CANCELLED, 0, 0, Instant.EPOCH);
    } catch (IOException e) {
      throw unavailable(e);
    }
  }

  private static Instant modified(Path file) throws IOException {
    return Files.getLastModifiedTime(file).toInstant();
  }

  private static long lines(Path file) throws IOException {
    try (Stream<String> lines = Files.lines(file)) {
      return lines.filter(line -> !line.isBlank()).count();
    }
  }

  @Override
  public void results(
      String submissionId,
      ProviderBatch batch,
      Consumer<ResultLine> consumer,
      Consumer<String> unreadable) {
    Path out = out(batch.id());
    if (!Files.exists(out)) {
      return; // cancelled before it was begun
    }
    ResumingLines.forEachLine(
        calls,
        offset -> {
          try {
            return new ResumingLines.Body(Files.newInputStream(out), false);
          } catch (IOException e) {
            throw unavailable(e);
          }
        },
        line -> OpenAiFormat.resultLine(NAME, submissionId, line, batch.workedAt()),
        consumer,
        unreadable);
  }

  /** Takes back what has not been begun; a run that reads the file already goes on. */
  @Override
  public void cancel(String batchId) {
    try {
      Files.deleteIfExists(in(batchId));
    } catch (IOException e) {
      throw unavailable(e);
    }
  }

  @Override
  public Map<String, String> uploads() {
    Map<String, String> uploads = new LinkedHashMap<>();
    if (directory.isEmpty()) {
      return uploads;
    }
    try (Stream<Path> files = Files.list(directory("in"))) {
      files
          .map(file -> file.getFileName().toString())
          .flatMap(name -> UploadName.submissionId(name).stream())
          .filter(id -> Files.exists(out(id))) // one that is not done is somebody's work
          .forEach(id -> uploads.put(id, id));
    } catch (IOException e) {
      throw unavailable(e);
    }
    return uploads;
  }

  @Override
  public void deleteUpload(String fileId) {
    cancel(fileId);
  }

  @Override
  public void deleteBatch(String batchId, Optional<String> inputFileId) {
    cancel(batchId);
    try {
      Files.deleteIfExists(out(batchId));
    } catch (IOException e) {
      throw unavailable(e);
    }
  }

  @Override
  public Response ask(
      TierSpec tier, String line, Duration left, int turns, Consumer<String> accepted) {
    ObjectNode body = (ObjectNode) http.json(line).path("body");
    body.put("stream", true).putObject("stream_options").put("include_usage", true);
    return calls.once(
        () ->
            http.streamed(
                http.post(baseUrl + OpenAiFormat.CHAT_URL, body.toString())
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
    return Optional.empty(); // batches are files, whose times are this machine's
  }

  @Override
  public Optional<ProviderException> check() {
    try {
      if (directory.isPresent()) {
        directory("in");
      } else {
        http.json(http.request(baseUrl + "/v1/models").GET().build());
      }
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
