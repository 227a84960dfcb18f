package dev.nightjar.pipelines.model;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.Usage;
import java.time.Instant;
import java.util.Optional;

/**
 * One line of a provider's batch result, in one form for all providers.
 *
 * @param submissionId the submission it belongs to
 * @param customId the attempt it answers
 * @param model that answered, as the provider names it; empty if it names none
 * @param text the answer's text, empty if there is none
 * @param truncated whether the answer was cut at its token limit
 * @param usage what is billed
 * @param billedAt when the provider did the work
 * @param error why there is no answer, if there is none
 * @param reason the same in words, one line
 */
public record ResultLine(
    String submissionId,
    String customId,
    String model,
    String text,
    boolean truncated,
    Usage usage,
    Instant billedAt,
    Optional<ErrorCode> error,
    String reason) {}
