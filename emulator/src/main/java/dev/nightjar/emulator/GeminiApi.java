package dev.nightjar.emulator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;

/** Gemini's files, batches and generateContent, under /v1 and /v1beta. Thread-safe. */
final class GeminiApi {
  static final String PROVIDER = "gemini";
  static final String PENDING = "BATCH_STATE_PENDING";
  static final String RUNNING = "BATCH_STATE_RUNNING";
  static final String SUCCEEDED = "BATCH_STATE_SUCCEEDED";
  static final String FAILED = "BATCH_STATE_FAILED";
  static final String CANCELLED = "BATCH_STATE_CANCELLED";
  static final String EXPIRED = "BATCH_STATE_EXPIRED";
  static final List<String> WORKING = List.of(PENDING, RUNNING);

  static final String FILE_PREFIX = "files/";
  private static final Pattern FILE_NAME = Pattern.compile("files/[a-z0-9-]{1,40}");
  private static final String BATCH_PREFIX = "batches/";
  private static final String TYPE =
      "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch";
  private static final long FILE_BYTES_MAX = 2L << 30;
  private static final long INLINE_BYTES_MAX = 20L << 20;
  private static final int CONCURRENT_BATCHES_MAX = 100;
  private static final int LIST_MAX = 100;
  private static final int FILES_LIST_DEFAULT = 10;
  private static final int BATCHES_LIST_DEFAULT = 50;
  private static final long FILE_MILLIS = 2 * 86_400_000;

  private final Storage storage;
  private final Models models;
  private final PriceList prices;
  private final Faults faults;
  private final Clock clock;
  private final Ids ids;
  private final String address;

  GeminiApi(
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
    switch (exchange.segment(0)) {
      case "upload" -> upload(exchange);
      case "download" -> download(exchange, exchange.segment(3));
      default -> route(exchange);
    }
  }

  /** v1|v1beta, then models, files or batches, then a name that may end in a verb. */
  private void route(Exchange exchange) throws IOException {
    String name = exchange.segment(2);
    int colon = name.indexOf(':');
    String verb = colon < 0 ? "" : name.substring(colon);
    String id = colon < 0 ? name : name.substring(0, colon);
    String what = id.isEmpty() ? "" : " one";
    String route = exchange.method() + " " + exchange.segment(1) + what + verb;
    switch (route) {
      case "POST models one:generateContent" -> {
        Models.Completion completion =
            models.generateContent(id, exchange.json(), Models.Origin.DIRECT);
        storage.putLine(line("", "", completion, false));
        exchange.send(200, completion.body());
      }
      case "POST models one:streamGenerateContent" -> {
        if (!exchange.query("alt", "").equals("sse")) {
          throw ApiError.invalid("Only alt=sse is emulated for streamed content.");
        }
        Models.Completion completion =
            models.generateContent(id, exchange.json(), Models.Origin.DIRECT);
        storage.putLine(line("", "", completion, false));
        exchange.stream(Streams.content(completion.body()));
      }
      case "POST models one:countTokens" ->
          exchange.send(
              200, Json.object().put("totalTokens", Models.geminiTokens(exchange.json())));
      case "POST models one:batchGenerateContent" -> exchange.send(200, create(exchange, id));
      case "GET files" ->
          exchange.send(
              200,
              page(
                  exchange,
                  FILES_LIST_DEFAULT,
                  "files",
                  storage.uploads(FILE_PREFIX, exchange.viewer()).stream()
                      .filter(file -> !isExpired(file))
                      .toList(),
                  Function.identity()));
      case "GET files one" -> exchange.send(200, file(FILE_PREFIX + id, exchange.viewer()));
      case "GET files one:download" -> download(exchange, name);
      case "DELETE files one" -> {
        file(FILE_PREFIX + id, exchange.viewer());
        storage.deleteUpload(FILE_PREFIX + id);
        exchange.send(200, Json.object());
      }
      case "GET batches" ->
          exchange.send(
              200,
              page(
                  exchange,
                  BATCHES_LIST_DEFAULT,
                  "operations",
                  storage.batches(PROVIDER, exchange.viewer()).stream()
                      .filter(batch -> !batch.data().has("emulator_deleted"))
                      .toList(),
                  Storage.Batch::shown));
      case "GET batches one" ->
          exchange.send(200, shown(batch(BATCH_PREFIX + id, exchange.viewer())));
      case "POST batches one:cancel" -> {
        cancel(BATCH_PREFIX + id, exchange.viewer());
        exchange.send(200, Json.object());
      }
      case "DELETE batches one" -> {
        delete(BATCH_PREFIX + id, exchange.viewer());
        exchange.send(200, Json.object());
      }
      default -> throw ApiError.notFound("Not found: " + String.join("/", exchange.path()));
    }
  }

