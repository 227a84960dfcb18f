package dev.nightjar.runners;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.testing.TestPostgres;
import dev.nightjar.emulator.Emulator;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code nightjar prices} and {@code nightjar budget}, each a process of its own. */
class BooksCommandTest {
  private static final int SECONDS_MAX = 600;

  @TempDir Path home;

  private DatabaseAddress database;

  @BeforeEach
  void open() {
    database = TestPostgres.newDatabase();
  }

  private String ended(int exitCode, String... arguments) throws Exception {
    Path output = home.resolve("command.log");
    Files.deleteIfExists(output);
    try (Emulator emulator = Emulator.in(home.resolve("emulator")).start()) {
      Process process = TestNights.command(output, database, emulator, List.of(arguments));
      assertThat(process.waitFor(SECONDS_MAX, TimeUnit.SECONDS)).isTrue();
      String text = Files.readString(output);
      assertThat(process.exitValue()).as(text).isEqualTo(exitCode);
      return text;
    }
  }

  @Test
  void pricesAreSetListedCheckedAndImportedAllOrNone() throws Exception {
    assertThat(
            ended(
                0,
                "prices",
                "set",
                "openai/gpt-of-test",
                "--from",
                "2026-01-01",
                "--input",
                "2",
                "--output",
                "8",
                "--cached",
                "0.5"))
        .contains("1 added, 0 replaced");
    assertThat(ended(0, "prices", "list", "--model", "gpt-of-test"))
        .containsPattern("openai +gpt-of-test +2026-01-01 +0 +2 +0.5 +2 +8 +8 +1 +4 ");

    Path map =
        Files.writeString(
            home.resolve("map.json"),
            """
            {"gpt-of-test": {"input_cost_per_token": 2e-06, "output_cost_per_token": 9e-06,
                             "input_cost_per_token_batches": 1e-06}}
            """);
    assertThat(ended(1, "prices", "check", map.toString()))
        .containsPattern("gpt-of-test +output +ours 8, theirs 9")
        .contains("1 prices are in both, 1 figures of them differ");

    Path broken =
        Files.writeString(
            home.resolve("prices.csv"),
            """
            provider,model,effective_from,input_usd,output_usd
            openai,gpt-a,2026-01-01T00:00:00Z,1,2
            openai,gpt-b,soon,1,2
            """);
    assertThat(ended(1, "prices", "import", broken.toString()).lines())
        .singleElement()
        .asString()
        .startsWith("PRICES_INVALID: " + broken + ":3: effective_from: ")
        .contains("2026-11-24T00:00:00Z, but was 'soon'")
        .contains("nothing was imported");
    assertThat(ended(0, "prices", "list", "--all", "--model", "gpt-a")).doesNotContain("gpt-a");
  }

  @Test
  void budgetsAreSetShownKeptAndRemoved() throws Exception {
    assertThat(ended(0, "budget", "list")).contains("no budgets are set");
    ended(0, "budget", "set", "0.002USD", "--per", "day", "--tenant", "tests");
    Path task = TestNights.task(home);
    Path corpus = TestNights.write(home, "a.jsonl", TestNights.documents(0, 60));
    try (Emulator emulator = Emulator.in(home.resolve("night")).speed(100).start()) {
      TestNights.run(
          TestNights.plan(task, "night", java.util.Optional.empty(), corpus.toString()),
          database,
          emulator,
          TestNights.engine(EngineOptions.Engine.DIRECT));
      assertThat(emulator.invoice().total())
          .isPositive()
          .isLessThanOrEqualTo(new java.math.BigDecimal("0.002"));
      assertThat(
              Integer.parseInt(
                  TestNights.one(
                      database,
                      "select count(*) from items where failure_code = 'BUDGET_EXHAUSTED'")))
          .isPositive();
    }
    assertThat(ended(0, "budget", "list")).containsPattern("tests +\\* +day +0.002000 +0.00");
    assertThat(ended(0, "budget", "remove", "--per", "day", "--tenant", "tests"))
        .contains("removed");
    assertThat(ended(2, "budget", "remove", "--per", "day", "--tenant", "tests"))
        .startsWith("OPTION_INVALID: tests/*/day");
  }
}
