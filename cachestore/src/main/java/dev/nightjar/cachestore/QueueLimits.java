package dev.nightjar.cachestore;

/**
 * How much one account may have at a provider at once. A submission that finds no room stays
 * planned.
 *
 * @param batchesMax batches being created or worked on
 * @param creationsPerHourMax batches created within 60 minutes
 * @param enqueuedTokensMax prompt tokens of one model in batches being created or worked on, as
 *     estimated here; what a provider has told us ({@link SubmissionStore#learnQuota}) counts if it
 *     is less
 */
public record QueueLimits(int batchesMax, int creationsPerHourMax, long enqueuedTokensMax) {
  public QueueLimits {
    if (batchesMax < 1 || creationsPerHourMax < 1 || enqueuedTokensMax < 1) {
      throw new IllegalArgumentException(
          "batchesMax, creationsPerHourMax and enqueuedTokensMax must be > 0, but were "
              + batchesMax
              + ", "
              + creationsPerHourMax
              + " and "
              + enqueuedTokensMax);
    }
  }
}
