package dev.nightjar.runners;

import static dev.nightjar.runners.TestNights.one;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.testing.TestPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The first hour of somebody with a file of their own, and the first bad morning: without a key,
 * without an emulator of their own, in one process with an environment of its own.
 */
class FrontDoorTest {
  @TempDir Path home;

  private DatabaseAddress database;

  @BeforeEach
  void start() throws IOException {
    database = TestPostgres.newDatabase();
    InitCommandTest.example(home);
  }

  /** The first of the example's tickets only. */
  private void keepTickets(int count) throws IOException {
    Path csv = home.resolve("tickets.csv");
    String all = Files.readString(csv);
    Files.writeString(csv, all.substring(0, all.indexOf("\nT-" + (1_001 + count) + ",") + 1));
  }

  private DatabaseAddress rehearsed() {
    return database.withDatabase(database.database() + "_rehearsal");
  }

  private List<CommandProcess.Ended> run(String... commands) throws Exception {
    List<String> all = new ArrayList<>();
    for (String command : commands) {
      all.add(command + (command.startsWith("init") ? "" : " --database " + database.url()));
    }
    return new CommandProcess(home, database).run(all);
  }

  private static final String NIGHT = "tickets.yaml --corpus tickets.csv --rehearse";

  @Test
  void aNightIsRehearsedSeenAndReportedWithoutAKeyAndWithoutAWordInTheRealDatabase()
      throws Exception {
    keepTickets(20);
    List<CommandProcess.Ended> ended =
        run(
            "try " + NIGHT + " -n 2",
            "try " + NIGHT + " -n 1 --tier large --json",
            "run " + NIGHT + " --engine direct",
            "results --rehearse --limit 3",
            "results --rehearse --show T-1002",
            "results --rehearse --show T-1002 --json",
            "status --rehearse",
            "status --rehearse --json",
            "report --rehearse --out report.html",
            "plan " + NIGHT,
            "collect " + NIGHT + " --engine direct",
            "export results --rehearse --out results.jsonl");
    assertThat(ended).allSatisfy(each -> assertThat(each.exitCode()).as(each.output()).isZero());

    assertThat(ended.get(0).output())
        .startsWith("REHEARSAL: ")
        .contains("You sort the support tickets", "  | Subject: Gift, no receipt", "asked online")
        .contains("2 of 2 answered");
    JsonNode tried = new ObjectMapper().readTree(lastLine(ended.get(1)));
    assertThat(tried.at("/document_id").asText()).isEqualTo("T-1001");
    assertThat(tried.at("/attempts/0/tier").asText()).isEqualTo("large");
    assertThat(tried.at("/attempts/0/mode").asText()).isEqualTo("online");
    assertThat(tried.at("/prompt").asText()).startsWith("Subject: Gift, no receipt");

    assertThat(ended.get(2).output()).contains("\n20 of 20 answered\n").doesNotContain("failed:");
    assertThat(ended.get(3).output()).contains("20 of 20 answered", "… and 17 more");
    assertThat(ended.get(4).output())
        .contains("tickets.csv, record 2", "  | Subject: ", "accepted: ");
    assertThat(
            new ObjectMapper().readTree(lastLine(ended.get(5))).at("/attempts/0/verdict").asText())
        .isEqualTo("accepted");
    assertThat(ended.get(6).output()).contains("no night is open; the last was run-");
    assertThat(ended.get(7).output()).isEmpty();
    assertThat(Files.readString(home.resolve("report.html"))).contains("20 of 20 answered");
    assertThat(ended.get(10).output()).contains("nothing is open");
    assertThat(Files.readAllLines(home.resolve("results.jsonl"))).hasSize(20);

    assertThat(
            one(
                rehearsed(),
                "select count(*) from results where run_id in (select run_id from runs where task_name = 'tickets')"))
        .isEqualTo("20");
    assertThat(one(rehearsed(), "select count(*) from runs where task_name = 'tickets-try'"))
        .as("a trial is a run of its own, with its own money")
        .isEqualTo("2");
    assertThat(
            one(
                rehearsed(),
                "select count(*) from ledger l join runs r using (run_id) where r.task_name = 'tickets-try'"))
        .isEqualTo("3");
    assertThat(TestNights.defects(rehearsed())).isEqualTo("0");
    assertThat(home.resolve("home/trials")).isEmptyDirectory();
    assertThat(one(database, "select count(*) from runs")).isEqualTo("0");
  }

  private static String lastLine(CommandProcess.Ended ended) {
    return ended.output().lines().reduce("", (before, line) -> line);
  }

