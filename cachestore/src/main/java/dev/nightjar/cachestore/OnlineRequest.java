package dev.nightjar.cachestore;

import java.time.Instant;
import java.util.Optional;

/**
 * A request of an online submission that was sent, or was about to be.
 *
 * @param customId its attempt
 * @param askedAt when it was about to be sent
 * @param responseId the name under which its provider keeps the answer; empty if it keeps none
 * @param status HTTP status of the response; empty if none was seen
 * @param body body of the response
 * @param answeredAt when the response was there
 */
public record OnlineRequest(
    String customId,
    Instant askedAt,
    Optional<String> responseId,
    Optional<Integer> status,
    Optional<String> body,
    Optional<Instant> answeredAt) {}
