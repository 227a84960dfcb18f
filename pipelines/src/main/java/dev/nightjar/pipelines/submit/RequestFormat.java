package dev.nightjar.pipelines.submit;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nightjar.pipelines.task.TierSpec;
import java.util.Set;

/**
 * How one provider wants the requests of one task. What all requests of a task share comes first,
 * so that a provider that caches prompts by their prefix can. Immutable and thread-safe: the trees
 * it hands out share the schema and must not be changed.
 */
interface RequestFormat {

  /** The request of one attempt, as one line of a batch. */
  ObjectNode line(TierSpec tier, String customId, String prompt);

  /** Keywords of the task's output schema that the provider is not held to. */
  Set<String> unenforced(TierSpec tier);
}
