package dev.nightjar.runners;

import static dev.nightjar.runners.TestNights.one;
import static org.assertj.core.api.Assertions.assertThat;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.Forecast;
import dev.nightjar.cachestore.ForecastStore;
import dev.nightjar.cachestore.postgres.PostgresStores;
import dev.nightjar.cachestore.testing.TestPostgres;
import dev.nightjar.emulator.Emulator;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code nightjar plan}: the night without the spend. */
class PlanTest {
  private static final EngineOptions ENGINE = TestNights.engine(EngineOptions.Engine.DIRECT);

  @TempDir Path home;

  private DatabaseAddress database;
  private Emulator emulator;
  private Path task;
  private Path corpus;

  @BeforeEach
  void start() throws IOException {
    database = TestPostgres.newDatabase();
    emulator = Emulator.in(home.resolve("emulator")).speed(200).start();
    task = TestNights.task(home);
    corpus = TestNights.write(home, "a.jsonl", TestNights.documents(0, 100));
  }

  @AfterEach
  void stop() {
    emulator.close();
  }

  private NightPlan night(String runId) {
    return TestNights.plan(task, runId, Optional.empty(), home + "/*.jsonl");
  }

  private Planning planning() {
    return Planning.open(
        night("unused"), database, TestNights.providers(emulator), ENGINE, Clock.systemUTC());
  }

  private Forecast plan() {
    try (Planning planning = planning()) {
      planning.prepare();
      return planning.stores().forecasts().find(planning.runId()).orElseThrow();
    }
  }

  private void run(String runId) throws InterruptedException {
    TestNights.run(night(runId), database, emulator, ENGINE);
  }

  /** Everything that a plan must leave as it was; embeddings may stay. */
  private String everything() {
    StringBuilder rows = new StringBuilder();
    for (String table :
        List.of(
            "runs",
            "items",
            "misses",
            "near_duplicate_bands",
            "attempts",
            "submissions",
            "ledger",
            "results",
            "cache_entries",
            "semantic_lookups",
            "semantic_thresholds",
            "machine_time",
            "dead_letters",
            "run_files",
            "forecasts",
            "forecast_tiers",
            "forecast_savings")) {
      rows.append(table)
          .append(' ')
          .append(
              one(
                  database,
                  "select count(*) || ' ' || coalesce(md5(string_agg(t::text, ',' order by t::text)), '') from "
                      + table
                      + " t"))
          .append('\n');
    }
    return rows.toString();
  }

  @Test
  void aPlanSpendsNothingAndLeavesNothingBehind() throws Exception {
    run("night-1");
    TestNights.write(home, "b.jsonl", TestNights.documents(200, 30));
    String before = everything();
    int billed = emulator.invoice().lines().size();
    Forecast forecast = plan();
    assertThat(forecast.items()).isEqualTo(130);
    assertThat(forecast.asked()).isBetween(20L, 27L);
    assertThat(everything()).isEqualTo(before);
    assertThat(emulator.invoice().lines()).hasSize(billed);
  }

  @Test
  void aPlanThatIsSecondToALostAttemptPutsItBack() throws Exception {
    // Fails all documents: their misses have attempts, and a plan takes those misses up again.
    emulator.close();
    emulator =
        Emulator.in(home.resolve("emulator")).speed(200).answers(question -> "no json").start();
    TestNights.run(
        night("night-1").stoppedBy(FirstAnswers.LOOKED_AT + 1), database, emulator, ENGINE);
    String before = everything();
    assertThat(one(database, "select count(*) from misses where state = 'failed'"))
        .isNotEqualTo("0");
    assertThat(plan().asked()).isPositive();
    String state =
        "select string_agg(item_key || state || run_id, ',' order by item_key) from misses";
    assertThat(one(database, state)).doesNotContain("plan-");
    assertThat(everything().lines().filter(line -> !line.startsWith("misses")))
        .isEqualTo(before.lines().filter(line -> !line.startsWith("misses")).toList());
    run("night-2");
    assertThat(TestNights.defects(database)).isEqualTo("0");
  }

  @Test
  void theNightAsksWhatWasPlannedAndItsPlanIsKeptBesideWhatItCost() throws Exception {
    Forecast planned = plan();
    run("night-1");
    assertThat(
            one(database, "select planned_asked || ' ' || planned_items from plan_against_actual"))
        .isEqualTo(planned.asked() + " " + planned.items());
    assertThat(
            one(
                database,
                "select count(*) from plan_against_actual where planned_items = items and planned_asked = asked"))
        .isEqualTo("1");
    assertThat(one(database, "select is_within from plan_against_actual")).isEqualTo("t");
    assertThat(one(database, "select count(*) from plan_against_actual_savings")).isEqualTo("11");
    // What is decided before the spend is no estimate.
    assertThat(
            one(
                database,
                "select string_agg(mechanism, ',') from plan_against_actual_savings"
                    + " where step in (2, 3) and planned_usd <> actual_usd"))
        .isEqualTo("null");
    assertThat(one(database, "select count(*) from plan_against_actual_tiers where requests > 0"))
        .isNotEqualTo("0");
    assertThat(
            one(
                database,
                "select max(abs(f.baseline_usd - s.saved - f.expected_usd)) from forecasts f join (select run_id, sum(saved_usd) as saved"
                    + " from forecast_savings group by run_id) s using (run_id)"))
        .isEqualTo("0.000000000000");
    one(database, "delete from forecast_tiers where tier = 'small' returning 1");
    assertThat(
            one(
                database,
                "select count(*) from plan_against_actual_tiers where step is null and tier = 'small' and actual_usd > 0"))
        .as("what was not planned is shown too")
        .isEqualTo("1");
  }

