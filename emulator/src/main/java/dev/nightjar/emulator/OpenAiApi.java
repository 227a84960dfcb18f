package dev.nightjar.emulator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.commons.fileupload2.core.MultipartInput;

/**
 * Files, batches and chat completions of OpenAI and of those that speak its language; OpenAI's
 * responses. Thread-safe.
 */
final class OpenAiApi {
  /** Kept with a batch, and not shown: from when on its output file is. */
  static final String OUTPUT_FROM_MILLIS = "emulator_output_from";

  private static final String CHAT = "/v1/chat/completions";
  private static final String RESPONSES = "/v1/responses";

  private static final long FORM_BYTES_MAX = 1 << 20;
  private static final long WINDOW_SECONDS = 86_400;
  private static final int BATCHES_LIST_MAX = 100;
  private static final int FILES_LIST_MAX = 10_000;
  private static final int CREATIONS_PER_HOUR_MAX = 2_000;
  private static final long HOUR_MILLIS = 3_600_000;
  private static final int METADATA_PAIRS_MAX = 16;
  private static final long BACKGROUND_MILLIS = 20_000;
  private static final int FLEX_MINUTES_MAX = 15;
  private static final long UNSTORED_MILLIS = 600_000;
  private static final Pattern NAME = Pattern.compile("name=\"([^\"]*)\"");
  private static final Pattern FILENAME = Pattern.compile("filename=\"([^\"]*)\"");

  private final OpenAiDialect dialect;
  private final Storage storage;
  private final Models models;
  private final PriceList prices;
  private final Faults faults;
  private final Clock clock;
  private final Ids ids;
  private final double speed;

  OpenAiApi(
      OpenAiDialect dialect,
      Storage storage,
      Models models,
      PriceList prices,
      Faults faults,
      Clock clock,
      Ids ids,
      double speed) {
    this.dialect = dialect;
    this.speed = speed;
    this.storage = storage;
    this.models = models;
    this.prices = prices;
    this.faults = faults;
    this.clock = clock;
    this.ids = ids;
  }

  OpenAiDialect dialect() {
    return dialect;
  }

  void handle(Exchange exchange) throws IOException {
    String[] path = exchange.path(); // v1, files|batches|chat, …
    String route = exchange.method() + " " + exchange.segment(1) + " " + path.length;
    if (dialect == OpenAiDialect.MISTRAL && exchange.segment(1).startsWith("batch")) {
      jobs(exchange, route, path);
      return;
    }
    switch (route) {
      case "POST files 2" -> exchange.send(200, upload(exchange));
      case "GET files 2" -> exchange.send(200, files(exchange));
      case "GET files 3" -> exchange.send(200, file(path[2], exchange.viewer()));
      case "DELETE files 3" -> exchange.send(200, deleteFile(path[2], exchange.viewer()));
      case "GET files 4" -> {
        file(path[2], exchange.viewer());
        exchange.sendFile(storage.contentOf(path[2]), "application/octet-stream");
      }
      case "POST batches 2" -> exchange.send(200, create(exchange.json(), exchange.viewer()));
      case "GET batches 2" ->
          exchange.send(
              200,
              page(
                  storage.batches(dialect.label, exchange.viewer()).stream()
                      .map(batch -> dialect.shown(batch.shown()))
                      .toList(),
                  exchange,
                  20,
                  BATCHES_LIST_MAX));
      case "GET batches 3" -> exchange.send(200, seen(batch(path[2], exchange.viewer())));
      case "POST batches 4" -> exchange.send(200, cancel(path[2], exchange.viewer()));
      case "POST chat 3" -> chat(exchange, exchange.json());
      case "POST responses 2" -> respond(exchange, exchange.json());
      case "GET responses 3" -> exchange.send(200, response(path[2], exchange.viewer()));
      default ->
          throw new ApiError(
              404, "invalid_request_error", "", "Unknown request URL: " + String.join("/", path));
    }
  }

