package dev.nightjar.runners;

import static dev.nightjar.runners.TestNights.one;
import static org.assertj.core.api.Assertions.assertThat;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.testing.TestPostgres;
import dev.nightjar.emulator.Emulator;
import dev.nightjar.pipelines.model.Provider;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/**
 * Keys that people paste wrongly are in nothing that anybody reads, whatever command meets them.
 */
class RedactionTest {
  private static final String BODY = "sk-5e83a71c0b9d4f26";

  /** Every way that a paste goes wrong: ends of lines, blanks, other scripts, too much of it. */
  private static final List<String> MALFORMED =
      List.of(
          BODY + "\r",
          BODY + "\n",
          "\t" + BODY,
          "sk-5e83a71c\r0b9d4f26",
          "sk-5e83a71c 0b9d4f26",
          "sk-ключ" + BODY,
          "\"" + BODY + "\"",
          "Bearer " + BODY,
          BODY + "\u200B",
          BODY.repeat(100),
          BODY + "\r\n# my key",
          "   ");

  @TempDir Path home;

  private DatabaseAddress database;
  private Emulator emulator;

  @BeforeEach
  void start() throws IOException {
    database = TestPostgres.newDatabase();
    emulator = Emulator.in(home.resolve("emulator")).speed(200).start();
    TestNights.task(home);
    TestNights.write(home, "a.jsonl", TestNights.documents(0, 10));
  }

  @AfterEach
  void stop() {
    emulator.close();
  }

  private List<String> commands() {
    String corpus = " --corpus " + home.resolve("a.jsonl");
    String night =
        home.resolve("task.yaml") + corpus + " --engine direct --poll-seconds 0.2 --run-id night";
    List<String> commands = new ArrayList<>();
    for (String command :
        List.of(
            "run " + night,
            "submit " + night,
            "collect " + home.resolve("task.yaml") + corpus + " --poll-seconds 0.2",
            "plan " + home.resolve("task.yaml") + corpus,
            "try " + home.resolve("task.yaml") + corpus + " -n 1",
            "lint " + home.resolve("task.yaml"),
            "status",
            "results --limit 3",
            "diff night night",
            "audit show --all",
            "audit label doc-1 --right delivered",
            "submissions list --all",
            "submissions show sub_1_night",
            "submissions cancel sub_1_night",
            "submissions not-created sub_1_night",
            "submissions retry sub_1_night",
            "items retry",
            "budget set 25USD --per day",
            "budget list",
            "budget remove --per day",
            "spend unknown",
            "spend resolve --usd 0 --run night",
            "prices list",
            "prices set openai/gpt-6-luna --from 2030-01-01 --input 1 --output 2",
            "prices import " + home.resolve("task.yaml"),
            "prices check " + home.resolve("task.yaml"),
            "provider verify openai --model gpt-6-luna --budget 0.01USD",
            "report --out " + written("report.html"),
            "export results --out " + written("results.jsonl"),
            "export costs --out " + written("costs.csv"),
            "cache stats",
            "cache export " + written("answers.jsonl"),
            "cache import " + written("answers.jsonl"),
            "cache forget --task nothing --dry-run",
            "cache verify",
            "forget --document nothing",
            "db backup " + written("nightjar.dump"),
            "db reconciled openai",
            "doctor",
            "db url")) {
      commands.add(command + " --database " + database.url());
    }
    // Of the private database, which is none of this test's.
    commands.add("init " + home.resolve("a.jsonl") + " --out " + written("task.yaml"));
    commands.addAll(List.of("db restore " + written("nothing"), "db password", "db stop"));
    commands.addAll(List.of("db destroy", "db start --no-such-option", "help"));
    return commands;
  }

  private Path written(String name) {
    return home.resolve("written").resolve(name);
  }

  /** Setting up, completing, the emulator and what measures read no key of a provider's. */
  private static final Set<String> WITHOUT_KEYS =
      Set.of("setup", "completion", "demo", "emulator", "bench");

  private static List<String> names(CommandLine command, String before) {
    List<String> names = new ArrayList<>();
    command
        .getSubcommands()
        .forEach(
            (name, below) -> {
              if (below.getSubcommands().isEmpty()) {
                names.add(before + name);
              } else {
                names.addAll(names(below, before + name + " "));
              }
            });
    return names;
  }