  @Test
  void laterNightsArePlannedMoreCloselyThanTheFirst() throws Exception {
    Forecast first = plan();
    assertThat(first.nights()).isZero();
    for (int night = 1; night <= 3; night++) {
      run("night-" + night);
      TestNights.write(home, "more-" + night + ".jsonl", TestNights.documents(1_000 * night, 100));
    }
    Forecast fourth = plan();
    assertThat(fourth.nights()).isEqualTo(3);
    assertThat(width(fourth)).isLessThan(width(first) / 2);
  }

  private static double width(Forecast forecast) {
    return forecast.highUsd().doubleValue() / forecast.lowUsd().doubleValue();
  }

  @Test
  void aNightThatBeginsWhileAPlanIsMadeWaitsForNothingOfIt() throws Exception {
    try (Planning planning = planning()) {
      planning.prepare();
      run("night-1");
      assertThat(
              one(
                  database,
                  "select count(*) from items where run_id = 'night-1' and state = 'answered'"))
          .isEqualTo("100");
    }
    assertThat(TestNights.defects(database)).isEqualTo("0");
    assertThat(emulator.invoice().billedTwice()).isEmpty();
    assertThat(one(database, "select count(*) from runs")).isEqualTo("1");
  }

  @Test
  void aPlanWhoseProcessIsGoneIsRemovedByTheNext() throws Exception {
    plan(); // makes the namespace
    try (PostgresStores stores = StoreOptions.openFor("tests", database)) {
      // As after kill -9: rows, and nobody who keeps them alive.
      stores
          .forecasts()
          .begin(
              Long.parseLong(one(database, "select namespace_id from namespaces")),
              "gone",
              Instant.EPOCH,
              Clock.systemUTC().instant().plusSeconds(60));
    }
    assertThat(one(database, "select count(*) from runs")).isEqualTo("1");
    plan();
    assertThat(one(database, "select count(*) from runs")).isEqualTo("0");
  }

  @Test
  void aDocumentIsExplained() throws Exception {
    try (Planning planning = planning()) {
      planning.prepare();
      ForecastStore forecasts = planning.stores().forecasts();
      // Which text of a cluster leads hangs on its key, and hence on the task.
      assertThat(forecasts.explain(planning.runId(), "doc-1").orElseThrow().leaderDocumentId())
          .as("a copy's answer comes from the text that leads its own")
          .contains(
              one(
                  database,
                  "select b.document_id from items a join items b on b.item_key = a.leader_key and b.is_representative"
                      + " where a.document_id = 'doc-1'"));
      String copy =
          one(
              database,
              "select min(document_id) from items where leader_key = item_key and not is_representative");
      assertThat(forecasts.explain(planning.runId(), copy).orElseThrow().tier())
          .as("its twin is asked")
          .isEmpty();
      ForecastStore.Explanation longOne =
          forecasts.explain(planning.runId(), "doc-5").orElseThrow();
      assertThat(longOne.promptTokens().orElseThrow()).isLessThan(longOne.wholePromptTokens());
      assertThat(longOne.tier()).contains("mid");
      assertThat(forecasts.explain(planning.runId(), "none")).isEmpty();
      assertThat(forecasts.contributors(planning.runId(), 3)).hasSize(3);
    }
  }

  @Test
  void theCommandPrintsThePlanWithoutAnyKey() throws Exception {
    String plan =
        "plan " + task + " --corpus " + corpus + " --engine direct --database " + database.url();
    List<CommandProcess.Ended> ended =
        new CommandProcess(home, database)
            .with(emulator)
            .run(
                List.of(
                    plan + " --budget 0.000001USD",
                    plan + " --explain doc-1",
                    plan + " --explain none"));
    assertThat(ended).extracting(CommandProcess.Ended::exitCode).containsExactly(0, 0, 2);
    assertThat(ended.get(0).output())
        .contains(
            "nothing was sent", "to ask", "unoptimised", "in 95 of 100 nights", "Dearest requests")
        .contains("--budget has 0.000001 USD: it will not do")
        .contains("no earlier night of this task is known")
        .contains("mid: anthropic does not hold the model to maxLength of output_schema")
        .contains("prices of tiers, as 1 to: small 1, mid 20, large 20")
        .contains("large costs about what mid does (1 times)")
        .contains("answers are not audited");
    assertThat(ended.get(1).output())
        .containsPattern("answer +that of doc-")
        .contains("whole prompt");
    assertThat(ended.get(2).output())
        .contains("OPTION_INVALID", "no document of this corpus has this id");
  }
}
