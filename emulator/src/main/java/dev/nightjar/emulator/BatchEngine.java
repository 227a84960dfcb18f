package dev.nightjar.emulator;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Moves batches through their states as time passes. Times are the provider's, divided by the
 * speed: OpenAI validates for 2 s and finalises for 2 s; work takes 40 s for the first request and
 * 20 ms for each further one. One step at a time.
 */
final class BatchEngine {
  private static final long VALIDATING_MILLIS = 2_000;
  private static final long FINALIZING_MILLIS = 2_000;
  private static final long WORKING_MILLIS = 40_000;
  private static final long WORKING_MILLIS_PER_REQUEST = 20;
  private static final long WINDOW_MILLIS = 86_400_000;
  private static final int REQUESTS_MAX = 50_000;

  private final Storage storage;
  private final Models models;
  private final Invoice invoice;
  private final OpenAiApi openAi;
  private final Clock clock;
  private final Ids ids;
  private final double speed;

  BatchEngine(
      Storage storage,
      Models models,
      Invoice invoice,
      OpenAiApi openAi,
      Clock clock,
      Ids ids,
      double speed) {
    this.storage = storage;
    this.models = models;
    this.invoice = invoice;
    this.openAi = openAi;
    this.clock = clock;
    this.ids = ids;
    this.speed = speed;
  }

  private boolean elapsed(long sinceMillis, long millis) {
    return clock.millis() - sinceMillis >= millis / speed;
  }

  /** Brings every batch to where it should be now. */
  synchronized void advance() {
    for (Storage.Batch batch : storage.batches(OpenAiApi.PROVIDER)) {
      // As many steps as the time allows: a stopped emulator catches up.
      String before = "";
      for (Storage.Batch at = batch; !at.state().equals(before); ) {
        before = at.state();
        at = stepOpenAi(at);
      }
    }
    for (Storage.Batch batch : storage.batches(AnthropicApi.PROVIDER)) {
      stepAnthropic(batch);
    }
  }

  // ---- OpenAI ----