  Invoice.Line line(String batchId, String customId, Models.Completion completion, boolean batch) {
    return prices.line(PROVIDER, batchId, customId, completion, batch);
  }

  private <T> ObjectNode page(
      Exchange exchange,
      int otherwise,
      String field,
      List<T> all,
      Function<T, ObjectNode> rendered) {
    int size = exchange.limit("pageSize", otherwise, LIST_MAX);
    String token = exchange.query("pageToken", "");
    if (!token.matches("\\d{0,9}")) {
      throw ApiError.invalid("page_token is invalid.");
    }
    int from = token.isEmpty() ? 0 : Math.min(all.size(), Integer.parseInt(token));
    int to = Math.min(all.size(), from + size);
    ObjectNode page = Json.object();
    ArrayNode items = page.putArray(field);
    all.subList(from, to).forEach(item -> items.add(rendered.apply(item)));
    if (to < all.size()) {
      page.put("nextPageToken", Integer.toString(to));
    }
    return page;
  }

  // ---- Files ----

  /** The resumable protocol: a start gives an address, to which the content goes in parts. */
  private void upload(Exchange exchange) throws IOException {
    String command = exchange.header("X-Goog-Upload-Command").orElse("").toLowerCase(Locale.ROOT);
    String session = exchange.query("upload_id", "");
    if (session.isEmpty()) {
      if (!command.equals("start")) {
        throw ApiError.invalid(
            "Only resumable uploads are supported: X-Goog-Upload-Command: start.");
      }
      start(exchange);
      return;
    }
    ObjectNode upload =
        storage
            .session(session)
            .orElseThrow(() -> ApiError.notFound("Upload " + session + " was not found."));
    Path content = storage.contentOf(session);
    if (command.contains("upload")) {
      append(exchange, content);
    }
    exchange.setHeader("X-Goog-Upload-Size-Received", Long.toString(Files.size(content)));
    if (command.contains("finalize")) {
      ObjectNode file = finish(session, upload);
      exchange.setHeader("X-Goog-Upload-Status", "final");
      ObjectNode answer = Json.object();
      answer.set("file", file);
      exchange.send(200, answer);
    } else {
      exchange.setHeader("X-Goog-Upload-Status", "active");
      exchange.send(200, Json.object());
    }
  }

