package dev.nightjar.pipelines.model;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.Served;
import dev.nightjar.cachestore.Usage;
import java.time.Instant;
import java.util.Optional;

/**
 * One line of a provider's batch result, in one form for all providers.
 *
 * @param submissionId the submission it belongs to
 * @param customId the attempt it answers
 * @param served who answered
 * @param text the answer's text, empty if there is none
 * @param end how the answer ended
 * @param usage what is billed
 * @param billedAt when the provider did the work
 * @param error why there is no answer, if there is none
 * @param reason the same in words, one line; of an answer what its provider says of a bad end
 */
public record ResultLine(
    String submissionId,
    String customId,
    Served served,
    String text,
    AnswerEnd end,
    Usage usage,
    Instant billedAt,
    Optional<ErrorCode> error,
    String reason) {

  /** A line without an answer. */
  public static ResultLine failed(
      String submissionId,
      String customId,
      Served served,
      Usage usage,
      Instant billedAt,
      ErrorCode error,
      String reason) {
    return new ResultLine(
        submissionId,
        customId,
        served,
        "",
        AnswerEnd.COMPLETE,
        usage,
        billedAt,
        Optional.of(error),
        reason);
  }

  /** A line with an answer, to whatever end it came. */
  public static ResultLine answered(
      String submissionId,
      String customId,
      Served served,
      String text,
      AnswerEnd end,
      Usage usage,
      Instant billedAt,
      String reason) {
    return new ResultLine(
        submissionId, customId, served, text, end, usage, billedAt, Optional.empty(), reason);
  }
}
