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
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.commons.fileupload2.core.MultipartInput;

/** OpenAI's files, batches and chat completions. Thread-safe. */
final class OpenAiApi {
  static final String PROVIDER = "openai";

  private static final long UPLOAD_BYTES_MAX = 200L << 20;
  private static final long WINDOW_SECONDS = 86_400;
  private static final int LIST_MAX = 100;
  private static final int METADATA_PAIRS_MAX = 16;
  private static final Pattern NAME = Pattern.compile("name=\"([^\"]*)\"");
  private static final Pattern FILENAME = Pattern.compile("filename=\"([^\"]*)\"");

  private final Storage storage;
  private final Models models;
  private final Invoice invoice;
  private final Clock clock;
  private final Ids ids;

  OpenAiApi(Storage storage, Models models, Invoice invoice, Clock clock, Ids ids) {
    this.storage = storage;
    this.models = models;
    this.invoice = invoice;
    this.clock = clock;
    this.ids = ids;
  }

  void handle(Exchange exchange) throws IOException {
    String[] path = exchange.path(); // v1, files|batches|chat, …
    String route = exchange.method() + " " + path[1] + " " + path.length;
    switch (route) {
      case "POST files 2" -> exchange.send(200, upload(exchange));
      case "GET files 2" -> exchange.send(200, page(storage.uploads(), exchange, 10_000));
      case "GET files 3" -> exchange.send(200, file(path[2]));
      case "DELETE files 3" -> exchange.send(200, deleteFile(path[2]));
      case "GET files 4" -> {
        file(path[2]);
        exchange.sendFile(storage.contentOf(path[2]), "application/octet-stream");
      }
      case "POST batches 2" -> exchange.send(200, create(exchange.json()));
      case "GET batches 2" ->
          exchange.send(
              200,
              page(
                  storage.batches(PROVIDER).stream().map(Storage.Batch::data).toList(),
                  exchange,
                  20));
      case "GET batches 3" -> exchange.send(200, batch(path[2]).data());
      case "POST batches 4" -> exchange.send(200, cancel(path[2]));
      case "POST chat 3" -> {
        Models.Completion completion = models.chat(exchange.json(), false);
        storage.putExecuted(null, List.of(line("", "", completion, false)));
        exchange.send(200, completion.body());
      }
      default ->
          throw new ApiError(
              404, "invalid_request_error", "", "Unknown request URL: " + String.join("/", path));
    }
  }

  private Invoice.Line line(
      String batchId, String customId, Models.Completion completion, boolean batch) {
    return new Invoice.Line(
        PROVIDER,
        batchId,
        customId,
        completion.model(),
        completion.usage().prompt(),
        completion.usage().output(),
        invoice.amount(completion.model(), completion.usage(), batch));
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
            .setInputStream(exchange.body())
            .setBoundary(boundary.getBytes(StandardCharsets.UTF_8))
            .get();
    String id = ids.next("file-");
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
          case "expires_after[seconds]" -> expiresAfterSeconds = Long.parseLong(text);
          default -> {} // expires_after[anchor] has one legal value
        }
      }
    }
    if (bytes < 0 || purpose.isEmpty()) {
      Files.deleteIfExists(storage.contentOf(id));
      throw ApiError.invalid((bytes < 0 ? "'file'" : "'purpose'") + " is a required property");
    }
    if (bytes > UPLOAD_BYTES_MAX) {
      Files.deleteIfExists(storage.contentOf(id));
      throw ApiError.invalid("File is too large.");
    }
    return saveFile(id, filename, purpose, bytes, expiresAfterSeconds);
  }

  private ObjectNode saveFile(
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
    storage.putUpload(id, file);
    return file;
  }

  private static String group(Pattern pattern, String headers) {
    // ' name=' so that filename= is not taken for it
    Matcher matcher =
        pattern.matcher(
            headers.replace("filename=", pattern == FILENAME ? "filename=" : "file-name="));
    return matcher.find() ? matcher.group(1) : "";
  }

  private ObjectNode file(String id) {
    return storage
        .upload(id)
        .orElseThrow(
            () -> new ApiError(404, "invalid_request_error", "", "No such File object: " + id));
  }

  private ObjectNode deleteFile(String id) {
    file(id);
    storage.deleteUpload(id);
    return Json.object().put("id", id).put("object", "file").put("deleted", true);
  }

  private ObjectNode page(List<ObjectNode> newestFirst, Exchange exchange, int otherwise) {
    int limit = exchange.limit(otherwise, Math.max(LIST_MAX, otherwise));
    String after = exchange.query("after", "");
    int from = 0;
    for (int i = 0; i < newestFirst.size(); i++) {
      if (newestFirst.get(i).get("id").asText().equals(after)) {
        from = i + 1;
      }
    }
    List<ObjectNode> slice = newestFirst.subList(from, Math.min(newestFirst.size(), from + limit));
    ObjectNode list = Json.object();
    list.put("object", "list");
    list.putArray("data").addAll(slice);
    list.put("first_id", slice.isEmpty() ? null : slice.get(0).get("id").asText());
    list.put("last_id", slice.isEmpty() ? null : slice.get(slice.size() - 1).get("id").asText());
    list.put("has_more", from + limit < newestFirst.size());
    return list;
  }

  private Storage.Batch batch(String id) {
    return storage
        .batch(id)
        .filter(batch -> batch.provider().equals(PROVIDER))
        .orElseThrow(
            () ->
                new ApiError(
                    404, "invalid_request_error", "", "No batch found with id '" + id + "'."));
  }

  private ObjectNode create(JsonNode request) {
    String fileId = request.path("input_file_id").asText("");
    if (storage.upload(fileId).isEmpty()) {
      throw ApiError.invalid(
          "Cannot find file " + fileId + ", or organization does not have access to it.");
    }
    String endpoint = request.path("endpoint").asText("");
    if (!endpoint.equals("/v1/chat/completions")) {
      throw ApiError.invalid(
          "Invalid value: '" + endpoint + "'. Supported here: '/v1/chat/completions'.");
    }
    if (!request.path("completion_window").asText("").equals("24h")) {
      throw ApiError.invalid("Invalid value for 'completion_window'. Supported values are: '24h'.");
    }
    if (request.path("metadata").size() > METADATA_PAIRS_MAX) {
      throw ApiError.invalid("Too many metadata pairs: at most " + METADATA_PAIRS_MAX + ".");
    }
    long now = clock.millis();
    String id = ids.next("batch_");
    ObjectNode batch = Json.object();
    batch.put("id", id);
    batch.put("object", "batch");
    batch.put("endpoint", endpoint);
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
    batch.set("metadata", request.path("metadata").isObject() ? request.get("metadata") : null);
    storage.putBatch(new Storage.Batch(id, PROVIDER, "validating", now, batch));
    return batch;
  }

  static ObjectNode counts(int total, int completed, int failed) {
    return Json.object().put("total", total).put("completed", completed).put("failed", failed);
  }

  private ObjectNode cancel(String id) {
    Storage.Batch batch = batch(id);
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
    storage.putBatch(batch.with("cancelling", data));
    return data;
  }

  /** Writes a provider-made file and returns its id. */
  String saveOutput(String name, List<String> lines) {
    String id = ids.next("file-");
    try {
      Files.write(storage.contentOf(id), lines, StandardCharsets.UTF_8);
      saveFile(id, name, "batch_output", Files.size(storage.contentOf(id)), 30L * 86_400);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    return id;
  }
}
