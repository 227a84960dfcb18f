package dev.nightjar.pipelines.submit;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nightjar.pipelines.model.CacheTtl;
import dev.nightjar.pipelines.model.Provider;
import dev.nightjar.pipelines.task.TaskSpec;
import dev.nightjar.pipelines.task.TierSpec;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The requests of one task, one JSON object each, as their providers read them. Immutable and
 * thread-safe; the task's schema is read once, not once a request.
 */
public final class RequestLines {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Map<Provider, RequestFormat> formats = new EnumMap<>(Provider.class);

  /** Requests of one task, for the providers that its tiers name. */
  public RequestLines(TaskSpec task) {
    for (TierSpec tier : task.tiers()) {
      formats.computeIfAbsent(
          tier.provider(), provider -> Providers.of(provider).requests().apply(task));
    }
  }

  /** The request of one attempt. */
  public ObjectNode of(TierSpec tier, String customId, String prompt) {
    return format(tier).line(tier, customId, prompt, null);
  }

  /**
   * The request of one attempt, with a mark for the provider's prompt cache at the end of what all
   * requests of the task share.
   */
  public ObjectNode marked(TierSpec tier, String customId, String prompt, CacheTtl mark) {
    return format(tier).line(tier, customId, prompt, mark);
  }

  /** How long a tier's provider can be asked to keep what is marked; empty if it takes no marks. */
  public List<CacheTtl> cacheTtls(TierSpec tier) {
    return format(tier).cacheTtls(tier);
  }

  /**
   * Keywords of the task's output schema that a tier's provider is not held to: answers may break
   * them, and are rejected here if they do.
   */
  public Set<String> unenforced(TierSpec tier) {
    return format(tier).unenforced(tier);
  }

  private RequestFormat format(TierSpec tier) {
    RequestFormat format = formats.get(tier.provider());
    if (format == null) {
      throw new IllegalArgumentException("no tier of this task asks " + tier.provider().label());
    }
    return format;
  }

  /** The exact size of a request in UTF-8, without a line end. */
  public int bytes(TierSpec tier, String customId, String prompt) {
    return write(of(tier, customId, prompt)).getBytes(StandardCharsets.UTF_8).length;
  }

  /** One line, without its end. */
  public static String write(JsonNode request) {
    try {
      return JSON.writeValueAsString(request);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }
}
