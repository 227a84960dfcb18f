package dev.nightjar.pipelines.audit;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nightjar.pipelines.task.AuditSpec;
import dev.nightjar.pipelines.task.TaskLoader;
import dev.nightjar.pipelines.task.TaskSpec;
import java.util.List;

/**
 * A task as its reference answers it: the reference's tier alone, the whole document, no answer of
 * another text. It has a name and a fingerprint of its own, so that no night takes such an answer
 * for a result, and an answer that was bought once serves the audits of all later nights. Stateless
 * and thread-safe.
 */
public final class ReferenceTask {
  private static final ObjectMapper JSON = new ObjectMapper();

  private ReferenceTask() {}

  /** The name of the task that a pass is of, by which budgets count it; of a task its own. */
  public static String auditedName(TaskSpec task) {
    return task.auditPass() > 0
        ? task.name().substring(0, task.name().lastIndexOf(':'))
        : task.name();
  }

  /**
   * The task of one pass of an audit.
   *
   * @param pass {@link AuditSpec#FIRST_PASS} or {@link AuditSpec#SECOND_PASS}
   */
  public static TaskSpec of(TaskSpec task, int pass) {
    ObjectNode definition;
    try {
      definition = (ObjectNode) JSON.readTree(task.definitionJson());
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a task's definition is JSON", e);
    }
    // No task file can have such a name.
    String name = task.name() + (pass == AuditSpec.SECOND_PASS ? ":audit-again" : ":audit");
    definition.put("name", name);
    definition.remove(
        List.of(
            "semantic_cache",
            "near_duplicates",
            "compression",
            "retrieval",
            "over_budget",
            "gold"));
    definition.put("audit_pass", pass);
    if (definition.get("input") instanceof ObjectNode input) {
      input.remove("priority_field"); // the draw says who goes first
    }
    ArrayNode tiers = JSON.createArrayNode();
    for (JsonNode tier : definition.withArray("tiers")) {
      if (tier.path("name").asText().equals(task.referenceTier())) {
        ((ObjectNode) tier).remove("prompt_tokens_max"); // it is asked whatever the length
        tiers.add(tier);
      }
    }
    definition.set("tiers", tiers);
    return TaskLoader.stored(name, definition.toString());
  }
}
