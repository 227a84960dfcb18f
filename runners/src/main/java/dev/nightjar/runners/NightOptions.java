package dev.nightjar.runners;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Option;

/** What a night takes for a failure. */
final class NightOptions {
  private static final Pattern PERCENT = Pattern.compile("([0-9]+(?:\\.[0-9]+)?)\\s*%?");

  @Option(
      names = "--failed-max",
      paramLabel = "PERCENT",
      defaultValue = "1",
      description =
          "Of the documents, how many percent may fail or be refused before the exit code is 1; fewer are a"
              + " warning. Default: ${DEFAULT-VALUE}.")
  String failedMax = "1";

  @Option(
      names = "--rejected-min",
      paramLabel = "N",
      defaultValue = "45",
      description =
          "Stop when so many of the first 50 answers of a tier are rejected; 51 never stops. Default:"
              + " ${DEFAULT-VALUE}.")
  int rejectedMin = TaskOptions.REJECTED_MIN;

  /** How many percent of the documents may be without an answer. */
  double failedPercentMax() {
    Matcher matcher = PERCENT.matcher(failedMax.strip());
    if (!matcher.matches() || Double.parseDouble(matcher.group(1)) > 100) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "--failed-max",
          "expected percent, from 0 to 100, but was '" + failedMax + "'",
          "correct it");
    }
    return Double.parseDouble(matcher.group(1));
  }

  /** The plan with what these options say of it. */
  NightPlan of(NightPlan plan) {
    if (rejectedMin < 1) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "--rejected-min",
          "expected 1 or more, but was " + rejectedMin,
          "correct it");
    }
    return plan.stoppedBy(rejectedMin);
  }
}
