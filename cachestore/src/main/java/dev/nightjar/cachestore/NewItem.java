package dev.nightjar.cachestore;

import java.io.Serializable;

/**
 * A document that becomes an item of a run.
 *
 * @param documentId unique within the corpus
 * @param itemKey SHA-256, hexadecimal
 * @param sourceUri file it was read from
 * @param sourcePosition line or record in that file, from 1; 0 for a whole file
 * @param representative whether it stands for its exact duplicates
 * @param wholePromptTokens estimated tokens of the prompt with the whole document in it
 */
public record NewItem(
    String documentId,
    String itemKey,
    String sourceUri,
    long sourcePosition,
    boolean representative,
    int wholePromptTokens)
    implements Serializable {}
