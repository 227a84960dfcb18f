package dev.nightjar.emulator;

import java.io.IOException;
import java.time.Clock;
import java.util.concurrent.atomic.AtomicLong;

/**
 * vLLM's own OpenAI-compatible server, under the prefix {@code /vllm}. Whatever model is asked for
 * is the one that is served. Nothing is billed; requests are counted. Thread-safe.
 */
final class VllmApi {
  private static final String MODEL = "served-model";

  private final Models models;
  private final Clock clock;
  private final AtomicLong requests = new AtomicLong();

  VllmApi(Models models, Clock clock) {
    this.models = models;
    this.clock = clock;
  }

  long requests() {
    return requests.get();
  }

  void handle(Exchange exchange) throws IOException {
    switch (exchange.method() + " /" + String.join("/", exchange.path())) {
      case "GET /vllm/health" -> exchange.send(200, "text/plain", "");
      case "GET /vllm/v1/models" -> {
        var list = Json.object().put("object", "list");
        list.putArray("data")
            .addObject()
            .put("id", MODEL)
            .put("object", "model")
            .put("created", clock.instant().getEpochSecond())
            .put("owned_by", "vllm");
        exchange.send(200, list);
      }
      case "POST /vllm/v1/chat/completions" -> {
        var request = exchange.json();
        var body = models.selfHostedChat(request);
        requests.incrementAndGet();
        if (request.path("stream").asBoolean()) {
          exchange.stream(
              Streams.chat(body, request.at("/stream_options/include_usage").asBoolean()));
        } else {
          exchange.send(200, body);
        }
      }
      default -> throw ApiError.notFound("Not Found");
    }
  }
}
