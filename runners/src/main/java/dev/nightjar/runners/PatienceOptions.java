package dev.nightjar.runners;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.Lease;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.pipelines.submit.ProviderSettings;
import picocli.CommandLine.Option;

/** How long a command waits for what. */
final class PatienceOptions {
  @Option(
      names = "--settle-seconds",
      paramLabel = "SECONDS",
      defaultValue = "120",
      description =
          "After a crash in the middle of a submission, how long it may still turn up at the provider before"
              + " it is made again; not below --call-seconds. Default: ${DEFAULT-VALUE}.")
  double settleSeconds = 120;

  @Option(
      names = "--lease-seconds",
      paramLabel = "SECONDS",
      defaultValue = "60",
      description =
          "How long a submission stays with a process that has died. Default: ${DEFAULT-VALUE}.")
  double leaseSeconds = 60;

  @Option(
      names = "--wait-seconds-max",
      paramLabel = "SECONDS",
      defaultValue = "600",
      description =
          "Longest wait between two tries at a provider, also if it asks for more. Default:"
              + " ${DEFAULT-VALUE}.")
  double waitSecondsMax = 600;

  @Option(
      names = "--call-seconds",
      paramLabel = "SECONDS",
      defaultValue = "100",
      description =
          "Longest wait for one answer of a provider, transfers of files apart. Default:"
              + " ${DEFAULT-VALUE}.")
  double callSeconds = 100;

  ProviderSettings.Patience patience() {
    if (leaseSeconds <= 0
        || waitSecondsMax <= 0
        || callSeconds <= 0
        || settleSeconds < callSeconds) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "--settle-seconds, --lease-seconds, --wait-seconds-max, --call-seconds",
          "all must be > 0 and --settle-seconds at least --call-seconds, or a create that is still"
              + " under way could be made twice",
          "correct them");
    }
    if (leaseSeconds > Lease.MAX.toSeconds()) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "--lease-seconds",
          "expected at most " + Lease.MAX.toSeconds() + ", but was " + leaseSeconds,
          "give less: a longer one could not be told from one that a wrong clock has set");
    }
    return new ProviderSettings.Patience(
        millis(settleSeconds), millis(leaseSeconds), millis(waitSecondsMax), millis(callSeconds));
  }

  private static long millis(double seconds) {
    return Math.max(1, (long) (seconds * 1_000));
  }
}
