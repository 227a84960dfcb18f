package dev.nightjar.emulator;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** Anthropic's messages, message batches and token count, in both wire versions. Thread-safe. */
final class AnthropicApi {
  static final String PROVIDER = "anthropic";
  static final Set<String> VERSIONS = Set.of("2023-06-01", "2026-10-21");

  private static final int REQUESTS_MAX = 100_000;
  private static final long BODY_BYTES_MAX = 256L << 20;
  private static final int LIST_MAX = 1_000;
  private static final Pattern CUSTOM_ID = Pattern.compile("[a-zA-Z0-9_-]{1,64}");
  private static final Set<String> REFUSED_IN_BATCH = Set.of("stream", "speed", "store");

  private final Storage storage;
  private final Models models;
  private final PriceList prices;
  private final Faults faults;
  private final Clock clock;
  private final Ids ids;
  private final String address;

  AnthropicApi(
      Storage storage,
      Models models,
      PriceList prices,
      Faults faults,
      Clock clock,
      Ids ids,
      String address) {
    this.storage = storage;
    this.models = models;
    this.prices = prices;
    this.faults = faults;
    this.clock = clock;
    this.ids = ids;
    this.address = address;
  }

  void handle(Exchange exchange) throws IOException {
    String version = exchange.header("anthropic-version").orElse("");
    if (!VERSIONS.contains(version)) {
      throw ApiError.invalid("anthropic-version: header is required, one of " + VERSIONS);
    }
    String[] path = exchange.path(); // v1, messages, batches, id, results|cancel
    String third = exchange.segment(2);
    String route = exchange.method() + " " + third + " " + path.length;
    switch (route) {
      case "POST  2" -> {
        JsonNode request = exchange.json();
        Models.Completion completion = models.message(request, Models.Origin.DIRECT, version);
        storage.putLine(line("", "", completion, false));
        if (request.path("stream").asBoolean()) {
          exchange.stream(Streams.message(completion.body()));
        } else {
          exchange.send(200, completion.body());
        }
      }
      case "POST count_tokens 3" ->
          exchange.send(
              200, Json.object().put("input_tokens", models.countTokens(exchange.json())));
      case "POST batches 3" -> exchange.send(200, create(exchange, version));
      case "GET batches 3" -> exchange.send(200, list(exchange));
      case "GET batches 4" -> exchange.send(200, shown(batch(path[3], exchange.viewer())));
      case "DELETE batches 4" -> exchange.send(200, delete(path[3], exchange.viewer()));
      case "POST batches 5" -> exchange.send(200, cancel(path[3], exchange.viewer()));
      case "GET batches 5" -> {
        Storage.Batch batch = batch(path[3], exchange.viewer());
        if (!batch.state().equals("ended")) {
          throw ApiError.notFound("Message batch " + path[3] + " has no available results.");
        }
        exchange.sendFile(storage.contentOf(path[3] + ".results"), "application/x-jsonl");
      }
      default -> throw ApiError.notFound("Not Found");
    }
  }

  Invoice.Line line(String batchId, String customId, Models.Completion completion, boolean batch) {
    return prices.line(PROVIDER, batchId, customId, completion, batch);
  }

  /** The requests go to disk as they come: a batch of 256 MB must not need memory of its size. */
  private ObjectNode create(Exchange exchange, String version) throws IOException {
    String id = ids.next("msgbatch_");
    int requests;
    try {
      requests = receive(exchange, id);
      if (requests == 0) {
        throw ApiError.invalid(
            "requests: List should have at least 1 item after validation, not 0");
      }
      return create(id, requests, version, exchange.viewer());
    } catch (JsonProcessingException e) {
      storage.deleteContent(id);
      throw ApiError.invalid("The request body is not valid JSON.");
    } catch (IOException | RuntimeException e) {
      storage.deleteContent(id);
      throw e;
    }
  }