  @Test
  void aNightInWhichNothingCanBeRightStopsBeforeTheDearTierAndCanBeLookedAt() throws Exception {
    keepTickets(70);
    String task = Files.readString(home.resolve("tickets.yaml"));
    Files.writeString(
        home.resolve("impossible.yaml"), task.replace("maxLength: 200", "pattern: 'a^'"));
    String night = "impossible.yaml --corpus tickets.csv --rehearse --engine direct";
    List<CommandProcess.Ended> ended =
        run(
            "run " + night,
            "results --rehearse --failed --limit 1",
            "results --rehearse --show T-1001",
            "report --rehearse --out report.html",
            "run " + night + " --rejected-min 51 --failed-max 100",
            "results --rehearse --failed --limit 1");
    assertThat(ended.get(0).exitCode()).isEqualTo(1);
    assertThat(ended.get(0).output())
        .contains("\n0 of 70 answered, 70 failed; 0.00", " USD lost on what failed")
        .contains("70 × ANSWERS_REJECTED: 50 of the first 50 answers of tier 'small' were rejected")
        .contains("/reason breaks the output schema's 'pattern'")
        .contains("\nANSWERS_REJECTED: run ", "--rejected-min 51");
    assertThat(ended.get(2).output())
        .contains("rejected: small", "  | {\"queue\":", "ANSWER_INVALID: /reason breaks");
    assertThat(Files.readString(home.resolve("report.html")))
        .contains("0 of 70 answered", "USD lost")
        .doesNotContain("%</b>saved");

    String first = one(rehearsed(), "select min(run_id) from runs");
    assertThat(
            one(
                rehearsed(),
                "select count(*) from attempts where tier = 'large' and run_id = '" + first + "'"))
        .isEqualTo("0");
    assertThat(one(rehearsed(), "select count(*) > 50 from rejected_answers")).isEqualTo("t");
    assertThat(TestNights.defects(rehearsed())).isEqualTo("0");

    assertThat(ended.get(4).exitCode()).as("--failed-max 100").isZero();
    assertThat(ended.get(4).output()).contains("warning: 100.00 % of the documents have no answer");
    assertThat(ended.get(5).output()).contains("× ANSWER_INVALID: /reason breaks");
    assertThat(one(rehearsed(), "select count(*) > 50 from attempts where tier = 'large'"))
        .as("whoever insists is asked one tier up")
        .isEqualTo("t");
  }

  @Test
  void emptyBodiesAreAWarningAndAMisspeltColumnIsOneReasonWithWhatWasMeant() throws Exception {
    List<String> lines = new ArrayList<>();
    lines.add("id;subject;Body");
    for (int i = 0; i < 20; i++) {
      lines.add(i + ";Note;" + (i < 2 ? "" : "The parcel of order " + i * 7919 + " is late."));
    }
    Files.write(home.resolve("semicolons.csv"), lines);
    String task = Files.readString(home.resolve("tickets.yaml"));
    Files.writeString(
        home.resolve("misspelt.yaml"), task.replace("text_field: body", "text_field: Bodyy"));
    String corpus = " --corpus semicolons.csv --rehearse --engine direct";
    List<CommandProcess.Ended> ended =
        run(
            "run tickets.yaml" + corpus,
            "run tickets.yaml" + corpus + " --failed-max 10%",
            "run misspelt.yaml" + corpus,
            "try misspelt.yaml --corpus semicolons.csv --rehearse",
            "try tickets.yaml --corpus semicolons.csv --rehearse --doc 1");
    assertThat(ended.stream().map(CommandProcess.Ended::exitCode)).containsExactly(1, 0, 1, 2, 2);
    assertThat(ended.get(0).output())
        .contains("18 of 20 answered, 2 refused", "2 × INPUT_EMPTY")
        .contains(
            "failed: 10.00 % of the documents have no answer, more than the 1 % of --failed-max");
    assertThat(ended.get(1).output()).contains("warning: 10.00 %");
    assertThat(ended.get(2).output())
        .contains("0 of 1 answered, 1 refused", "separated by ';'", "did you mean 'Body'?");
    assertThat(ended.get(3).output())
        .startsWith("CORPUS_EMPTY: semicolons.csv")
        .contains("'Body'?");
    assertThat(ended.get(4).output()).contains("--doc 1: it is refused: expected text");
  }

  /** Every one of a user's mistakes is a line that says what to do. */
  @Test
  void noMistakeOfAUsersPrintsAStackTrace() throws Exception {
    Path file = Files.writeString(home.resolve("file"), "x");
    List<String> commands =
        List.of(
            "setup",
            "demo",
            "init tickets.csv --out nowhere/task.yaml",
            "init nothing.csv",
            "init tickets.csv --kind classify",
            "init tickets.csv --text-field bodyy",
            "init --example file/below",
            "try " + NIGHT,
            "plan " + NIGHT,
            "run " + NIGHT,
            "run nothing.yaml --corpus tickets.csv",
            "submit " + NIGHT,
            "collect " + NIGHT,
            "status",
            "results",
            "submissions",
            "items retry",
            "budget list",
            "spend unknown",
            "prices list",
            "prices import nothing.csv",
            "provider verify openai --model gpt-6-luna --budget 0.01USD",
            "report",
            "export results --out nowhere/results.jsonl",
            "cache stats",
            "cache export nowhere/answers.jsonl",
            "cache import nothing.jsonl",
            "db url",
            "db start",
            "db backup nowhere/nightjar.dump",
            "db restore nothing.dump",
            "doctor nothing.yaml",
            "emulator --port 99999",
            "emulator --speed 0",
            "emulator --state file/below",
            "bench nothing",
            "statsu",
            "run tickets.yaml --corpous tickets.csv");
    assertNoTrace(
        new CommandProcess(home, database)
            .with("NIGHTJAR_HOME", file.resolve("home").toString())
            .run(commands),
        commands);
    List<String> elsewhere = new ArrayList<>();
    for (String command : commands.subList(7, 27)) {
      elsewhere.add(command + " --database postgresql://nobody@127.0.0.1:1/none");
    }
    assertNoTrace(new CommandProcess(home, database).run(elsewhere), elsewhere);
  }

  private static void assertNoTrace(List<CommandProcess.Ended> ended, List<String> commands) {
    for (int i = 0; i < ended.size(); i++) {
      assertThat(ended.get(i).output())
          .as(commands.get(i))
          .doesNotContain("\tat ", "INTERNAL", "Exception in thread")
          .containsPattern("[A-Z]+_[A-Z_]+: ");
      assertThat(ended.get(i).exitCode()).as(commands.get(i)).isBetween(1, 2);
    }
    if (commands.contains("statsu")) {
      assertThat(ended.get(commands.indexOf("statsu")).output()).contains("did you mean 'status'?");
      assertThat(ended.get(ended.size() - 1).output()).contains("did you mean '--corpus'?");
    }
  }
}
