package dev.nightjar.pipelines.submit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nightjar.cachestore.AttemptMode;
import dev.nightjar.cachestore.OnlineRequest;
import dev.nightjar.cachestore.Price;
import dev.nightjar.cachestore.Submission;
import dev.nightjar.cachestore.SubmissionState;
import dev.nightjar.cachestore.Usage;
import dev.nightjar.pipelines.model.AnswerEnd;
import dev.nightjar.pipelines.model.Effort;
import dev.nightjar.pipelines.model.ModelTraits;
import dev.nightjar.pipelines.model.Provider;
import dev.nightjar.pipelines.model.ResultLine;
import dev.nightjar.pipelines.route.CustomIds;
import dev.nightjar.pipelines.task.TaskLoader;
import dev.nightjar.pipelines.task.TaskSpec;
import dev.nightjar.pipelines.task.TierSpec;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Asks a provider, the real one or an emulated one, whether it keeps the rules that this project
 * believes it keeps: what it takes, what it refuses, what it counts. A rule that would cost more
 * than is left of the budget is skipped; a request that should be refused and is not is paid for,
 * and counted. Not thread-safe.
 */
public final class ProviderCheck {

  /** What came of a rule. */
  public enum Verdict {
    HOLDS,
    BROKEN,
    SKIPPED
  }

  /**
   * A rule, looked at.
   *
   * @param detail what was seen instead, or why it was skipped
   */
  public record Rule(String name, Verdict verdict, String detail) {}

  /**
   * Who is checked.
   *
   * @param api of OpenAI, {@code chat} or {@code responses}; else {@code chat}
   * @param structuredOutput of Anthropic, {@code schema} or {@code tool}; else {@code schema}
   */
  public record Subject(Provider provider, String model, String api, String structuredOutput) {}

  private static final int SMALL_TOKENS = 64;
  private static final int CUT_TOKENS = 16; // the least that OpenAI's responses take
  private static final int PROMPT_TOKENS_CACHED_MIN = 1_024;
  private static final Duration CLOCKS_DIFFER_MAX = Duration.ofMinutes(5);
  private static final BigDecimal PER_TOKEN = new BigDecimal("0.000001");

  private static final String TOPIC =
      "{'type':'object','additionalProperties':false,'required':['topic'],'properties':{'topic':{'type':'string'}}}";

  private static final Map<String, String> SHAPES = new LinkedHashMap<>();

  static {
    SHAPES.put("an enum without a type", property("{'enum':['a','b']}"));
    SHAPES.put("an enum of numbers", property("{'enum':[1,2.5]}"));
    SHAPES.put("limits", property("{'type':'string','minLength':1,'maxLength':80}"));
    SHAPES.put("a nullable value", property("{'type':['string','null']}"));
    SHAPES.put("a date", property("{'type':'string','format':'date'}"));
    SHAPES.put("a choice", property("{'anyOf':[{'type':'string'},{'type':'integer'}]}"));
    SHAPES.put(
        "a list of objects",
        property("{'type':'array','minItems':1,'maxItems':5,'items':" + TOPIC + "}"));
    SHAPES.put(
        "an optional property",
        "{'type':'object','additionalProperties':false,'required':['a'],'properties':{'a':{'type':'string'},'b':{'type':'string'}}}");
    SHAPES.put(
        "definitions",
        "{'type':'object','additionalProperties':false,'required':['a'],'$defs':{'d':"
            + TOPIC
            + "},'properties':{'a':{'$ref':'#/$defs/d'}}}");
    SHAPES.put(
        "recursion",
        "{'type':'object','additionalProperties':false,'required':['a','next'],'properties':{'a':{'type':'string'},'next':{'anyOf':[{'$ref':'#'},{'type':'null'}]}}}");
    SHAPES.put(
        "an open object",
        "{'type':'object','required':['a'],'properties':{'a':{'type':'string'}}}");
  }

