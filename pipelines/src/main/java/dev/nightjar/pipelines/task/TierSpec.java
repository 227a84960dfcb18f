package dev.nightjar.pipelines.task;

import dev.nightjar.pipelines.model.Effort;
import dev.nightjar.pipelines.model.ModelTraits;
import dev.nightjar.pipelines.model.Provider;
import java.io.Serializable;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * A model that a task may ask.
 *
 * @param name tier name, unique in the task
 * @param provider who sells it
 * @param model its name there
 * @param outputTokensMax output limit sent with every request
 * @param promptTokensMax longest prompt that starts here; {@link Integer#MAX_VALUE} for no limit
 * @param contextTokensMax most tokens of prompt and answer together that its model takes; {@link
 *     Integer#MAX_VALUE} if the task does not say
 * @param effort how much the model is told to reason; null to say nothing of it
 * @param api which of OpenAI's interfaces is asked
 * @param structuredOutput how Anthropic is told the shape of an answer
 */
public record TierSpec(
    String name,
    Provider provider,
    String model,
    int outputTokensMax,
    int promptTokensMax,
    int contextTokensMax,
    @Nullable Effort effort,
    Api api,
    StructuredOutput structuredOutput)
    implements Serializable {

  /** Whether a prompt, by our count, and the longest answer fit the model. */
  public boolean fits(int promptTokens) {
    return (long) promptTokens + outputTokensMax <= contextTokensMax;
  }

  /** What is known of the model; empty for one that nobody has described. */
  public Optional<ModelTraits> traits() {
    return ModelTraits.of(provider, model);
  }

  /**
   * The output limit that leaves most answers whole, where this one would not: reasoning counts
   * towards it. Empty if it will do, or nothing is known of the model.
   */
  public OptionalInt outputTokensAdvised() {
    int room = reasons().tokensRoom();
    return outputTokensMax > room ? OptionalInt.empty() : OptionalInt.of(outputTokensMax + room);
  }

  /** How much the model reasons, told or untold. */
  public Effort reasons() {
    return effort != null
        ? effort
        : traits().flatMap(ModelTraits::effortDefault).orElse(Effort.NONE);
  }

  /** OpenAI's interfaces. */
  public enum Api {
    CHAT,
    RESPONSES
  }

  /** Anthropic's ways to a structured answer. */
  public enum StructuredOutput {
    /** By the schema of the output; limits inside it are only checked here. */
    SCHEMA,
    /** By a tool that the model must call, with the whole schema. */
    TOOL
  }
}
