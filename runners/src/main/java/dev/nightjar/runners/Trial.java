package dev.nightjar.runners;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.Fingerprint;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.pipelines.model.Document;
import dev.nightjar.pipelines.task.TaskLoader;
import dev.nightjar.pipelines.task.TaskSpec;
import dev.nightjar.pipelines.task.TierSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A task as a trial asks it: online, each document for itself, under a name and a fingerprint of
 * its own. So no night takes a trial's answers for its own, no forecast learns from it, and no open
 * run is taken for one of a former version. Its money is reserved and booked as any other.
 */
final class Trial {
  /** What the name of a trial's task ends with. */
  static final String NAME_SUFFIX = "-try";

  /** Longer than any trial's deadline is away: it is asked online from the start. */
  private static final int ONLINE_MINUTES = 7 * 24 * 60;

  private Trial() {}

  /**
   * The task of a trial.
   *
   * @param tier the only tier to ask; empty for all, as a night asks them
   * @throws NightjarException OPTION_INVALID if there is no such tier
   */
  static TaskSpec of(TaskSpec task, Optional<String> tier) {
    ObjectNode definition = (ObjectNode) JsonText.parsed(task.definitionJson());
    String name = task.name() + NAME_SUFFIX;
    definition.put("name", name);
    definition.remove(List.of("semantic_cache", "near_duplicates"));
    definition.putObject("online_fallback").put("minutes_before_deadline", ONLINE_MINUTES);
    definition.put("trial", tier.orElse("every tier"));
    if (tier.isPresent()) {
      keepOnly(definition, task, tier.get());
    }
    return TaskLoader.stored(name, JsonText.line(definition));
  }

  private static void keepOnly(ObjectNode definition, TaskSpec task, String tier) {
    List<String> names = task.tiers().stream().map(TierSpec::name).toList();
    if (!names.contains(tier)) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "--tier " + tier,
          "the task has no such tier",
          "give one of " + String.join(", ", names));
    }
    List<JsonNode> kept = new ArrayList<>();
    for (JsonNode each : definition.get("tiers")) {
      if (each.get("name").asText().equals(tier)) {
        ((ObjectNode) each).remove("prompt_tokens_max"); // it is asked whatever the length
        kept.add(each);
      }
    }
    ArrayNode tiers = definition.putArray("tiers");
    tiers.addAll(kept);
  }

  /**
   * Writes documents as a corpus of their own, at a place that is the same for the same documents:
   * a trial that was killed is gone on with.
   *
   * @throws IOException if the directory cannot be written to
   */
  static Path corpus(Path home, TaskSpec task, List<Document> documents) throws IOException {
    List<String> lines = new ArrayList<>();
    for (Document document : documents) {
      ObjectNode line = JsonText.object();
      document.fields().forEach(line::put);
      line.put(task.idField(), document.id());
      line.put(task.textField(), document.text());
      lines.add(JsonText.line(line));
    }
    String content = lines.stream().collect(Collectors.joining("\n", "", "\n"));
    Path directory = Files.createDirectories(home.resolve("trials"));
    Path file =
        directory.resolve(
            Fingerprint.sha256(task.fingerprint(), content).substring(0, 16) + ".jsonl");
    if (!Files.exists(file)) {
      Files.writeString(file, content);
    }
    return file;
  }
}
