package dev.nightjar.pipelines.model;

import dev.nightjar.cachestore.Outcome;

/**
 * The outcome of an attempt, with the submission it came in.
 *
 * @param submissionId the submission
 * @param outcome the outcome
 */
public record SubmissionOutcome(String submissionId, Outcome outcome) {}
