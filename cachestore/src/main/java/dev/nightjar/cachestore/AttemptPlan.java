package dev.nightjar.cachestore;

import java.io.Serializable;
import java.util.List;

/**
 * An attempt to make: one provider request for one leader at one tier. Money for it is another
 * matter: see {@link FundingStore}.
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
 * @param priority what the document says of itself; higher is funded first
 * @param cheaper what it may become, in this order, if no budget pays for its tier
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
    int requestBytes,
    double priority,
    List<Alternative> cheaper)
    implements Serializable {

  /**
   * The same question at a cheaper tier.
   *
   * @param tier tier name
   * @param provider provider name
   * @param model model name
   * @param mode how it is asked
   * @param outputTokensMax output limit sent with the request
   * @param requestBytes exact size of the request line in UTF-8
   */
  public record Alternative(
      String tier,
      String provider,
      String model,
      AttemptMode mode,
      int outputTokensMax,
      int requestBytes)
      implements Serializable {}

  /** The same without the prompt, of a leader whose prompt is stored. */
  public AttemptPlan keepingPrompt() {
    return new AttemptPlan(
        customId,
        itemKey,
        attemptNumber,
        tier,
        provider,
        model,
        mode,
        "",
        promptTokens,
        outputTokensMax,
        requestBytes,
        priority,
        cheaper);
  }

  public AttemptPlan {
    cheaper = List.copyOf(cheaper);
    if (promptTokens < 0
        || outputTokensMax <= 0
        || requestBytes <= 0
        || !Double.isFinite(priority)) {
      throw new IllegalArgumentException(
          "an attempt needs promptTokens >= 0, outputTokensMax > 0, requestBytes > 0 and a finite priority, but had "
              + promptTokens
              + ", "
              + outputTokensMax
              + ", "
              + requestBytes
              + " and "
              + priority);
    }
  }
}
