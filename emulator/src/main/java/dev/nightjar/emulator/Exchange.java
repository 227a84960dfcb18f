package dev.nightjar.emulator;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One HTTP request and its response. An answer is first {@link #send recorded} and then {@link
 * #transmit transmitted}, so that a fault can come between the effect of a call and its answer.
 */
final class Exchange {
  /** How an answer travels. */
  enum Transport {
    WHOLE,
    SLOW,
    TRUNCATED
  }

  /** Waits for a while, or until the emulator closes. */
  interface Pause {
    void forMillis(long millis);
  }

  private record Reply(int status, byte[] bytes, @Nullable Path file, long from, long length) {}

  private static final int JSON_BYTES_MAX = 32 << 20;
  private static final int SLOW_PIECES = 20;
  private static final int BUFFER_BYTES = 1 << 16;
  private static final Pattern RANGE = Pattern.compile("bytes=(\\d{1,18})-");

  private final HttpExchange http;
  private final boolean ranges;
  private String[] path;
  private @Nullable Reply reply;
  private Accounts.@Nullable Viewer viewer;

  Exchange(HttpExchange http, boolean ranges) {
    this.http = http;
    this.ranges = ranges;
    this.path = http.getRequestURI().getPath().substring(1).split("/");
  }

  /** Whose key it came with. */
  Accounts.Viewer viewer() {
    if (viewer == null) {
      throw new IllegalStateException("a call that needs no key sees nobody's");
    }
    return viewer;
  }

  void setViewer(Accounts.Viewer value) {
    viewer = value;
  }

  String method() {
    return http.getRequestMethod();
  }

  /** Takes off what one provider's path has before another's. */
  void dropSegment() {
    path = Arrays.copyOfRange(path, 1, path.length);
  }

  /** Path segments after the leading slash. */
  String[] path() {
    return path;
  }

  /** One segment of the path, empty if the path is shorter. */
  String segment(int index) {
    return index < path.length ? path[index] : "";
  }

  Optional<String> header(String name) {
    return Optional.ofNullable(http.getRequestHeaders().getFirst(name));
  }

  Optional<String> bearer() {
    return header("Authorization")
        .filter(header -> header.startsWith("Bearer "))
        .map(header -> header.substring("Bearer ".length()));
  }

  boolean hasQuery(String name) {
    return parameters().containsKey(name);
  }

  String query(String name, String otherwise) {
    return parameters().getOrDefault(name, otherwise);
  }

  private Map<String, String> parameters() {
    Map<String, String> parameters = new HashMap<>();
    String query = http.getRequestURI().getRawQuery();
    for (String pair : query == null ? new String[0] : query.split("&")) {
      String[] parts = pair.split("=", 2);
      parameters.put(
          parts[0], parts.length > 1 ? URLDecoder.decode(parts[1], StandardCharsets.UTF_8) : "");
    }
    return parameters;
  }

  int limit(int otherwise, int max) {
    return limit("limit", otherwise, max);
  }

  int limit(String name, int otherwise, int max) {
    int limit;
    try {
      limit = Integer.parseInt(query(name, Integer.toString(otherwise)));
    } catch (NumberFormatException e) {
      throw ApiError.invalid(name + ": must be an integer");
    }
    if (limit < 1 || limit > max) {
      throw ApiError.invalid(name + ": must be between 1 and " + max);
    }
    return limit;
  }

  /**
   * The request's body.
   *
   * @param bytesMax how much of it may be read
   * @param tooLarge thrown when more is there
   */
  InputStream body(long bytesMax, Supplier<ApiError> tooLarge) {
    return new Bounded(http.getRequestBody(), bytesMax, tooLarge);
  }

  JsonNode json() throws IOException {
    return json(
        JSON_BYTES_MAX,
        () -> new ApiError(413, "request_too_large", "", "Request exceeds the maximum size."));
  }

  JsonNode json(long bytesMax, Supplier<ApiError> tooLarge) throws IOException {
    try {
      JsonNode node = Json.MAPPER.readTree(body(bytesMax, tooLarge));
      if (node == null || !node.isObject()) {
        throw ApiError.invalid("We could not parse the JSON body of your request.");
      }
      return node;
    } catch (JsonProcessingException e) {
      throw ApiError.invalid("We could not parse the JSON body of your request.");
    }
  }

  /** Reads what the client still sends: one that is not heard out does not hear the answer. */
  void drain() throws IOException {
    http.getRequestBody().transferTo(OutputStream.nullOutputStream());
  }

  void send(int status, ObjectNode body) {
    send(status, "application/json", Json.write(body));
  }

  /** A stream of server-sent events. */
  void stream(String events) {
    send(200, "text/event-stream; charset=utf-8", events);
  }

  void send(int status, String contentType, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    setHeader("Content-Type", contentType);
    reply = new Reply(status, bytes, null, 0, bytes.length);
  }

  void sendFile(Path file, String contentType) throws IOException {
    setHeader("Content-Type", contentType);
    long size = Files.size(file);
    long from = 0;
    Matcher range = RANGE.matcher(header("Range").orElse(""));
    if (ranges && range.matches()) {
      from = Long.parseLong(range.group(1));
      if (from >= size) {
        setHeader("Content-Range", "bytes */" + size);
        throw new ApiError(
            416, "invalid_request_error", "", "The requested range is not satisfiable.");
      }
      setHeader("Content-Range", "bytes " + from + "-" + (size - 1) + "/" + size);
    }
    reply = new Reply(ranges && range.matches() ? 206 : 200, new byte[0], file, from, size - from);
  }

  void setHeader(String name, String value) {
    http.getResponseHeaders().set(name, value);
  }

  /**
   * Sends what was recorded.
   *
   * @param slowMillis how long a slow answer takes
   */
  void transmit(Transport transport, long slowMillis, Pause pause) throws IOException {
    Reply answer = reply;
    if (answer == null) {
      throw new IllegalStateException("nothing was answered");
    }
    drain();
    http.sendResponseHeaders(answer.status(), answer.length() == 0 ? -1 : answer.length());
    long send = transport == Transport.TRUNCATED ? answer.length() / 2 : answer.length();
    int piece =
        transport == Transport.SLOW
            ? (int) Math.min(BUFFER_BYTES, send / SLOW_PIECES + 1)
            : BUFFER_BYTES;
    byte[] buffer = new byte[piece];
    int slowPieces = transport == Transport.SLOW ? SLOW_PIECES : 0;
    OutputStream out = http.getResponseBody(); // closed with the exchange
    try (InputStream in = open(answer)) {
      for (long left = send; left > 0; ) {
        int read = in.read(buffer, 0, (int) Math.min(buffer.length, left));
        if (read < 0) {
          throw new IOException("the file shrank while it was sent");
        }
        out.write(buffer, 0, read);
        left -= read;
        if (slowPieces > 0) {
          out.flush();
          slowPieces--;
          pause.forMillis(slowMillis / SLOW_PIECES);
        }
      }
    }
    if (transport == Transport.TRUNCATED) {
      out.flush(); // and closing the exchange now closes the connection
    }
  }

  private static InputStream open(Reply answer) throws IOException {
    if (answer.file() == null) {
      return new ByteArrayInputStream(answer.bytes());
    }
    InputStream in = Files.newInputStream(answer.file());
    in.skipNBytes(answer.from());
    return in;
  }

  /** Stays open when its reader closes it: the rest is still to be drained. */
  private static final class Bounded extends FilterInputStream {
    private final Supplier<ApiError> tooLarge;
    private long left;

    private Bounded(InputStream in, long bytesMax, Supplier<ApiError> tooLarge) {
      super(in);
      this.left = bytesMax;
      this.tooLarge = tooLarge;
    }

    private void used(int bytes) {
      left -= bytes;
      if (left < 0) {
        throw tooLarge.get();
      }
    }

    @Override
    public int read() throws IOException {
      int next = super.read();
      used(next < 0 ? 0 : 1);
      return next;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      int read = super.read(buffer, offset, length);
      used(Math.max(0, read));
      return read;
    }

    @Override
    public boolean markSupported() {
      return false;
    }

    @Override
    public void close() {}
  }
}