  private void start(Exchange exchange) throws IOException {
    String length = exchange.header("X-Goog-Upload-Header-Content-Length").orElse("0");
    if (!length.matches("\\d{1,18}") || Long.parseLong(length) > FILE_BYTES_MAX) {
      throw tooLargeFile();
    }
    byte[] body = exchange.body(INLINE_BYTES_MAX, GeminiApi::tooLargeRequest).readAllBytes();
    JsonNode file = body.length == 0 ? Json.object() : parsed(body).path("file");
    String session = ids.next("upload-");
    ObjectNode upload = Json.object();
    String asked = file.path("name").asText("");
    String name = asked.isEmpty() || asked.startsWith(FILE_PREFIX) ? asked : FILE_PREFIX + asked;
    if (!asked.isEmpty() && !FILE_NAME.matcher(name).matches()) {
      throw ApiError.invalid("file.name: at most 40 lowercase letters, digits and dashes.");
    }
    upload.put("owner", exchange.viewer().project());
    upload.put("name", asked.isEmpty() ? ids.next(FILE_PREFIX) : name);
    upload.put("displayName", file.path("displayName").asText(file.path("display_name").asText()));
    upload.put(
        "mimeType",
        exchange
            .header("X-Goog-Upload-Header-Content-Type")
            .orElse(file.path("mimeType").asText("application/octet-stream")));
    if (storage.hasUpload(upload.get("name").asText())) {
      throw new ApiError(409, "conflict_error", "", "Requested entity already exists");
    }
    Files.write(storage.contentOf(session), new byte[0]);
    storage.putSession(session, upload);
    exchange.setHeader("X-Goog-Upload-Status", "active");
    exchange.setHeader(
        "X-Goog-Upload-URL",
        address
            + "/upload/"
            + exchange.segment(1)
            + "/files?upload_id="
            + session
            + "&upload_protocol=resumable");
    exchange.send(200, Json.object());
  }

  private static JsonNode parsed(byte[] body) {
    try {
      return Json.MAPPER.readTree(body);
    } catch (IOException e) {
      throw ApiError.invalid("Invalid JSON payload received.");
    }
  }

  private static void append(Exchange exchange, Path content) throws IOException {
    long received = Files.size(content);
    String offset = exchange.header("X-Goog-Upload-Offset").orElse("0");
    if (!offset.equals(Long.toString(received))) {
      throw ApiError.invalid(
          "The upload stands at byte " + received + ", but the request starts at " + offset + ".");
    }
    // A part that breaks off leaves what came of it, as its offset tells the client.
    try (InputStream in = exchange.body(FILE_BYTES_MAX - received, GeminiApi::tooLargeFile);
        OutputStream out = Files.newOutputStream(content, StandardOpenOption.APPEND)) {
      in.transferTo(out);
    }
  }

  private static ApiError tooLargeFile() {
    return ApiError.invalid("File size exceeds the limit: " + FILE_BYTES_MAX + " bytes.");
  }

  private static ApiError tooLargeRequest() {
    return ApiError.invalid(
        "Request payload size exceeds the limit: " + INLINE_BYTES_MAX + " bytes.");
  }

  private ObjectNode finish(String session, ObjectNode upload) throws IOException {
    String name = upload.get("name").asText();
    ObjectNode file =
        describe(
            name,
            upload.get("displayName").asText(),
            upload.get("mimeType").asText(),
            Files.size(storage.contentOf(session)));
    storage.shareContent(session, name);
    storage.putUpload(name, upload.get("owner").asText(), file);
    storage.deleteSession(session);
    storage.deleteContent(session);
    return file;
  }

  private ObjectNode describe(String name, String displayName, String mimeType, long bytes) {
    ObjectNode file = Json.object();
    file.put("name", name);
    if (!displayName.isEmpty()) {
      file.put("displayName", displayName);
    }
    file.put("mimeType", mimeType);
    file.put("sizeBytes", Long.toString(bytes));
    file.put("createTime", time(clock.millis()));
    file.put("updateTime", time(clock.millis()));
    file.put("expirationTime", time(clock.millis() + FILE_MILLIS));
    file.put("uri", address + "/v1beta/" + name);
    file.put("state", "ACTIVE");
    file.put("source", "UPLOADED");
    return file;
  }

  private static String time(long millis) {
    return Instant.ofEpochMilli(millis).toString();
  }

  private boolean isExpired(ObjectNode file) {
    return !clock.instant().isBefore(Instant.parse(file.get("expirationTime").asText()));
  }

