package dev.nightjar.pipelines.task;

import java.io.Serializable;

/**
 * Which texts of one run share an answer.
 *
 * @param similarityMin least cosine of texts that the embedding model reads at once
 * @param jaccardMin least Jaccard similarity of the three-word shingles of longer ones
 */
public record NearDuplicateSpec(double similarityMin, double jaccardMin) implements Serializable {}