  /** Mistral's batches. */
  private void jobs(Exchange exchange, String route, String[] path) throws IOException {
    switch (route) {
      case "POST batch 3" -> exchange.send(200, createJob(exchange.json(), exchange.viewer()));
      case "GET batch 3" ->
          exchange.send(
              200,
              pageByNumber(
                  storage.batches(dialect.label, exchange.viewer()).stream()
                      .map(batch -> dialect.shown(batch.shown()))
                      .toList(),
                  exchange));
      case "GET batch 4" -> exchange.send(200, seen(batch(path[3], exchange.viewer())));
      case "POST batch 5" -> exchange.send(200, cancel(path[3], exchange.viewer()));
      default -> throw ApiError.notFound("no Route matched with those values");
    }
  }

  private ObjectNode createJob(JsonNode job, Accounts.Viewer viewer) {
    JsonNode files = job.path("input_files");
    if (files.size() != 1) { // several are not emulated
      throw ApiError.invalid("input_files: Field required");
    }
    String model = job.path("model").asText("");
    if (model.isEmpty()) {
      models
          .rules()
          .refuse(
              Rule.MISTRAL_JOBS, "model", ApiError.invalid("Either model or agent_id must be set"));
    } else if (!dialect.sells(model, prices)) {
      throw ApiError.invalid("Invalid model: " + model);
    }
    long hours = job.path("timeout_hours").asLong(24);
    if (hours < 1 || hours > 168) {
      models
          .rules()
          .refuse(
              Rule.MISTRAL_JOBS,
              "hours",
              ApiError.invalid("timeout_hours: Input should be less than or equal to 168"));
    }
    ObjectNode request = Json.object();
    request.set("input_file_id", files.path(0));
    request.set("endpoint", job.get("endpoint"));
    request.put("completion_window", "24h");
    request.set("metadata", job.get("metadata"));
    return create(request, viewer);
  }

  private static ObjectNode pageByNumber(List<ObjectNode> all, Exchange exchange) {
    int size = exchange.limit("page_size", BATCHES_LIST_MAX, BATCHES_LIST_MAX);
    int from = Math.min(all.size(), Integer.parseInt(exchange.query("page", "0")) * size);
    ObjectNode list = Json.object();
    list.putArray("data").addAll(all.subList(from, Math.min(all.size(), from + size)));
    return list.put("object", "list").put("total", all.size());
  }

  private void chat(Exchange exchange, JsonNode request) {
    Models.Completion completion = models.chat(dialect, request, Models.Origin.DIRECT);
    storage.putLine(line("", "", completion, false));
    if (request.path("stream").asBoolean()) {
      exchange.stream(
          Streams.chat(
              completion.body(),
              dialect == OpenAiDialect.MISTRAL // it always does
                  || request.at("/stream_options/include_usage").asBoolean()));
    } else {
      exchange.send(200, completion.body());
    }
  }

  /**
   * A response; one in the background is accepted at once, worked on for a while, and fetched by
   * its id, for about ten minutes if it is not stored.
   *
   * @see <a href="https://platform.openai.com/docs/guides/background">Background mode</a>
   */
  private void respond(Exchange exchange, JsonNode request) {
    boolean background = request.path("background").asBoolean();
    if (request.path("stream").asBoolean()) {
      throw ApiError.invalid("Streamed responses are not emulated; ask in the background.");
    }
    Models.Completion completion = models.response(request, Models.Origin.DIRECT);
    storage.putLine(line("", "", completion, false));
    ObjectNode body = completion.body().put("background", background);
    boolean stored = request.path("store").asBoolean(true);
    if (background || stored) {
      long now = clock.millis();
      storage.putResponse(
          body.get("id").asText(),
          exchange.viewer().project(),
          now
              + (background
                  ? Math.round(workingMillis(completion.service(), body.get("id").asText()) / speed)
                  : 0),
          now + (stored ? WINDOW_SECONDS * 30_000 : UNSTORED_MILLIS),
          body);
    }
    exchange.send(200, background ? unfinished(body, "queued") : body);
  }

  /** Well within its window, as batches are; flex as long as its pages say, each for itself. */
  private static long workingMillis(Service service, String id) {
    return switch (service) {
      case WITHIN_2H -> 30 * BACKGROUND_MILLIS;
      case WITHIN_8H -> 120 * BACKGROUND_MILLIS;
      case FLEX -> (1 + Math.floorMod(id.hashCode(), FLEX_MINUTES_MAX)) * 60_000L;
      case STANDARD, US -> BACKGROUND_MILLIS;
    };
  }