  @Test
  void everyCommandIsAmongThem() {
    List<String> all = names(Main.commandLine(), "");
    all.removeIf(name -> WITHOUT_KEYS.contains(name.split(" ")[0]) || name.endsWith(" help"));
    assertThat(all)
        .isNotEmpty()
        .allSatisfy(
            name ->
                assertThat(commands()).anyMatch(command -> (command + " ").startsWith(name + " ")));
  }

  private static String allOf(Path directory) throws IOException {
    StringBuilder all = new StringBuilder();
    if (Files.isDirectory(directory)) {
      try (Stream<Path> files = Files.list(directory)) {
        for (Path file : files.toList()) {
          all.append(Files.readString(file, StandardCharsets.ISO_8859_1));
        }
      }
    }
    return all.toString();
  }

  /** Those that read keys, in the order of a night. */
  private List<String> ofProviders() {
    return commands().stream()
        .filter(command -> command.matches("(run|submit|collect|plan|try|doctor|provider) .*"))
        .toList();
  }

  private String output(Map<Provider, String> keys, List<String> commands) throws Exception {
    Files.createDirectories(home.resolve("written"));
    CommandProcess process =
        new CommandProcess(home, database)
            .with("PATH", System.getenv("PATH"))
            .with("HOME", home.toString());
    keys.forEach(
        (provider, key) ->
            process
                .with(provider.baseUrlVariable(), emulator.uri().toString())
                .with(provider.keyVariable(), key));
    return process.output(commands);
  }

  @Test
  void aMalformedKeyIsToldByItsNameAndNeverShown() throws Exception {
    Provider[] providers = {Provider.OPENAI, Provider.ANTHROPIC, Provider.GEMINI};
    for (int i = 0; i < MALFORMED.size(); i += providers.length) {
      Map<Provider, String> keys =
          Map.of(
              providers[0], MALFORMED.get(i),
              providers[1], MALFORMED.get(i + 1),
              providers[2], MALFORMED.get(i + 2));
      List<String> commands = i == 0 ? commands() : ofProviders();
      String output = output(keys, commands);
      assertThat(output.lines().filter(line -> line.startsWith("EXIT ")).toList())
          .as(output)
          .hasSameSizeAs(commands);
      assertNothingIsShown(output);
      if (i == 3) {
        assertThat(output)
            .contains("PROVIDER_KEY_INVALID: openai: the environment variable OPENAI_API_KEY holds")
            .contains("as number 12");
      }
    }
  }

  @Test
  void aKeyThatServesIsInNoReportNoExportAndNoBackup() throws Exception {
    String output =
        output(
            Map.of(Provider.OPENAI, BODY, Provider.ANTHROPIC, BODY, Provider.GEMINI, BODY),
            commands());
    assertNothingIsShown(output);
    for (String command : List.of("run", "report", "export", "cache export", "db backup")) {
      assertThat(output).contains("EXIT 0 " + command + " ");
    }
    assertThat(allOf(home.resolve("written")))
        .contains("PGDMP", "<html", "night")
        .doesNotContain("5e83a71c", "0b9d4f26", database.readPassword().orElseThrow());
  }

  private void assertNothingIsShown(String output) throws Exception {
    assertThat(output).doesNotContain("5e83a71c").doesNotContain("0b9d4f26");
    assertThat(output).doesNotContain(database.readPassword().orElseThrow());
    assertThat(output).doesNotContain("INTERNAL").doesNotContain("\tat ");
    for (String table : tables()) {
      for (String part : List.of("5e83a71c", "0b9d4f26")) {
        assertThat(
                one(
                    database,
                    "select count(*) from " + table + " t where t::text like '%" + part + "%'"))
            .as(table)
            .isEqualTo("0");
      }
    }
  }

  private List<String> tables() {
    return List.of(
        one(
                database,
                "select string_agg(format('nightjar.%I', relname), ' ') from pg_class where"
                    + " relnamespace = 'nightjar'::regnamespace and relkind in ('r', 'p')")
            .split(" "));
  }
}
