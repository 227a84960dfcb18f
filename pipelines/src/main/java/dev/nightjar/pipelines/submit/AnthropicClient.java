package dev.nightjar.pipelines.submit;

import com.anthropic.client.okhttp.AnthropicOkHttpClient;
import com.anthropic.errors.AnthropicException;
import com.anthropic.errors.AnthropicServiceException;
import com.anthropic.models.messages.batches.BatchListPage;
import com.anthropic.models.messages.batches.BatchListParams;
import com.anthropic.models.messages.batches.MessageBatch;
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
import dev.nightjar.pipelines.model.Texts;
import dev.nightjar.pipelines.task.TaskSpec;
import dev.nightjar.pipelines.task.TierSpec;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.io.UncheckedIOException;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Anthropic's Message Batches API. Its batches carry no metadata, so an interrupted create is
 * recognised by its time, its size and the custom ids in the results, which are there only when the
 * batch has ended. Its requests travel with the create, which is streamed from disk.
 */
final class AnthropicClient implements ProviderClient {
  static final ProviderKind KIND =
      new ProviderKind(
          new PackingLimits(100_000, 240L << 20, 1_000_000_000), // 100,000 requests or 256 MB
          new QueueLimits(100, 1_000, 1_000_000_000),
          8,
          Duration.ofDays(29),
          true,
          settings -> true,
          Format::new,
          AnthropicClient::new);

  private static final String NAME = Provider.ANTHROPIC.label();
  private static final String WIRE_VERSION = "2026-10-21"; // the SDK's own
  private static final int PAGE_BATCHES_MAX = 100;
  private static final String ANSWER_TOOL = "answer";

  /**
   * What a refusal before any output is free of charge for, "" being no category. Its input is
   * counted all the same.
   *
   * @see <a href="https://platform.claude.com/docs/en/build-with-claude/refusals-and-fallback">
   *     Refusals</a>, which says that this may change
   */
  private static final Set<String> FREE_REFUSALS = Set.of("", "null", "cyber", "general_harms");

  /** The requests of one task. */
  private static final class Format implements RequestFormat {
    private final String system;
    private final String head;
    private final JsonNode schema;
    private final ProviderSchema outputFormat;

    Format(TaskSpec task) {
      this.system = task.system();
      this.head = task.sharedHead();
      this.schema = ProviderSchema.of(task);
      this.outputFormat = ProviderSchema.anthropic(schema);
    }

    @Override
    public ObjectNode line(TierSpec tier, String customId, String prompt, @Nullable CacheTtl mark) {
      ObjectNode request = JsonNodeFactory.instance.objectNode();
      request.put("custom_id", customId);
      ObjectNode params = request.putObject("params");
      params.put("model", tier.model());
      params.put("max_tokens", tier.outputTokensMax());
      boolean splits = mark != null && Texts.goesOnAfter(head, prompt);
      if (mark == null || splits) {
        params.put("system", system);
      } else {
        marked(params.putArray("system"), system, mark);
      }
      ObjectNode message = params.putArray("messages").addObject().put("role", "user");
      if (mark != null && splits) {
        ArrayNode parts = message.putArray("content");
        marked(parts, head, mark);
        parts.addObject().put("type", "text").put("text", prompt.substring(head.length()));
      } else {
        message.put("content", prompt);
      }
      putEffort(tier, params);
      if (tier.structuredOutput() == TierSpec.StructuredOutput.TOOL) {
        ObjectNode tool = params.putArray("tools").addObject();
        tool.put("name", ANSWER_TOOL);
        tool.put("description", "Gives the answer.");
        tool.set("input_schema", ProviderSchema.ofTool(schema));
        params.putObject("tool_choice").put("type", "tool").put("name", ANSWER_TOOL);
      } else if (outputFormat.schema().isPresent()) {
        ObjectNode format = params.withObject("/output_config").putObject("format");
        format.put("type", "json_schema");
        format.set("schema", outputFormat.schema().get());
      }
      return request;
    }

    private static void marked(ArrayNode parts, String text, CacheTtl mark) {
      parts
          .addObject()
          .put("type", "text")
          .put("text", text)
          .putObject("cache_control")
          .put("type", "ephemeral")
          .put("ttl", mark.label());
    }

    @Override
    public List<CacheTtl> cacheTtls(TierSpec tier) {
      return List.of(CacheTtl.MINUTES_5, CacheTtl.HOUR_1);
    }

