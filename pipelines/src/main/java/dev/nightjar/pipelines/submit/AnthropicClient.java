package dev.nightjar.pipelines.submit;

import com.anthropic.client.okhttp.AnthropicOkHttpClient;
import com.anthropic.core.JsonField;
import com.anthropic.core.JsonValue;
import com.anthropic.core.http.StreamResponse;
import com.anthropic.errors.AnthropicException;
import com.anthropic.errors.AnthropicServiceException;
import com.anthropic.models.messages.batches.BatchCreateParams;
import com.anthropic.models.messages.batches.BatchListPage;
import com.anthropic.models.messages.batches.BatchListParams;
import com.anthropic.models.messages.batches.MessageBatch;
import com.anthropic.models.messages.batches.MessageBatchIndividualResponse;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.Submission;
import dev.nightjar.cachestore.Usage;
import dev.nightjar.pipelines.model.ResultLine;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Anthropic's Message Batches API. Its batches carry no metadata, so an interrupted create is
 * recognised by the custom ids in the results, which are there only when the batch has ended.
 */
final class AnthropicClient implements ProviderClient {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int PAGE_BATCHES_MAX = 100;
  private static final int READ_RETRIES_MAX = 4;
  private static final int CLOCK_SKEW_SECONDS_MAX = 300;

  private final com.anthropic.client.AnthropicClient client;

  private AnthropicClient(com.anthropic.client.AnthropicClient client) {
    this.client = client;
  }

  static AnthropicClient open(String baseUrl, String apiKey) {
    return new AnthropicClient(
        AnthropicOkHttpClient.builder()
            .baseUrl(baseUrl)
            .apiKey(apiKey)
            .timeout(Duration.ofMinutes(10))
            .maxRetries(0) // as for OpenAI: a repeated create is a second batch
            .build());
  }

  /** For calls without an effect, which may be repeated. */
  private com.anthropic.client.AnthropicClient reading() {
    return client.withOptions(options -> options.maxRetries(READ_RETRIES_MAX));
  }

  private static <T> T call(Supplier<T> call) {
    try {
      return call.get();
    } catch (AnthropicServiceException e) {
      // The message may quote the key or the prompt; status and type do not.
      throw new ProviderException(
          ProviderException.ofStatus(e.statusCode()),
          "anthropic answered "
              + e.statusCode()
              + e.errorType().map(type -> " (" + type.asString() + ")").orElse(""),
          e);
    } catch (AnthropicException e) {
      throw new ProviderException(
          ProviderException.ofFailure(e), "anthropic could not be reached: " + e.getMessage(), e);
    }
  }