  private Storage.Batch stepOpenAi(Storage.Batch batch) {
    ObjectNode data = batch.data();
    return switch (batch.state()) {
      case "validating" ->
          elapsed(batch.createdMillis(), VALIDATING_MILLIS) ? validate(batch) : batch;
      case "in_progress" -> {
        long started = data.get("in_progress_at").asLong() * 1000;
        int requests = data.at("/request_counts/total").asInt();
        if (elapsed(started, WORKING_MILLIS + WORKING_MILLIS_PER_REQUEST * requests)) {
          yield executeOpenAi(batch, requests, "finalizing", "finalizing_at");
        }
        if (clock.millis() - batch.createdMillis() >= WINDOW_MILLIS) {
          yield executeOpenAi(batch, requests / 2, "expired", "expired_at");
        }
        yield batch;
      }
      case "cancelling" -> {
        long started = data.path("in_progress_at").asLong(0) * 1000;
        int requests = data.at("/request_counts/total").asInt();
        int done =
            started == 0
                ? 0
                : (int)
                    Math.min(
                        requests,
                        (clock.millis() - started)
                            * speed
                            / (WORKING_MILLIS + WORKING_MILLIS_PER_REQUEST * requests)
                            * requests);
        yield executeOpenAi(batch, done, "cancelled", "cancelled_at");
      }
      case "finalizing" -> {
        if (!elapsed(data.get("finalizing_at").asLong() * 1000, FINALIZING_MILLIS)) {
          yield batch;
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
    storage.putBatch(moved);
    return moved;
  }

  private List<String> lines(String contentId) {
    List<String> lines = new ArrayList<>();
    try (BufferedReader reader =
        Files.newBufferedReader(storage.contentOf(contentId), StandardCharsets.UTF_8)) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        if (!line.isBlank()) {
          lines.add(line);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return lines;
  }

  /** One bad line fails the whole batch: nothing is executed and nothing is billed. */
  private Storage.Batch validate(Storage.Batch batch) {
    List<ObjectNode> errors = new ArrayList<>();
    String endpoint = batch.data().get("endpoint").asText();
    List<String> lines = lines(batch.data().get("input_file_id").asText());
    Set<String> customIds = new HashSet<>();
    String model = "";
    if (lines.isEmpty()) {
      errors.add(error("empty_file", "The batch file is empty.", null, null));
    }
    if (lines.size() > REQUESTS_MAX) {
      errors.add(
          error("too_many_tasks", "At most " + REQUESTS_MAX + " requests per batch.", null, null));
    }
    for (int i = 0; i < lines.size() && errors.size() < 10; i++) {
      JsonNode line;
      try {
        line = Json.MAPPER.readTree(lines.get(i));
      } catch (JsonProcessingException e) {
        errors.add(
            error("invalid_json_line", "This line is not parseable as valid JSON.", i + 1, null));
        continue;
      }
      if (!customIds.add(line.path("custom_id").asText())) {
        errors.add(
            error(
                "duplicate_custom_id",
                "The custom_id is not unique in this batch.",
                i + 1,
                "custom_id"));
      }
      if (!line.path("url").asText().equals(endpoint)) {
        errors.add(error("url_mismatch", "The URL must be the batch's endpoint.", i + 1, "url"));
      }
      if (!line.at("/body/messages").isArray()) {
        errors.add(
            error(
                "missing_required_parameter",
                "Missing required parameter.",
                i + 1,
                "body.messages"));
      }
      String lineModel = line.at("/body/model").asText();
      if (!model.isEmpty() && !model.equals(lineModel)) {
        errors.add(
            error("model_mismatch", "All requests must use the same model.", i + 1, "body.model"));
      }
      model = lineModel;
    }
    ObjectNode data = batch.data();
    if (errors.isEmpty()) {
      data.put("model", model);
      data.set("request_counts", OpenAiApi.counts(lines.size(), 0, 0));
      return move(batch, "in_progress", "in_progress_at");
    }
    ObjectNode list = data.putObject("errors");
    list.put("object", "list");
    list.putArray("data").addAll(errors);
    return move(batch, "failed", "failed_at");
  }

  private static ObjectNode error(
      String code,
      String message,
      @org.jspecify.annotations.Nullable Integer line,
      @org.jspecify.annotations.Nullable String param) {
    return Json.object()
        .put("code", code)
        .put("message", message)
        .put("param", param)
        .put("line", line);
  }

  private Storage.Batch executeOpenAi(
      Storage.Batch batch, int executeMax, String state, String timeField) {
    List<String> outputs = new ArrayList<>();
    List<String> errors = new ArrayList<>();
    List<Invoice.Line> bill = new ArrayList<>();
    List<String> lines = lines(batch.data().get("input_file_id").asText());
    int completed = 0;
    for (int i = 0; i < lines.size(); i++) {
      ObjectNode line = Json.read(lines.get(i));
      ObjectNode result = Json.object();
      result.put("id", ids.next("batch_req_"));
      result.set("custom_id", line.get("custom_id"));
      if (i >= executeMax) {
        result.putNull("response");
        result
            .putObject("error")
            .put("code", state.equals("expired") ? "batch_expired" : "batch_cancelled")
            .put(
                "message",
                state.equals("expired")
                    ? "This request could not be executed before the completion window expired."
                    : "This request was not executed because the batch was cancelled.");
        errors.add(Json.write(result));
        continue;
      }
      ObjectNode response = result.putObject("response");
      response.put("request_id", ids.next("req_"));
      result.putNull("error");
      try {
        Models.Completion completion = models.chat(line.get("body"), true);
        response.put("status_code", 200);
        response.set("body", completion.body());
        bill.add(
            new Invoice.Line(
                OpenAiApi.PROVIDER,
                batch.id(),
                line.get("custom_id").asText(),
                completion.model(),
                completion.usage().prompt(),
                completion.usage().output(),
                invoice.amount(completion.model(), completion.usage(), true)));
        outputs.add(Json.write(result));
        completed++;
      } catch (ApiError e) {
        response.put("status_code", e.status);
        response.set("body", e.openAi());
        errors.add(Json.write(result));
      }
    }
    ids.shuffle(outputs); // output order is not input order
    ObjectNode data = batch.data();
    if (!outputs.isEmpty()) {
      data.put("output_file_id", openAi.saveOutput(batch.id() + "_output.jsonl", outputs));
    }
    if (!errors.isEmpty()) {
      data.put("error_file_id", openAi.saveOutput(batch.id() + "_error.jsonl", errors));
    }
    data.set("request_counts", OpenAiApi.counts(lines.size(), completed, lines.size() - completed));
    data.put("status", state);
    data.put(timeField, clock.instant().getEpochSecond());
    Storage.Batch executed = batch.with(state, data);
    storage.putExecuted(executed, bill);
    return executed;
  }

  // ---- Anthropic ----

  private void stepAnthropic(Storage.Batch batch) {
    if (batch.state().equals("ended")) {
      return;
    }
    int requests = batch.data().at("/request_counts/processing").asInt();
    long working = WORKING_MILLIS + WORKING_MILLIS_PER_REQUEST * requests;
    boolean expired = clock.millis() - batch.createdMillis() >= WINDOW_MILLIS;
    boolean canceling = batch.state().equals("canceling");
    if (elapsed(batch.createdMillis(), working)) {
      executeAnthropic(batch, requests, "");
    } else if (canceling || expired) {
      double share = (clock.millis() - batch.createdMillis()) * speed / working;
      executeAnthropic(
          batch, (int) Math.min(requests, share * requests), expired ? "expired" : "canceled");
    }
  }

  private void executeAnthropic(Storage.Batch batch, int executeMax, String restType) {
    List<String> results = new ArrayList<>();
    List<Invoice.Line> bill = new ArrayList<>();
    List<String> lines = lines(batch.id());
    int succeeded = 0;
    int errored = 0;
    int rest = 0;
    ObjectNode data = batch.data();
    for (int i = 0; i < lines.size(); i++) {
      ObjectNode line = Json.read(lines.get(i));
      ObjectNode result = Json.object();
      result.set("custom_id", line.get("custom_id"));
      ObjectNode outcome = result.putObject("result");
      if (i >= executeMax) {
        outcome.put("type", restType);
        rest++;
      } else {
        try {
          Models.Completion completion =
              models.message(
                  line.path("params"), true, data.path("emulator_version").asText("2023-06-01"));
          outcome.put("type", "succeeded");
          outcome.set("message", completion.body());
          bill.add(
              new Invoice.Line(
                  AnthropicApi.PROVIDER,
                  batch.id(),
                  line.get("custom_id").asText(),
                  completion.model(),
                  completion.usage().prompt(),
                  completion.usage().output(),
                  invoice.amount(completion.model(), completion.usage(), true)));
          succeeded++;
        } catch (ApiError e) {
          outcome.put("type", "errored");
          outcome.set("error", e.anthropic(ids.next("req_")));
          errored++;
        }
      }
      results.add(Json.write(result));
    }
    ids.shuffle(results);
    try {
      Files.write(storage.contentOf(batch.id() + ".results"), results, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    data.put("processing_status", "ended");
    data.set(
        "request_counts",
        AnthropicApi.counts(
            0,
            succeeded,
            errored,
            restType.equals("canceled") ? rest : 0,
            restType.equals("expired") ? rest : 0));
    data.put("ended_at", AnthropicApi.time(clock.millis()));
    storage.putExecuted(batch.with("ended", data), bill);
  }
}
