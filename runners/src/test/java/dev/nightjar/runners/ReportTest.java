package dev.nightjar.runners;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.postgres.PostgresStores;
import dev.nightjar.cachestore.testing.TestPostgres;
import dev.nightjar.emulator.Emulator;
import dev.nightjar.runners.report.Report;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The page of a night, opened in a real browser. */
class ReportTest {
  private static final Instant MADE_AT = Instant.parse("2026-11-25T08:00:00Z");

  @TempDir static Path home;

  private static DatabaseAddress database;
  private static PostgresStores stores;

  @BeforeAll
  static void runTwoNights() throws Exception {
    database = TestPostgres.newDatabase();
    try (Emulator emulator = Emulator.in(home.resolve("emulator")).speed(200).start()) {
      List<String> lines = new ArrayList<>(TestNights.documents(0, 80));
      // Long, hence dear, hence shown.
      lines.add(
          "{\"id\":\"<script>alert(1)</script>\",\"title\":\"T\",\"text\":\""
              + "A note of its own. ".repeat(60)
              + "\"}");
      lines.add("not json");
      TestNights.write(home, "a.jsonl", lines);
      for (int night = 1; night <= 2; night++) {
        TestNights.run(
            TestNights.plan(
                TestNights.task(home), "night-" + night, Optional.empty(), home + "/*.jsonl"),
            database,
            emulator,
            TestNights.engine(EngineOptions.Engine.DIRECT));
        TestNights.write(home, "b.jsonl", TestNights.documents(200, 20));
      }
    }
    stores = StoreOptions.open(database);
  }

  @AfterAll
  static void close() {
    stores.close();
  }

  private static String html(String runId) throws Exception {
    return Report.html(stores.dataSource(), runId, MADE_AT);
  }

  @Test
  void thePageNeedsNothingElseAndEscapesWhatItShows() throws Exception {
    String html = html("night-1");
    assertThat(html)
        .doesNotContain("<script", "http://", "https://", "url(")
        .contains("&lt;script&gt;", "INPUT_MALFORMED", "default-src 'none'");
    assertThat(html).as("no text of a document").doesNotContain("A note of its own");
    assertThat(html("night-2")).contains("word for word");
  }

  /** Its figures are the views'. */
  @Test
  void theHeadlineIsTheLedgers() throws Exception {
    BigDecimal usd =
        new BigDecimal(
            TestNights.one(database, "select sum(total_usd) from ledger where run_id = 'night-1'"));
    assertThat(html("night-1")).contains("<b>" + Terminal.usd(usd) + "</b>USD actual");
  }

  @Test
  void inABrowserItsChartsAreThereItIsSilentAndTheKeyboardReachesEverything() throws Exception {
    assumeTrue(
        System.getenv("CHROMIUM") != null || Files.exists(Path.of("/usr/bin/chromium")),
        "no Chromium on this machine");
    Path page = Files.writeString(home.resolve("report.html"), html("night-1"));
    Path node = Path.of("target/node").toAbsolutePath();
    Files.createDirectories(node);
    for (String file : List.of("package.json", "package-lock.json", "look.mjs")) {
      Files.copy(
          Path.of("src/test/node", file), node.resolve(file), StandardCopyOption.REPLACE_EXISTING);
    }
    run(node, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund");
    String printed =
        run(node, "node", "look.mjs", page.toString(), node.resolve("report").toString());
    JsonNode found = new ObjectMapper().readTree(printed);

    assertThat(found.get("consoleErrors")).isEmpty();
    assertThat(found.get("requests")).isEmpty();
    assertThat(found.get("title").asText()).contains("small-triage");
    for (String section : List.of("saving", "waterfall", "tiers", "days", "cache", "plan")) {
      assertThat(found.at("/bars/" + section).asInt()).as("charts in " + section).isPositive();
    }
    assertThat(found.get("invisibleCharts").asInt()).isZero();
    assertThat(found.get("tablesWithoutCaption").asInt()).isZero();
    assertThat(found.get("overflows").asBoolean()).isFalse();
    assertThat(found.get("overflowsOnAPhone").asBoolean()).isFalse();

    // Each bar begins where the one before ends, from all of it down to the actual cost.
    JsonNode steps = found.get("waterfall");
    assertThat(steps.get(0).get("step").asText()).isEqualTo("unoptimised");
    double edge = steps.get(0).get("to").asDouble();
    for (JsonNode step : steps) {
      boolean isTotal =
          step.get("from").asDouble() == 0
              && step.get("step").asText().matches("unoptimised|actual");
      boolean isCost = step.get("usd").asText().charAt(0) != '-';
      if (isTotal) {
        assertThat(step.get("to").asDouble()).isCloseTo(edge, within());
      } else {
        assertThat(step.get(isCost ? "from" : "to").asDouble()).isCloseTo(edge, within());
        edge = step.get(isCost ? "to" : "from").asDouble();
      }
    }

    List<String> stops = new ArrayList<>();
    found.get("stops").forEach(stop -> stops.add(stop.asText()));
    assertThat(stops.get(0)).isEqualTo("To the figures");
    assertThat(stops).contains("Where it was saved", "Failures", "Savings by mechanism", "Slowest");
    assertThat(found.get("unseenStops")).as("focus that cannot be seen").isEmpty();
    assertThat(found.get("skipsTo").asText()).isEqualTo("saving");
    assertThat(found.get("closedByKeyboard").asBoolean()).isTrue();
    assertThat(found.get("dark").asText()).isNotEqualTo(found.get("light").asText());
    assertThat(found.get("print").asText()).isEqualTo("rgb(255, 255, 255)");
  }

  private static org.assertj.core.data.Offset<Double> within() {
    return org.assertj.core.data.Offset.offset(0.005);
  }

  private static String run(Path directory, String... command) throws Exception {
    Process process = new ProcessBuilder(command).directory(directory.toFile()).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    String errors = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output + errors).isZero();
    return output;
  }
}