  private static String property(String schema) {
    return TOPIC.replace("'topic':{'type':'string'}", "'topic':" + schema);
  }

  private final Subject subject;
  private final ProviderSettings settings;
  private final ProviderClient client;
  private final Price price;
  private final BigDecimal perToken;
  private final BigDecimal budget;
  private final Clock clock;
  private final Optional<ModelTraits> traits;
  private final String submissionId = "sub_" + UUID.randomUUID();
  private final List<Rule> rules = new ArrayList<>();
  private BigDecimal spent = BigDecimal.ZERO;
  private int asked;

  /**
   * A check.
   *
   * @param price of the model, for what is spent
   * @param surcharge what may be charged times the price: a workspace can have a region
   * @param budget US dollars that may be spent at most
   */
  public ProviderCheck(
      Subject subject,
      ProviderSettings settings,
      ProviderClients clients,
      Price price,
      BigDecimal surcharge,
      BigDecimal budget,
      Clock clock) {
    this.subject = subject;
    this.settings = settings;
    this.client = clients.of(subject.provider());
    this.price = price;
    this.perToken = surcharge.multiply(PER_TOKEN);
    this.budget = budget;
    this.clock = clock;
    this.traits = ModelTraits.of(subject.provider(), subject.model());
  }

  /** What was spent, in US dollars, by the price list. */
  public BigDecimal spent() {
    return spent;
  }

  /**
   * Looks at all rules, those that cost nothing first.
   *
   * @param each is told of each rule as it is looked at
   */
  public List<Rule> run(Consumer<Rule> each) {
    rule(each, "the key is accepted", () -> client.check().map(ProviderException::getMessage));
    rule(each, "a key that is none is refused", this::wrongKey);
    rule(each, "a batch that is none is refused", this::noBatch);
    for (Effort effort : efforts(false)) {
      rule(
          each,
          "effort " + effort.label() + " is refused",
          () -> refused(task(TOPIC, effort, SMALL_TOKENS)));
    }
    if (traits.isPresent()) {
      refusals(each);
    }
    for (Effort effort : efforts(true)) {
      rule(
          each,
          "effort " + effort.label() + " is taken",
          () -> taken(task(TOPIC, effort, SMALL_TOKENS)));
    }
    SHAPES.forEach(
        (name, schema) ->
            rule(
                each,
                "a schema with " + name + " is taken",
                () -> taken(task(schema, null, SMALL_TOKENS))));
    rule(each, "an answer at the limit is said to be cut", this::cut);
    rule(each, "what nothing shares is not written to the cache", this::unwritten);
    rule(each, "a batch is created, found, and cancelled", this::batch);
    return List.copyOf(rules);
  }

  /** Empty if a rule holds, else what was seen. */
  private void rule(Consumer<Rule> each, String name, Supplier<Optional<String>> look) {
    Rule rule;
    try {
      rule =
          look.get()
              .map(seen -> new Rule(name, Verdict.BROKEN, seen))
              .orElseGet(() -> new Rule(name, Verdict.HOLDS, ""));
    } catch (Skipped e) {
      rule = new Rule(name, Verdict.SKIPPED, String.valueOf(e.getMessage()));
    } catch (ProviderException e) {
      rule = new Rule(name, Verdict.BROKEN, String.valueOf(e.getMessage()));
    }
    rules.add(rule);
    each.accept(rule);
  }

