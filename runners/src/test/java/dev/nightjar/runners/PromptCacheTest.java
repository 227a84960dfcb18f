package dev.nightjar.runners;

import static dev.nightjar.runners.TestNights.one;
import static org.assertj.core.api.Assertions.assertThat;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.testing.TestPostgres;
import dev.nightjar.emulator.Emulator;
import dev.nightjar.emulator.PromptCache;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Nights whose prompts share long instructions. */
class PromptCacheTest {
  private static final int DOCUMENTS = 60;

  private static final String TASK =
      """
      name: desk
      system: |
        You file notes.
      %s
      user: "Note: {{text}}"
      output_schema: {type: object, properties: {kind: {type: string, enum: [a, b]}}, required: [kind]}
      tiers:
        - {name: only, provider: %s, model: %s, output_tokens_max: 60%s}
      """;

  @TempDir Path home;

  private DatabaseAddress database;
  private Emulator emulator;

  @BeforeEach
  void open() {
    database = TestPostgres.newDatabase();
  }

  @AfterEach
  void close() {
    emulator.close();
  }

  private void start(PromptCache.World world) throws IOException {
    emulator = Emulator.in(home.resolve("emulator")).speed(400).promptCache(world).start();
  }

  private Path task(String provider, String model, String more, int rules) throws IOException {
    StringBuilder shared = new StringBuilder();
    for (int rule = 0; rule < rules; rule++) {
      shared.append("  Rule ").append(rule).append(" says where notes of its kind are filed.\n");
    }
    return Files.writeString(
        home.resolve("desk.yaml"), TASK.formatted(shared, provider, model, more));
  }

  private Path corpus(int night) throws IOException {
    List<String> lines = new ArrayList<>();
    for (int note = 0; note < DOCUMENTS; note++) {
      int number = night * DOCUMENTS + note;
      lines.add(
          "{\"id\":\"n-%d\",\"text\":\"Note %d on subject %d.\"}"
              .formatted(number, number, number * 7919 % 9973));
    }
    return Files.write(home.resolve("night-" + night + ".jsonl"), lines);
  }

  private void run(Path task, int night) throws IOException, InterruptedException {
    TestNights.run(
        TestNights.plan(task, "night-" + night, Optional.empty(), corpus(night).toString()),
        database,
        emulator,
        TestNights.engine(EngineOptions.Engine.DIRECT));
    assertThat(TestNights.ledger(database))
        .as("ledger = invoice")
        .isEqualByComparingTo(emulator.invoice().total());
    assertThat(TestNights.defects(database)).isEqualTo("0");
  }

  private int number(String sql) {
    return Integer.parseInt(one(database, sql));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          anthropic | claude-sonnet-5-5 | ''
          openai    | gpt-6-luna        | ''
          openai    | gpt-6.2-sol       | ', api: responses'
          """)
  void whatAllPromptsShareIsWrittenOnceAndReadByTheRest(String provider, String model, String more)
      throws Exception {
    start(PromptCache.World.MEASURED);
    run(task(provider, model, more, 150), 1);
    assertThat(number("select requests from submissions where cache_wave = 1")).isEqualTo(1);
    assertThat(number("select requests from submissions where cache_holds and cache_wave > 1"))
        .as("a few show that it is found")
        .isBetween(4, 20);
    assertThat(number("select count(*) from ledger where cached_input_tokens > 0"))
        .isEqualTo(DOCUMENTS - 1);
    assertThat(new BigDecimal(one(database, "select saved_by_prompt_caching_usd from cost_by_run")))
        .isPositive();
    assertThat(one(database, "select served_share from prompt_cache_marks")).isEqualTo("1.0000");

    run(task(provider, model, more, 150), 2);
    assertThat(number("select count(*) from submissions where run_id = 'night-2' and cache_holds"))
        .as("the second night knows, and primes only")
        .isEqualTo(1);
  }

  @Test
  void whereNothingIsServedOnlyAFewAreMarked() throws Exception {
    start(new PromptCache.World(0, 0, false, 1));
    run(task("anthropic", "claude-sonnet-5-5", "", 150), 1);
    assertThat(number("select sum(requests) from submissions where cache_mark is not null"))
        .isLessThan(DOCUMENTS / 3);
    assertThat(number("select count(*) from submissions where cache_mark is null")).isPositive();
    assertThat(new BigDecimal(one(database, "select sum(saved_usd) from prompt_cache_marks")))
        .isNegative();
  }

  @Test
  void whatIsTooShortToBeKeptIsNotMarked() throws Exception {
    start(PromptCache.World.MEASURED);
    run(task("anthropic", "claude-sonnet-5-5", "", 10), 1);
    assertThat(number("select count(*) from submissions where cache_mark is not null")).isZero();
    assertThat(number("select sum(cache_write_tokens + cache_write_long_tokens) from ledger"))
        .isZero();
  }

  @Test
  void whoeverDoesNotStayHoldsNothingBack() throws Exception {
    start(PromptCache.World.MEASURED);
    NightPlan plan =
        TestNights.plan(
            task("anthropic", "claude-sonnet-5-5", "", 150),
            "night-1",
            Optional.empty(),
            corpus(1).toString());
    NightPlan submits =
        new NightPlan(
            plan.taskFile(),
            plan.corpus(),
            plan.strict(),
            plan.tenant(),
            plan.budgetUsd(),
            plan.machineUsdPerHour(),
            plan.runId(),
            plan.deadline(),
            plan.pollInterval());
    try (Night night =
        TestNights.open(
            submits, database, emulator, TestNights.engine(EngineOptions.Engine.DIRECT))) {
      night.submit();
    }
    assertThat(number("select sum(requests) from submissions")).isEqualTo(DOCUMENTS);
  }
}
