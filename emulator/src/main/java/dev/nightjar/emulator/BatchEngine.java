package dev.nightjar.emulator;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Moves batches through their states as time passes. Times are the provider's, divided by the
 * speed: OpenAI validates for 2 s and finalises for 2 s, a Gemini batch is pending for 2 s; work
 * takes 40 s for the first request and 20 ms for each further one. Windows after which a batch
 * expires are not divided: clients are told when they end. One step at a time; requests and results
 * stream through, no batch is ever in memory.
 */
final class BatchEngine {
  private static final long VALIDATING_MILLIS = 2_000;
  private static final long FINALIZING_MILLIS = 2_000;
  private static final long LONG_FINALIZING_TIMES = 20;
  private static final long LATE_OUTPUT_MILLIS = 300_000;
  private static final long WORKING_MILLIS = 40_000;
  private static final long WORKING_MILLIS_PER_REQUEST = 20;
  private static final long WINDOW_MILLIS = 86_400_000;
  private static final long GEMINI_WINDOW_MILLIS = 2 * 86_400_000;
  private static final long OUTPUT_EXPIRES_SECONDS = 30L * 86_400;
  private static final int ERRORS_MAX = 10;

  private static final List<String> OPENAI_WORKING =
      List.of("validating", "in_progress", "finalizing", "cancelling");
  private static final List<String> OPENAI_ENQUEUED = List.of("in_progress", "finalizing");
  private static final List<String> OPENAI_EXECUTABLE = List.of("in_progress", "cancelling");
  private static final List<String> ANTHROPIC_WORKING = List.of("in_progress", "canceling");

  private final Storage storage;
  private final Models models;
  private final Map<OpenAiDialect, OpenAiApi> openAi;
  private final AnthropicApi anthropic;
  private final GeminiApi gemini;
  private final Clock clock;
  private final Ids ids;
  private final double speed;
  private final long enqueuedTokensMax;

  BatchEngine(
      Storage storage,
      Models models,
      Map<OpenAiDialect, OpenAiApi> openAi,
      AnthropicApi anthropic,
      GeminiApi gemini,
      Clock clock,
      Ids ids,
      double speed,
      long enqueuedTokensMax) {
    this.storage = storage;
    this.models = models;
    this.openAi = openAi;
    this.anthropic = anthropic;
    this.gemini = gemini;
    this.clock = clock;
    this.ids = ids;
    this.speed = speed;
    this.enqueuedTokensMax = enqueuedTokensMax;
  }

  private boolean elapsed(long sinceMillis, long millis) {
    return clock.millis() - sinceMillis >= millis / speed;
  }

  private static long workingMillis(int requests) {
    return WORKING_MILLIS + WORKING_MILLIS_PER_REQUEST * requests;
  }

  /** How many requests are done when work is stopped now. */
  private int doneSince(long startedMillis, int requests) {
    double share = (clock.millis() - startedMillis) * speed / workingMillis(requests);
    return (int) Math.min(requests, share * requests);
  }

  /** Brings every batch to where it should be now. */
  synchronized void advance() {
    for (OpenAiDialect dialect : OpenAiDialect.values()) {
      for (Storage.Batch batch : storage.batchesIn(dialect.label, OPENAI_WORKING)) {
        // As many steps as the time allows: a stopped emulator catches up.
        String before = "";
        for (Storage.Batch at = batch; !at.state().equals(before); ) {
          before = at.state();
          at = stepOpenAi(at);
        }
      }
    }
    for (Storage.Batch batch : storage.batchesIn(AnthropicApi.PROVIDER, ANTHROPIC_WORKING)) {
      stepAnthropic(batch);
    }
    for (Storage.Batch batch : storage.batchesIn(GeminiApi.PROVIDER, GeminiApi.WORKING)) {
      String before = "";
      for (Storage.Batch at = batch; !at.state().equals(before); ) {
        before = at.state();
        at = stepGemini(at);
      }
    }
  }