  private static final class Skipped extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Skipped(String message) {
      super(message, null, false, false);
    }
  }

  // ---- requests ----

  private boolean isForced() {
    return subject.structuredOutput().equals("tool");
  }

  /** Efforts that the model is believed to take, or those that it is not. */
  private List<Effort> efforts(boolean taken) {
    if (traits.isEmpty() || traits.get().control() == ModelTraits.Control.BUDGET || isForced()) {
      return List.of();
    }
    boolean chat =
        (subject.provider() == Provider.OPENAI || subject.provider() == Provider.AZURE)
            && !subject.api().equals("responses");
    // What a switch, or a model that is told nothing, makes of them is all the same.
    boolean told =
        traits.get().control() != ModelTraits.Control.FIXED
            && subject.provider() != Provider.DASHSCOPE;
    return List.of(Effort.values()).stream()
        .filter(
            effort ->
                taken
                    == (traits.get().efforts().contains(effort) && !(chat && effort == Effort.MAX)))
        .filter(effort -> taken || told)
        .toList();
  }

  private TaskSpec task(String schema, @Nullable Effort effort, int outputTokensMax) {
    ObjectNode definition = RawHttp.JSON.createObjectNode();
    definition.put("name", "provider-check");
    definition.put("system", "Name the topic. Answer with JSON only.");
    definition.put("user", "{{text}}");
    definition.set("output_schema", RawHttp.lenient(schema.replace('\'', '"')));
    ObjectNode tier = definition.putArray("tiers").addObject();
    tier.put("name", "only").put("provider", subject.provider().label());
    tier.put("model", subject.model()).put("output_tokens_max", outputTokensMax);
    tier.put("api", subject.api()).put("structured_output", subject.structuredOutput());
    if (effort != null) {
      tier.put("effort", effort.label());
    }
    return TaskLoader.stored("provider-check", definition.toString());
  }

  private BigDecimal worstCase(String line, TierSpec tier, Price.Rates rates) {
    int bytes = line.getBytes(StandardCharsets.UTF_8).length + 256;
    return rates
        .input()
        .max(rates.cacheWrite())
        .max(rates.cacheWriteLong())
        .multiply(BigDecimal.valueOf(bytes))
        .add(
            rates
                .output()
                .max(rates.reasoning())
                .multiply(BigDecimal.valueOf(tier.outputTokensMax())))
        .multiply(perToken);
  }

  private void requireMoney(BigDecimal worst) {
    if (spent.add(worst).compareTo(budget) > 0) {
      throw new Skipped(
          "it may cost "
              + worst.stripTrailingZeros().toPlainString()
              + " USD, and "
              + budget.subtract(spent).stripTrailingZeros().toPlainString()
              + " are left");
    }
  }

  private BigDecimal cost(Usage usage, Price.Rates rates) {
    return rates
        .input()
        .multiply(BigDecimal.valueOf(usage.inputTokens()))
        .add(rates.cachedInput().multiply(BigDecimal.valueOf(usage.cachedInputTokens())))
        .add(rates.cacheWrite().multiply(BigDecimal.valueOf(usage.cacheWriteTokens())))
        .add(rates.cacheWriteLong().multiply(BigDecimal.valueOf(usage.cacheWriteLongTokens())))
        .add(rates.output().multiply(BigDecimal.valueOf(usage.outputTokens())))
        .add(rates.reasoning().multiply(BigDecimal.valueOf(usage.reasoningTokens())))
        .multiply(perToken);
  }

  /** One request, as it is asked when a deadline is near. */
  private ProviderClient.Response ask(TaskSpec task, JsonNode line) {
    TierSpec tier = task.tiers().get(0);
    String text = RequestLines.write(line);
    BigDecimal worst = worstCase(text, tier, price.online());
    requireMoney(worst);
    ProviderClient.Response response;
    try {
      response = client.ask(tier, text, Duration.ZERO, 1, id -> {});
    } catch (ProviderException e) {
      if (e.kind() == ProviderException.Kind.OUTCOME_UNKNOWN) {
        spent = spent.add(worst); // it may have been billed
      }
      throw e;
    }
    if (response.status() / 100 == 2) {
      spent = spent.add(cost(read(response).usage(), price.online()));
    }
    return response;
  }

  private ResultLine read(ProviderClient.Response response) {
    Instant now = clock.instant();
    return client.onlineResult(
        "check",
        new OnlineRequest(
            customId(),
            now,
            Optional.empty(),
            Optional.of(response.status()),
            Optional.of(response.body()),
            Optional.of(now)));
  }

  private static String customId() {
    return CustomIds.of("0".repeat(64), 1);
  }

  private ObjectNode line(TaskSpec task, String prompt) {
    // Each its own: an answer that is cached would be no proof.
    return new RequestLines(task)
        .of(task.tiers().get(0), customId(), prompt + " (" + ++asked + ")");
  }

  private static Optional<String> unless(boolean holds, Supplier<String> seen) {
    return holds ? Optional.empty() : Optional.of(seen.get());
  }

  /** Asks, and looks at the answer; without one that is what was seen. */
  private Optional<String> answered(
      TaskSpec task, String prompt, Function<ResultLine, Optional<String>> look) {
    ProviderClient.Response response = ask(task, line(task, prompt));
    return response.status() / 100 == 2
        ? look.apply(read(response))
        : Optional.of(status(response));
  }

  private Optional<String> taken(TaskSpec task) {
    return answered(
        task,
        "The harvest was good.",
        line -> unless(line.usage().isBilled(), () -> "answered without a usage"));
  }

  private Optional<String> refused(TaskSpec task) {
    return refused(task, line(task, "The harvest was good."));
  }

  private Optional<String> refused(TaskSpec task, JsonNode line) {
    ProviderClient.Response response = ask(task, line);
    int status = response.status();
    boolean refused = status == 400 || status == 422;
    if (!refused && status / 100 != 2
        || AccountStop.isIn(status, RawHttp.lenient(response.body()))) {
      throw new Skipped(status(response) + ", which says nothing of the rule");
    }
    return unless(refused, () -> status(response));
  }

  /** The provider's words may quote the request; its name for the error does not. */
  private static String status(ProviderClient.Response response) {
    String code = RawHttp.errorName(RawHttp.lenient(response.body()).path("error"));
    return "it answered " + response.status() + (code.isEmpty() ? "" : " (" + code + ")");
  }

  // ---- rules ----

  private Optional<String> wrongKey() {
    Map<String, String> environment =
        Map.of(subject.provider().keyVariable(), "nightjar-check-is-no-key");
    try (ProviderClients wrong = ProviderClients.open(settings, environment)) {
      return unless(
          wrong
              .of(subject.provider())
              .check()
              .filter(e -> e.kind() == ProviderException.Kind.KEY_REFUSED)
              .isPresent(),
          () -> "it was not refused");
    }
  }

  private Optional<String> noBatch() {
    try {
      client.status(
          subject.provider() == Provider.GEMINI ? "batches/nightjar-none" : "batch_nightjar_none");
      return Optional.of("it was found");
    } catch (ProviderException e) {
      return unless(
          e.kind() == ProviderException.Kind.REFUSED, () -> String.valueOf(e.getMessage()));
    }
  }

  private void refusals(Consumer<Rule> each) {
    TaskSpec task = task(TOPIC, null, SMALL_TOKENS);
    if (subject.provider() == Provider.ANTHROPIC && !traits.get().forcedTool()) {
      rule(
          each,
          "a forced tool is refused",
          () -> {
            ObjectNode line = line(task, "The harvest was good.");
            ObjectNode params = (ObjectNode) line.get("params");
            params
                .putArray("tools")
                .addObject()
                .put("name", "answer")
                .set("input_schema", RawHttp.lenient(TOPIC.replace('\'', '"')));
            params.putObject("tool_choice").put("type", "tool").put("name", "answer");
            return refused(task, line);
          });
    }
    if (subject.provider() == Provider.ANTHROPIC && !isForced()) {
      rule(
          each,
          "an open object in a schema is refused",
          () -> {
            ObjectNode line = line(task, "The harvest was good.");
            ((ObjectNode) line.at("/params/output_config/format/schema"))
                .remove("additionalProperties");
            return refused(task, line);
          });
    }
    if (subject.provider() == Provider.OPENAI || subject.provider() == Provider.AZURE) {
      boolean responses = subject.api().equals("responses");
      rule(
          each,
          "an open object in a strict schema is refused",
          () -> {
            ObjectNode line = line(task, "The harvest was good.");
            ((ObjectNode)
                    line.at(
                        responses
                            ? "/body/text/format/schema"
                            : "/body/response_format/json_schema/schema"))
                .remove("additionalProperties");
            return refused(task, line);
          });
      if (!traits.get().writesCache()) {
        rule(
            each,
            "prompt_cache_options is refused",
            () -> {
              ObjectNode line = line(task, "The harvest was good.");
              ((ObjectNode) line.get("body"))
                  .putObject("prompt_cache_options")
                  .put("mode", "explicit");
              return refused(task, line);
            });
      }
    }
  }

  private Optional<String> cut() {
    return answered(
        task(TOPIC, null, CUT_TOKENS),
        "Describe the topic of the harvest in five hundred words.",
        line -> unless(line.end() == AnswerEnd.TRUNCATED, () -> "it ended as " + line.end()));
  }

  private Optional<String> unwritten() {
    return answered(
        task(TOPIC, null, SMALL_TOKENS),
        "The harvest was good. ".repeat(PROMPT_TOKENS_CACHED_MIN / 4),
        line -> {
          long written = line.usage().cacheWriteTokens() + line.usage().cacheWriteLongTokens();
          return unless(written == 0, () -> written + " tokens were written");
        });
  }

  /** Cancelled at once, it is mostly not billed; its worst case is counted all the same. */
  private Optional<String> batch() {
    TaskSpec task = task(TOPIC, null, SMALL_TOKENS);
    TierSpec tier = task.tiers().get(0);
    String line = RequestLines.write(line(task, "The harvest was good."));
    BigDecimal worst = worstCase(line, tier, price.batch());
    requireMoney(worst);
    Instant began = clock.instant().minus(CLOCKS_DIFFER_MAX);
    Submission submission = submission(line, Optional.empty());
    try (Spool spool = Spool.write(submission, lines -> lines.accept(line))) {
      if (client.uploads(submission)) {
        String file = client.upload(submission, spool.file());
        submission = submission(line, Optional.of(file));
        if (!client.uploads().containsKey(file)) {
          return Optional.of("the upload is not listed");
        }
      }
      spent = spent.add(worst);
      ProviderBatch created = client.create(submission, tier, Optional.of(spool.file()));
      ProviderClient.Found found =
          client.find(submission, began, ids -> List.of(), List.of(customId()));
      cancel(created.id());
      submission.inputFileId().ifPresent(client::deleteUpload);
      boolean isFound =
          found instanceof ProviderClient.Found.Undecided
              || (found instanceof ProviderClient.Found.Batch batch
                  && batch.batch().id().equals(created.id()));
      return unless(isFound, () -> created.id() + " is not found by its submission");
    }
  }

  private void cancel(String batchId) {
    try {
      client.cancel(batchId);
    } catch (ProviderException e) {
      if (e.kind() != ProviderException.Kind.REFUSED
          && e.kind() != ProviderException.Kind.OUTCOME_UNKNOWN) { // 409, of one that is finalizing
        throw e;
      }
      // It had ended by then, and is billed as its worst case says.
    }
  }

  private Submission submission(String line, Optional<String> file) {
    Instant now = clock.instant();
    return new Submission(
        submissionId,
        "check",
        subject.provider().label(),
        subject.model(),
        "only",
        AttemptMode.BATCH,
        SubmissionState.CREATING,
        1,
        line.getBytes(StandardCharsets.UTF_8).length + 1L,
        1,
        file,
        Optional.empty(),
        Optional.empty(),
        0,
        Optional.empty(),
        now,
        Optional.of(now),
        Optional.empty(),
        Optional.of(now),
        Optional.of(now),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        "");
  }
}
