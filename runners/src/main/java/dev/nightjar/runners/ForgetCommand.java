package dev.nightjar.runners;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.ForgetStore;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.postgres.PostgresStores;
import dev.nightjar.pipelines.model.Provider;
import dev.nightjar.pipelines.submit.ProviderClients;
import dev.nightjar.pipelines.submit.ProviderException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Removes what was made of documents. */
@Command(
    name = "forget",
    mixinStandardHelpOptions = true,
    header = "Forgets documents for good: answers, vectors, what models said, files at providers.",
    description = {
      "",
      "In all nights that are over, and of this machine's own copies. Costs stay. One that is named"
          + " by --document gets a made-up id, and what like texts had borrowed from it goes, too."
          + " The corpus is yours: what is still in it is asked, and paid, again.",
      ""
    },
    footer = {"", "Example: nightjar forget --document mail-17 --yes"})
final class ForgetCommand implements Callable<Integer> {
  private static final int ALIAS_DIGITS = 13;

  @Mixin private final RehearsalOptions rehearsal = new RehearsalOptions();
  @Mixin private final PatienceOptions patience = new PatienceOptions();
  @Mixin private final StoreOptions store = new StoreOptions();
  @Spec private CommandSpec spec;

  @Option(names = "--document", paramLabel = "ID", description = "This document, in every night.")
  @Nullable String documentId;

  @Option(
      names = "--older-than",
      paramLabel = "DAYS",
      description = "Documents of nights that ended so many days ago.")
  @Nullable Integer days;

  @Option(names = "--task", paramLabel = "NAME", description = "Documents of this task.")
  @Nullable String task;

  @Option(
      names = "--tenant",
      paramLabel = "NAME",
      defaultValue = "default",
      description = "Whose. Default: ${DEFAULT-VALUE}.")
  String tenant = "default";

  @Option(
      names = "--without-providers",
      description = "Leave what providers have until it expires there, after 30 days as a rule.")
  boolean withoutProviders;

  @Option(names = "--yes", description = "Do it. Without it nothing is removed, only counted.")
  boolean yes;

  @Override
  public Integer call() throws IOException {
    if ((documentId == null && days == null && task == null) || (days != null && days < 0)) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "forget",
          days != null ? "expected days from 0 on" : "nothing says which documents",
          "give --document, --older-than or --task, or several that have to hold");
    }
    PrintWriter out = spec.commandLine().getOut();
    try (Setting setting = rehearsal.setting(store, patience.patience(), out);
        PostgresStores stores = StoreOptions.openFor(tenant, setting.database())) {
      ForgetStore.Selection selection =
          new ForgetStore.Selection(
              tenant,
              Optional.ofNullable(documentId),
              Optional.ofNullable(days)
                  .map(age -> MachineClock.utc().instant().minus(Duration.ofDays(age))),
              Optional.ofNullable(task));
      ForgetStore.Found found = stores.forgetting().find(selection);
      if (!yes) {
        out.println(
            "would forget "
                + Terminal.count(found.documents())
                + " documents of nights with "
                + Terminal.count(found.answers())
                + " answers, and delete "
                + Terminal.count(found.batches().size())
                + " batches with their results at providers, for good; --yes does it");
      } else {
        // A plan whose process is gone would hold its documents for good.
        stores.forecasts().discardAbandoned();
        found = stores.forgetting().find(selection);
        int batches = withoutProviders ? 0 : atProviders(setting, found);
        // No answer can be told from it, nor the document's id.
        String alias =
            "forgotten-" + UUID.randomUUID().toString().replace("-", "").substring(0, ALIAS_DIGITS);
        long forgotten = stores.forgetting().forget(selection, alias);
        LocalTexts.Swept files =
            setting.isRehearsal() ? new LocalTexts.Swept(0, 0) : sweep(setting);
        out.println(
            "forgot "
                + Terminal.count(forgotten)
                + " documents of nights; deleted "
                + Terminal.count(batches)
                + " batches at providers and "
                + Terminal.count(files.deleted())
                + " files of this machine; what they cost is kept");
        if (withoutProviders && !found.batches().isEmpty()) {
          out.println(
              Terminal.count(found.batches().size())
                  + " batches stay at providers until they expire there: which they were is"
                  + " forgotten, too");
        }
        if (files.recent() > 0) {
          out.println(
              Terminal.count(files.recent())
                  + " files of this machine are younger than an hour, and stay: a night may be"
                  + " about to read them; the same command again later");
        }
        out.println(
            "backups, and the server's own files until it has reused their space, hold them still:"
                + " docs/operations.md");
      }
      out.flush();
      // Asked anew: a night may have begun meanwhile.
      long open = yes ? stores.forgetting().find(selection).open() : found.open();
      if (open > 0) {
        out.println(
            Terminal.count(open)
                + " more are in nights or plans that are not over, or lent their answer to one; the"
                + " same command again once 'nightjar status' shows none");
        return Main.EXIT_STOPPED;
      }
    }
    return 0;
  }

  /** Whoever reads them: other tenants' nights have their rows in the same directory. */
  private static LocalTexts.Swept sweep(Setting setting) throws IOException {
    try (PostgresStores all = StoreOptions.open(setting.database())) {
      return LocalTexts.delete(
          StoreOptions.home(),
          Path.of(System.getProperty("java.io.tmpdir", "/tmp")),
          all.forgetting()::isRead,
          MachineClock.utc().instant());
    }
  }

  /**
   * Before anything is forgotten here: what fails can be tried again, for it is known whose they
   * were.
   */
  private static int atProviders(Setting setting, ForgetStore.Found found) {
    int deleted = 0;
    try (ProviderClients clients = ProviderClients.open(setting.providers())) {
      for (ForgetStore.Batch batch : found.batches()) {
        try {
          clients
              .of(Provider.ofLabel(batch.provider()))
              .deleteBatch(batch.batchId(), batch.inputFileId());
        } catch (ProviderException e) {
          throw new NightjarException(
              e.kind() == ProviderException.Kind.KEY_REFUSED
                  ? ErrorCode.PROVIDER_KEY_REFUSED
                  : ErrorCode.PROVIDER_UNAVAILABLE,
              batch.batchId(),
              "it was not deleted at " + batch.provider() + ": " + e.getMessage(),
              "nothing is forgotten here yet: the same command again, or with --without-providers",
              e);
        }
        deleted++;
      }
    }
    return deleted;
  }
}
