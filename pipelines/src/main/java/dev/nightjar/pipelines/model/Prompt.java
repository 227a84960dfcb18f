package dev.nightjar.pipelines.model;

import java.util.Optional;

/**
 * What will be asked.
 *
 * @param itemKey the leader
 * @param attemptNumber number of the attempt, from 1
 * @param user user message
 * @param promptTokens estimated tokens of the whole request
 * @param priority the document's; see {@link Document}
 * @param document the whole {@link SourceDocument} as JSON, if the answer has to quote it
 */
public record Prompt(
    String itemKey,
    int attemptNumber,
    String user,
    int promptTokens,
    double priority,
    Optional<String> document) {}