  /** What execution has come to so far; for use within one thread. */
  private static final class Tally {
    private int index;
    private int succeeded;
    private int failed;
    private int rest;
    private @Nullable String sample;
  }

  private Bill bill(Storage.Batch batch) throws IOException {
    return new Bill(storage.contentOf(batch.id() + ".bill"));
  }

  // ---- OpenAI ----

  private Storage.Batch stepOpenAi(Storage.Batch batch) {
    ObjectNode data = batch.data();
    Set<Fault> faults = batch.faults();
    int requests = data.at("/request_counts/total").asInt();
    long started = data.path("in_progress_at").asLong(0) * 1000;
    return switch (batch.state()) {
      case "validating" ->
          elapsed(batch.createdMillis(), VALIDATING_MILLIS) ? validate(batch) : batch;
      case "in_progress" -> {
        boolean stuck = faults.contains(Fault.STUCK);
        if (!stuck && elapsed(started, workingMillis(requests))) {
          yield faults.contains(Fault.EXPIRES)
              ? executeOpenAi(batch, requests / 2, "expired", "expired_at")
              : executeOpenAi(batch, requests, "finalizing", "finalizing_at");
        }
        if (clock.millis() - batch.createdMillis() >= WINDOW_MILLIS) {
          yield executeOpenAi(batch, stuck ? 0 : requests / 2, "expired", "expired_at");
        }
        yield batch;
      }
      case "cancelling" -> {
        boolean idle = started == 0 || faults.contains(Fault.STUCK);
        yield executeOpenAi(
            batch, idle ? 0 : doneSince(started, requests), "cancelled", "cancelled_at");
      }
      case "finalizing" -> {
        long times = faults.contains(Fault.LONG_FINALIZING) ? LONG_FINALIZING_TIMES : 1;
        if (!elapsed(data.get("finalizing_at").asLong() * 1000, FINALIZING_MILLIS * times)) {
          yield batch;
        }
        if (faults.contains(Fault.LATE_OUTPUT)) {
          data.put(
              OpenAiApi.OUTPUT_FROM_MILLIS, clock.millis() + (long) (LATE_OUTPUT_MILLIS / speed));
        }
        yield move(batch, "completed", "completed_at");
      }
      default -> batch;
    };
  }

  private Storage.Batch move(Storage.Batch batch, String state, String timeField) {
    ObjectNode data = batch.data();
    data.put("status", state);
    data.put(timeField, clock.instant().getEpochSecond());
    Storage.Batch moved = batch.with(state, data);
    // Cancelled meanwhile: that state counts.
    return storage.moveBatch(moved, batch.state()) ? moved : current(batch);
  }

  private Storage.Batch current(Storage.Batch batch) {
    return storage.batch(batch.id()).orElse(batch);
  }

  /** Finds what is wrong with a file of requests, up to {@link #ERRORS_MAX} things. */
  private final class Validation {
    private final List<ObjectNode> errors = new ArrayList<>();
    private final Set<String> customIds = new HashSet<>();
    private final String endpoint;
    private final String parameter;
    private final boolean countsTokens = enqueuedTokensMax < Long.MAX_VALUE;
    private String model = "";
    private int requests;
    private long promptTokens;

    private final boolean namesUrls;

    private Validation(String endpoint, boolean namesUrls) {
      this.endpoint = endpoint;
      this.namesUrls = namesUrls;
      this.parameter = OpenAiApi.requiredParameter(endpoint);
    }

    private void add(String code, String message, @Nullable Integer line, @Nullable String param) {
      if (!models.rules().keep(Rule.OPENAI_LINES, code)) {
        return;
      }
      errors.add(
          Json.object()
              .put("code", code)
              .put("message", message)
              .put("param", param)
              .put("line", line));
    }

