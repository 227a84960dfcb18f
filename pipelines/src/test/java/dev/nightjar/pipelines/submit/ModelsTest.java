package dev.nightjar.pipelines.submit;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nightjar.cachestore.Price;
import dev.nightjar.cachestore.PriceFile;
import dev.nightjar.emulator.Emulator;
import dev.nightjar.emulator.Invoice;
import dev.nightjar.pipelines.TestTasks;
import dev.nightjar.pipelines.model.Effort;
import dev.nightjar.pipelines.model.ModelTraits;
import dev.nightjar.pipelines.model.Provider;
import dev.nightjar.pipelines.task.TaskInvalidException;
import dev.nightjar.pipelines.task.TaskSpec;
import java.io.InputStreamReader;
import java.io.Reader;
import java.math.BigDecimal;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What is said to each model of the price list, against an emulator that has its own table of what
 * models take: a row that one of the two has wrong is a request that is refused.
 */
class ModelsTest {
  private static final String YAML =
      """
      name: models
      system: Answer in JSON.
      user: "{{text}}"
      output_schema:
        type: object
        additionalProperties: false
        required: [topic]
        properties:
          topic: {type: string}
      tiers:
        - {name: only, provider: PROVIDER, model: MODEL, output_tokens_max: 20000MORE}
      """;

  @TempDir static Path home;
  private static Emulator emulator;

  @BeforeAll
  static void start() throws Exception {
    emulator =
        Emulator.in(home.resolve("emulator")).answers(question -> "{\"topic\":\"t\"}").start();
  }

  @AfterAll
  static void stop() {
    emulator.close();
  }

  /** Providers and models, as the shipped price list names them. */
  static List<String> models() throws Exception {
    return prices().stream()
        .map(price -> price.provider() + " " + price.model())
        .distinct()
        .toList();
  }

  private static TaskSpec task(String model, String more) {
    String[] names = model.split(" ");
    return TestTasks.of(
        YAML.replace("PROVIDER", names[0]).replace("MODEL", names[1]).replace("MORE", more));
  }

  /** The answer of the emulated model to what a task would send it. */
  private static HttpResponse<String> ask(TaskSpec task) throws Exception {
    return ask(task, "Say something.");
  }

  private static HttpResponse<String> ask(TaskSpec task, String prompt) throws Exception {
    var tier = task.tiers().get(0);
    JsonNode line = new RequestLines(task).of(tier, "id_1", prompt);
    String path;
    JsonNode body;
    switch (tier.provider()) {
      case OPENAI -> {
        path = line.get("url").asText();
        body = line.get("body");
      }
      case ANTHROPIC -> {
        path = "/v1/messages";
        body = line.get("params");
      }
      default -> {
        path = "/v1beta/models/" + tier.model() + ":generateContent";
        body = line.get("request");
      }
    }
    return HttpClient.newHttpClient()
        .send(
            HttpRequest.newBuilder(emulator.uri().resolve(path))
                .header("Authorization", "Bearer any")
                .header(tier.provider() == Provider.GEMINI ? "x-goog-api-key" : "Accept", "any")
                .header("anthropic-version", "2026-10-21")
                .POST(HttpRequest.BodyPublishers.ofString(body.toString()))
                .build(),
            HttpResponse.BodyHandlers.ofString());
  }

  private static List<String> ways(Provider provider) {
    return switch (provider) {
      case OPENAI -> List.of("", ", api: responses");
      case ANTHROPIC -> List.of("", ", structured_output: tool");
      default -> List.of("");
    };
  }

  @ParameterizedTest
  @MethodSource("models")
  void eachModelTakesEachEffortThatTasksMayAskIt(String model) throws Exception {
    Provider provider = Provider.ofLabel(model.split(" ")[0]);
    assertThat(ModelTraits.of(provider, model.split(" ")[1]))
        .as("a model with a price has traits")
        .isPresent();
    int taken = 0;
    for (String way : ways(provider)) {
      for (String effort :
          Stream.concat(
                  Stream.of(""), Stream.of(Effort.values()).map(e -> ", effort: " + e.label()))
              .toList()) {
        TaskSpec task;
        try {
          task = task(model, effort + way);
        } catch (TaskInvalidException e) {
          continue; // the loader says that the model does not take it
        }
        HttpResponse<String> answer = ask(task);
        assertThat(answer.statusCode()).as(effort + way + ": " + answer.body()).isEqualTo(200);
        taken++;
      }
    }
    assertThat(taken).isPositive();
  }

  @ParameterizedTest
  @MethodSource("models")
  void leftOutItIsTheLeastThatTheModelTakes(String model) throws Exception {
    TaskSpec task = task(model, "");
    JsonNode usage = new ObjectMapper().readTree(ask(task).body());
    long reasoned =
        Stream.of(
                "/usage/completion_tokens_details/reasoning_tokens",
                "/usage/output_tokens_details/thinking_tokens",
                "/usageMetadata/thoughtsTokenCount")
            .mapToLong(path -> usage.at(path).asLong(0))
            .sum();
    ModelTraits traits =
        ModelTraits.of(task.tiers().get(0).provider(), task.tiers().get(0).model()).orElseThrow();
    Effort least = traits.least().or(traits::effortDefault).orElse(Effort.NONE);
    assertThat(task.tiers().get(0).reasons()).isEqualTo(least);
    assertThat(reasoned == 0 || least != Effort.NONE).as("%d tokens", reasoned).isTrue();
  }