  private int receive(Exchange exchange, String id) throws IOException {
    Set<String> customIds = new HashSet<>();
    try (BufferedWriter lines = Files.newBufferedWriter(storage.contentOf(id));
        JsonParser parser =
            Json.MAPPER.createParser(
                exchange.body(
                    BODY_BYTES_MAX,
                    () ->
                        new ApiError(
                            413,
                            "request_too_large",
                            "",
                            "Request exceeds the maximum allowed number of bytes.")))) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw ApiError.invalid("The request body is not a JSON object.");
      }
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        boolean isRequests = parser.currentName().equals("requests");
        JsonToken value = parser.nextToken();
        if (!isRequests || value != JsonToken.START_ARRAY) {
          parser.skipChildren();
          continue;
        }
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          JsonNode request = Json.element(parser);
          check(request, customIds);
          lines.write(Json.write(request));
          lines.write('\n');
        }
      }
    }
    return customIds.size();
  }

  private void check(JsonNode request, Set<String> customIds) {
    int index = customIds.size();
    if (index == REQUESTS_MAX) {
      throw ApiError.invalid(
          "requests: List should have at most " + REQUESTS_MAX + " items after validation");
    }
    String customId = request.path("custom_id").asText("");
    if (!CUSTOM_ID.matcher(customId).matches()) {
      models
          .rules()
          .refuse(
              Rule.ANTHROPIC_CUSTOM_IDS,
              "letters",
              ApiError.invalid(
                  "requests."
                      + index
                      + ".custom_id: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'"));
    }
    if (!customIds.add(customId)) {
      models
          .rules()
          .refuse(
              Rule.ANTHROPIC_CUSTOM_IDS,
              "twice",
              ApiError.invalid(
                  "requests." + index + ".custom_id: duplicate custom_id " + customId));
    }
    for (String refused : REFUSED_IN_BATCH) {
      if (request.path("params").has(refused)) {
        models
            .rules()
            .refuse(
                Rule.ANTHROPIC_NOT_IN_BATCHES,
                refused,
                ApiError.invalid(
                    "requests." + index + ".params." + refused + ": not supported in batches"));
      }
    }
  }

  private ObjectNode create(String id, int requests, String version, Accounts.Viewer viewer) {
    Set<Fault> drawn = faults.forBatch(Vendor.ANTHROPIC);
    if (drawn.contains(Fault.QUEUE_FULL)) {
      throw new ApiError(
          429,
          "rate_limit_error",
          "",
          "This request would exceed the limit on batch requests in the processing queue.");
    }
    long now = clock.millis();
    ObjectNode batch = Json.object();
    batch.put("id", id);
    batch.put("type", "message_batch");
    batch.put("processing_status", "in_progress");
    batch.set("request_counts", counts(requests, 0, 0, 0, 0));
    batch.put("created_at", time(now));
    batch.put("expires_at", time(now + 86_400_000L));
    batch.putNull("ended_at");
    batch.putNull("cancel_initiated_at");
    batch.putNull("archived_at");
    batch.putNull("results_url");
    batch.put("emulator_version", version);
    Storage.Batch.putFaults(batch, drawn);
    Storage.Batch stored =
        new Storage.Batch(
            id, PROVIDER, viewer.batchOwner(Vendor.ANTHROPIC), "in_progress", now, batch);
    storage.putBatch(stored);
    return stored.shown();
  }

  static String time(long millis) {
    return Instant.ofEpochMilli(millis).truncatedTo(ChronoUnit.MILLIS).toString();
  }

  static ObjectNode counts(int processing, int succeeded, int errored, int canceled, int expired) {
    return Json.object()
        .put("processing", processing)
        .put("succeeded", succeeded)
        .put("errored", errored)
        .put("canceled", canceled)
        .put("expired", expired);
  }

  private Storage.Batch batch(String id, Accounts.Viewer viewer) {
    return storage
        .batch(id, PROVIDER, viewer)
        .orElseThrow(() -> ApiError.notFound("Message batch " + id + " not found."));
  }

  /** The provider's object; the results are where this server answers now. */
  private ObjectNode shown(Storage.Batch batch) {
    ObjectNode data = batch.shown();
    if (batch.state().equals("ended")) {
      data.put("results_url", address + "/v1/messages/batches/" + batch.id() + "/results");
    }
    return data;
  }

  private ObjectNode list(Exchange exchange) {
    int limit = exchange.limit(20, LIST_MAX);
    List<ObjectNode> all =
        storage.batches(PROVIDER, exchange.viewer()).stream().map(this::shown).toList();
    int from = index(all, exchange.query("after_id", "")) + 1;
    String before = exchange.query("before_id", "");
    int to = Math.min(all.size(), from + limit);
    if (!before.isEmpty()) {
      to = Math.max(0, index(all, before));
      from = Math.max(0, to - limit);
    }
    List<ObjectNode> slice = all.subList(from, to);
    ObjectNode list = Json.object();
    list.putArray("data").addAll(slice);
    list.put("has_more", before.isEmpty() ? to < all.size() : from > 0);
    list.put("first_id", slice.isEmpty() ? null : slice.get(0).get("id").asText());
    list.put("last_id", slice.isEmpty() ? null : slice.get(slice.size() - 1).get("id").asText());
    return list;
  }

  private static int index(List<ObjectNode> all, String id) {
    for (int i = 0; i < all.size(); i++) {
      if (all.get(i).get("id").asText().equals(id)) {
        return i;
      }
    }
    return -1;
  }

  private ObjectNode cancel(String id, Accounts.Viewer viewer) {
    Storage.Batch batch = batch(id, viewer);
    if (batch.state().equals("in_progress")) {
      ObjectNode data = batch.data();
      data.put("processing_status", "canceling");
      data.put("cancel_initiated_at", time(clock.millis()));
      storage.moveBatch(batch.with("canceling", data), "in_progress"); // unless it just ended
    }
    return shown(batch(id, viewer));
  }

  private ObjectNode delete(String id, Accounts.Viewer viewer) {
    if (!batch(id, viewer).state().equals("ended")) {
      throw ApiError.invalid("Message batch " + id + " cannot be deleted while it is processing.");
    }
    storage.deleteBatch(id);
    storage.deleteContent(id);
    storage.deleteContent(id + ".results");
    return Json.object().put("id", id).put("type", "message_batch_deleted");
  }
}
