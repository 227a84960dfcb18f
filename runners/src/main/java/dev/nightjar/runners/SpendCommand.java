package dev.nightjar.runners;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.SettlementStore.UnknownSpend;
import dev.nightjar.cachestore.postgres.PostgresStores;
import java.math.BigDecimal;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** What may have been billed without anyone knowing. */
@Command(
    name = "spend",
    mixinStandardHelpOptions = true,
    header = "Shows spend that is unknown, and books what an invoice says of it.",
    description = {
      "",
      "A request that was sent and whose answer was never seen, or that was answered without a usage, may have"
          + " been billed. It is held against the budgets at its worst case until somebody has compared it with"
          + " the provider's usage page.",
      ""
    })
final class SpendCommand implements Runnable {
  @Mixin private final StoreOptions store = new StoreOptions();
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }

  private PostgresStores open() {
    return StoreOptions.open(store.migrated(Optional.empty()));
  }

  private static List<UnknownSpend> unknown(PostgresStores stores, @Nullable String runId) {
    return stores.settlements().unknownSpend().stream()
        .filter(spend -> runId == null || spend.runId().equals(Optional.of(runId)))
        .toList();
  }

  private static BigDecimal worstCase(List<UnknownSpend> spends) {
    return spends.stream().map(UnknownSpend::worstCaseUsd).reduce(BigDecimal.ZERO, BigDecimal::add);
  }

  @Command(
      name = "unknown",
      mixinStandardHelpOptions = true,
      description = "Lists unknown spend, oldest first.")
  void unknown(
      @Option(names = "--run", paramLabel = "RUN", description = "Only this run's.")
          @Nullable String runId) {
    try (PostgresStores stores = open()) {
      List<UnknownSpend> found = unknown(stores, runId);
      for (UnknownSpend one : found) {
        spec.commandLine()
            .getOut()
            .printf(
                "%-66s %-28s %-10s %-20s %s %s USD at most%n",
                one.customId(),
                one.runId().orElse("(stray batch)"),
                one.provider(),
                one.model(),
                one.askedAt(),
                Terminal.usd(one.worstCaseUsd()));
      }
      spec.commandLine()
          .getOut()
          .println(
              found.isEmpty()
                  ? "no spend is unknown"
                  : Terminal.count(found.size())
                      + " requests, "
                      + Terminal.exact(worstCase(found))
                      + " USD at most; 'nightjar spend resolve' books what the invoice says");
    }
  }

  @Command(
      name = "resolve",
      mixinStandardHelpOptions = true,
      description = "Books what was billed for unknown spend: some requests', or all of a run's.",
      footer = {"", "Example: nightjar spend resolve --run night-1 --usd 0.0132"})
  void resolve(
      @Option(
              names = "--usd",
              required = true,
              paramLabel = "AMOUNT",
              description = "All of it together; 0 if nothing was billed.")
          String usd,
      @Option(names = "--run", paramLabel = "RUN", description = "All of this run's.")
          @Nullable String runId,
      @Option(
              names = "--stray",
              description = "All of the stray batches': it becomes a run of its own.")
          boolean stray,
      @Option(
              names = "--tenant",
              paramLabel = "TENANT",
              defaultValue = "default",
              description = "Who pays for stray batches. Default: ${DEFAULT-VALUE}.")
          String tenant,
      @Parameters(paramLabel = "REQUEST", arity = "0..*") @Nullable List<String> customIds) {
    boolean named = customIds != null && !customIds.isEmpty();
    if ((named ? 1 : 0) + (runId != null ? 1 : 0) + (stray ? 1 : 0) != 1) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "spend resolve",
          "expected requests, or --run with a run's id, or --stray",
          "see 'nightjar spend unknown'");
    }
    BigDecimal amount = TaskOptions.usd("--usd", usd);
    try (PostgresStores stores = open()) {
      List<String> chosen =
          named
              ? List.copyOf(customIds)
              : unknown(stores, runId).stream()
                  .filter(spend -> spend.runId().isEmpty() == stray)
                  .map(UnknownSpend::customId)
                  .toList();
      if (chosen.isEmpty()) {
        throw new NightjarException(
            ErrorCode.OPTION_INVALID,
            stray ? "--stray" : String.valueOf(runId),
            "none of its spend is unknown",
            "see 'nightjar spend unknown'");
      }
      boolean ofStrays = chosen.stream().anyMatch(id -> id.indexOf('/') >= 0);
      if (ofStrays) {
        stores.strays().resolve(tenant, chosen, amount);
      } else {
        stores.settlements().resolve(chosen, amount);
      }
      spec.commandLine()
          .getOut()
          .println(
              Terminal.count(chosen.size())
                  + " resolved, "
                  + Terminal.exact(amount)
                  + " USD booked");
    }
  }
}
