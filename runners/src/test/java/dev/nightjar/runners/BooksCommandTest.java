package dev.nightjar.runners;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.testing.TestPostgres;
import dev.nightjar.emulator.Emulator;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code nightjar prices} and {@code nightjar budget}. */
class BooksCommandTest {
  @TempDir Path home;

  private DatabaseAddress database;

  @BeforeEach
  void open() {
    database = TestPostgres.newDatabase();
  }

  private List<CommandProcess.Ended> run(String... commands) throws Exception {
    return new CommandProcess(home, database)
        .run(
            Arrays.stream(commands)
                .map(command -> command + " --database " + database.url())
                .toList());
  }

  private static String output(CommandProcess.Ended command, int exitCode) {
    assertThat(command.exitCode()).as(command.output()).isEqualTo(exitCode);
    return command.output();
  }

  @Test
  void pricesAreSetListedCheckedAndImportedAllOrNone() throws Exception {
    Path map =
        Files.writeString(
            home.resolve("map.json"),
            """
            {"gpt-of-test": {"input_cost_per_token": 2e-06, "output_cost_per_token": 9e-06,
                             "input_cost_per_token_batches": 1e-06}}
            """);
    Path broken =
        Files.writeString(
            home.resolve("prices.csv"),
            """
            provider,model,effective_from,input_usd,output_usd
            openai,gpt-a,2026-01-01T00:00:00Z,1,2
            openai,gpt-b,soon,1,2
            """);
    List<CommandProcess.Ended> ended =
        run(
            "prices set openai/gpt-of-test --from 2026-01-01 --input 2 --output 8 --cached 0.5",
            "prices list --model gpt-of-test",
            "prices check " + map,
            "prices import " + broken,
            "prices list --all --model gpt-a");
    assertThat(output(ended.get(0), 0)).contains("1 added, 0 replaced");
    assertThat(output(ended.get(1), 0))
        .containsPattern("openai +gpt-of-test +2026-01-01 +0 +2 +0.5 +2 +8 +8 +1 +4 ");
    assertThat(output(ended.get(2), 1))
        .containsPattern("gpt-of-test +output +ours 8, theirs 9")
        .contains("1 prices are in both, 1 figures of them differ");
    assertThat(output(ended.get(3), 1).lines())
        .singleElement()
        .asString()
        .startsWith("PRICES_INVALID: " + broken + ":3: effective_from: ")
        .contains("2026-11-24T00:00:00Z, but was 'soon'")
        .contains("nothing was imported");
    assertThat(output(ended.get(4), 0)).doesNotContain("gpt-a");
  }

  @Test
  void budgetsAreSetShownKeptAndRemoved() throws Exception {
    List<CommandProcess.Ended> before =
        run("budget list", "budget set 0.002USD --per day --tenant tests");
    assertThat(output(before.get(0), 0)).contains("no budgets are set");
    output(before.get(1), 0);
    Path task = TestNights.task(home);
    Path corpus = TestNights.write(home, "a.jsonl", TestNights.documents(0, 60));
    try (Emulator emulator = Emulator.in(home.resolve("night")).speed(100).start()) {
      TestNights.run(
          TestNights.plan(task, "night", Optional.empty(), corpus.toString()),
          database,
          emulator,
          TestNights.engine(EngineOptions.Engine.DIRECT));
      assertThat(emulator.invoice().total())
          .isPositive()
          .isLessThanOrEqualTo(new BigDecimal("0.002"));
      assertThat(
              Integer.parseInt(
                  TestNights.one(
                      database,
                      "select count(*) from items where failure_code = 'BUDGET_EXHAUSTED'")))
          .isPositive();
    }
    List<CommandProcess.Ended> after =
        run(
            "budget list",
            "budget remove --per day --tenant tests",
            "budget remove --per day --tenant tests");
    assertThat(output(after.get(0), 0)).containsPattern("tests +\\* +day +0.002000 +0.00");
    assertThat(output(after.get(1), 0)).contains("removed");
    assertThat(output(after.get(2), 2)).startsWith("OPTION_INVALID: tests/*/day");
  }
}