  private ObjectNode file(String name, Accounts.Viewer viewer) {
    return storage
        .upload(name, viewer)
        .filter(file -> !isExpired(file))
        .orElseThrow(
            () ->
                new ApiError(
                    403,
                    "permission_error",
                    "",
                    "You do not have permission to access the File "
                        + name.substring(FILE_PREFIX.length())
                        + " or it may not exist."));
  }

  private void download(Exchange exchange, String nameAndVerb) throws IOException {
    String name = FILE_PREFIX + nameAndVerb.replace(":download", "");
    file(name, exchange.viewer());
    if (!exchange.query("alt", "").equals("media")) {
      throw ApiError.invalid("A download needs alt=media.");
    }
    exchange.sendFile(storage.contentOf(name), "application/octet-stream");
  }

  // ---- Batches ----

  private ObjectNode create(Exchange exchange, String model) throws IOException {
    JsonNode request = exchange.json(INLINE_BYTES_MAX, GeminiApi::tooLargeRequest).path("batch");
    if (!models.sellsGemini(model)) {
      throw ApiError.notFound(
          "models/"
              + model
              + " is not found for API version "
              + exchange.segment(0)
              + ", or is not supported for batchGenerateContent.");
    }
    JsonNode config = request.path("inputConfig");
    String fileName = config.path("fileName").asText("");
    JsonNode requests = config.path("requests").path("requests");
    if (fileName.isEmpty() && (!requests.isArray() || requests.isEmpty())) {
      throw ApiError.invalid("batch.input_config: a file name or requests are needed.");
    }
    if (!fileName.isEmpty()) {
      file(fileName, exchange.viewer());
    }
    if (storage.batchesIn(PROVIDER, WORKING).size() >= CONCURRENT_BATCHES_MAX) {
      throw exhausted();
    }
    Set<Fault> drawn = faults.forBatch(Vendor.GEMINI);
    if (drawn.contains(Fault.QUEUE_FULL)) {
      throw exhausted();
    }
    String id = ids.next(BATCH_PREFIX);
    if (fileName.isEmpty()) {
      keep(id, requests);
    } else {
      storage.shareContent(fileName, id);
    }
    ObjectNode operation = Json.object();
    operation.put("name", id);
    ObjectNode metadata = operation.putObject("metadata");
    metadata.put("@type", TYPE);
    metadata.put("model", "models/" + model);
    metadata.put("displayName", request.path("displayName").asText(""));
    if (!fileName.isEmpty()) {
      metadata.putObject("inputConfig").put("fileName", fileName);
    }
    metadata.put("createTime", time(clock.millis()));
    metadata.put("name", id);
    state(operation, PENDING);
    stats(operation, requests.size(), requests.size(), 0, 0);
    operation.put("done", false);
    operation.put("emulator_inline", fileName.isEmpty());
    operation.put("emulator_model", model);
    Storage.Batch.putFaults(operation, drawn);
    Storage.Batch batch =
        new Storage.Batch(
            id,
            PROVIDER,
            exchange.viewer().batchOwner(Vendor.GEMINI),
            PENDING,
            clock.millis(),
            operation);
    storage.putBatch(batch);
    return batch.shown();
  }

  private void keep(String id, JsonNode requests) throws IOException {
    try (BufferedWriter lines = Files.newBufferedWriter(storage.contentOf(id))) {
      for (JsonNode request : requests) {
        lines.write(Json.write(request));
        lines.write('\n');
      }
    }
  }

  private static ApiError exhausted() {
    return new ApiError(
        429,
        "rate_limit_error",
        "",
        "You exceeded your current quota, please check your plan and billing details.");
  }

  /** Notes a state and the time of the change. */
  void state(ObjectNode operation, String state) {
    ((ObjectNode) operation.get("metadata"))
        .put("updateTime", time(clock.millis()))
        .put("state", state);
  }