    private boolean line(int number, String text) {
      requests++;
      JsonNode line;
      try {
        line = Json.MAPPER.readTree(text);
      } catch (JsonProcessingException e) {
        line = Json.MAPPER.missingNode();
      }
      if (!line.isObject()) {
        add("invalid_json_line", "This line is not parseable as valid JSON.", number, null);
        return errors.size() < ERRORS_MAX;
      }
      if (!customIds.add(line.path("custom_id").asText())) {
        add(
            "duplicate_custom_id",
            "The custom_id is not unique in this batch.",
            number,
            "custom_id");
      }
      if (namesUrls && !line.path("url").asText().equals(endpoint)) {
        add("url_mismatch", "The URL must be the batch's endpoint.", number, "url");
      }
      JsonNode body = line.path("body");
      JsonNode required = body.path(parameter);
      if (required.isArray() || (required.isTextual() && parameter.equals("input"))) {
        if (countsTokens && (required.isTextual() || !required.isEmpty())) {
          promptTokens += Models.openAiPromptTokens(body);
        }
      } else {
        add(
            "missing_required_parameter",
            "Missing required parameter.",
            number,
            "body." + parameter);
      }
      String lineModel = body.path("model").asText();
      if (!model.isEmpty() && !model.equals(lineModel)) {
        add("model_mismatch", "All requests must use the same model.", number, "body.model");
      }
      model = lineModel;
      return errors.size() < ERRORS_MAX;
    }
  }

  /** One bad line fails the whole batch: nothing is executed and nothing is billed. */
  private Storage.Batch validate(Storage.Batch batch) {
    int requestsMax = OpenAiDialect.ofLabel(batch.provider()).requestsMax;
    Validation found =
        new Validation(
            batch.data().get("endpoint").asText(),
            !batch.provider().equals(OpenAiDialect.MISTRAL.label));
    Lines.read(storage.contentOf(batch.id()), found::line);
    if (found.requests == 0) {
      found.add("empty_file", "The batch file is empty.", null, null);
    }
    if (found.requests > requestsMax) {
      found.add("too_many_tasks", "At most " + requestsMax + " requests per batch.", null, null);
    }
    if (batch.faults().contains(Fault.FAILS_VALIDATION)) {
      found.add("invalid_request", "The batch could not be validated.", null, null);
    }
    if (batch.faults().contains(Fault.BILLING_LIMIT)) {
      found.add("billing_hard_limit_reached", "Billing hard limit has been reached.", null, null);
    }
    if (found.errors.isEmpty()) {
      long enqueued = found.promptTokens + enqueuedTokens(batch, found.model);
      if (batch.faults().contains(Fault.QUEUE_FULL) || enqueued > enqueuedTokensMax) {
        found.add("token_limit_exceeded", queueFull(batch, found.model), null, null);
      }
    }
    ObjectNode data = batch.data();
    if (found.errors.isEmpty()) {
      data.put("model", found.model);
      data.put("emulator_prompt_tokens", found.promptTokens);
      data.set("request_counts", OpenAiApi.counts(found.requests, 0, 0));
      return move(batch, "in_progress", "in_progress_at");
    }
    ObjectNode list = data.putObject("errors");
    list.put("object", "list");
    list.putArray("data").addAll(found.errors);
    return move(batch, "failed", "failed_at");
  }

  private long enqueuedTokens(Storage.Batch one, String model) {
    return storage.batchesIn(one.provider(), OPENAI_ENQUEUED).stream()
        .filter(batch -> batch.owner().equals(one.owner()))
        .filter(batch -> batch.data().path("model").asText().equals(model))
        .mapToLong(batch -> batch.data().path("emulator_prompt_tokens").asLong())
        .sum();
  }