  private static ObjectNode unfinished(ObjectNode body, String status) {
    ObjectNode shown = body.deepCopy();
    shown.put("status", status);
    shown.putNull("incomplete_details");
    shown.putArray("output");
    shown.putNull("usage");
    return shown;
  }

  private ObjectNode response(String id, Accounts.Viewer viewer) {
    return storage
        .response(id, viewer, clock.millis())
        .map(kept -> kept.ready() ? kept.data() : unfinished(kept.data(), "in_progress"))
        .orElseThrow(
            () ->
                new ApiError(
                    404, "invalid_request_error", "", "Response with id '" + id + "' not found."));
  }

  /** Executes one request of a batch. */
  Models.Completion execute(String endpoint, JsonNode body, Models.Origin origin) {
    return endpoint.equals(RESPONSES)
        ? models.response(body, origin)
        : models.chat(dialect, body, origin);
  }

  /** The parameter that a request to an endpoint cannot do without. */
  static String requiredParameter(String endpoint) {
    return endpoint.equals(RESPONSES) ? "input" : "messages";
  }

  Invoice.Line line(String batchId, String customId, Models.Completion completion, boolean batch) {
    return prices.line(dialect.label, batchId, customId, completion, batch);
  }

  private ObjectNode upload(Exchange exchange) throws IOException {
    String contentType = exchange.header("Content-Type").orElse("");
    int at = contentType.indexOf("boundary=");
    if (at < 0) {
      throw ApiError.invalid("Expected multipart/form-data.");
    }
    String boundary = contentType.substring(at + "boundary=".length()).replace("\"", "");
    MultipartInput input =
        MultipartInput.builder()
            .setInputStream(
                exchange.body(
                    dialect.uploadBytesMax + FORM_BYTES_MAX,
                    () -> ApiError.invalid("File is too large.")))
            .setBoundary(boundary.getBytes(StandardCharsets.UTF_8))
            .get();
    String id = ids.next(dialect.filePrefix);
    try {
      return receive(input, id, exchange.viewer());
    } catch (IOException | RuntimeException e) {
      storage.deleteContent(id); // half a file is no file
      throw e;
    }
  }

  private ObjectNode receive(MultipartInput input, String id, Accounts.Viewer viewer)
      throws IOException {
    String purpose = "";
    String filename = "";
    long expiresAfterSeconds = 30L * 86_400;
    long bytes = -1;
    for (boolean more = input.skipPreamble(); more; more = input.readBoundary()) {
      String headers = input.readHeaders();
      String name = group(NAME, headers);
      if (name.equals("file")) {
        filename = group(FILENAME, headers);
        Path content = storage.contentOf(id);
        try (OutputStream out = Files.newOutputStream(content)) {
          input.readBodyData(out);
        }
        bytes = Files.size(content);
      } else {
        ByteArrayOutputStream value = new ByteArrayOutputStream();
        input.readBodyData(value);
        String text = value.toString(StandardCharsets.UTF_8);
        switch (name) {
          case "purpose" -> purpose = text;
          case "expires_after[seconds]" -> expiresAfterSeconds = expiry(text);
          default -> {} // expires_after[anchor] has one legal value
        }
      }
    }
    if (bytes < 0 || purpose.isEmpty()) {
      throw ApiError.invalid((bytes < 0 ? "'file'" : "'purpose'") + " is a required property");
    }
    if (bytes > dialect.uploadBytesMax) {
      throw ApiError.invalid("File is too large.");
    }
    ObjectNode file = describe(id, filename, purpose, bytes, expiresAfterSeconds);
    storage.putUpload(id, viewer.project(), file);
    return file;
  }

  private static long expiry(String seconds) {
    if (!seconds.matches("\\d{4,7}")
        || Long.parseLong(seconds) < 3_600
        || Long.parseLong(seconds) > 2_592_000) {
      throw ApiError.invalid("'expires_after.seconds' must be between 3600 and 2592000.");
    }
    return Long.parseLong(seconds);
  }

