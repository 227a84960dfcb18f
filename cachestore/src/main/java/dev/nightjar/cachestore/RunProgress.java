package dev.nightjar.cachestore;

/**
 * Counts of a run at a moment.
 *
 * @param items documents recorded
 * @param settled of them answered or failed
 * @param failed of them failed
 * @param open of them neither
 * @param attempts planned so far
 * @param attemptsEnded of them ended
 * @param submissionsOpen not yet collected
 * @param deadLetters refused input
 */
public record RunProgress(
    long items,
    long settled,
    long failed,
    long open,
    long attempts,
    long attemptsEnded,
    long submissionsOpen,
    long deadLetters) {}
