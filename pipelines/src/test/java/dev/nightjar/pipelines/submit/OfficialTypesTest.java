package dev.nightjar.pipelines.submit;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nightjar.pipelines.TestTasks;
import dev.nightjar.pipelines.model.CacheTtl;
import dev.nightjar.pipelines.model.Provider;
import dev.nightjar.pipelines.task.TaskSpec;
import dev.nightjar.pipelines.task.TierSpec;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What we send, read by the types that the official clients generate from their provider's OpenAPI
 * document: each required field is there, each value is of its type and one of those listed, and no
 * name is unknown, however deep. The document itself is not needed for that, and not kept here.
 */
class OfficialTypesTest {
  private static final String YAML =
      """
      name: types
      system: Answer in JSON.
      user: "{{text}}"
      output_schema:
        type: object
        additionalProperties: false
        required: [a]
        properties:
          a: {type: array, minItems: 1, items: {type: object, required: [k], properties: {k: {enum: [x, z]}}}}
          b: {type: string, format: date}
      tiers:
        - {name: old, provider: openai, model: gpt-4.1, output_tokens_max: 90, prompt_tokens_max: 900}
        - {name: chat, provider: openai, model: gpt-6-luna, output_tokens_max: 90, prompt_tokens_max: 900}
        - {name: effort, provider: openai, model: gpt-6-sol, effort: high, output_tokens_max: 9000, prompt_tokens_max: 900}
        - {name: responses, provider: openai, api: responses, model: gpt-6.1-terra, output_tokens_max: 90, prompt_tokens_max: 900}
        - {name: azure, provider: azure, model: gpt-5.4, output_tokens_max: 90, prompt_tokens_max: 900}
        - {name: thinks, provider: anthropic, model: claude-opus-5-5, output_tokens_max: 9000, prompt_tokens_max: 900}
        - {name: between, provider: anthropic, model: claude-sonnet-5-5, output_tokens_max: 90, prompt_tokens_max: 900}
        - {name: disabled, provider: anthropic, model: claude-haiku-5-5, output_tokens_max: 90, prompt_tokens_max: 900}
        - {name: tool, provider: anthropic, structured_output: tool, model: claude-opus-5, output_tokens_max: 90}
      """;

  private static final TaskSpec TASK = TestTasks.of(YAML);

  /** Whatever the client has no name for, by the class that it stands in. */
  private static List<String> unknown(Object read) {
    List<String> names = new ArrayList<>();
    collect(read, new IdentityHashMap<>(), names);
    return names;
  }

  private static void collect(Object at, Map<Object, Boolean> seen, List<String> names) {
    if (at == null || seen.put(at, true) != null) {
      return;
    }
    if (at instanceof Optional<?> optional) {
      optional.ifPresent(value -> collect(value, seen, names));
      return;
    }
    if (at instanceof Iterable<?> list) {
      list.forEach(value -> collect(value, seen, names));
      return;
    }
    String type = at.getClass().getName();
    // A schema and metadata are free in what they name.
    if (!type.matches("com\\.(openai|anthropic)\\..*")
        || type.matches(".*(\\$Schema|\\$InputSchema|\\$Properties|Metadata)$")) {
      return;
    }
    for (Class<?> c = at.getClass(); c != null && c != Object.class; c = c.getSuperclass()) {
      for (Field field : c.getDeclaredFields()) {
        if (Modifier.isStatic(field.getModifiers()) || field.getType().isPrimitive()) {
          continue;
        }
        field.setAccessible(true);
        Object value;
        try {
          value = field.get(at);
        } catch (IllegalAccessException e) {
          throw new IllegalStateException(e);
        }
        if (field.getName().equals("additionalProperties") && value instanceof Map<?, ?> map) {
          map.keySet().forEach(name -> names.add(at.getClass().getSimpleName() + "." + name));
        } else {
          collect(value, seen, names);
        }
      }
    }
  }

  private static void assertOfficial(TierSpec tier, JsonNode line) throws Exception {
    if (tier.provider() == Provider.ANTHROPIC) {
      var request =
          com.anthropic.core.ObjectMappers.jsonMapper()
              .readValue(
                  line.toString(),
                  com.anthropic.models.messages.batches.BatchCreateParams.Request.class)
              .validate();
      assertThat(unknown(request)).isEmpty();
      return;
    }
    // The document lets a message do without its type; the client's reader does not.
    line.at("/body/input").forEach(item -> ((ObjectNode) item).put("type", "message"));
    String body = line.get("body").toString();
    var mapper = com.openai.core.ObjectMappers.jsonMapper();
    Object request =
        tier.api() == TierSpec.Api.RESPONSES
            ? mapper
                .readValue(body, com.openai.models.responses.ResponseCreateParams.Body.class)
                .validate()
            : mapper
                .readValue(
                    body, com.openai.models.chat.completions.ChatCompletionCreateParams.Body.class)
                .validate();
    assertThat(unknown(request)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "old",
        "chat",
        "effort",
        "responses",
        "azure",
        "thinks",
        "between",
        "disabled",
        "tool"
      })
  void whatIsSentIsWhatTheOfficialClientWouldSend(String tierName) throws Exception {
    TierSpec tier = TASK.tier(tierName);
    RequestLines lines = new RequestLines(TASK);
    assertOfficial(tier, lines.of(tier, "id_1", "prompt"));
    RequestFormat format = Providers.of(tier.provider()).requests().apply(TASK);
    for (CacheTtl mark : format.cacheTtls(tier)) {
      assertOfficial(tier, format.line(tier, "id_1", "prompt", mark));
    }
  }

  @Test
  void aNameThatTheClientDoesNotKnowIsSeen() throws Exception {
    var body =
        com.openai.core.ObjectMappers.jsonMapper()
            .readValue(
                "{\"model\":\"m\",\"messages\":[],\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"a\",\"strictly\":true}},\"max_output\":1}",
                com.openai.models.chat.completions.ChatCompletionCreateParams.Body.class);
    assertThat(unknown(body)).containsExactlyInAnyOrder("Body.max_output", "JsonSchema.strictly");
  }
}