  private static List<Price> prices() throws Exception {
    try (Reader list =
        new InputStreamReader(
            PriceFile.class.getResourceAsStream("/dev/nightjar/sql/prices/list_prices.csv"),
            StandardCharsets.UTF_8)) {
      return PriceFile.read("list_prices.csv", list);
    }
  }

  /** Models that cost more above a size, each with the row that is in force above it. */
  static List<Price> bands() throws Exception {
    Instant now = Instant.now();
    List<Price> inForce =
        prices().stream().filter(price -> !price.effectiveFrom().isAfter(now)).toList();
    return inForce.stream()
        .filter(price -> price.inputTokensAbove() > 0)
        .filter(
            price ->
                inForce.stream()
                    .noneMatch(
                        later ->
                            later.model().equals(price.model())
                                && later.effectiveFrom().isAfter(price.effectiveFrom())))
        .toList();
  }

  @ParameterizedTest
  @MethodSource("bands")
  void aRequestOf300000TokensIsInvoicedAsItsBandSays(Price band) throws Exception {
    String model = band.provider() + " " + band.model();
    HttpResponse<String> answer = ask(task(model, ""), "word ".repeat(300_000));
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    Invoice.Line line = emulator.invoice().lines().get((int) emulator.invoice().count() - 1);
    assertThat(line.usage().prompt()).isGreaterThan(band.inputTokensAbove());
    Price.Rates rates = band.online();
    assertThat(line.usd())
        .isEqualByComparingTo(
            rates
                .input()
                .multiply(BigDecimal.valueOf(line.usage().input()))
                .add(rates.cachedInput().multiply(BigDecimal.valueOf(line.usage().cached())))
                .add(rates.cacheWrite().multiply(BigDecimal.valueOf(line.usage().write5m())))
                .add(rates.output().multiply(BigDecimal.valueOf(line.usage().completion())))
                .movePointLeft(6));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "openai gpt-6.2-sol | , effort: none | tiers[0].effort | low, medium, high, xhigh",
        "openai gpt-6-luna | , effort: max | tiers[0].effort | in chat completions",
        "openai gpt-4.1 | , effort: low | tiers[0].effort | none",
        "openai gpt-5-pro | , effort: low | tiers[0].effort | high",
        "anthropic claude-opus-5-5 | , effort: none | tiers[0].effort | low, medium",
        "anthropic claude-haiku-4-5 | , effort: high | tiers[0].effort | none",
        "gemini gemini-3.8-flash | , effort: minimal | tiers[0].effort | low, medium, high",
        "anthropic claude-sonnet-5-5 | , structured_output: tool | tiers[0].structured_output | expected schema",
        "anthropic claude-haiku-5-5 | , structured_output: tool, effort: low | tiers[0].effort | expected none",
        "anthropic claude-fable-5 | , structured_output: tool | tiers[0].structured_output | expected schema",
        "azure gpt-5.6-luna | , effort: max | tiers[0].effort | in chat completions",
        "openai gpt-6.2-sol-2026-11-01 | , effort: none | tiers[0].effort | low"
      })
  void whatAModelRefusesIsToldWhenTheTaskIsLoaded(
      String model, String more, String field, String expected) {
    assertThat(
            org.assertj.core.api.Assertions.catchThrowableOfType(
                    TaskInvalidException.class, () -> task(model, more))
                .problems())
        .singleElement()
        .satisfies(
            problem -> {
              assertThat(problem.field()).isEqualTo(field);
              assertThat(problem.expected()).contains(expected);
              assertThat(problem.line()).isEqualTo(11);
            });
  }

  @Test
  void ofAModelThatNobodyKnowsNothingIsAssumed() {
    TaskSpec task = task("openai gpt-9", "");
    assertThat(task.tiers().get(0).effort()).isNull();
    JsonNode body = new RequestLines(task).of(task.tiers().get(0), "id", "p").get("body");
    assertThat(body.has("reasoning_effort")).isFalse();
    assertThat(body.has("prompt_cache_options")).isFalse();
    assertThat(task("openai gpt-9", ", effort: low").tiers().get(0).effort()).isEqualTo(Effort.LOW);
  }

  @Test
  void aLimitThatReasoningWouldEatIsAdvisedAgainst() {
    assertThat(task("openai gpt-6.2-sol", "").tiers().get(0).outputTokensAdvised()).isEmpty();
    TaskSpec small =
        TestTasks.of(
            YAML.replace("PROVIDER", "openai")
                .replace("MODEL", "gpt-6.2-sol")
                .replace("20000MORE", "300"));
    assertThat(small.tiers().get(0).outputTokensAdvised()).hasValue(1_324);
  }
}
