package dev.nightjar.emulator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Plain HTTP to an emulator, without an SDK's retries. Each call has a connection of its own. */
final class Wire {
  record Answer(int status, HttpHeaders headers, String body) {
    ObjectNode json() {
      return Json.read(body);
    }

    List<JsonNode> lines() {
      return body.lines().<JsonNode>map(Json::read).toList();
    }

    String header(String name) {
      return headers.firstValue(name).orElse("");
    }
  }

  static final String[] OPENAI = {"Authorization", "Bearer any"};
  static final String[] ANTHROPIC = {"x-api-key", "any", "anthropic-version", "2023-06-01"};
  static final String[] GEMINI = {"x-goog-api-key", "any"};

  private final URI address;

  Wire(URI address) {
    this.address = address;
  }

  Answer send(String[] vendor, String method, String path, String body, String... headers)
      throws IOException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(path.startsWith("http") ? URI.create(path) : address.resolve(path))
            .method(method, HttpRequest.BodyPublishers.ofString(body));
    for (String[] pairs : List.of(vendor, headers)) {
      for (int i = 0; i < pairs.length; i += 2) {
        request.header(pairs[i], pairs[i + 1]);
      }
    }
    try {
      // A client that reuses connections retries by itself when one was closed.
      HttpResponse<String> response =
          HttpClient.newBuilder()
              .version(HttpClient.Version.HTTP_1_1)
              .build()
              .send(request.build(), HttpResponse.BodyHandlers.ofString());
      return new Answer(response.statusCode(), response.headers(), response.body());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
  }

  Answer get(String[] vendor, String path, String... headers) throws IOException {
    return send(vendor, "GET", path, "", headers);
  }

  Answer post(String[] vendor, String path, String body, String... headers) throws IOException {
    return send(vendor, "POST", path, body, headers);
  }

  // ---- OpenAI ----

  static String chatLine(String customId, String model, String content) {
    ObjectNode line = Json.object();
    line.put("custom_id", customId).put("method", "POST").put("url", "/v1/chat/completions");
    ObjectNode body = line.putObject("body").put("model", model);
    body.putArray("messages").addObject().put("role", "user").put("content", content);
    return Json.write(line);
  }

  Answer uploadOpenAi(String content) throws IOException {
    String body =
        "--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n"
            + "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"r.jsonl\"\r\n"
            + "Content-Type: application/octet-stream\r\n\r\n"
            + content
            + "\r\n--b--\r\n";
    return post(OPENAI, "/v1/files", body, "Content-Type", "multipart/form-data; boundary=b");
  }

  Answer createOpenAi(String fileId, String endpoint) throws IOException {
    return post(
        OPENAI,
        "/v1/batches",
        "{\"input_file_id\":\""
            + fileId
            + "\",\"endpoint\":\""
            + endpoint
            + "\",\"completion_window\":\"24h\"}");
  }

  Answer createOpenAi(List<String> lines) throws IOException {
    String fileId = uploadOpenAi(String.join("\n", lines) + "\n").json().get("id").asText();
    return createOpenAi(fileId, "/v1/chat/completions");
  }

  /** Requests with the custom ids r0, r1 and so on. */
  Answer createOpenAi(int requests) throws IOException {
    return createOpenAi(
        IntStream.range(0, requests)
            .mapToObj(i -> chatLine("r" + i, "gpt-6-luna", "Say " + i + "."))
            .toList());
  }

  JsonNode openAi(String batchId) throws IOException {
    return get(OPENAI, "/v1/batches/" + batchId).json();
  }

  /** All result lines, of the output and of the error file. */
  List<JsonNode> resultsOpenAi(String batchId) throws IOException {
    JsonNode batch = openAi(batchId);
    List<JsonNode> lines = new ArrayList<>();
    for (String field : List.of("output_file_id", "error_file_id")) {
      String file = batch.path(field).asText("");
      if (!file.isEmpty() && !batch.get(field).isNull()) {
        lines.addAll(get(OPENAI, "/v1/files/" + file + "/content").lines());
      }
    }
    return lines;
  }

  // ---- Anthropic ----

  Answer createAnthropic(int requests, String system) throws IOException {
    ObjectNode body = Json.object();
    var list = body.putArray("requests");
    for (int i = 0; i < requests; i++) {
      ObjectNode request = list.addObject().put("custom_id", "r" + i);
      ObjectNode params =
          request.putObject("params").put("model", "claude-sonnet-5-5").put("max_tokens", 100);
      if (!system.isEmpty()) {
        ObjectNode part = params.putArray("system").addObject();
        part.put("type", "text").put("text", system);
        part.putObject("cache_control").put("type", "ephemeral").put("ttl", "1h");
      }
      params.putArray("messages").addObject().put("role", "user").put("content", "Say " + i + ".");
    }
    return post(ANTHROPIC, "/v1/messages/batches", Json.write(body));
  }

  List<JsonNode> resultsAnthropic(String batchId) throws IOException {
    return get(ANTHROPIC, "/v1/messages/batches/" + batchId + "/results").lines();
  }

  // ---- Gemini ----

  static ObjectNode geminiRequest(String content) {
    ObjectNode request = Json.object();
    request.putArray("contents").addObject().putArray("parts").addObject().put("text", content);
    return request;
  }

  static String geminiLine(String key, String content) {
    ObjectNode line = Json.object().put("key", key);
    line.set("request", geminiRequest(content));
    line.putObject("extra").putArray("tags").add("one").add("two");
    return Json.write(line);
  }

  /** Uploads in two parts and returns the file. */
  JsonNode uploadGemini(String version, String content) throws IOException {
    Answer start =
        post(
            GEMINI,
            "/upload/" + version + "/files",
            "{\"file\":{\"displayName\":\"requests\"}}",
            "X-Goog-Upload-Protocol",
            "resumable",
            "X-Goog-Upload-Command",
            "start",
            "X-Goog-Upload-Header-Content-Length",
            Integer.toString(content.length()),
            "X-Goog-Upload-Header-Content-Type",
            "application/jsonl");
    String url = start.header("X-Goog-Upload-URL");
    int half = content.length() / 2;
    post(
        new String[0],
        url,
        content.substring(0, half),
        "X-Goog-Upload-Command",
        "upload",
        "X-Goog-Upload-Offset",
        "0");
    return post(
            new String[0],
            url,
            content.substring(half),
            "X-Goog-Upload-Command",
            "upload, finalize",
            "X-Goog-Upload-Offset",
            Integer.toString(half))
        .json()
        .get("file");
  }

  Answer createGemini(String version, String input) throws IOException {
    return post(
        GEMINI,
        "/" + version + "/models/gemini-3.8-flash:batchGenerateContent",
        "{\"batch\":{\"displayName\":\"night\",\"inputConfig\":" + input + "}}");
  }

  Answer createGemini(int requests) throws IOException {
    StringBuilder content = new StringBuilder();
    for (int i = 0; i < requests; i++) {
      content.append(geminiLine("r" + i, "Say " + i + ".")).append('\n');
    }
    String file = uploadGemini("v1beta", content.toString()).get("name").asText();
    return createGemini("v1beta", "{\"fileName\":\"" + file + "\"}");
  }

  JsonNode gemini(String name) throws IOException {
    return get(GEMINI, "/v1beta/" + name).json();
  }

  List<JsonNode> resultsGemini(String name) throws IOException {
    String file = gemini(name).at("/response/responsesFile").asText();
    return get(GEMINI, "/v1beta/" + file + ":download?alt=media").lines();
  }
}
