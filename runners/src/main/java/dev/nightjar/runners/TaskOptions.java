package dev.nightjar.runners;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What a command asks of which documents. */
final class TaskOptions {
  /** Of the first 50 answers of a tier, how many rejected ones stop a run. */
  static final int REJECTED_MIN = 45;

  private static final Pattern MONEY = Pattern.compile("([0-9]+(?:\\.[0-9]+)?)(USD)?");

  /** With all that Airflow's ids are made of. */
  private static final Pattern RUN_ID = Pattern.compile("[A-Za-z0-9_.:+-]{1,250}");

  private static final Pattern TENANT = Pattern.compile("[A-Za-z0-9_.@+-]{1,63}");

  @Parameters(index = "0", paramLabel = "TASK", description = "The task file (YAML).")
  Path taskFile = Path.of("");

  @Mixin CorpusOptions corpus = new CorpusOptions();

  @Option(
      names = "--strict",
      description =
          "Stop if a file can be read by an assumption only: an encoding, a separator, a column's name.")
  boolean strict;

  @Option(
      names = "--tenant",
      paramLabel = "NAME",
      defaultValue = "default",
      description = "Whose answers may be reused. Default: ${DEFAULT-VALUE}.")
  String tenant = "default";

  @Option(
      names = "--budget",
      paramLabel = "AMOUNT",
      description = "Hard stop, as 25USD: nothing is sent whose worst case would exceed it.")
  @Nullable String budget;

  @Option(
      names = "--run-id",
      paramLabel = "ID",
      description =
          "Name of this night, as 2026-11-24. The same id again continues or reports that night. Default:"
              + " continue the open run of the same task and corpus, else a new one.")
  @Nullable String runId;

  @Option(
      names = "--deadline-hours",
      paramLabel = "HOURS",
      defaultValue = "26",
      description =
          "How long to wait for providers. Default: ${DEFAULT-VALUE}; they promise 24 hours.")
  double deadlineHours = 26;

  @Option(
      names = "--poll-seconds",
      paramLabel = "SECONDS",
      defaultValue = "30",
      description = "How often to ask providers for progress. Default: ${DEFAULT-VALUE}.")
  double pollSeconds = 30;

  @Option(
      names = "--machine-usd-hour",
      paramLabel = "AMOUNT",
      description =
          "What an hour of this machine costs, as 0.10USD: reports then show what embedding cost.")
  @Nullable String machineUsdPerHour;

  Optional<BigDecimal> budgetUsd() {
    if (budget == null) {
      return Optional.empty();
    }
    return Optional.of(usd("--budget", budget));
  }

  private static void requireName(String option, @Nullable String name, Pattern allowed) {
    if (name != null && !allowed.matcher(name).matches()) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          option,
          "expected " + allowed.pattern() + ", but was '" + name + "'",
          "correct it");
    }
  }

  /** An amount of dollars as people write it. */
  static BigDecimal usd(String option, String text) {
    Matcher matcher = MONEY.matcher(text.strip().toUpperCase(Locale.ROOT).replace(" ", ""));
    if (!matcher.matches()) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          option,
          "expected an amount like 25USD, but was '" + text + "'",
          "correct it");
    }
    return new BigDecimal(matcher.group(1));
  }

  NightPlan plan() {
    requireName("--run-id", runId, RUN_ID);
    requireName("--tenant", tenant, TENANT);
    if (deadlineHours <= 0 || pollSeconds <= 0) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "--deadline-hours, --poll-seconds",
          "both must be > 0, but were " + deadlineHours + " and " + pollSeconds,
          "correct them");
    }
    return new NightPlan(
        taskFile,
        corpus.patterns(),
        strict,
        tenant,
        budgetUsd(),
        Optional.ofNullable(machineUsdPerHour).map(text -> usd("--machine-usd-hour", text)),
        Optional.ofNullable(runId),
        java.time.Duration.ofMillis((long) (deadlineHours * 3_600_000)),
        java.time.Duration.ofMillis((long) (pollSeconds * 1_000)));
  }
}
