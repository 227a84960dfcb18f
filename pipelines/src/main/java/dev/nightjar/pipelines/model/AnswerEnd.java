package dev.nightjar.pipelines.model;

import dev.nightjar.cachestore.ErrorCode;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** How a model's answer came to its end, in one form for all providers. */
public enum AnswerEnd {
  /** The model had said what it had to say. */
  COMPLETE(null, ""),
  /** It was cut at its token limit, which reasoning counts towards. */
  TRUNCATED(ErrorCode.ANSWER_TRUNCATED, "the answer was cut at its token limit"),
  /** The model would not answer. */
  REFUSED(ErrorCode.ANSWER_REFUSED, "the model refused to answer"),
  /** The provider declined the prompt before any output, and charges nothing. */
  DECLINED(ErrorCode.ANSWER_REFUSED, "the provider declined the prompt, free of charge"),
  /** The provider's filter stopped the prompt or the answer. */
  FILTERED(ErrorCode.ANSWER_FILTERED, "the provider's filter stopped it"),
  /** Prompt and answer filled the model's context window. */
  CONTEXT_FULL(ErrorCode.ANSWER_CONTEXT_FULL, "prompt and answer filled the model's context"),
  /** The provider paused a long turn, and wants it sent back to be gone on with. */
  PAUSED(ErrorCode.ANSWER_PAUSED, "the provider paused before the answer was complete");

  private final Optional<ErrorCode> code;
  private final String reason;

  AnswerEnd(@Nullable ErrorCode code, String reason) {
    this.code = Optional.ofNullable(code);
    this.reason = reason;
  }

  /** Why such an answer will not do, whatever it says; empty if it has to be judged. */
  public Optional<ErrorCode> code() {
    return code;
  }

  /** The same in words. */
  public String reason() {
    return reason;
  }
}
