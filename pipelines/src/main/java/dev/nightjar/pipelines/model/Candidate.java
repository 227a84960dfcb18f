package dev.nightjar.pipelines.model;

/**
 * A distinct item key with the document that stands for all its exact duplicates.
 *
 * @param itemKey SHA-256 over namespace and content
 * @param document the representative
 * @param wholePromptTokens estimated tokens of the prompt with the whole document
 */
public record Candidate(String itemKey, Document document, int wholePromptTokens) {}
