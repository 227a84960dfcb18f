package dev.nightjar.pipelines.submit;

import dev.nightjar.cachestore.AttemptMode;
import dev.nightjar.cachestore.AttemptPlan;
import dev.nightjar.cachestore.CacheMarking;
import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.Fingerprint;
import dev.nightjar.cachestore.Miss;
import dev.nightjar.cachestore.NewItem;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.ReuseBounds;
import dev.nightjar.cachestore.Submission;
import dev.nightjar.cachestore.SubmissionState;
import dev.nightjar.cachestore.SubmissionStore;
import dev.nightjar.cachestore.postgres.PostgresStores;
import dev.nightjar.cachestore.testing.MutableClock;
import dev.nightjar.cachestore.testing.TestPostgres;
import dev.nightjar.emulator.Answers;
import dev.nightjar.emulator.Emulator;
import dev.nightjar.emulator.RunBatch;
import dev.nightjar.pipelines.Collect;
import dev.nightjar.pipelines.JobContext;
import dev.nightjar.pipelines.TestTasks;
import dev.nightjar.pipelines.model.Provider;
import dev.nightjar.pipelines.route.PlanAttempts;
import dev.nightjar.pipelines.task.TaskSpec;
import dev.nightjar.pipelines.task.TierSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.apache.beam.runners.direct.DirectOptions;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.options.PipelineOptionsFactory;

/**
 * A real store, real clients and an emulator on one clock that only the test moves: submissions are
 * planned, sent, polled and collected as a night does it.
 */
final class ProviderFixture implements AutoCloseable {
  private static final String TENANT = "tests";
  static final Instant START = Instant.parse("2026-11-24T00:00:00Z");
  static final Duration DEADLINE = Duration.ofDays(3);

  private static final String YAML =
      """
      name: fixture
      system: Answer in JSON.
      user: "{{text}}"
      output_schema:
        type: object
        additionalProperties: false
        required: [topic]
        properties:
          topic: {type: string, maxLength: 80}
      ONLINE
      tiers:
        - {name: openai, provider: openai, model: gpt-6-luna, output_tokens_max: 60}
        - {name: responses, provider: openai, api: responses, model: gpt-6.1-terra, output_tokens_max: 60}
        - {name: anthropic, provider: anthropic, model: claude-haiku-5-5, output_tokens_max: 60}
        - {name: tool, provider: anthropic, structured_output: tool, model: claude-opus-5, output_tokens_max: 60}
        - {name: gemini, provider: gemini, model: gemini-3.8-flash, output_tokens_max: 600}
        - {name: azure, provider: azure, model: gpt-5.4, output_tokens_max: 60}
        - {name: groq, provider: groq, model: openai/gpt-oss-120b, output_tokens_max: 600}
        - {name: dashscope, provider: dashscope, model: qwen3.7-plus, output_tokens_max: 60}
        - {name: mistral, provider: mistral, model: mistral-small-latest, output_tokens_max: 60}
        - {name: self-hosted, provider: self_hosted, model: own-model, output_tokens_max: 60}
      """;

  private static final AtomicInteger FIXTURES = new AtomicInteger();

  final MutableClock clock = new MutableClock(START);
  final Emulator emulator;
  final PostgresStores stores;
  final TaskSpec task;
  final ProviderSettings settings;
  final ProviderClients clients;
  final DatabaseAddress database;
  final Path batchDirectory;

  private final int number = FIXTURES.incrementAndGet();
  private final AtomicInteger runs = new AtomicInteger();
  private Duration deadline = DEADLINE;

  ProviderFixture(Path home) {
    this(home, builder -> builder, false, "");
  }

