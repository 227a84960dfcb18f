package dev.nightjar.cachestore;

import java.io.Serializable;
import java.time.Instant;
import java.util.Optional;

/**
 * How an attempt ended.
 *
 * @param customId the attempt
 * @param kind succeeded: a valid answer; rejected: billed, but the answer will not do; errored: no
 *     answer
 * @param usage what is billed
 * @param billedAt when the provider billed it: decides which price is in force
 * @param answerJson the answer, if it succeeded
 * @param code why it did not, else null
 * @param reason why it did not, one line without document text
 * @param next the attempt to make instead, if there is one left
 * @param usageUnknown whether the provider answered, and bills, without a word of how much: held
 *     against the budget at its worst case
 * @param lasting whether asking the same text again would end the same way: the next night does not
 * @param said what the model said, if it will not do: it is kept for a time, to be looked at; with
 *     ANSWER_UNJUDGED, where what failed was the judging, to be judged again
 * @param served who answered: decides the price, too
 */
public record Outcome(
    String customId,
    Kind kind,
    Usage usage,
    Instant billedAt,
    Optional<String> answerJson,
    Optional<ErrorCode> code,
    String reason,
    Optional<AttemptPlan> next,
    boolean usageUnknown,
    boolean lasting,
    Optional<String> said,
    Served served)
    implements Serializable {

  /** One whose usage is known, and whose failure may pass. */
  public Outcome(
      String customId,
      Kind kind,
      Usage usage,
      Instant billedAt,
      Optional<String> answerJson,
      Optional<ErrorCode> code,
      String reason,
      Optional<AttemptPlan> next) {
    this(
        customId,
        kind,
        usage,
        billedAt,
        answerJson,
        code,
        reason,
        next,
        false,
        false,
        Optional.empty(),
        Served.UNSAID);
  }

  /** Ends of an attempt. */
  public enum Kind {
    SUCCEEDED,
    REJECTED,
    ERRORED
  }

  public Outcome {
    reason = Secrets.redact(reason);
    if ((kind == Kind.SUCCEEDED) != answerJson.isPresent()
        || (kind == Kind.SUCCEEDED) == code.isPresent()
        || (kind == Kind.SUCCEEDED && next.isPresent())) {
      throw new IllegalArgumentException(
          "an outcome has an answer or a code, and a next attempt only without an answer; it was "
              + kind);
    }
  }
}
