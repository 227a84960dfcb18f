package dev.nightjar.runners;

import static dev.nightjar.runners.TestNights.one;
import static org.assertj.core.api.Assertions.assertThat;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.testing.TestPostgres;
import dev.nightjar.emulator.Emulator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code kill -9} of the command at points of the night; the same command again ends in the same
 * totals.
 */
class KillTest {
  private static final int SECONDS_MAX = 600;

  /** Conditions on the database that say where the night is. */
  private static final List<String> KILL_POINTS =
      List.of(
          "select count(*) > 0 from items",
          "select count(*) > 0 from misses where state = 'asked'",
          "select count(*) > 0 from submissions where state = 'creating'",
          "select count(*) > 0 from submissions where state = 'in_progress'",
          "select count(*) > 0 from ledger",
          "select count(*) > 0 from attempts where attempt_number = 2");

  @TempDir Path home;

  private Process start(Path task, Path corpus, DatabaseAddress database, Emulator emulator)
      throws IOException {
    return TestNights.command(
        home.resolve("output.log"), database, emulator, TestNights.runArguments(task, corpus));
  }

  @Test
  void aNightThatIsKilledAgainAndAgainIsBilledLikeOneThatIsNot() throws Exception {
    Path task = Files.writeString(home.resolve("task.yaml"), TestNights.TASK);
    Path corpus = TestNights.write(home, "a.jsonl", TestNights.documents(0, 120));
    DatabaseAddress calm = TestPostgres.newDatabase();
    try (Emulator emulator = Emulator.in(home.resolve("calm")).speed(20).start()) {
      Process process = start(task, corpus, calm, emulator);
      assertThat(process.waitFor(SECONDS_MAX, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).as(Files.readString(home.resolve("output.log"))).isZero();
    }

    DatabaseAddress killed = TestPostgres.newDatabase();
    try (Emulator emulator = Emulator.in(home.resolve("killed")).speed(20).start()) {
      int kills = 0;
      for (String killPoint : KILL_POINTS) {
        Process process = start(task, corpus, killed, emulator);
        while (process.isAlive() && !one(killed, killPoint).equals("t")) {
          process.waitFor(20, TimeUnit.MILLISECONDS);
        }
        if (process.isAlive()) {
          process.destroyForcibly().waitFor(); // SIGKILL
          kills++;
        }
      }
      assertThat(kills).as("kill points that were met alive").isGreaterThanOrEqualTo(4);
      Process process = start(task, corpus, killed, emulator);
      assertThat(process.waitFor(SECONDS_MAX, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).as(Files.readString(home.resolve("output.log"))).isZero();
      assertThat(TestNights.ledger(killed))
          .as("ledger = invoice")
          .isEqualByComparingTo(emulator.invoice().total());
      assertThat(
              emulator.invoice().lines().stream().map(line -> line.customId()).distinct().count())
          .as("no attempt billed twice")
          .isEqualTo(emulator.invoice().lines().size());
    }
    for (String totals :
        List.of(
            "select sum(total_usd)::text || ' ' || count(*) from ledger",
            "select string_agg(n, ' ') from (select answered_by || '=' || count(*) as n from items group by answered_by order by 1) t",
            "select string_agg(md5(answer::text), '' order by document_id) from results")) {
      assertThat(one(killed, totals)).as(totals).isEqualTo(one(calm, totals));
    }
    assertThat(TestNights.defects(killed)).isEqualTo("0");
    assertThat(one(killed, "select count(*) from pg_locks where locktype = 'advisory'"))
        .isEqualTo("0");
  }

  @Test
  void twoCommandsOfTheSameCorpusAtOnceAreBilledLikeOne() throws Exception {
    Path task = Files.writeString(home.resolve("task.yaml"), TestNights.TASK);
    Path corpus = TestNights.write(home, "a.jsonl", TestNights.documents(0, 120));
    List<String> bills = new ArrayList<>();
    for (int commands = 1; commands <= 2; commands++) {
      DatabaseAddress database = TestPostgres.newDatabase();
      try (Emulator emulator = Emulator.in(home.resolve("at-once-" + commands)).speed(20).start()) {
        List<Process> started = new ArrayList<>();
        for (int i = 0; i < commands; i++) {
          started.add(start(task, corpus, database, emulator));
        }
        for (Process process : started) {
          assertThat(process.waitFor(SECONDS_MAX, TimeUnit.SECONDS)).isTrue();
          assertThat(process.exitValue()).as(Files.readString(home.resolve("output.log"))).isZero();
        }
        assertThat(TestNights.ledger(database)).isEqualByComparingTo(emulator.invoice().total());
        assertThat(emulator.invoice().billedTwice()).isEmpty();
        assertThat(one(database, "select count(*) from submissions where lease_owner is not null"))
            .isEqualTo("0");
        assertThat(TestNights.defects(database)).isEqualTo("0");
        bills.add(
            emulator.invoice().count()
                + " requests, "
                + one(database, "select trim_scale(sum(total_usd)) from ledger")
                + " USD, "
                + one(database, "select count(*) from items where state = 'answered'")
                + " answered");
      }
    }
    assertThat(bills.get(1)).isEqualTo(bills.get(0));
  }
}
