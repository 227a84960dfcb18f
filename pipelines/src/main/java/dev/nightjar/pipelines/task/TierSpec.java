package dev.nightjar.pipelines.task;

import dev.nightjar.pipelines.model.Provider;
import java.io.Serializable;

/**
 * A model that a task may ask.
 *
 * @param name tier name, unique in the task
 * @param provider who sells it
 * @param model its name there
 * @param outputTokensMax output limit sent with every request
 * @param promptTokensMax longest prompt that starts here; {@link Integer#MAX_VALUE} for no limit
 */
public record TierSpec(
    String name, Provider provider, String model, int outputTokensMax, int promptTokensMax)
    implements Serializable {}
