package dev.nightjar.emulator;

/** An end other than the answer's own. */
public enum AnswerFinish {
  /**
   * The model refuses: OpenAI's {@code refusal}, Anthropic's {@code refusal} in the middle of an
   * answer, which is billed. Gemini knows no such end and answers in prose.
   */
  REFUSED,
  /**
   * Anthropic: refused before any output, which is not billed; OpenAI and Gemini as {@link
   * #FILTERED}.
   */
  DECLINED,
  /**
   * The provider's filter: OpenAI's {@code content_filter}, Gemini's {@code SAFETY}; Anthropic has
   * refusals only.
   */
  FILTERED,
  /** Gemini: the prompt is blocked and has no candidate; elsewhere as {@link #FILTERED}. */
  PROMPT_BLOCKED,
  /** Anthropic: prompt and answer fill the context; elsewhere the output limit. */
  CONTEXT_FULL,
  /** Anthropic: {@code pause_turn}; elsewhere the answer comes whole. */
  PAUSED
}
