package dev.nightjar.runners;

import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * One night, as it was asked for.
 *
 * @param taskFile task file
 * @param corpus file patterns
 * @param strict whether a file that can be read by an assumption only stops the run
 * @param tenant whose answers may be reused
 * @param budgetUsd hard stop
 * @param machineUsdPerHour what an hour of the machine costs that embeds
 * @param runId wanted run id
 * @param deadline how long to wait for providers
 * @param pollInterval how often to ask them
 * @param rejectedMin of the first answers of a tier, how many rejected ones stop the run: see
 *     {@link FirstAnswers}
 * @param attended whether this process stays until the run's end
 * @param keepsAnswers whether answers of former versions are kept that the task's change touches
 */
record NightPlan(
    Path taskFile,
    List<String> corpus,
    boolean strict,
    String tenant,
    Optional<BigDecimal> budgetUsd,
    Optional<BigDecimal> machineUsdPerHour,
    Optional<String> runId,
    Duration deadline,
    Duration pollInterval,
    int rejectedMin,
    boolean attended,
    boolean keepsAnswers) {

  /** One that {@link TaskOptions#REJECTED_MIN} rejected answers stop, and that nobody stays for. */
  NightPlan(
      Path taskFile,
      List<String> corpus,
      boolean strict,
      String tenant,
      Optional<BigDecimal> budgetUsd,
      Optional<BigDecimal> machineUsdPerHour,
      Optional<String> runId,
      Duration deadline,
      Duration pollInterval) {
    this(
        taskFile,
        corpus,
        strict,
        tenant,
        budgetUsd,
        machineUsdPerHour,
        runId,
        deadline,
        pollInterval,
        TaskOptions.REJECTED_MIN,
        false,
        false);
  }

  /** The same, with another limit to what it may cost. */
  NightPlan withBudget(BigDecimal usd) {
    return new NightPlan(
        taskFile,
        corpus,
        strict,
        tenant,
        Optional.of(usd),
        machineUsdPerHour,
        runId,
        deadline,
        pollInterval,
        rejectedMin,
        attended,
        keepsAnswers);
  }

  /** The same, as a run of this id, or else as the open one of its task and corpus. */
  NightPlan of(Optional<String> wantedRunId) {
    return with(wantedRunId, pollInterval, rejectedMin, attended);
  }

  /** The same, with providers asked this often. */
  NightPlan polling(Duration interval) {
    return with(runId, interval, rejectedMin, attended);
  }

  /** The same, stopped by so many rejected ones among the first answers of a tier. */
  NightPlan stoppedBy(int rejected) {
    return with(runId, pollInterval, rejected, attended);
  }

  /** The same, of a process that stays until the run's end. */
  NightPlan toTheEnd() {
    return with(runId, pollInterval, rejectedMin, true);
  }

  /** The same, with or without the answers that a changed task would ask again. */
  NightPlan keepingAnswers(boolean keeps) {
    return new NightPlan(
        taskFile,
        corpus,
        strict,
        tenant,
        budgetUsd,
        machineUsdPerHour,
        runId,
        deadline,
        pollInterval,
        rejectedMin,
        attended,
        keeps);
  }

  private NightPlan with(
      Optional<String> itsRunId, Duration interval, int rejected, boolean stays) {
    return new NightPlan(
        taskFile,
        corpus,
        strict,
        tenant,
        budgetUsd,
        machineUsdPerHour,
        itsRunId,
        deadline,
        interval,
        rejected,
        stays,
        keepsAnswers);
  }
}
