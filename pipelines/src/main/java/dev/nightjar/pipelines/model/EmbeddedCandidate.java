package dev.nightjar.pipelines.model;

import dev.nightjar.cachestore.EmbeddedText;
import java.util.Optional;

/**
 * A candidate with its place in embedding space.
 *
 * @param candidate the candidate
 * @param embedded its text's place, if the task uses likeness
 */
public record EmbeddedCandidate(Candidate candidate, Optional<EmbeddedText> embedded) {}
