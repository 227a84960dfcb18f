package dev.nightjar.cachestore;

import java.io.Serializable;
import java.util.List;

/**
 * A cached entry near a text.
 *
 * @param itemKey the entry, which has an answer of its own
 * @param similarity cosine to the text, in [-1, 1]
 * @param answerClass entries of one class have answers that the task takes for equal; an entry that
 *     has not been compared yet is a class of its own
 * @param agreed how often a text near it was asked and answered alike
 * @param contradicted how often it was answered otherwise
 * @param guardMarks digests of what must not differ between two texts, in the order of the guards;
 *     empty if unknown
 */
public record Neighbour(
    String itemKey,
    double similarity,
    String answerClass,
    int agreed,
    int contradicted,
    List<String> guardMarks)
    implements Serializable {}
