package dev.nightjar.runners;

import static dev.nightjar.runners.TestNights.one;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.testing.TestPostgres;
import dev.nightjar.emulator.Emulator;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is told of how a corpus was read, and what {@code --strict} makes of it. */
class InputTest {
  private static final EngineOptions ENGINE = TestNights.engine(EngineOptions.Engine.DIRECT);

  @TempDir Path home;

  private DatabaseAddress database;
  private Emulator emulator;
  private Path task;

  @BeforeEach
  void start() throws IOException {
    database = TestPostgres.newDatabase();
    emulator = Emulator.in(home.resolve("emulator")).speed(200).start();
    task = TestNights.task(home);
    Files.writeString(
        home.resolve("a.csv"),
        "ID;title;text\n1;Menü;Das Café ist zu\n2;T;\n3;T;\n",
        Charset.forName("windows-1252"));
  }

  @AfterEach
  void stop() {
    emulator.close();
  }

  private NightPlan night(boolean strict) {
    NightPlan plan =
        TestNights.plan(task, "night-1", Optional.empty(), home.resolve("a.csv").toString());
    return new NightPlan(
        plan.taskFile(),
        plan.corpus(),
        strict,
        plan.tenant(),
        plan.budgetUsd(),
        plan.machineUsdPerHour(),
        plan.runId(),
        plan.deadline(),
        plan.pollInterval());
  }

  private static final String TOLD =
      """

      Input
      -----
      FILE
        1 line is no UTF-8 and read as windows-1252, the first in line 2
        fields are separated by ';'
        the column 'ID' is 'id'
        2 refused with INPUT_EMPTY, the first at 2: expected text in the field 'text'
      """;

  private String told(Night night) {
    StringWriter out = new StringWriter();
    InputSummary.print(new PrintWriter(out), night.stores().runs(), night.runId());
    return out.toString();
  }

  @Test
  void whatWasAssumedIsToldInTheSummaryOfThePlanAndOfTheRunAndInSql() throws Exception {
    String expected = TOLD.replace("FILE", home.resolve("a.csv").toString());
    try (Planning planning =
        Planning.open(
            night(false), database, TestNights.providers(emulator), ENGINE, Clock.systemUTC())) {
      planning.prepare();
      StringWriter out = new StringWriter();
      InputSummary.print(new PrintWriter(out), planning.stores().runs(), planning.runId());
      assertThat(out.toString()).isEqualTo(expected);
    }
    try (Night night = TestNights.open(night(false), database, emulator, ENGINE)) {
      night.runToEnd();
      assertThat(told(night)).isEqualTo(expected);
    }
    assertThat(
            one(
                database,
                "select format || ' ' || encoding || ' ' || separator || ' ' || array_to_string(header, '|') || ' ' ||"
                    + " documents || ' ' || refused from run_files where run_id = 'night-1'"))
        .isEqualTo("CSV windows-1252 ';' ID|title|text 1 2");
    assertThat(one(database, "select document_id from results")).isEqualTo("1");
  }

  @Test
  void strictMakesAnAssumptionAnErrorBeforeAnythingIsSent() throws Exception {
    try (Night night = TestNights.open(night(true), database, emulator, ENGINE)) {
      assertThatThrownBy(night::runToEnd)
          .satisfies(
              thrown ->
                  assertThat(NightjarException.in(thrown))
                      .hasMessageStartingWith("INPUT_ASSUMED: " + home.resolve("a.csv"))
                      .hasMessageContaining("windows-1252")
                      .hasMessageContaining("';'")
                      .hasMessageEndingWith("or run without --strict"));
    }
    assertThat(emulator.invoice().total()).isEqualByComparingTo(BigDecimal.ZERO);
    assertThat(one(database, "select count(*) from submissions")).isEqualTo("0");
  }

  private Night night(String runId, Path folder) {
    return TestNights.open(
        TestNights.plan(task, runId, Optional.empty(), folder.toString()),
        database,
        emulator,
        ENGINE);
  }

  private String changes(String runId) throws Exception {
    return one(
        database,
        "select string_agg(change || ' ' || coalesce(former_document_id, '-') || ' ' || coalesce(document_id, '-'), ', '"
            + " order by change, coalesce(document_id, former_document_id)) from corpus_changes where run_id = '"
            + runId
            + "'");
  }

  @Test
  void whatIsNewChangedRenamedAndGoneIsToldApart() throws Exception {
    Path folder = Files.createDirectories(home.resolve("pages/sub"));
    for (String name : List.of("same", "changed", "old", "gone", "sub/copy", "sub/copy2")) {
      Files.writeString(
          folder.resolveSibling(name + ".html"),
          "<title>"
              + name.substring(0, 3)
              + "</title><p>The text of "
              + name.replace("2", "")
              + "</p>");
    }
    Path pages = folder.getParent();
    try (Night night = night("night-1", pages)) {
      night.runToEnd();
      assertThat(told(night)).isEmpty();
    }
    assertThat(changes("night-1")).isEqualTo("null");
    Files.writeString(pages.resolve("changed.html"), "<title>cha</title><p>Another text</p>");
    Files.move(pages.resolve("old.html"), pages.resolve("sub/renamed.html"));
    Files.delete(pages.resolve("gone.html"));
    Files.delete(pages.resolve("sub/copy2.html"));
    Files.writeString(pages.resolve("new.html"), "<title>new</title><p>A new text</p>");
    try (Night night = night("night-2", pages)) {
      night.runToEnd();
      assertThat(told(night)).contains("since night-1: 1 new, 1 changed, 1 renamed, 2 gone");
    }
    assertThat(changes("night-2"))
        .isEqualTo(
            "changed changed.html changed.html, gone gone.html -, gone sub/copy2.html -,"
                + " new - new.html, renamed old.html sub/renamed.html");
    assertThat(one(database, "select count(*) from attempts where run_id = 'night-2'"))
        .as("only what is new in content is asked")
        .isEqualTo("2");
    assertThat(one(database, "select min(document_id) from items where run_id = 'night-2'"))
        .as("ids begin at the corpus's root")
        .isEqualTo("changed.html");
  }
}
