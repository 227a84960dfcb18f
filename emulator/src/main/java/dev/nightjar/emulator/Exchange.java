package dev.nightjar.emulator;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** One HTTP request and its response. */
final class Exchange {
  private final HttpExchange http;

  Exchange(HttpExchange http) {
    this.http = http;
  }

  String method() {
    return http.getRequestMethod();
  }

  /** Path segments after the leading slash. */
  String[] path() {
    return http.getRequestURI().getPath().substring(1).split("/");
  }

  Optional<String> header(String name) {
    return Optional.ofNullable(http.getRequestHeaders().getFirst(name));
  }

  String query(String name, String otherwise) {
    Map<String, String> parameters = new HashMap<>();
    String query = http.getRequestURI().getRawQuery();
    for (String pair : query == null ? new String[0] : query.split("&")) {
      String[] parts = pair.split("=", 2);
      parameters.put(
          parts[0], parts.length > 1 ? URLDecoder.decode(parts[1], StandardCharsets.UTF_8) : "");
    }
    return parameters.getOrDefault(name, otherwise);
  }

  int limit(int otherwise, int max) {
    int limit;
    try {
      limit = Integer.parseInt(query("limit", Integer.toString(otherwise)));
    } catch (NumberFormatException e) {
      throw ApiError.invalid("limit: must be an integer");
    }
    if (limit < 1 || limit > max) {
      throw ApiError.invalid("limit: must be between 1 and " + max);
    }
    return limit;
  }

  InputStream body() {
    return http.getRequestBody();
  }

  JsonNode json() throws IOException {
    try {
      JsonNode node = Json.MAPPER.readTree(body());
      if (node == null || !node.isObject()) {
        throw ApiError.invalid("We could not parse the JSON body of your request.");
      }
      return node;
    } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
      throw ApiError.invalid("We could not parse the JSON body of your request.");
    }
  }

  void send(int status, JsonNode body) throws IOException {
    byte[] bytes = Json.write(body).getBytes(StandardCharsets.UTF_8);
    http.getResponseHeaders().set("Content-Type", "application/json");
    http.sendResponseHeaders(status, bytes.length);
    try (OutputStream out = http.getResponseBody()) {
      out.write(bytes);
    }
  }

  void sendFile(Path file, String contentType) throws IOException {
    http.getResponseHeaders().set("Content-Type", contentType);
    long size = Files.size(file);
    http.sendResponseHeaders(200, size == 0 ? -1 : size);
    try (OutputStream out = http.getResponseBody()) {
      Files.copy(file, out);
    }
  }

  void setHeader(String name, String value) {
    http.getResponseHeaders().set(name, value);
  }
}
