package dev.nightjar.runners;

import static dev.nightjar.runners.TestNights.one;
import static org.assertj.core.api.Assertions.assertThat;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.testing.TestPostgres;
import dev.nightjar.emulator.Emulator;
import dev.nightjar.pipelines.model.Provider;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Keys that people paste wrongly are in nothing that anybody reads, whatever command meets them.
 */
class RedactionTest {
  private static final int SECONDS_MAX = 300;
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

  /** Runs commands as Main does, one a line of standard input. */
  static final class Commands {
    private Commands() {}

    public static void main(String[] unused) throws IOException {
      RedactedStream.install();
      BufferedReader lines =
          new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        System.out.println("EXIT " + Main.run(line.split(" ")) + " " + line);
      }
      System.exit(0);
    }
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
            "submissions",
            "spend unknown",
            "budget list",
            "doctor",
            "db url")) {
      commands.add(command + " --database " + database.url());
    }
    return commands;
  }

  private String output(Map<Provider, String> keys) throws Exception {
    Path log = home.resolve("output.txt");
    ProcessBuilder builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "--add-opens=java.base/java.lang=ALL-UNNAMED",
                "--add-opens=java.base/java.util=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Commands.class.getName())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    builder.environment().put("PGPASSWORD", database.readPassword().orElseThrow());
    builder.environment().put("NIGHTJAR_HOME", home.resolve("home").toString());
    builder.environment().put("LC_ALL", "C.UTF-8");
    keys.forEach(
        (provider, key) -> {
          builder.environment().put(provider.baseUrlVariable(), emulator.uri().toString());
          builder.environment().put(provider.keyVariable(), key);
        });
    Process process = builder.start();
    process.getOutputStream().write(String.join("\n", commands()).getBytes(StandardCharsets.UTF_8));
    process.getOutputStream().close();
    assertThat(process.waitFor(SECONDS_MAX, TimeUnit.SECONDS)).isTrue();
    return Files.readString(log);
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
      String output = output(keys);
      assertThat(output.lines().filter(line -> line.startsWith("EXIT ")).toList())
          .as(output)
          .hasSize(commands().size());
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
      if (i == 3) {
        assertThat(output)
            .contains("PROVIDER_KEY_INVALID: openai: the environment variable OPENAI_API_KEY holds")
            .contains("as number 12");
      }
    }
  }

  private List<String> tables() {
    return List.of(
        one(
                database,
                "select string_agg(format('nightjar.%I', relname), ' ') from pg_class where relnamespace ="
                    + " 'nightjar'::regnamespace and relkind in ('r', 'p')")
            .split(" "));
  }
}