    /** Models that let thinking be turned off do so at efforts up to high only. */
    private static void putEffort(TierSpec tier, ObjectNode params) {
      Effort effort = tier.effort();
      if (effort == null) {
        return;
      }
      ModelTraits.Control control =
          tier.traits().map(ModelTraits::control).orElse(ModelTraits.Control.EFFORT);
      if (effort == Effort.NONE) {
        params
            .putObject("thinking")
            .put(
                "type",
                control == ModelTraits.Control.EFFORT_OR_BETWEEN_TOOLS
                    ? "between_tools"
                    : "disabled");
      } else if (control != ModelTraits.Control.EFFORT) {
        params.putObject("thinking").put("type", "adaptive"); // not all do it unasked
      }
      params
          .withObject("/output_config")
          .put("effort", (effort == Effort.NONE ? Effort.LOW : effort).label());
    }

    @Override
    public Set<String> unenforced(TierSpec tier) {
      // A tool's arguments are guided by its schema, and nobody checks them.
      return tier.structuredOutput() == TierSpec.StructuredOutput.TOOL
          ? ProviderSchema.constraints(schema)
          : outputFormat.unenforced();
    }
  }

  private final String baseUrl;
  private final com.anthropic.client.AnthropicClient client;
  private final ProviderSettings settings;
  private final RawHttp http;
  private final ProviderCalls calls;

  private AnthropicClient(ProviderSettings settings, String apiKey) {
    this.settings = settings;
    this.baseUrl = settings.baseUrl(Provider.ANTHROPIC);
    this.client =
        AnthropicOkHttpClient.builder()
            .baseUrl(baseUrl)
            .apiKey(apiKey)
            .timeout(settings.callMax())
            .maxRetries(0) // ProviderCalls decides
            .build();
    this.http =
        new RawHttp(
            NAME,
            Map.of("Authorization", "Bearer " + apiKey, "anthropic-version", WIRE_VERSION),
            settings.callMax());
    this.calls = new ProviderCalls(NAME, settings.waitMax());
  }

  private <T> T reading(Supplier<T> call) {
    return calls.reading(() -> translated(call));
  }

  private <T> T translated(Supplier<T> call) {
    try {
      return call.get();
    } catch (AnthropicServiceException e) {
      JsonNode said = e.body().convert(JsonNode.class);
      if (said != null && AccountStop.isIn(e.statusCode(), said)) {
        throw http.accountStopped(
            e.statusCode(), e.errorType().map(type -> type.asString()).orElse(""));
      }
      // The message may quote the key or the prompt; status and type do not.
      throw ProviderException.ofStatus(
          NAME,
          e.statusCode(),
          e.errorType().map(type -> type.asString()).orElse(""),
          e.headers().values("Retry-After").stream().findFirst().flatMap(RawHttp::seconds),
          e);
    } catch (AnthropicException e) {
      throw ProviderException.ofFailure(NAME, e);
    }
  }

  @Override
  public boolean uploads(Submission submission) {
    return false;
  }

  @Override
  public String upload(Submission submission, Path requests) {
    throw new IllegalStateException("anthropic takes the requests with the create");
  }

  @Override
  public ProviderBatch create(Submission submission, TierSpec tier, Optional<Path> requests) {
    return calls.once(
        () -> {
          JsonNode batch =
              http.json(
                  http.request(baseUrl + "/v1/messages/batches")
                      .header("Content-Type", "application/json")
                      .timeout(http.limitFor(submission.requestBytes()))
                      .POST(envelope(requests.orElseThrow()))
                      .build());
          return ProviderBatch.working(
              http.id(batch, "id"), submission.requests(), submission.creatingAt().orElseThrow());
        });
  }