  /** A file object. */
  ObjectNode describe(
      String id, String filename, String purpose, long bytes, long expiresAfterSeconds) {
    long now = clock.instant().getEpochSecond();
    ObjectNode file = Json.object();
    file.put("object", "file");
    file.put("id", id);
    file.put("purpose", purpose);
    file.put("filename", filename.isEmpty() ? "upload" : filename);
    file.put("bytes", bytes);
    file.put("created_at", now);
    file.put("expires_at", now + expiresAfterSeconds);
    file.put("status", "processed");
    file.putNull("status_details");
    return file;
  }

  private static String group(Pattern pattern, String headers) {
    // ' name=' so that filename= is not taken for it
    Matcher matcher =
        pattern.matcher(
            headers.replace("filename=", pattern == FILENAME ? "filename=" : "file-name="));
    return matcher.find() ? matcher.group(1) : "";
  }

  private ObjectNode file(String id, Accounts.Viewer viewer) {
    return storage
        .upload(id, viewer)
        .filter(upload -> id.startsWith(dialect.filePrefix))
        .orElseThrow(
            () -> new ApiError(404, "invalid_request_error", "", "No such File object: " + id));
  }

  private ObjectNode deleteFile(String id, Accounts.Viewer viewer) {
    file(id, viewer);
    storage.deleteUpload(id);
    return Json.object().put("id", id).put("object", "file").put("deleted", true);
  }

  private ObjectNode files(Exchange exchange) {
    String purpose = exchange.query("purpose", "");
    List<ObjectNode> files =
        new ArrayList<>(
            storage.uploads(dialect.filePrefix, exchange.viewer()).stream()
                .filter(file -> purpose.isEmpty() || file.get("purpose").asText().equals(purpose))
                .toList());
    if (dialect == OpenAiDialect.MISTRAL) {
      return pageByNumber(files, exchange);
    }
    if (exchange.query("order", "desc").equals("asc")) {
      Collections.reverse(files);
    }
    return page(files, exchange, FILES_LIST_MAX, FILES_LIST_MAX);
  }

  private ObjectNode page(List<ObjectNode> all, Exchange exchange, int otherwise, int max) {
    int limit = exchange.limit(otherwise, max);
    boolean byCursor = dialect == OpenAiDialect.GROQ && exchange.segment(1).equals("batches");
    String after = exchange.query(byCursor ? "cursor" : "after", "");
    int from = 0;
    for (int i = 0; i < all.size(); i++) {
      if (all.get(i).get("id").asText().equals(after)) {
        from = i + 1;
      }
    }
    List<ObjectNode> slice = all.subList(from, Math.min(all.size(), from + limit));
    ObjectNode list = Json.object();
    list.put("object", "list");
    list.putArray("data").addAll(slice);
    if (byCursor) {
      list.putObject("paging")
          .put(
              "next_cursor",
              from + limit < all.size() ? slice.get(slice.size() - 1).get("id").asText() : null);
      return list;
    }
    list.put("first_id", slice.isEmpty() ? null : slice.get(0).get("id").asText());
    list.put("last_id", slice.isEmpty() ? null : slice.get(slice.size() - 1).get("id").asText());
    list.put("has_more", from + limit < all.size());
    return list;
  }

  private Storage.Batch batch(String id, Accounts.Viewer viewer) {
    return storage
        .batch(id, dialect.label, viewer)
        .orElseThrow(
            () ->
                new ApiError(
                    404, "invalid_request_error", "", "No batch found with id '" + id + "'."));
  }

