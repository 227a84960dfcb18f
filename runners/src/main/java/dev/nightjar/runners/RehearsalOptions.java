package dev.nightjar.runners;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.pipelines.submit.ProviderSettings;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Whether a command works on the real thing. */
final class RehearsalOptions {
  private static final Duration POLL_INTERVAL = Duration.ofMillis(250);

  @Option(
      names = "--rehearse",
      description =
          "Against emulated providers, started and stopped by this command, and in a database of its own:"
              + " needs no key and spends nothing. Answers are made up.")
  boolean rehearse;

  /** Where a command that may ask providers works. */
  Setting setting(StoreOptions store, ProviderSettings.Patience patience, PrintWriter out) {
    return rehearse ? Setting.rehearsal(store, out) : Setting.real(store, patience);
  }

  /** The database of a command that only reads. */
  DatabaseAddress database(StoreOptions store) {
    return rehearse ? Setting.rehearsalDatabase(store) : store.migrated(Optional.empty());
  }

  /** Emulated providers are asked for progress more often. */
  NightPlan paced(NightPlan plan) {
    return rehearse ? plan.polling(POLL_INTERVAL) : plan;
  }
}
