package dev.nightjar.cachestore;

import java.util.List;
import java.util.Optional;

/**
 * A distinct item key that no cache answered.
 *
 * @param itemKey SHA-256, hexadecimal
 * @param documentId the representative document
 * @param embedding of the text, if the task uses likeness at all
 * @param bands locality-sensitive hashes of the embedding, one a band; empty without embedding
 */
public record Miss(
    String itemKey, String documentId, Optional<Embedding> embedding, List<Integer> bands) {}
