package dev.nightjar.cachestore;

import java.io.Serializable;

/**
 * Billed tokens of one attempt by class. The classes exclude one another, whatever the provider's
 * own convention is: a cached token is not also an input token.
 *
 * @param inputTokens neither read from nor written to the provider's prompt cache
 * @param cachedInputTokens read from it
 * @param cacheWriteTokens written with the short time to live
 * @param cacheWriteLongTokens written with the long one
 * @param outputTokens what is read as the answer
 * @param reasoningTokens output that nobody reads
 */
public record Usage(
    long inputTokens,
    long cachedInputTokens,
    long cacheWriteTokens,
    long cacheWriteLongTokens,
    long outputTokens,
    long reasoningTokens)
    implements Serializable {

  /** Nothing was billed. */
  public static final Usage NONE = new Usage(0, 0, 0, 0, 0, 0);

  public Usage {
    if (inputTokens < 0
        || cachedInputTokens < 0
        || cacheWriteTokens < 0
        || cacheWriteLongTokens < 0
        || outputTokens < 0
        || reasoningTokens < 0) {
      throw new IllegalArgumentException("token counts must be >= 0, but one was negative");
    }
  }

  /** Whether the provider bills anything. */
  public boolean isBilled() {
    return inputTokens
            + cachedInputTokens
            + cacheWriteTokens
            + cacheWriteLongTokens
            + outputTokens
            + reasoningTokens
        > 0;
  }
}
