package dev.nightjar.pipelines.submit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * Puts an answer together again that a provider streams as server-sent events, in the form in which
 * it would have come whole: so that it is kept and read by the same code. For one answer.
 *
 * <p>A long answer that comes whole leaves its connection silent for minutes, and proxies on the
 * way cut silent connections: then it is paid for and lost.
 */
abstract class StreamedAnswer {
  private static final String DATA = "data:";
  private static final String DONE = "[DONE]";

  /** Takes one event in. */
  abstract void add(JsonNode event);

  /** The whole answer; empty if its end has not come. */
  abstract Optional<ObjectNode> whole();

  /**
   * Reads a stream to its end.
   *
   * @throws IOException if it breaks off, or its provider reports an error in the middle
   */
  final ObjectNode read(InputStream stream) throws IOException {
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8));
    // Providers send each event's data on one line; names of events and comments are not needed.
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      if (!line.startsWith(DATA) || line.substring(DATA.length()).strip().equals(DONE)) {
        continue;
      }
      JsonNode event = RawHttp.lenient(line.substring(DATA.length()).strip());
      if (event.path("error").isObject()) {
        throw new IOException("the stream ended in an error");
      }
      add(event);
    }
    return whole().orElseThrow(() -> new IOException("the stream broke off"));
  }

  /** Chunks of a chat completion, with the usage in the last one. */
  static StreamedAnswer chat() {
    return new StreamedAnswer() {
      private final StringBuilder text = new StringBuilder();
      private final StringBuilder refusal = new StringBuilder();
      private ObjectNode body = JsonNodeFactory.instance.objectNode();
      private String finish = "";

      @Override
      void add(JsonNode event) {
        if (body.isEmpty()) {
          body = event.deepCopy();
          body.put("object", "chat.completion");
        }
        JsonNode choice = event.path("choices").path(0);
        text.append(OpenAiFormat.chatText(choice.path("delta").path("content")));
        refusal.append(choice.path("delta").path("refusal").asText(""));
        finish = choice.path("finish_reason").asText(finish);
        if (event.path("usage").isObject()) {
          body.set("usage", event.get("usage"));
        }
        if (event.path("service_tier").isTextual()) { // which decides the price
          body.set("service_tier", event.get("service_tier"));
        }
      }

      @Override
      Optional<ObjectNode> whole() {
        ObjectNode choice = body.putArray("choices").addObject().put("index", 0);
        choice
            .putObject("message")
            .put("role", "assistant")
            .put("content", text.toString())
            .put("refusal", refusal.isEmpty() ? null : refusal.toString());
        choice.put("finish_reason", finish);
        return finish.isEmpty() ? Optional.empty() : Optional.of(body);
      }
    };
  }

  /** Events of an Anthropic message: its parts, then why it ended. */
  static StreamedAnswer message() {
    return new StreamedAnswer() {
      private ObjectNode body = JsonNodeFactory.instance.objectNode();
      private ObjectNode part = JsonNodeFactory.instance.objectNode();
      private final StringBuilder text = new StringBuilder();
      private boolean ended;

      @Override
      void add(JsonNode event) {
        switch (event.path("type").asText()) {
          case "message_start" -> body = event.path("message").deepCopy();
          case "content_block_start" -> {
            part = event.path("content_block").deepCopy();
            text.setLength(0);
            text.append(part.path("text").asText(""));
          }
          case "content_block_delta" ->
              text.append(event.path("delta").path("text").asText(""))
                  .append(event.path("delta").path("partial_json").asText(""));
          case "content_block_stop" -> {
            if (part.path("type").asText().equals("tool_use")) {
              part.set("input", RawHttp.lenient(text.toString()));
            } else {
              part.put("text", text.toString());
            }
            body.withArray("content").add(part);
          }
          case "message_delta" -> {
            body.setAll((ObjectNode) event.path("delta"));
            if (event.path("usage") instanceof ObjectNode usage) {
              body.withObject("/usage").setAll(usage);
            }
          }
          case "message_stop" -> ended = true;
          default -> {} // pings, and what is yet to be invented
        }
      }

      @Override
      Optional<ObjectNode> whole() {
        return ended ? Optional.of(body) : Optional.empty();
      }
    };
  }

  /** Chunks of Gemini's content: the last one says why it ended and what it used. */
  static StreamedAnswer content() {
    return new StreamedAnswer() {
      private final StringBuilder text = new StringBuilder();
      private ObjectNode last = JsonNodeFactory.instance.objectNode();

      @Override
      void add(JsonNode event) {
        for (JsonNode part : event.path("candidates").path(0).path("content").path("parts")) {
          if (!part.path("thought").asBoolean(false)) {
            text.append(part.path("text").asText(""));
          }
        }
        if (event instanceof ObjectNode chunk) {
          last = chunk.deepCopy();
        }
      }

      @Override
      Optional<ObjectNode> whole() {
        if (last.path("candidates").path(0) instanceof ObjectNode candidate) {
          candidate
              .putObject("content")
              .put("role", "model")
              .putArray("parts")
              .addObject()
              .put("text", text.toString());
          return candidate.path("finishReason").asText().isEmpty()
              ? Optional.empty()
              : Optional.of(last);
        }
        // A prompt that is blocked has no candidate.
        return last.path("promptFeedback").has("blockReason")
            ? Optional.of(last)
            : Optional.empty();
      }
    };
  }
}