  @Override
  public ProviderBatch create(
      Submission submission, RequestSource requests, Runnable beforeEffect) {
    List<Object> all = new ArrayList<>(submission.requests());
    requests.forEachLine(
        line -> {
          try {
            all.add(JSON.readValue(line, Object.class));
          } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
          }
        });
    // The lines go out as they are: the typed builder would need every field twice.
    JsonField<List<BatchCreateParams.Request>> raw = JsonValue.from(all);
    beforeEffect.run();
    return call(
        () ->
            batch(
                client
                    .messages()
                    .batches()
                    .create(BatchCreateParams.builder().requests(raw).build())));
  }

  @Override
  public Found find(
      Submission submission,
      Function<Collection<String>, List<String>> knownIds,
      Collection<String> customIds) {
    Instant oldest =
        submission.creatingAt().orElse(Instant.EPOCH).minusSeconds(CLOCK_SKEW_SECONDS_MAX);
    boolean undecided = false;
    BatchListPage page =
        call(
            () ->
                reading()
                    .messages()
                    .batches()
                    .list(BatchListParams.builder().limit(PAGE_BATCHES_MAX).build()));
    while (true) {
      List<MessageBatch> recent =
          page.data().stream()
              .filter(batch -> batch.createdAt().toInstant().isAfter(oldest))
              .toList();
      Set<String> known =
          new HashSet<>(knownIds.apply(recent.stream().map(MessageBatch::id).toList()));
      for (MessageBatch candidate : recent) {
        ProviderBatch batch = batch(candidate);
        if (known.contains(batch.id()) || batch.requests() != submission.requests()) {
          continue;
        }
        if (batch.progress() == ProviderBatch.Progress.WORKING) {
          undecided = true; // its custom ids show only in its results
        } else if (firstCustomId(batch.id()).filter(customIds::contains).isPresent()) {
          return new Found.Batch(batch);
        }
      }
      if (recent.size() < page.data().size() || !page.hasNextPage()) {
        return undecided ? new Found.Undecided() : new Found.Absent();
      }
      BatchListPage last = page;
      page = call(last::nextPage);
    }
  }

  @SuppressWarnings("MustBeClosedChecker") // closed by the callers' try
  private StreamResponse<MessageBatchIndividualResponse> open(String batchId) {
    return call(() -> reading().messages().batches().resultsStreaming(batchId));
  }

  private Optional<String> firstCustomId(String batchId) {
    try (StreamResponse<MessageBatchIndividualResponse> results = open(batchId)) {
      return call(() -> results.stream().findFirst().map(MessageBatchIndividualResponse::customId));
    }
  }

  @Override
  public ProviderBatch status(String batchId) {
    return call(() -> batch(reading().messages().batches().retrieve(batchId)));
  }

  private static ProviderBatch batch(MessageBatch batch) {
    var counts = batch.requestCounts();
    return new ProviderBatch(
        batch.id(),
        "",
        batch.processingStatus().asString().equals("ended")
            ? ProviderBatch.Progress.ENDED
            : ProviderBatch.Progress.WORKING,
        counts.processing()
            + counts.succeeded()
            + counts.errored()
            + counts.canceled()
            + counts.expired(),
        "",
        batch.endedAt().orElse(batch.createdAt()).toInstant());
  }

  @Override
  public void results(String submissionId, ProviderBatch batch, Consumer<ResultLine> consumer) {
    try (StreamResponse<MessageBatchIndividualResponse> results = open(batch.id())) {
      Iterator<MessageBatchIndividualResponse> lines = results.stream().iterator();
      while (call(lines::hasNext)) {
        consumer.accept(resultLine(submissionId, batch, JSON.valueToTree(call(lines::next))));
      }
    }
  }

  static ResultLine resultLine(String submissionId, ProviderBatch batch, JsonNode line) {
    String customId = line.path("custom_id").asText();
    JsonNode result = line.path("result");
    String type = result.path("type").asText();
    if (!type.equals("succeeded")) {
      String why = result.path("error").path("error").path("type").asText(type);
      return new ResultLine(
          submissionId,
          customId,
          "",
          false,
          Usage.NONE, // only succeeded requests are billed
          batch.workedAt(),
          Optional.of(
              type.equals("expired") ? ErrorCode.REQUEST_EXPIRED : ErrorCode.REQUEST_ERRORED),
          "anthropic: " + why);
    }
    JsonNode message = result.path("message");
    StringBuilder text = new StringBuilder();
    for (JsonNode block : message.path("content")) {
      text.append(block.path("text").asText(""));
    }
    JsonNode usage = message.path("usage");
    JsonNode written = usage.path("cache_creation");
    long hour = written.path("ephemeral_1h_input_tokens").asLong(0);
    return new ResultLine(
        submissionId,
        customId,
        text.toString(),
        message.path("stop_reason").asText().equals("max_tokens"),
        new Usage(
            usage.path("input_tokens").asLong(0),
            usage.path("cache_read_input_tokens").asLong(0),
            usage.path("cache_creation_input_tokens").asLong(0) - hour,
            hour,
            usage.path("output_tokens").asLong(0)),
        batch.workedAt(),
        Optional.empty(),
        "");
  }

  @Override
  public Optional<ProviderException> check() {
    try {
      call(() -> client.messages().batches().list(BatchListParams.builder().limit(1).build()));
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
