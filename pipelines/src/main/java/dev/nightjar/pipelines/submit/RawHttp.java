package dev.nightjar.pipelines.submit;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Requests in a provider's wire format, for what its SDK cannot do safely.
 *
 * <p>Every request with an effect on the bill goes through here: the SDKs' HTTP library repeats a
 * request by itself when a connection breaks and the host has a second address, whatever the SDK's
 * own retries are set to. This client repeats nothing but reads. Thread-safe.
 */
final class RawHttp {
  /** Decimals stay as they are written: an answer may come inside a body. */
  static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .nodeFactory(JsonNodeFactory.withExactBigDecimals(true))
          .build();

  private static final int CONNECT_SECONDS_MAX = 30;
  private static final long BYTES_PER_SECOND_MIN = 100_000;

  private final HttpClient client =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(CONNECT_SECONDS_MAX))
          .build();
  private final String provider;
  private final Map<String, String> headers;
  private final Duration callMax;

  /**
   * Requests to one provider.
   *
   * @param headers sent with each request: the key, the wire version
   * @param callMax how long an answer may take, uploads apart
   */
  RawHttp(String provider, Map<String, String> headers, Duration callMax) {
    this.provider = provider;
    this.headers = Map.copyOf(headers);
    this.callMax = callMax;
  }

  /** A request builder with the provider's headers and a time limit. */
  HttpRequest.Builder request(String url) {
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url)).timeout(callMax);
    headers.forEach(request::header);
    return request;
  }

  /** How long a call that carries so many bytes may take. */
  Duration limitFor(long bytes) {
    return callMax.plus(transferMax(bytes));
  }

  /** How long the transfer of so many bytes may take. */
  static Duration transferMax(long bytes) {
    return Duration.ofSeconds(bytes / BYTES_PER_SECOND_MIN);
  }

  HttpRequest.Builder post(String url, String json) {
    return request(url)
        .header("Content-Type", "application/json")
        .POST(HttpRequest.BodyPublishers.ofString(json));
  }

  /** Sends a request once and returns the answer, whatever its status. */
  HttpResponse<String> send(HttpRequest request) {
    return send(request, HttpResponse.BodyHandlers.ofString());
  }

  private <T> HttpResponse<T> send(HttpRequest request, HttpResponse.BodyHandler<T> handler) {
    // The request's own limit ends with the headers; a body may stall for ever.
    Duration limit = request.timeout().orElse(callMax);
    CompletableFuture<HttpResponse<T>> answer = client.sendAsync(request, handler);
    try {
      return answer.get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw ProviderException.ofFailure(provider, Objects.requireNonNullElse(e.getCause(), e));
    } catch (TimeoutException e) {
      answer.cancel(true);
      throw ProviderException.ofFailure(
          provider, new IOException("no answer within " + limit.toSeconds() + " s"));
    } catch (InterruptedException e) {
      answer.cancel(true);
      Thread.currentThread().interrupt();
      throw new ProviderException(
          ProviderException.Kind.OUTCOME_UNKNOWN,
          "the call to " + provider + " was interrupted",
          e);
    }
  }

  /**
   * Sends a request once, and puts its streamed answer together; one that is refused comes whole.
   */
  ProviderClient.Response streamed(HttpRequest request, StreamedAnswer answer) {
    HttpResponse<InputStream> response = send(request, HttpResponse.BodyHandlers.ofInputStream());
    Duration stallMax = request.timeout().orElse(callMax);
    try (InputStream body = new StallGuard(response.body(), stallMax)) {
      String text =
          response.statusCode() / 100 == 2
              ? answer.read(body).toString()
              : new String(body.readAllBytes(), StandardCharsets.UTF_8);
      return new ProviderClient.Response(response.statusCode(), text, retryAfter(response));
    } catch (IOException e) {
      throw new ProviderException(
          ProviderException.Kind.OUTCOME_UNKNOWN,
          provider + " did not answer to the end: " + e.getMessage(),
          e);
    }
  }

  /** When an answer to a read was made, by its header: whatever its status is, it is dated. */
  Optional<Instant> date(String url) {
    return send(request(url).GET().build())
        .headers()
        .firstValue("Date")
        .flatMap(
            value -> {
              try {
                return Optional.of(
                    ZonedDateTime.parse(value, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant());
              } catch (DateTimeParseException e) {
                return Optional.empty();
              }
            });
  }

  /** Sends a request once; an answer that is not 2xx is an exception. */
  JsonNode json(HttpRequest request) {
    return json(answered(send(request)).body());
  }

  /** Reads a body as a JSON object; one that broke off may or may not have had its effect. */
  JsonNode json(String body) {
    JsonNode node = lenient(body);
    if (!node.isObject()) {
      throw new ProviderException(
          ProviderException.Kind.OUTCOME_UNKNOWN, provider + " answered with a broken body", null);
    }
    return node;
  }

  /** The same, but a missing node for what is no JSON: a proxy's page, a server's plain text. */
  static JsonNode lenient(String body) {
    try {
      return JSON.readTree(body);
    } catch (JsonProcessingException | NumberFormatException e) { // the latter: 1e99999999999
      return JSON.missingNode();
    }
  }

  /** The name of what was created; without one nobody knows whether it was. */
  String id(JsonNode created, String field) {
    String id = created.path(field).asText("");
    if (id.isBlank()) {
      throw new ProviderException(
          ProviderException.Kind.OUTCOME_UNKNOWN, provider + " named nothing that it made", null);
    }
    return id;
  }

  /** An answer as a client of online requests wants it. */
  static ProviderClient.Response response(HttpResponse<String> response) {
    return new ProviderClient.Response(
        response.statusCode(), response.body(), retryAfter(response));
  }

  /** The answer, if it is 2xx. */
  HttpResponse<String> answered(HttpResponse<String> response) {
    if (response.statusCode() / 100 != 2) {
      throw refusal(response);
    }
    return response;
  }

  private ProviderException refusal(HttpResponse<String> response) {
    // The message may quote the key or the prompt; status and type do not.
    JsonNode error = lenient(response.body()).path("error");
    if (response.statusCode() == 400 && refusesKey(400, response.body())) {
      return new ProviderException(
          ProviderException.Kind.KEY_REFUSED,
          provider + " answered " + response.statusCode() + " (API key not valid)",
          null);
    }
    String code = errorName(error);
    if (AccountStop.isIn(response.statusCode(), lenient(response.body()))) {
      return accountStopped(response.statusCode(), code);
    }
    return ProviderException.ofStatus(
        provider, response.statusCode(), code, retryAfter(response), null);
  }

  /** The provider's name for an error, which quotes nothing; empty if it has none. */
  static String errorName(JsonNode error) {
    return error.path("code").isTextual()
        ? error.path("code").asText()
        : error
            .path("details")
            .path("error_code")
            .asText(error.path("status").asText(error.path("type").asText("")));
  }

  ProviderException accountStopped(int status, String code) {
    return new ProviderException(
        ProviderException.Kind.ACCOUNT_STOPPED,
        provider + " answered " + status + (code.isBlank() ? "" : " (" + code + ")"),
        null);
  }

  /** Whether an answer is about the key; Gemini says so with 400. */
  static boolean refusesKey(int status, String body) {
    if (status == 400) {
      JsonNode error = lenient(body).path("error");
      for (JsonNode detail : error.path("details")) {
        if (detail.path("reason").asText().equals("API_KEY_INVALID")) {
          return true;
        }
      }
      return error.path("message").asText().startsWith("API key not valid");
    }
    return status == 401 || status == 403;
  }

  private static Optional<Duration> retryAfter(HttpResponse<?> response) {
    return response.headers().firstValue("Retry-After").flatMap(RawHttp::seconds);
  }

  /** {@code Retry-After} in seconds; its other form, a date, no provider uses. */
  static Optional<Duration> seconds(String header) {
    try {
      return Optional.of(
          Duration.ofMillis(Math.max(0, (long) (Double.parseDouble(header) * 1_000))));
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }

  /** Opens a download at an offset. */
  ResumingLines.Body download(String url, long offset) {
    HttpRequest.Builder request = request(url);
    if (offset > 0) {
      request.header("Range", "bytes=" + offset + "-");
    }
    HttpResponse<InputStream> response =
        send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
    if (response.statusCode() / 100 != 2) {
      try (InputStream body = response.body()) {
        body.readNBytes(1);
      } catch (IOException e) {
        throw ProviderException.ofFailure(provider, e);
      }
      throw ProviderException.ofStatus(
          provider, response.statusCode(), "", retryAfter(response), null);
    }
    return new ResumingLines.Body(
        new StallGuard(response.body(), callMax), response.statusCode() == 206);
  }
}
