package dev.nightjar.emulator;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/**
 * The marks of a message request: {@code cache_control} on tools, on blocks of the system prompt
 * and on blocks of messages, in the order in which they make up the prompt.
 *
 * @see <a href="https://platform.claude.com/docs/en/build-with-claude/prompt-caching">Prompt
 *     caching</a>: four at most, longer times to live before shorter ones, no empty text
 */
final class AnthropicMarks {
  private static final int MARKS_MAX = 4;

  /** A mark, and whether it is kept for an hour. */
  record Mark(PromptCache.Prefix prefix, boolean isLong) {}

  private final List<Mark> marks = new ArrayList<>();
  private final StringBuilder before = new StringBuilder();
  private long tokens;

  private final Rules rules;

  private AnthropicMarks(Rules rules) {
    this.rules = rules;
  }

  /**
   * Reads them.
   *
   * @throws ApiError if there are too many, or they are not in order
   */
  static List<Mark> of(Rules rules, JsonNode request) {
    AnthropicMarks read = new AnthropicMarks(rules);
    for (JsonNode tool : request.path("tools")) {
      read.add(Json.write(tool), tool);
    }
    read.addAll(request.path("system"));
    for (JsonNode message : request.path("messages")) {
      read.addAll(message.path("content"));
    }
    if (read.marks.size() > MARKS_MAX) {
      rules.refuse(
          Rule.ANTHROPIC_MARKS,
          "number",
          ApiError.invalid(
              "A maximum of 4 blocks with cache_control may be provided. Found "
                  + read.marks.size()
                  + "."));
    }
    return read.marks;
  }

  /** Whether the last of them, which all is written to, is kept for an hour. */
  static boolean isLong(List<Mark> marks) {
    return !marks.isEmpty() && marks.get(marks.size() - 1).isLong();
  }

  private void addAll(JsonNode content) {
    if (content.isArray()) {
      content.forEach(block -> add(block.path("text").asText(""), block));
    } else {
      add(content.asText(""), content);
    }
  }

  private void add(String text, JsonNode block) {
    before.append(text);
    tokens += Tokens.of(text);
    JsonNode control = block.path("cache_control");
    if (control.isMissingNode() || control.isNull()) {
      return;
    }
    String ttl = control.path("ttl").asText("5m");
    if (!control.path("type").asText().equals("ephemeral")
        || !(ttl.equals("5m") || ttl.equals("1h"))) {
      rules.refuse(
          Rule.ANTHROPIC_MARKS,
          "kind",
          ApiError.invalid("cache_control: Input should be ephemeral, with a ttl of 5m or 1h"));
    }
    if (text.isBlank()) {
      rules.refuse(
          Rule.ANTHROPIC_MARKS,
          "empty",
          ApiError.invalid("cache_control cannot be set for empty text blocks"));
    }
    boolean isLong = ttl.equals("1h");
    if (isLong && !marks.isEmpty() && !isLong(marks)) {
      rules.refuse(
          Rule.ANTHROPIC_MARKS,
          "order",
          ApiError.invalid(
              "a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block"));
    }
    marks.add(new Mark(new PromptCache.Prefix(PromptCache.key(before), tokens), isLong));
  }
}