  private String queueFull(Storage.Batch batch, String model) {
    long limit = enqueuedTokensMax < Long.MAX_VALUE ? enqueuedTokensMax : 2_000_000;
    if (batch.provider().equals(OpenAiDialect.AZURE.label)) {
      return "The number of enqueued tokens has surpassed the configured limit of "
          + (limit % 1_000 == 0 ? limit / 1_000 + "K" : limit)
          + " for the deployment '"
          + model
          + "'. Please either increase the limit or try again once the current jobs have finished.";
    }
    return "Enqueued token limit reached for "
        + model
        + " in organization org-emulated. Limit: "
        + String.format(Locale.ROOT, "%,d", limit)
        + " enqueued tokens. Please try again once some in_progress batches have been completed.";
  }

  private Storage.Batch executeOpenAi(
      Storage.Batch batch, int executeMax, String state, String timeField) {
    // The names follow from the batch's: an execution that was killed is written over.
    OpenAiApi api = Objects.requireNonNull(openAi.get(OpenAiDialect.ofLabel(batch.provider())));
    String suffix = batch.id().substring(batch.id().indexOf('_') + 1);
    String outputId = api.dialect().filePrefix + suffix + "out";
    String errorId = api.dialect().filePrefix + suffix + "err";
    String endpoint = batch.data().get("endpoint").asText();
    int total = batch.data().at("/request_counts/total").asInt();
    LineFaults spoiled = new LineFaults(batch, Math.min(executeMax, total));
    Tally tally = new Tally();
    try (Bill bill = bill(batch)) {
      int outputLines;
      int errorLines;
      try (ShuffledLines outputs = new ShuffledLines(storage.contentOf(outputId), ids, true);
          ShuffledLines errors = new ShuffledLines(storage.contentOf(errorId), ids, true)) {
        Lines.read(
            storage.contentOf(batch.id()),
            (number, text) -> {
              JsonNode line = line(text);
              String customId = line.path("custom_id").asText();
              int index = tally.index++;
              if (spoiled.hits(Fault.MISSING_LINE, index, customId)) {
                return true;
              }
              ObjectNode result = Json.object();
              result.put("id", ids.next("batch_req_"));
              result.put("custom_id", customId);
              if (index >= executeMax) {
                errors.add(unexecuted(result, state.equals("expired")));
                tally.failed++;
                return true;
              }
              ObjectNode response = result.putObject("response");
              result.putNull("error");
              if (spoiled.hits(Fault.LINE_STATUS_ZERO, index, customId)) {
                response.put("status_code", 0).put("request_id", "").putNull("body");
                outputs.add(Json.write(result));
                tally.succeeded++; // that is what its counts say
                return true;
              }
              response.put("request_id", ids.next("req_"));
              try {
                if (spoiled.fails(index, customId)) {
                  throw ApiError.server("The server had an error while processing your request.");
                }
                Models.Completion completion =
                    api.execute(endpoint, line.path("body"), new Models.Origin(batch.id(), true));
                response.put("status_code", 200);
                response.set("body", spoiled.body(completion, "usage", index, customId));
                bill.add(api.line(batch.id(), customId, completion, true));
                String written = Json.write(result);
                outputs.add(written);
                if (spoiled.hits(Fault.DUPLICATE_LINE, index, customId)) {
                  outputs.add(written);
                }
                tally.sample = written;
                tally.succeeded++;
              } catch (ApiError e) {
                response.put("status_code", e.status);
                response.set("body", e.openAi());
                errors.add(Json.write(result));
                tally.failed++;
              }
              return true;
            });
        if (spoiled.has(Fault.UNKNOWN_LINE) && tally.sample != null) {
          outputs.add(strange(tally.sample, "custom_id"));
        }
        outputLines = outputs.lines();
        errorLines = errors.lines();
      }
      List<ObjectNode> files = new ArrayList<>();
      ObjectNode data = current(batch).data();
      data.set("output_file_id", null);
      data.set("error_file_id", null);
      if (outputLines > 0) {
        files.add(output(api, outputId, batch.id() + "_output.jsonl"));
        data.put("output_file_id", outputId);
      } else {
        storage.deleteContent(outputId);
      }
      if (errorLines > 0) {
        files.add(output(api, errorId, batch.id() + "_error.jsonl"));
        data.put("error_file_id", errorId);
      } else if (api.dialect() == OpenAiDialect.AZURE) {
        files.add(output(api, errorId, batch.id() + "_error.jsonl")); // of 0 bytes
        data.put("error_file_id", errorId);
      } else {
        storage.deleteContent(errorId);
        if (spoiled.has(Fault.EMPTY_ERROR_FILE_ID)) {
          data.put("error_file_id", "");
        }
      }
      // Cancelled before it was validated, it has not been counted yet.
      int requests = Math.max(total, tally.index);
      data.set("request_counts", OpenAiApi.counts(requests, tally.succeeded, tally.failed));
      data.put("status", state);
      data.put(timeField, clock.instant().getEpochSecond());
      Storage.Batch executed = batch.with(state, data);
      return storage.putExecuted(executed, OPENAI_EXECUTABLE, files, "id", bill)
          ? executed
          : current(batch);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private ObjectNode output(OpenAiApi api, String id, String name) throws IOException {
    return api.describe(
        id, name, "batch_output", Files.size(storage.contentOf(id)), OUTPUT_EXPIRES_SECONDS);
  }

  /** A line that was valid, or nothing if the batch was cancelled before it was validated. */
  private static JsonNode line(String text) {
    try {
      return Json.MAPPER.readTree(text);
    } catch (JsonProcessingException e) {
      return Json.object();
    }
  }

  private static String unexecuted(ObjectNode result, boolean expired) {
    result.putNull("response");
    result
        .putObject("error")
        .put("code", expired ? "batch_expired" : "batch_cancelled")
        .put(
            "message",
            expired
                ? "This request could not be executed before the completion window expired."
                : "This request was not executed because the batch was cancelled.");
    return Json.write(result);
  }

  /** A result for a request that nobody sent. */
  private String strange(String sample, String idField) {
    return Json.write(Json.read(sample).put(idField, ids.next("unknown-")));
  }

  // ---- Anthropic ----

  private void stepAnthropic(Storage.Batch batch) {
    Set<Fault> faults = batch.faults();
    boolean stuck = faults.contains(Fault.STUCK);
    int requests = batch.data().at("/request_counts/processing").asInt();
    if (!stuck && elapsed(batch.createdMillis(), workingMillis(requests))) {
      boolean expires = faults.contains(Fault.EXPIRES);
      executeAnthropic(batch, expires ? requests / 2 : requests, expires ? "expired" : "");
      return;
    }
    boolean expired = clock.millis() - batch.createdMillis() >= WINDOW_MILLIS;
    if (expired || batch.state().equals("canceling")) {
      executeAnthropic(
          batch,
          stuck ? 0 : doneSince(batch.createdMillis(), requests),
          expired ? "expired" : "canceled");
    }
  }

  private void executeAnthropic(Storage.Batch batch, int executeMax, String restType) {
    String version = batch.data().path("emulator_version").asText("2023-06-01");
    int total = batch.data().at("/request_counts/processing").asInt();
    LineFaults spoiled = new LineFaults(batch, Math.min(executeMax, total));
    Tally tally = new Tally();
    Path file = storage.contentOf(batch.id() + ".results");
    try (Bill bill = bill(batch)) {
      try (ShuffledLines results = new ShuffledLines(file, ids, true)) {
        Lines.read(
            storage.contentOf(batch.id()),
            (number, text) -> {
              ObjectNode line = Json.read(text);
              String customId = line.get("custom_id").asText();
              int index = tally.index++;
              if (spoiled.hits(Fault.MISSING_LINE, index, customId)) {
                return true;
              }
              ObjectNode result = Json.object();
              result.put("custom_id", customId);
              ObjectNode outcome = result.putObject("result");
              if (index >= executeMax) {
                outcome.put("type", restType);
                tally.rest++;
                results.add(Json.write(result));
                return true;
              }
              try {
                refuseAnthropic(spoiled, index, customId);
                Models.Completion completion =
                    models.message(
                        line.path("params"),
                        new Models.Origin(batch.id(), !spoiled.has(Fault.CACHE_NOT_FORMED)),
                        version);
                outcome.put("type", "succeeded");
                outcome.set("message", spoiled.body(completion, "usage", index, customId));
                bill.add(anthropic.line(batch.id(), customId, completion, true));
                tally.sample = Json.write(result);
                tally.succeeded++;
                if (spoiled.hits(Fault.DUPLICATE_LINE, index, customId)) {
                  results.add(tally.sample);
                }
              } catch (ApiError e) {
                outcome.put("type", "errored");
                outcome.set("error", e.anthropic(ids.next("req_")));
                tally.failed++;
              }
              results.add(Json.write(result));
              return true;
            });
        if (spoiled.has(Fault.UNKNOWN_LINE) && tally.sample != null) {
          results.add(strange(tally.sample, "custom_id"));
        }
      }
      ObjectNode data = current(batch).data();
      data.put("processing_status", "ended");
      data.set(
          "request_counts",
          AnthropicApi.counts(
              0,
              tally.succeeded,
              tally.failed,
              restType.equals("canceled") ? tally.rest : 0,
              restType.equals("expired") ? tally.rest : 0));
      data.put("ended_at", AnthropicApi.time(clock.millis()));
      storage.putExecuted(batch.with("ended", data), ANTHROPIC_WORKING, List.of(), "id", bill);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void refuseAnthropic(LineFaults spoiled, int index, String customId) {
    if (spoiled.has(Fault.FAILS_VALIDATION)) {
      throw ApiError.invalid("The request could not be validated.");
    }
    if (spoiled.fails(index, customId) || spoiled.hits(Fault.OPAQUE_ERROR, index, customId)) {
      throw ApiError.server("Internal server error");
    }
  }

  // ---- Gemini ----

  private Storage.Batch stepGemini(Storage.Batch batch) {
    Set<Fault> faults = batch.faults();
    if (clock.millis() - batch.createdMillis() >= GEMINI_WINDOW_MILLIS) {
      return endGemini(batch, GeminiApi.EXPIRED, 4, "The batch expired before it was finished.");
    }
    if (batch.state().equals(GeminiApi.PENDING)) {
      return elapsed(batch.createdMillis(), VALIDATING_MILLIS) ? startGemini(batch) : batch;
    }
    int requests = batch.data().path("emulator_requests").asInt();
    long started = batch.data().path("emulator_started_millis").asLong();
    if (!batch.state().equals(GeminiApi.RUNNING)
        || faults.contains(Fault.STUCK)
        || !elapsed(started, workingMillis(requests))) {
      return batch;
    }
    return faults.contains(Fault.EXPIRES)
        ? endGemini(batch, GeminiApi.EXPIRED, 4, "The batch expired before it was finished.")
        : executeGemini(batch, requests);
  }

  private Storage.Batch startGemini(Storage.Batch batch) {
    int[] lines = new int[1];
    int[] bad = new int[1];
    Lines.read(
        storage.contentOf(batch.id()),
        (number, text) -> {
          lines[0]++;
          if (!line(text).path("request").isObject()) {
            bad[0] = number;
          }
          return bad[0] == 0;
        });
    if (bad[0] > 0 || lines[0] == 0 || batch.faults().contains(Fault.FAILS_VALIDATION)) {
      return endGemini(
          batch,
          GeminiApi.FAILED,
          3,
          bad[0] > 0
              ? "Line " + bad[0] + " of the input file is not a valid request."
              : lines[0] == 0 ? "The input file is empty." : "The batch could not be validated.");
    }
    ObjectNode data = batch.data();
    data.put("emulator_requests", lines[0]);
    data.put("emulator_started_millis", clock.millis());
    gemini.state(data, GeminiApi.RUNNING);
    GeminiApi.stats(data, lines[0], lines[0], 0, 0);
    Storage.Batch running = batch.with(GeminiApi.RUNNING, data);
    return storage.moveBatch(running, batch.state()) ? running : current(batch);
  }

  /** An end without results and without a bill. */
  private Storage.Batch endGemini(Storage.Batch batch, String state, int code, String message) {
    ObjectNode data = batch.data();
    gemini.end(data, state);
    data.putObject("error").put("code", code).put("message", message);
    Storage.Batch ended = batch.with(state, data);
    return storage.moveBatch(ended, batch.state()) ? ended : current(batch);
  }

  private Storage.Batch executeGemini(Storage.Batch batch, int total) {
    boolean inline = batch.data().path("emulator_inline").asBoolean();
    String model = batch.data().get("emulator_model").asText();
    String resultsId = inline ? batch.id() + ".results" : gemini.resultsFile(batch.id());
    // Inline results have no ids of their own that must be there: their order is the requests'.
    String idField = inline ? "metadata" : "key";
    LineFaults spoiled = new LineFaults(batch, total);
    Tally tally = new Tally();
    try (Bill bill = bill(batch)) {
      try (ShuffledLines results = new ShuffledLines(storage.contentOf(resultsId), ids, !inline)) {
        Lines.read(
            storage.contentOf(batch.id()),
            (number, text) -> {
              ObjectNode result = Json.read(text);
              JsonNode request = result.remove("request");
              String key =
                  inline ? result.at("/metadata/key").asText() : result.path("key").asText();
              int index = tally.index++;
              if (spoiled.hits(Fault.MISSING_LINE, index, key)) {
                return true;
              }
              if (spoiled.has(Fault.EMPTIED_ARRAYS)) {
                GeminiApi.emptyArrays(result);
              }
              try {
                if (spoiled.fails(index, key)) {
                  throw ApiError.server("An internal error has occurred. Please retry.");
                }
                Models.Completion completion =
                    models.generateContent(
                        model,
                        request,
                        new Models.Origin(batch.id(), !spoiled.has(Fault.CACHE_NOT_FORMED)));
                result.set("response", spoiled.body(completion, "usageMetadata", index, key));
                bill.add(gemini.line(batch.id(), key, completion, true));
                tally.succeeded++;
                tally.sample = Json.write(result);
                if (spoiled.hits(Fault.DUPLICATE_LINE, index, key)) {
                  results.add(tally.sample);
                }
              } catch (ApiError e) {
                result.set("error", e.geminiStatus());
                tally.failed++;
              }
              results.add(Json.write(result));
              return true;
            });
        if (spoiled.has(Fault.UNKNOWN_LINE) && tally.sample != null) {
          results.add(unknownGemini(tally.sample, idField));
        }
      }
      ObjectNode data = current(batch).data();
      gemini.end(data, GeminiApi.SUCCEEDED);
      GeminiApi.stats(data, total, 0, tally.succeeded, tally.failed);
      List<ObjectNode> files = new ArrayList<>();
      if (!inline) {
        files.add(gemini.describeResults(resultsId, Files.size(storage.contentOf(resultsId))));
        gemini.putResponsesFile(data, resultsId);
      }
      Storage.Batch executed = batch.with(GeminiApi.SUCCEEDED, data);
      return storage.putExecuted(executed, List.of(GeminiApi.RUNNING), files, "name", bill)
          ? executed
          : current(batch);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String unknownGemini(String sample, String idField) {
    if (idField.equals("key")) {
      return strange(sample, idField);
    }
    ObjectNode result = Json.read(sample);
    result.putObject("metadata").put("key", ids.next("unknown-"));
    return Json.write(result);
  }
}