  /** {@code {"requests":[…]}} around the lines, streamed: line ends become commas. */
  private static HttpRequest.BodyPublisher envelope(Path requests) {
    return HttpRequest.BodyPublishers.ofInputStream(
        () -> {
          try {
            return new SequenceInputStream(
                Collections.enumeration(
                    List.of(
                        bytes("{\"requests\":["),
                        new CommaSeparated(Files.newInputStream(requests), Files.size(requests)),
                        bytes("]}"))));
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
  }

  private static InputStream bytes(String text) {
    return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
  }

  /** JSON on one line has no raw line end inside, so that each one separates two requests. */
  private static final class CommaSeparated extends FilterInputStream {
    private long left;

    CommaSeparated(InputStream in, long bytes) {
      super(in);
      this.left = bytes - 1; // the last line end is dropped
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      if (left <= 0) {
        return -1;
      }
      int read = super.read(buffer, offset, (int) Math.min(length, left));
      for (int i = offset; i < offset + read; i++) {
        if (buffer[i] == '\n') {
          buffer[i] = ',';
        }
      }
      left -= read;
      return read;
    }
  }

  @Override
  public Found find(
      Submission submission,
      Instant since,
      Function<Collection<String>, List<String>> knownIds,
      Collection<String> customIds) {
    boolean[] undecided = new boolean[1];
    return firstOfRecent(since, page -> findIn(page, submission, knownIds, customIds, undecided))
        .orElseGet(() -> undecided[0] ? new Found.Undecided() : new Found.Absent());
  }

  private Optional<Found> findIn(
      List<MessageBatch> recent,
      Submission submission,
      Function<Collection<String>, List<String>> knownIds,
      Collection<String> customIds,
      boolean[] undecided) {
    Set<String> known =
        new HashSet<>(knownIds.apply(recent.stream().map(MessageBatch::id).toList()));
    for (MessageBatch candidate : recent) {
      ProviderBatch batch = batch(candidate);
      if (known.contains(batch.id())) {
        continue;
      }
      // Its custom ids show only in its results. Until then its size must do; after the end that
      // would be wrong, because a batch may lack lines.
      if (batch.ending().isEmpty()) {
        undecided[0] |= batch.requests() == submission.requests();
      } else if (holdsOneOf(batch.id(), customIds)) {
        return Optional.of(new Found.Batch(batch));
      }
    }
    return Optional.empty();
  }

  /** All of them: it keeps no name of ours, and only results tell whose a batch is. */
  @Override
  public void forEachBatch(Instant since, Consumer<Listed> consumer) {
    firstOfRecent(
        since,
        page -> {
          for (MessageBatch batch : page) {
            consumer.accept(
                new Listed(batch.id(), Optional.empty(), batch.createdAt().toInstant()));
          }
          return Optional.empty();
        });
  }

  /** What is first seen in a page of batches, newest first, of those that are recent. */
  private <T> Optional<T> firstOfRecent(
      Instant since, Function<List<MessageBatch>, Optional<T>> look) {
    BatchListPage page =
        reading(
            () ->
                client
                    .messages()
                    .batches()
                    .list(BatchListParams.builder().limit(PAGE_BATCHES_MAX).build()));
    while (true) {
      List<MessageBatch> recent =
          page.data().stream()
              .filter(batch -> !batch.createdAt().toInstant().isBefore(since))
              .toList();
      Optional<T> seen = look.apply(recent);
      if (seen.isPresent() || recent.size() < page.data().size() || !page.hasNextPage()) {
        return seen;
      }
      BatchListPage last = page;
      page = reading(last::nextPage);
    }
  }

  private ResumingLines.Body open(String batchId, long offset) {
    return http.download(baseUrl + "/v1/messages/batches/" + batchId + "/results", offset);
  }

  /** Looks at the first results only: all of a batch's are one submission's, strays apart. */
  private boolean holdsOneOf(String batchId, Collection<String> customIds) {
    Recognition recognition = new Recognition(customIds);
    try {
      ResumingLines.forEachLine(
          calls,
          offset -> open(batchId, offset),
          line -> line.path("custom_id").asText(),
          recognition::look,
          unreadable -> {});
    } catch (Recognition.Enough e) {
      return recognition.ours;
    }
    return false;
  }

  /** Ends a download as soon as it is clear whose batch it is. */
  private static final class Recognition {
    private static final int LINES_MAX = 100;

    private static final class Enough extends RuntimeException {
      private static final long serialVersionUID = 1L;

      Enough() {
        super(null, null, false, false);
      }
    }

    private final Collection<String> customIds;
    private int lines;
    private boolean ours;

    Recognition(Collection<String> customIds) {
      this.customIds = customIds;
    }

    void look(String customId) {
      ours = customIds.contains(customId);
      if (ours || ++lines >= LINES_MAX) {
        throw new Enough();
      }
    }
  }

  @Override
  public ProviderBatch status(String batchId) {
    return batch(reading(() -> client.messages().batches().retrieve(batchId)));
  }

  private static ProviderBatch batch(MessageBatch batch) {
    var counts = batch.requestCounts();
    long requests =
        counts.processing()
            + counts.succeeded()
            + counts.errored()
            + counts.canceled()
            + counts.expired();
    if (!batch.processingStatus().asString().equals("ended")) {
      return ProviderBatch.working(batch.id(), requests, batch.createdAt().toInstant());
    }
    Ending ending =
        counts.canceled() > 0
            ? Ending.CANCELLED
            : counts.expired() > 0 ? Ending.EXPIRED : Ending.COMPLETED;
    return ProviderBatch.ended(
        batch.id(),
        ending,
        requests,
        counts.succeeded(),
        batch.endedAt().orElse(batch.createdAt()).toInstant());
  }

  @Override
  public void results(
      String submissionId,
      ProviderBatch batch,
      Consumer<ResultLine> consumer,
      Consumer<String> unreadable) {
    ResumingLines.forEachLine(
        calls,
        offset -> open(batch.id(), offset),
        line -> resultLine(submissionId, line, batch.workedAt()),
        consumer,
        unreadable);
  }

  /** Where it was computed has a price, its tier has none of its own. */
  private static String service(JsonNode usage) {
    String geo = usage.path("inference_geo").asText("");
    return geo.equals("us") ? geo : usage.path("service_tier").asText("");
  }

  static ResultLine resultLine(String submissionId, JsonNode line, Instant workedAt) {
    String customId = line.path("custom_id").asText();
    JsonNode result = line.path("result");
    String type = result.path("type").asText();
    if (!type.equals("succeeded")) {
      String why = result.path("error").path("error").path("type").asText(type);
      return ResultLine.failed(
          submissionId,
          customId,
          Served.UNSAID,
          Usage.NONE, // only succeeded requests are billed
          workedAt,
          switch (type) {
            case "expired" -> ErrorCode.REQUEST_EXPIRED;
            case "canceled" -> ErrorCode.SUBMISSION_CANCELLED;
            default ->
                Refusals.codeOf(
                    0, why, result.path("error").path("error").path("message").asText(""));
          },
          NAME + ": " + why);
    }
    JsonNode message = result.path("message");
    StringBuilder text = new StringBuilder();
    for (JsonNode block : message.path("content")) { // of thinking there is nothing to read
      text.append(
          block.path("type").asText().equals("tool_use")
              ? block.path("input").toString()
              : block.path("text").asText(""));
    }
    JsonNode usage = message.path("usage");
    long hour = usage.path("cache_creation").path("ephemeral_1h_input_tokens").asLong(0);
    long output = usage.path("output_tokens").asLong(0);
    long thinking =
        Math.min(output, usage.path("output_tokens_details").path("thinking_tokens").asLong(0));
    String category = message.path("stop_details").path("category").asText("");
    AnswerEnd end = end(message, category);
    return ResultLine.answered(
        submissionId,
        customId,
        new Served(message.path("model").asText(""), service(usage)),
        text.toString(),
        end,
        end == AnswerEnd.DECLINED
            ? Usage.NONE
            : new Usage(
                usage.path("input_tokens").asLong(0),
                usage.path("cache_read_input_tokens").asLong(0),
                Math.max(0, usage.path("cache_creation_input_tokens").asLong(0) - hour),
                hour,
                output - thinking,
                thinking),
        workedAt,
        end == AnswerEnd.COMPLETE ? "" : category);
  }

  private static AnswerEnd end(JsonNode message, String category) {
    return switch (message.path("stop_reason").asText()) {
      case "max_tokens" -> AnswerEnd.TRUNCATED;
      case "refusal" ->
          message.path("content").isEmpty()
                  && message.at("/usage/output_tokens").asLong(0) == 0
                  && FREE_REFUSALS.contains(category)
              ? AnswerEnd.DECLINED
              : AnswerEnd.REFUSED;
      case "model_context_window_exceeded" -> AnswerEnd.CONTEXT_FULL;
      case "pause_turn" -> AnswerEnd.PAUSED;
      default -> AnswerEnd.COMPLETE;
    };
  }

  @Override
  public void cancel(String batchId) {
    calls.once(() -> translated(() -> client.messages().batches().cancel(batchId)));
  }

  @Override
  public Map<String, String> uploads() {
    return Map.of();
  }

  @Override
  public void deleteUpload(String fileId) {
    throw new IllegalStateException("anthropic has no uploads");
  }

  @Override
  public void deleteBatch(String batchId, Optional<String> inputFileId) {
    ProviderException.unlessGone(() -> reading(() -> client.messages().batches().delete(batchId)));
  }

  @Override
  public Response ask(
      TierSpec tier, String line, Duration left, int turns, Consumer<String> accepted) {
    ObjectNode params = (ObjectNode) http.json(line).path("params");
    params.put("stream", true);
    return calls.once(
        () ->
            http.streamed(
                http.post(baseUrl + "/v1/messages", params.toString())
                    .timeout(settings.answerMax(tier.outputTokensMax()))
                    .build(),
                StreamedAnswer.message()));
  }

  @Override
  public ResultLine onlineResult(String submissionId, OnlineRequest request) {
    JsonNode body = RawHttp.lenient(request.body().orElseThrow());
    ObjectNode line = RawHttp.JSON.createObjectNode();
    line.put("custom_id", request.customId());
    ObjectNode result = line.putObject("result");
    if (request.status().orElseThrow() / 100 == 2) {
      result.put("type", "succeeded").set("message", body);
    } else {
      result.put("type", "errored").set("error", body);
    }
    return resultLine(submissionId, line, request.answeredAt().orElseThrow());
  }

  @Override
  public Optional<Instant> time() {
    return calls.reading(() -> http.date(baseUrl + "/v1/messages/batches?limit=1"));
  }

  @Override
  public Optional<ProviderException> check() {
    try {
      translated(
          () -> client.messages().batches().list(BatchListParams.builder().limit(1).build()));
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
