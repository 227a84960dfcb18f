package dev.nightjar.runners;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.postgres.PostgresStores;
import dev.nightjar.emulator.Emulator;
import dev.nightjar.pipelines.model.Provider;
import dev.nightjar.pipelines.submit.ProviderSettings;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A small night for tests: a task, a corpus with everything in it, an emulator, a database. */
final class TestNights {
  static final String TASK =
      """
      name: small-triage
      system: You sort notes. Answer with JSON only.
      user: "{{title}}: {{text}}"
      input:
        fields: [title]
      output_schema:
        type: object
        additionalProperties: false
        required: [category, reason]
        properties:
          category: {enum: [spam, business, personal]}
          reason: {type: string, maxLength: 200}
      semantic_cache: {similarity_min: 0.97}
      near_duplicates: {similarity_min: 0.97}
      retrieval: {document_tokens_max: 300, chunk_tokens: 64, query: meeting offer dinner}
      tiers:
        - {name: small, provider: openai, model: gpt-6-luna, output_tokens_max: 120, prompt_tokens_max: 200}
        - {name: mid, provider: anthropic, model: claude-sonnet-5-5, output_tokens_max: 120, prompt_tokens_max: 2000}
        - {name: large, provider: openai, model: gpt-6.2-sol, output_tokens_max: 600}
      """;

  /** The emulator lives in real time, and quickly. */
  static final ProviderSettings.Patience PATIENCE =
      new ProviderSettings.Patience(1_000, 3_000, 200, 1_000);

  static final Pause PAUSE =
      new Pause() {
        @Override
        public void sleep(Duration duration) throws InterruptedException {
          Thread.sleep(duration.toMillis());
        }

        @Override
        public boolean stopRequested() {
          return false;
        }
      };

  private TestNights() {}

  /**
   * {@code count} documents: every tenth an exact copy, every tenth a near one, every tenth long.
   */
  static List<String> documents(int from, int count) {
    List<String> lines = new ArrayList<>();
    for (int i = from; i < from + count; i++) {
      int topic = i % 10 == 1 ? i - 1 : i;
      String text = documentText(topic);
      if (i % 10 == 2) {
        text = documentText(i - 2) + "!";
      } else if (i % 10 == 5) {
        text = (text + " ").repeat(30);
      }
      lines.add(
          "{\"id\":\"doc-"
              + i
              + "\",\"title\":\"T"
              + (i % 10 == 2 ? i - 2 : topic)
              + "\",\"text\":\""
              + text
              + "\"}");
    }
    return lines;
  }

  private static String documentText(int topic) {
    return "Note "
        + topic
        + " concerns subject "
        + (topic * 7919 % 1000)
        + ": the meeting about item "
        + (topic * 104729 % 997)
        + " was moved to room "
        + (topic * 31 % 89)
        + " and everyone agreed to bring "
        + (topic % 13)
        + " copies.";
  }

  static Path write(Path directory, String name, List<String> lines) throws IOException {
    return Files.write(directory.resolve(name), lines);
  }

  static Path task(Path directory) throws IOException {
    return Files.writeString(directory.resolve("task.yaml"), TASK);
  }

  static EngineOptions engine(EngineOptions.Engine kind) {
    EngineOptions engine = new EngineOptions();
    engine.engine = kind;
    engine.parallelism = 2;
    return engine;
  }

  static ProviderSettings providers(Emulator emulator) {
    return new ProviderSettings(
        Map.of(
            Provider.OPENAI, emulator.uri().toString(),
            Provider.ANTHROPIC, emulator.uri().toString(),
            Provider.GEMINI, emulator.uri().toString(),
            Provider.SELF_HOSTED, emulator.uri() + "/vllm"),
        null,
        PATIENCE);
  }

  static NightPlan plan(Path task, String runId, Optional<BigDecimal> budget, String... corpus) {
    return new NightPlan(
            task,
            List.of(corpus),
            false,
            "tests",
            budget,
            Optional.empty(),
            Optional.of(runId),
            Duration.ofMinutes(5),
            Duration.ofMillis(50))
        .toTheEnd();
  }

  static Night open(
      NightPlan plan, DatabaseAddress database, Emulator emulator, EngineOptions engine) {
    return Night.open(plan, database, providers(emulator), engine, Clock.systemUTC(), PAUSE);
  }

  static void run(NightPlan plan, DatabaseAddress database, Emulator emulator, EngineOptions engine)
      throws InterruptedException {
    try (Night night = open(plan, database, emulator, engine)) {
      night.runToEnd();
    }
  }

  /** Arguments of a night that goes quickly. */
  static List<String> runArguments(Path task, Path corpus) {
    return List.of(
        "run",
        task.toString(),
        "--corpus",
        corpus.toString(),
        "--run-id",
        "night",
        "--engine",
        "direct",
        "--poll-seconds",
        "0.2",
        "--settle-seconds",
        "2",
        "--call-seconds",
        "2",
        "--lease-seconds",
        "1");
  }

  /** A command in a process of its own; its output is appended to a file. */
  static Process command(
      Path output, DatabaseAddress database, Emulator emulator, List<String> arguments)
      throws IOException {
    List<String> line =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-XX:TieredStopAtLevel=1", // a short life is over before C2's code pays
                "-XX:+UseSerialGC",
                "--add-opens=java.base/java.lang=ALL-UNNAMED",
                "--add-opens=java.base/java.util=ALL-UNNAMED",
                "--add-opens=java.base/java.nio=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                "dev.nightjar.runners.Main"));
    line.addAll(arguments);
    line.addAll(List.of("--database", database.url()));
    ProcessBuilder builder =
        new ProcessBuilder(line)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()));
    builder.environment().put("PGPASSWORD", database.readPassword().orElseThrow());
    for (Provider provider : List.of(Provider.OPENAI, Provider.ANTHROPIC, Provider.GEMINI)) {
      builder.environment().put(provider.baseUrlVariable(), emulator.uri().toString());
    }
    return builder.start();
  }

  /** The first column of the first row. */
  static String one(DatabaseAddress database, String sql) {
    try (PostgresStores stores = StoreOptions.open(database);
        Connection connection = stores.dataSource().getConnection();
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      return rows.next() ? String.valueOf(rows.getString(1)) : "";
    } catch (java.sql.SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  static BigDecimal ledger(DatabaseAddress database) {
    return new BigDecimal(one(database, "select coalesce(sum(total_usd), 0) from ledger"));
  }

  static String defects(DatabaseAddress database) {
    return one(
        database,
        "select count(*) from run_balance_check where charged_difference_usd <> 0 or reserved_difference_usd <> 0"
            + " or attributed_difference_usd <> 0 or shared_difference_usd <> 0 or unbalanced_items <> 0 or open_items <> 0");
  }
}
