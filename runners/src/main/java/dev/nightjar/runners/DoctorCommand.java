package dev.nightjar.runners;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.embed.Embedder;
import dev.nightjar.cachestore.embed.EmbeddingModel;
import dev.nightjar.cachestore.embed.OnnxEmbedder;
import dev.nightjar.cachestore.local.Backup;
import dev.nightjar.cachestore.local.DockerPostgres;
import dev.nightjar.cachestore.local.LocalPostgres;
import dev.nightjar.cachestore.postgres.Migrations;
import dev.nightjar.pipelines.model.Provider;
import dev.nightjar.pipelines.submit.ProviderClients;
import dev.nightjar.pipelines.submit.ProviderException;
import dev.nightjar.pipelines.submit.ProviderSettings;
import dev.nightjar.pipelines.task.TaskInvalidException;
import dev.nightjar.pipelines.task.TaskLoader;
import dev.nightjar.pipelines.task.TaskSpec;
import java.io.File;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Looks at everything that a night needs. */
@Command(
    name = "doctor",
    mixinStandardHelpOptions = true,
    header =
        "Checks what a night needs: Java, PostgreSQL, pgvector, schema, model, disk, providers.",
    description = {
      "",
      "Starts the private database, and makes it where there is none; changes nothing else but the schema"
          + " version. Exit code 1 if something is missing, or a task file is wrong.",
      ""
    })
final class DoctorCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  private static final long DISK_BYTES_MIN = 2L << 30;
  private static final Duration BACKUP_AGE_MAX = Duration.ofDays(7);

  @Mixin private final StoreOptions store = new StoreOptions();

  @Parameters(
      arity = "0..*",
      paramLabel = "TASK",
      description = "Task files to check, too: their errors, and what to know before they are run.")
  private List<Path> tasks = List.of();

  private boolean healthy = true;

  @Override
  public Integer call() {
    int java = Runtime.version().feature();
    report("java", java >= 17, "version " + java, "install JDK 17 or later");
    boolean given = store.isGiven();
    if (!given) {
      Optional<Path> local = LocalPostgres.binariesWithVector();
      report(
          "postgresql",
          local.isPresent() || DockerPostgres.available(),
          local.map(path -> path + " with pgvector").orElse("in Docker"),
          "run 'runners/bin/nightjar setup'");
    }
    boolean answers = checkDatabase();
    if (!given && answers) {
      checkBackup();
    }
    try (Embedder embedder = OnnxEmbedder.load(EmbeddingModel.ALL_MINILM_L6_V2, 1)) {
      embedder.embed(List.of("ready"));
      report("model", true, embedder.model(), "");
    }
    Path home = StoreOptions.home();
    File there = home.toFile();
    while (!there.exists() && there.getParentFile() != null) {
      there = there.getParentFile();
    }
    long free = there.getUsableSpace(); // a FileStore cannot be had under a changed root
    report(
        "disk",
        free >= DISK_BYTES_MIN,
        (free >> 30) + " GiB free under " + home,
        "free " + (DISK_BYTES_MIN >> 30) + " GiB");
    checkProviders();
    tasks.forEach(this::checkTask);
    return healthy ? 0 : Main.EXIT_FAILED;
  }

  private boolean checkDatabase() {
    try {
      DatabaseAddress address = store.server();
      report("database", true, address + ", schema " + Migrations.migrate(address), "");
      return true;
    } catch (NightjarException e) {
      report("database", false, "", String.valueOf(e.getMessage()));
      return false;
    }
  }

  /** Of a database that is somebody else's to run, whoever runs it makes the backups. */
  private void checkBackup() {
    Optional<Backup.Made> newest = Backup.newest(StoreOptions.home());
    Instant now = MachineClock.utc().instant();
    if (newest.isPresent() && newest.get().at().isAfter(now.minus(BACKUP_AGE_MAX))) {
      report("backup", true, newest.get().file() + " of " + newest.get().at(), "");
      return;
    }
    spec.commandLine()
        .getOut()
        .printf(
            "%-10s backup: %s; 'nightjar db backup FILE' makes one, also from cron%n",
            "warning",
            newest
                .map(made -> "the newest is of " + made.at() + ", over a week ago")
                .orElse("there is none, and results and ledger are here only"));
  }

  /** A provider without a key, or a server without an address, is not used, which is no fault. */
  private void checkProviders() {
    ProviderSettings settings =
        ProviderSettings.fromEnvironment(System.getenv(), ProviderSettings.Patience.DEFAULT);
    try (ProviderClients clients = ProviderClients.open(settings)) {
      for (Provider provider : Provider.values()) {
        String name = provider.label() + " at " + settings.baseUrl(provider);
        if (!settings.isLocated(provider)) {
          reportUnused(name, provider.baseUrlVariable());
          continue;
        }
        try {
          Optional<ProviderException> problem = clients.of(provider).check();
          report(
              name,
              problem.isEmpty(),
              "answers, key accepted",
              problem.map(ProviderException::getMessage).orElse(""));
        } catch (NightjarException e) {
          if (e.code() == ErrorCode.PROVIDER_KEY_MISSING) {
            reportUnused(name, provider.keyVariable());
          } else {
            report(name, false, "", e.getMessage());
          }
        }
      }
    }
  }

  private void checkTask(Path file) {
    try {
      TaskSpec task = TaskLoader.load(file);
      report("task " + task.name(), true, file.toString(), "");
      TierNotes.of(task)
          .forEach(note -> spec.commandLine().getOut().printf("%-10s %s%n", "note", note));
    } catch (TaskInvalidException e) {
      e.problems().forEach(problem -> report(file.toString(), false, "", problem.toString()));
    }
  }

  private void reportUnused(String name, String variable) {
    spec.commandLine().getOut().printf("%-10s %s: %s is not set%n", "unused", name, variable);
  }

  private void report(
      String what, boolean ok, String found, @org.jspecify.annotations.Nullable String nextStep) {
    healthy &= ok;
    spec.commandLine()
        .getOut()
        .printf("%-10s %s: %s%n", ok ? "ok" : "MISSING", what, ok ? found : nextStep);
  }
}
