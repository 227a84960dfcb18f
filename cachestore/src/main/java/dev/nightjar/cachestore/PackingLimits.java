package dev.nightjar.cachestore;

/**
 * How large one submission may be.
 *
 * @param requestsMax requests, at least 1
 * @param bytesMax bytes of request lines, line ends included
 * @param promptTokensMax estimated prompt tokens: a batch above the account's queue would never fit
 */
public record PackingLimits(int requestsMax, long bytesMax, long promptTokensMax) {
  public PackingLimits {
    if (requestsMax < 1 || bytesMax < 1 || promptTokensMax < 1) {
      throw new IllegalArgumentException(
          "requestsMax, bytesMax and promptTokensMax must be > 0, but were "
              + requestsMax
              + ", "
              + bytesMax
              + " and "
              + promptTokensMax);
    }
  }

  /** The same with another bound on tokens, if that is less. */
  public PackingLimits withPromptTokensAtMost(long tokens) {
    return new PackingLimits(requestsMax, bytesMax, Math.max(1, Math.min(promptTokensMax, tokens)));
  }

  /** Whether one more request fits beside what is there. The first request always fits. */
  public boolean admits(int requests, long bytes, long tokens, long nextBytes, long nextTokens) {
    return requests == 0
        || (requests < requestsMax
            && bytes + nextBytes <= bytesMax
            && tokens + nextTokens <= promptTokensMax);
  }
}
