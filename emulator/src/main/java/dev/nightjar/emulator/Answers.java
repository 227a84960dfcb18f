package dev.nightjar.emulator;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;

/** What the emulated models say. Implementations are deterministic and thread-safe. */
public interface Answers {

  /**
   * A question as it reached a model.
   *
   * @param model the model asked
   * @param system system prompt, empty if there is none
   * @param user the user's messages, joined
   * @param schema the JSON Schema that the answer should meet, if one was sent
   */
  record Question(String model, String system, String user, Optional<JsonNode> schema) {}

  /** The text of the answer, before the token limit cuts it. */
  String answer(Question question);

  /** How the answer ends, if not by itself or at the token limit. */
  default Optional<AnswerFinish> finish(Question question) {
    return Optional.empty();
  }
}