  private ObjectNode create(JsonNode request, Accounts.Viewer viewer) {
    String fileId = request.path("input_file_id").asText("");
    if (storage.upload(fileId, viewer).isEmpty() || !fileId.startsWith(dialect.filePrefix)) {
      throw noFile(fileId);
    }
    String endpoint = request.path("endpoint").asText("");
    boolean chat = endpoint.equals(dialect.chatEndpoint);
    if (!chat && !(endpoint.equals(RESPONSES) && dialect == OpenAiDialect.OPENAI)) {
      models
          .rules()
          .refuse(
              Rule.OPENAI_ENDPOINT,
              dialect.label,
              ApiError.invalid(
                  "Invalid value: '"
                      + endpoint
                      + "'. Supported here: '"
                      + dialect.chatEndpoint
                      + "', '"
                      + RESPONSES
                      + "'."));
    }
    if (!dialect.takesWindow(request.path("completion_window").asText(""))) {
      models
          .rules()
          .refuse(
              Rule.OPENAI_WINDOW,
              dialect.label,
              ApiError.invalid(
                  "Invalid value for 'completion_window'. Supported values are: '24h'."));
    }
    if (request.path("metadata").size() > METADATA_PAIRS_MAX) {
      models
          .rules()
          .refuse(
              Rule.OPENAI_METADATA,
              ApiError.invalid("Too many metadata pairs: at most " + METADATA_PAIRS_MAX + "."));
    }
    long now = clock.millis();
    if (storage.batchesSince(dialect.label, now - HOUR_MILLIS) >= CREATIONS_PER_HOUR_MAX) {
      throw new ApiError(
          429,
          "rate_limit_error",
          "rate_limit_exceeded",
          "Rate limit reached: at most " + CREATIONS_PER_HOUR_MAX + " batches an hour.");
    }
    Set<Fault> drawn = faults.forBatch(Vendor.OPENAI);
    if (drawn.contains(Fault.FILE_NOT_FOUND)) {
      throw noFile(fileId);
    }
    String id = ids.next("batch_");
    storage.shareContent(fileId, id);
    ObjectNode batch = Json.object();
    batch.put("id", id);
    batch.put("object", "batch");
    batch.put("endpoint", chat ? CHAT : endpoint);
    batch.putNull("model");
    batch.putNull("errors");
    batch.put("input_file_id", fileId);
    batch.put("completion_window", "24h");
    batch.put("status", "validating");
    batch.putNull("output_file_id");
    batch.putNull("error_file_id");
    batch.put("created_at", now / 1000);
    batch.putNull("in_progress_at");
    batch.put("expires_at", now / 1000 + WINDOW_SECONDS);
    for (String time :
        List.of(
            "finalizing_at",
            "completed_at",
            "failed_at",
            "expired_at",
            "cancelling_at",
            "cancelled_at")) {
      batch.putNull(time);
    }
    batch.set("request_counts", counts(0, 0, 0));
    batch.putNull("usage");
    batch.set(
        "metadata",
        dialect.keepsMetadata() && request.path("metadata").isObject()
            ? request.get("metadata")
            : null);
    Storage.Batch.putFaults(batch, drawn);
    Storage.Batch stored =
        new Storage.Batch(
            id, dialect.label, viewer.batchOwner(Vendor.OPENAI), "validating", now, batch);
    storage.putBatch(stored);
    return dialect.shown(stored.shown());
  }

  private static ApiError noFile(String fileId) {
    return ApiError.invalid(
        "Cannot find file " + fileId + ", or organization does not have access to it.");
  }

  /** A batch whose output file comes late has none yet. */
  private ObjectNode seen(Storage.Batch batch) {
    ObjectNode shown = batch.shown();
    if (batch.data().path(OUTPUT_FROM_MILLIS).asLong(0) > clock.instant().toEpochMilli()) {
      shown.putNull("output_file_id");
    }
    return dialect.shown(shown);
  }

  static ObjectNode counts(int total, int completed, int failed) {
    return Json.object().put("total", total).put("completed", completed).put("failed", failed);
  }

  private ObjectNode cancel(String id, Accounts.Viewer viewer) {
    Storage.Batch batch = batch(id, viewer);
    if (!batch.state().equals("validating") && !batch.state().equals("in_progress")) {
      throw new ApiError(
          409,
          "invalid_request_error",
          "",
          "Cannot cancel a batch with status '" + batch.state() + "'.");
    }
    ObjectNode data = batch.data();
    data.put("status", "cancelling");
    data.put("cancelling_at", clock.instant().getEpochSecond());
    if (!storage.moveBatch(batch.with("cancelling", data), batch.state())) {
      return cancel(id, viewer); // it moved on meanwhile
    }
    return dialect.shown(batch(id, viewer).shown());
  }
}
