package dev.nightjar.pipelines.model;

import dev.nightjar.cachestore.Embedding;
import java.util.Optional;

/**
 * A candidate with its place in embedding space.
 *
 * @param candidate the candidate
 * @param embedding of its text, if the task uses likeness
 */
public record EmbeddedCandidate(Candidate candidate, Optional<Embedding> embedding) {}
