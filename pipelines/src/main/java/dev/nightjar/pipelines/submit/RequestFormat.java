package dev.nightjar.pipelines.submit;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nightjar.pipelines.model.CacheTtl;
import dev.nightjar.pipelines.task.TierSpec;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How one provider wants the requests of one task. What all requests of a task share comes first,
 * so that a provider that caches prompts by their prefix can. Immutable and thread-safe: the trees
 * it hands out share the schema and must not be changed.
 */
interface RequestFormat {

  /**
   * The request of one attempt, as one line of a batch.
   *
   * @param mark how long the provider's prompt cache shall keep what all requests of the task
   *     share; null for not at all
   */
  ObjectNode line(TierSpec tier, String customId, String prompt, @Nullable CacheTtl mark);

  /** How long a tier's provider can be asked to keep it; empty if it takes no marks. */
  default List<CacheTtl> cacheTtls(TierSpec tier) {
    return List.of();
  }

  /** Keywords of the task's output schema that the provider is not held to. */
  Set<String> unenforced(TierSpec tier);
}
