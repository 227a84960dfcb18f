package dev.nightjar.runners;

import dev.nightjar.pipelines.submit.RequestLines;
import dev.nightjar.pipelines.task.TaskSpec;
import dev.nightjar.pipelines.task.TierSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** What is worth knowing of a task's tiers before anything is paid for, a line each. */
final class TierNotes {
  private TierNotes() {}

  static List<String> of(TaskSpec task) {
    List<String> notes = new ArrayList<>();
    RequestLines requests = new RequestLines(task);
    for (TierSpec tier : task.tiers()) {
      Set<String> keywords = requests.unenforced(tier);
      if (!keywords.isEmpty()) {
        // An answer that breaks one of these is paid for, and asked again one tier up.
        notes.add(
            "%s: %s does not hold the model to %s of output_schema; answers are checked here"
                .formatted(tier.name(), tier.provider().label(), String.join(", ", keywords)));
      }
      tier.outputTokensAdvised()
          .ifPresent(
              advised ->
                  notes.add(
                      "%s: %s reasons at effort %s, which counts towards output_tokens_max %d: many answers"
                              .formatted(
                                  tier.name(),
                                  tier.model(),
                                  tier.reasons().label(),
                                  tier.outputTokensMax())
                          + " may be cut, and are paid for; %d would leave room"
                              .formatted(advised)));
    }
    return notes;
  }
}