  /** Notes a state that is the last one. */
  void end(ObjectNode operation, String state) {
    state(operation, state);
    ((ObjectNode) operation.get("metadata")).put("endTime", time(clock.millis()));
    operation.put("done", true);
  }

  /** Counts, as strings; those that are 0 are not written, as with all of Google's numbers. */
  static void stats(ObjectNode operation, int requests, int pending, int succeeded, int failed) {
    ObjectNode stats = ((ObjectNode) operation.get("metadata")).putObject("batchStats");
    stats.put("requestCount", Integer.toString(requests));
    count(stats, "pendingRequestCount", pending);
    count(stats, "successfulRequestCount", succeeded);
    count(stats, "failedRequestCount", failed);
  }

  private static void count(ObjectNode stats, String name, int count) {
    if (count > 0) {
      stats.put(name, Integer.toString(count));
    }
  }

  /** The name of the file with a batch's results. */
  String resultsFile(String batchId) {
    return FILE_PREFIX + "batch-" + batchId.substring(BATCH_PREFIX.length());
  }

  ObjectNode describeResults(String name, long bytes) {
    return describe(name, "", "application/jsonl", bytes).put("source", "GENERATED");
  }

  void putResponsesFile(ObjectNode operation, String name) {
    putResponse(operation, Json.object().put("responsesFile", name));
  }

  /** Results stand in two places. */
  private static void putResponse(ObjectNode operation, ObjectNode output) {
    ((ObjectNode) operation.get("metadata")).set("output", output);
    ObjectNode response = operation.putObject("response");
    response.put("@type", TYPE + "Output");
    response.setAll(output);
  }

  /** Empties every array in a result. */
  static void emptyArrays(JsonNode node) {
    if (node instanceof ArrayNode array) {
      array.removeAll();
    }
    node.forEach(GeminiApi::emptyArrays);
  }

  private Storage.Batch batch(String id, Accounts.Viewer viewer) {
    return storage
        .batch(id, PROVIDER, viewer)
        .filter(batch -> !batch.data().has("emulator_deleted"))
        .orElseThrow(() -> ApiError.notFound("Requested entity was not found."));
  }

  private ObjectNode shown(Storage.Batch batch) {
    ObjectNode operation = batch.shown();
    if (batch.state().equals(SUCCEEDED) && batch.data().get("emulator_inline").asBoolean()) {
      ArrayNode responses = Json.array();
      Lines.read(
          storage.contentOf(batch.id() + ".results"),
          (number, text) -> {
            responses.add(Json.read(text));
            return true;
          });
      ObjectNode output = Json.object();
      output.putObject("inlinedResponses").set("inlinedResponses", responses);
      putResponse(operation, output);
    }
    return operation;
  }

  /** Takes effect at once; what was being worked on is neither delivered nor billed. */
  private void cancel(String id, Accounts.Viewer viewer) {
    Storage.Batch batch = batch(id, viewer);
    if (!WORKING.contains(batch.state())) {
      throw ApiError.invalid("Batch " + id + " is not running and cannot be cancelled.");
    }
    ObjectNode data = batch.data();
    end(data, CANCELLED);
    data.putObject("error").put("code", 1).put("message", "The batch was cancelled.");
    if (!storage.moveBatch(batch.with(CANCELLED, data), batch.state())) {
      cancel(id, viewer); // it moved on meanwhile
    }
  }

  /** A batch that is worked on goes on out of sight: deleting is not cancelling. */
  private void delete(String id, Accounts.Viewer viewer) {
    Storage.Batch batch = batch(id, viewer);
    if (WORKING.contains(batch.state())) {
      ObjectNode data = batch.data();
      data.put("emulator_deleted", true);
      if (!storage.moveBatch(batch.with(batch.state(), data), batch.state())) {
        delete(id, viewer); // it moved on meanwhile
      }
      return;
    }
    storage.deleteBatch(id);
    storage.deleteContent(id);
    storage.deleteContent(id + ".results");
  }
}
