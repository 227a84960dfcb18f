package dev.nightjar.cachestore;

import java.io.Serializable;

/**
 * An attempt with what is needed to build its request, or the next one.
 *
 * @param customId its name at the provider
 * @param itemKey its leader
 * @param attemptNumber from 1, over all runs
 * @param tier tier it asks
 * @param attemptsAtTier attempts at that tier in the run in hand, this one included, but for those
 *     whose answer would not do
 * @param prompt user message
 * @param promptTokens estimated tokens of the request
 * @param priority the document's
 */
public record StoredAttempt(
    String customId,
    String itemKey,
    int attemptNumber,
    String tier,
    int attemptsAtTier,
    String prompt,
    int promptTokens,
    double priority)
    implements Serializable {}
