package dev.nightjar.pipelines.model;

/**
 * A candidate that was elected to be asked.
 *
 * @param candidate the candidate
 * @param attemptNumber number of its next attempt, from 1
 */
public record LeaderDocument(Candidate candidate, int attemptNumber) {}
