package dev.nightjar.cachestore;

import java.io.Serializable;

/**
 * An attempt to make: one provider request for one leader at one tier.
 *
 * @param customId name at the provider, derived from item key and attempt number
 * @param itemKey the leader
 * @param attemptNumber from 1
 * @param tier tier name
 * @param provider provider name
 * @param model model name
 * @param mode how it is asked
 * @param prompt user message; stored until the leader is settled, empty to keep the stored one
 * @param promptTokens estimated tokens of the whole request
 * @param outputTokensMax output limit sent with the request
 * @param requestBytes exact size of the request line in UTF-8
 */
public record AttemptPlan(
    String customId,
    String itemKey,
    int attemptNumber,
    String tier,
    String provider,
    String model,
    AttemptMode mode,
    String prompt,
    int promptTokens,
    int outputTokensMax,
    int requestBytes)
    implements Serializable {

  public AttemptPlan {
    if (promptTokens < 0 || outputTokensMax <= 0 || requestBytes <= 0) {
      throw new IllegalArgumentException(
          "an attempt needs promptTokens >= 0, outputTokensMax > 0 and requestBytes > 0, but had "
              + promptTokens
              + ", "
              + outputTokensMax
              + " and "
              + requestBytes);
    }
  }
}
