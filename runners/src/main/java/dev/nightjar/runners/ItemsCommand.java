package dev.nightjar.runners;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.postgres.PostgresStores;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** What an operator can do about single documents. */
@Command(
    name = "items",
    mixinStandardHelpOptions = true,
    header = "Has documents asked again that failed for good.",
    description = {
      "",
      "A document whose answers no tier gives as the task wants them, whose answer is always cut off, or which"
          + " may have been billed without an answer, is not bought again until its task changes or somebody says"
          + " so here. Other failures are asked again by every run.",
      ""
    })
final class ItemsCommand implements Runnable {
  @Mixin private final StoreOptions store = new StoreOptions();
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }

  @Command(
      name = "retry",
      mixinStandardHelpOptions = true,
      description = "Has the next run ask them: all, or a run's, or those of a code, or some.",
      footer = {"", "Example: nightjar items retry --run night-1 --code ANSWER_TRUNCATED"})
  void retry(
      @Option(
              names = "--tenant",
              paramLabel = "NAME",
              defaultValue = "default",
              description = "Whose. Default: ${DEFAULT-VALUE}.")
          String tenant,
      @Option(names = "--run", paramLabel = "RUN", description = "Only documents of this run.")
          @Nullable String runId,
      @Option(
              names = "--code",
              paramLabel = "CODE",
              description = "Only those that failed so, as ANSWER_INVALID.")
          @Nullable ErrorCode code,
      @Parameters(paramLabel = "DOCUMENT", arity = "0..*", description = "Only these, by id.")
          @Nullable List<String> documentIds) {
    try (PostgresStores stores = StoreOptions.open(store.migrated(Optional.empty()))) {
      long texts =
          stores
              .work()
              .retryLasting(
                  tenant,
                  Optional.ofNullable(runId),
                  Optional.ofNullable(code),
                  documentIds == null ? List.of() : documentIds);
      spec.commandLine()
          .getOut()
          .println(
              texts == 0
                  ? "none of them has failed for good"
                  : Terminal.count(texts)
                      + " texts are asked again by the next run that reads them");
    }
  }
}
