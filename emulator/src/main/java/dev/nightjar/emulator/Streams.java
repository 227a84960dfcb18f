package dev.nightjar.emulator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/**
 * Whole answers as the server-sent events in which each provider streams them. Stateless.
 *
 * @see <a href="https://platform.openai.com/docs/api-reference/chat-streaming">OpenAI's chunks</a>
 * @see <a href="https://docs.anthropic.com/en/docs/build-with-claude/streaming">Anthropic's
 *     events</a>
 * @see <a href="https://ai.google.dev/api/generate-content">Gemini's chunks</a>
 */
final class Streams {
  private static final int PIECE_CHARACTERS = 12;

  private Streams() {}

  private static List<String> pieces(String text) {
    List<String> pieces = new ArrayList<>();
    for (int from = 0; from < text.length(); ) {
      int to = Math.min(text.length(), from + PIECE_CHARACTERS);
      if (to < text.length() && Character.isHighSurrogate(text.charAt(to - 1))) {
        to++;
      }
      pieces.add(text.substring(from, to));
      from = to;
    }
    return pieces;
  }

  private static void data(StringBuilder out, JsonNode event) {
    out.append("data: ").append(Json.write(event)).append("\n\n");
  }

  /** Chunks of a chat completion; the usage comes only to those who ask for it. */
  static String chat(ObjectNode body, boolean withUsage) {
    StringBuilder out = new StringBuilder();
    JsonNode choice = body.path("choices").path(0);
    ObjectNode first = delta(body, withUsage);
    ((ObjectNode) first.at("/choices/0/delta")).put("role", "assistant").put("content", "");
    data(out, first);
    JsonNode content = choice.path("message").path("content");
    String text = content.asText("");
    for (JsonNode part : content.isArray() ? content : Json.object()) { // a Mistral model thinks
      if (part.path("type").asText().equals("text")) {
        text = part.path("text").asText();
      } else {
        ObjectNode chunk = delta(body, withUsage);
        ((ObjectNode) chunk.at("/choices/0/delta")).putArray("content").add(part);
        data(out, chunk);
      }
    }
    for (String name : List.of("content", "refusal")) {
      String said = name.equals("content") ? text : choice.path("message").path(name).asText("");
      for (String piece : pieces(said)) {
        ObjectNode chunk = delta(body, withUsage);
        ((ObjectNode) chunk.at("/choices/0/delta")).put(name, piece);
        data(out, chunk);
      }
    }
    ObjectNode last = delta(body, withUsage);
    ((ObjectNode) last.at("/choices/0")).set("finish_reason", choice.get("finish_reason"));
    data(out, last);
    if (withUsage) {
      ObjectNode usage = delta(body, true);
      usage.putArray("choices");
      usage.set("usage", body.get("usage"));
      data(out, usage);
    }
    return out.append("data: [DONE]\n\n").toString();
  }

  private static ObjectNode delta(ObjectNode body, boolean withUsage) {
    ObjectNode chunk = Json.object();
    chunk.set("id", body.get("id"));
    chunk.put("object", "chat.completion.chunk");
    chunk.set("created", body.get("created"));
    chunk.set("model", body.get("model"));
    if (body.has("service_tier")) {
      chunk.set("service_tier", body.get("service_tier"));
    }
    ObjectNode choice = chunk.putArray("choices").addObject();
    choice.put("index", 0).putObject("delta");
    choice.putNull("logprobs").putNull("finish_reason");
    if (withUsage) {
      chunk.putNull("usage");
    }
    return chunk;
  }

  /** Events of a message: its parts one after the other, then why it ended. */
  static String message(ObjectNode body) {
    StringBuilder out = new StringBuilder();
    ObjectNode begun = body.deepCopy();
    begun.putArray("content");
    begun.putNull("stop_reason");
    ((ObjectNode) begun.get("usage")).put("output_tokens", 1);
    ObjectNode start = Json.object().put("type", "message_start");
    start.set("message", begun);
    event(out, start);
    int index = 0;
    for (JsonNode part : body.path("content")) {
      part(out, index++, part);
      event(out, Json.object().put("type", "ping"));
    }
    ObjectNode end = Json.object().put("type", "message_delta");
    ObjectNode delta = end.putObject("delta");
    delta.set("stop_reason", body.get("stop_reason"));
    delta.putNull("stop_sequence");
    delta.set("stop_details", body.get("stop_details"));
    ObjectNode usage = end.putObject("usage");
    usage.set("output_tokens", body.at("/usage/output_tokens"));
    usage.set("output_tokens_details", body.at("/usage/output_tokens_details"));
    event(out, end);
    event(out, Json.object().put("type", "message_stop"));
    return out.toString();
  }

  private static void part(StringBuilder out, int index, JsonNode part) {
    String type = part.path("type").asText();
    ObjectNode begun = part.deepCopy();
    switch (type) {
      case "tool_use" -> begun.putObject("input");
      case "thinking" -> begun.put("thinking", "").put("signature", "");
      default -> begun.put("text", "");
    }
    ObjectNode start = Json.object().put("type", "content_block_start").put("index", index);
    start.set("content_block", begun);
    event(out, start);
    switch (type) {
      case "tool_use" ->
          pieces(Json.write(part.get("input")))
              .forEach(piece -> delta(out, index, "input_json_delta", "partial_json", piece));
      case "thinking" ->
          delta(out, index, "signature_delta", "signature", part.path("signature").asText());
      default ->
          pieces(part.path("text").asText())
              .forEach(piece -> delta(out, index, "text_delta", "text", piece));
    }
    event(out, Json.object().put("type", "content_block_stop").put("index", index));
  }

  private static void delta(StringBuilder out, int index, String type, String name, String piece) {
    ObjectNode next = Json.object().put("type", "content_block_delta").put("index", index);
    next.putObject("delta").put("type", type).put(name, piece);
    event(out, next);
  }

  private static void event(StringBuilder out, ObjectNode event) {
    out.append("event: ").append(event.get("type").asText()).append('\n');
    data(out, event);
  }

  /** Chunks of generated content: the last one says why it ended and what it used. */
  static String content(ObjectNode body) {
    StringBuilder out = new StringBuilder();
    String text = body.at("/candidates/0/content/parts/0/text").asText();
    List<String> pieces = text.isEmpty() ? List.of("") : pieces(text);
    for (int i = 0; i < pieces.size(); i++) {
      ObjectNode chunk = body.deepCopy();
      if (chunk.at("/candidates/0/content/parts/0") instanceof ObjectNode part) {
        part.put("text", pieces.get(i)); // what is filtered has no part
      }
      if (i + 1 < pieces.size()) {
        ((ObjectNode) chunk.at("/candidates/0")).remove("finishReason");
        ((ObjectNode) chunk.get("usageMetadata")).remove("candidatesTokenCount");
      }
      out.append("data: ").append(Json.write(chunk)).append("\r\n\r\n");
    }
    return out.toString();
  }
}