  /**
   * A fixture of its own database.
   *
   * @param emulated settings of the emulator
   * @param selfHostedOnline whether the self-hosted server is asked online
   * @param taskKeys further keys of the task
   */
  ProviderFixture(
      Path home,
      UnaryOperator<Emulator.Builder> emulated,
      boolean selfHostedOnline,
      String taskKeys) {
    database = TestPostgres.newDatabase();
    batchDirectory = home.resolve("batches");
    try {
      emulator =
          emulated
              .apply(
                  Emulator.in(home.resolve("emulator"))
                      .clock(clock)
                      .answers(question -> "{\"topic\":\"t\"}")
                      .holdMillis(50)
                      .seed(number))
              .start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    stores = PostgresStores.open(database, 12, clock);
    for (String price :
        List.of(
            "'self_hosted', 'own-model', 0.01, 0.01, 0.02, 1.0",
            // As the emulator's own price list has them.
            "'azure', 'gpt-5.4', 2.5, 0.25, 15, 2.0",
            "'groq', 'openai/gpt-oss-120b', 0.15, 0.075, 0.6, 2.0",
            "'mistral', 'mistral-small-latest', 0.1, 0.01, 0.3, 2.0",
            "'dashscope', 'qwen3.7-plus', 0.4, 0.4, 1.2, 2.0")) {
      execute(
          "insert into prices (provider, model, effective_from, input_tokens_above, input_usd, cached_input_usd,"
              + " cache_write_usd, cache_write_long_usd, output_usd, reasoning_usd, batch_input_usd,"
              + " batch_cached_input_usd, batch_cache_write_usd, batch_cache_write_long_usd, batch_output_usd,"
              + " batch_reasoning_usd, source) select provider, model, '2026-01-01Z', 0, i, c, i, i, o, o, i / h, c / h,"
              + " i / h, i / h, o / h, o / h, 'a test' from (values ("
              + price
              + ")) as p (provider, model, i, c, o, h)");
    }
    task = TestTasks.of(YAML.replace("ONLINE", taskKeys));
    String url = emulator.uri().toString();
    settings =
        new ProviderSettings(
            Map.of(
                Provider.OPENAI, url,
                Provider.ANTHROPIC, url,
                Provider.GEMINI, url,
                Provider.AZURE, url,
                Provider.GROQ, url,
                Provider.DASHSCOPE, url,
                Provider.MISTRAL, url + "/mistral",
                Provider.SELF_HOSTED, url + "/vllm"),
            selfHostedOnline ? null : batchDirectory.toString(),
            new ProviderSettings.Patience(60_000, 60_000, 20, 2_000));
    clients = ProviderClients.open(settings, Map.of(), dated -> clock.instant());
  }

  void deadline(Duration afterStart) {
    deadline = afterStart;
  }

  /** The first tier of a provider. */
  TierSpec tier(Provider provider) {
    return task.tiers().stream().filter(t -> t.provider() == provider).findFirst().orElseThrow();
  }

  String planned(Provider provider) {
    return planned(tier(provider), 3);
  }

  String planned(TierSpec tier, int requests) {
    return planned(tier, requests, 0);
  }

  /** A packed submission of a run of its own, with prompts of at least so many characters. */
  String planned(TierSpec tier, int requests, int promptCharacters) {
    String runId = "run-" + runs.incrementAndGet();
    long namespaceId = stores.runs().namespace(TENANT, task.version(), "model");
    stores
        .runs()
        .open(
            Optional.of(runId),
            namespaceId,
            task.name(),
            runId,
            Optional.empty(),
            START.plus(deadline));
    RequestLines lines = new RequestLines(task);
    List<AttemptPlan> plans = new ArrayList<>();
    AttemptMode mode = Providers.mode(task, tier, settings, clock.instant(), START.plus(deadline));
    List<NewItem> items = new ArrayList<>();
    List<Miss> misses = new ArrayList<>();
    for (int i = 0; i < requests; i++) {
      String key = Fingerprint.sha256(runId, Integer.toString(i));
      items.add(new NewItem("d" + i, key, "f", i, true, 9));
      misses.add(new Miss(key, "d" + i, Optional.empty(), List.of(), Optional.empty()));
      plans.add(
          PlanAttempts.plan(
              lines,
              tier,
              key,
              1,
              "prompt " + i + " x".repeat(promptCharacters / 2),
              20,
              0,
              any -> mode));
    }
    stores.work().recordItems(runId, items);
    stores.work().recordMisses(runId, misses, ReuseBounds.OWN_ANSWERS);
    stores.work().electLeaders(runId, 2, 2, List.of());
    stores.work().planAttempts(runId, plans);
    stores.funding().fund(runId);
    stores.runs().markPrepared(runId);
    return stores
        .submissions()
        .pack(
            namespaceId,
            new SubmissionStore.Unpacked(tier.name(), mode),
            Providers.packing(tier.provider()),
            CacheMarking.NONE,
            () -> "sub_" + number + "_" + runId)
        .get(0);
  }

  BatchSubmitter submitter() {
    return new BatchSubmitter(stores, clients, settings, task, clock);
  }

  /** A worker whose own clock is wrong, and whose key is another, it may be. */
  BatchSubmitter submitter(Duration ahead, Map<String, String> keys) {
    ProviderClients others = ProviderClients.open(settings, keys, dated -> clock.instant());
    return new BatchSubmitter(stores, others, settings, task, Clock.offset(clock, ahead));
  }

  boolean submit(String submissionId) {
    return submitter().submit(submissionId);
  }

  Submission find(String submissionId) {
    return stores.submissions().find(submissionId).orElseThrow();
  }

  SubmissionState state(String submissionId) {
    return find(submissionId).state();
  }

  void pass(Duration duration) {
    clock.advance(duration);
    emulator.advance();
  }

  /** Lets every provider finish what it has; the batch directory's GPU too. */
  void finishAtProvider() {
    for (int i = 0; i < 5; i++) {
      pass(Duration.ofMinutes(2));
    }
    runBatches();
  }

  /** What {@code vllm run-batch} does beside the GPU. */
  void runBatches() {
    if (!Files.isDirectory(batchDirectory.resolve("in"))) {
      return;
    }
    try (Stream<Path> files = Files.list(batchDirectory.resolve("in"))) {
      Files.createDirectories(batchDirectory.resolve("out"));
      Answers answers = question -> "{\"topic\":\"t\"}";
      for (Path in : files.filter(file -> file.toString().endsWith(".jsonl")).toList()) {
        Path out = batchDirectory.resolve("out").resolve(in.getFileName());
        if (!Files.exists(out)) {
          RunBatch.run(in, out, "own-model", answers, clock);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  JobContext context(String runId, String workerId) {
    return new JobContext(
        runId,
        TENANT,
        stores.runs().find(runId).orElseThrow().namespaceId(),
        database,
        task,
        settings,
        null,
        stores.runs().find(runId).orElseThrow().deadlineAt(),
        workerId,
        Clock.fixed(clock.instant(), ZoneOffset.UTC),
        true);
  }

  /** One round of a night: sends, polls, collects. Returns whether anything ended. */
  boolean round(String runId) {
    List<String> ended = new ArrayList<>();
    try (LeaseKeeper keeper =
        new LeaseKeeper(
            stores.submissions(), "round-" + clock.instant(), settings.lease(), clock)) {
      long namespaceId = stores.runs().find(runId).orElseThrow().namespaceId();
      for (Submission submission : stores.submissions().open(namespaceId)) {
        if (submission.state() == SubmissionState.IN_PROGRESS
            && submission.mode() == AttemptMode.BATCH) {
          tolerating(
              () -> {
                if (submitter().poll(submission, keeper)) {
                  ended.add(submission.submissionId());
                }
              });
        } else if (submission.state() == SubmissionState.ENDED) {
          keeper.claim(submission.submissionId()).ifPresent(s -> ended.add(s.submissionId()));
        } else {
          tolerating(() -> submit(submission.submissionId()));
        }
      }
      DirectOptions options = PipelineOptionsFactory.as(DirectOptions.class);
      // The runner turns in a circle while it waits, on a thread of its own if there are several:
      // 82 % of these tests' CPU.
      options.setTargetParallelism(1);
      Pipeline pipeline = Pipeline.create(options);
      new Collect(context(runId, keeper.owner()), ended).addTo(pipeline);
      tolerating(() -> pipeline.run().waitUntilFinish());
    }
    return !ended.isEmpty();
  }

  /** As a night does: a blip is tried again at the next round. */
  private static void tolerating(Runnable step) {
    try {
      step.run();
    } catch (RuntimeException e) {
      NightjarException known = NightjarException.in(e);
      if (known == null || known.code() != ErrorCode.PROVIDER_UNAVAILABLE) {
        throw e;
      }
    }
  }

  /** Rounds until no document of the run waits any more. */
  void runToEnd(String runId) {
    for (int round = 0; round < 40; round++) {
      if (stores.runs().progress(runId).open() == 0) {
        return;
      }
      round(runId);
      pass(Duration.ofMinutes(2));
      runBatches();
    }
    throw new AssertionError(
        "not at its end: " + stores.submissions().list(Optional.of(runId), true, 100));
  }

  String runOf(String submissionId) {
    return find(submissionId).runId();
  }

  BigDecimal ledger() {
    return new BigDecimal(
        one("select coalesce(sum(total_usd), 0) from ledger where provider <> 'self_hosted'"));
  }

  /** Codes of the attempts of a run with their counts. */
  String attempts(String runId) {
    return one(
        "select coalesce(string_agg(n, ' ' order by n), '') from (select coalesce(failure_code, state) || '=' ||"
            + " count(*) as n from attempts where run_id = '"
            + runId
            + "' group by coalesce(failure_code, state)) t");
  }

  String one(String sql) {
    try (Connection connection = connect();
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      return rows.next() ? String.valueOf(rows.getString(1)) : "";
    } catch (java.sql.SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  void execute(String sql) {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (java.sql.SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private Connection connect() throws java.sql.SQLException {
    return stores.dataSource().getConnection();
  }

  @Override
  public void close() {
    clients.close();
    stores.close();
    emulator.close();
  }
}
