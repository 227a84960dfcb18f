package dev.nightjar.cachestore;

import java.io.Serializable;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.Optional;

/**
 * One night of one task over one corpus.
 *
 * @param runId its id
 * @param namespaceId where its answers are kept
 * @param corpus the corpus as it was given
 * @param finished whether it came to its end
 * @param prepared whether all its input has been read and planned
 * @param budgetUsd the hard stop, if any
 * @param deadlineAt when it stops waiting
 */
public record Run(
    String runId,
    long namespaceId,
    String corpus,
    boolean finished,
    boolean prepared,
    Optional<BigDecimal> budgetUsd,
    Instant deadlineAt)
    implements Serializable {}
