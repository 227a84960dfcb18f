package dev.nightjar.runners;

import dev.nightjar.cachestore.CacheCare;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.postgres.PostgresStores;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** What the cache holds, and what an operator can do about it. */
@Command(
    name = "cache",
    mixinStandardHelpOptions = true,
    header = "Shows, forgets, copies and checks cached answers.",
    description = {"", "Safe beside running nights: what they find gone, they ask again.", ""})
final class CacheCommand implements Runnable {
  private static final int DEFECTS_MAX = 20;
  private static final int RECALL_SAMPLES_MAX = 200;
  private static final double RECALL_MIN = 0.99;

  @Mixin private final StoreOptions store = new StoreOptions();
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    stats();
  }

  private PrintWriter out() {
    return spec.commandLine().getOut();
  }

  private PostgresStores open() {
    return StoreOptions.open(store.migrated(Optional.empty()));
  }

  @Command(
      name = "stats",
      mixinStandardHelpOptions = true,
      description =
          "Shows what each cache holds, how often it was used, and what that saved (the default).")
  void stats() {
    try (PostgresStores stores = open();
        Connection connection = stores.dataSource().getConnection();
        PreparedStatement statement =
            connection.prepareStatement(
                "select * from cache_statistics order by tenant, task, namespace_id");
        ResultSet rows = statement.executeQuery()) {
      out()
          .printf(
              "%-16s %-24s %10s %10s %9s %10s %10s %12s%n",
              "tenant", "task", "asked", "borrowed", "MB", "exact", "semantic", "saved USD");
      while (rows.next()) {
        out()
            .printf(
                "%-16s %-24s %10s %10s %9s %10s %10s %12s%n",
                rows.getString("tenant"),
                rows.getString("task"),
                Terminal.count(rows.getLong("asked")),
                Terminal.count(rows.getLong("borrowed")),
                rows.getBigDecimal("megabytes").setScale(1, java.math.RoundingMode.HALF_UP),
                Terminal.count(rows.getLong("exact_hits")),
                Terminal.count(rows.getLong("semantic_hits")),
                Optional.ofNullable(rows.getBigDecimal("saved_usd"))
                    .orElse(BigDecimal.ZERO)
                    .setScale(4, java.math.RoundingMode.HALF_UP));
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  @Command(
      name = "forget",
      mixinStandardHelpOptions = true,
      description = "Forgets answers, and those borrowed from them; the next night asks again.")
  void forget(
      @Option(names = "--tenant", paramLabel = "NAME", defaultValue = "default") String tenant,
      @Option(names = "--task", paramLabel = "NAME", description = "Only this task's.")
          @Nullable String task,
      @Option(
              names = "--model",
              paramLabel = "NAME",
              description = "Only what this model answered.")
          @Nullable String model,
      @Option(
              names = "--older-than-days",
              paramLabel = "N",
              description = "Only what is older than this.")
          @Nullable Integer days,
      @Option(
              names = "--answer",
              paramLabel = "PATH",
              description =
                  "Only answers for which this SQL/JSON path holds: '$$.category == \"spam\"'.")
          @Nullable String predicate,
      @Option(names = "--vectors", description = "Also the vectors of all the tenant's texts.")
          boolean vectors,
      @Option(names = "--all", description = "Needed to forget a tenant's whole cache.")
          boolean all,
      @Option(names = "--dry-run", description = "Only counts.") boolean dryRun) {
    if (!all && task == null && model == null && days == null && predicate == null) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "cache forget",
          "nothing says which answers, and all would have to be paid again",
          "give --task, --model, --older-than-days or --answer, or --all");
    }
    try (PostgresStores stores = open()) {
      long forgotten =
          stores
              .cacheCare()
              .forget(
                  new CacheCare.Selection(
                      tenant,
                      Optional.ofNullable(task),
                      Optional.ofNullable(model),
                      Optional.ofNullable(days)
                          .map(d -> MachineClock.utc().instant().minus(Duration.ofDays(d))),
                      Optional.ofNullable(predicate)),
                  dryRun);
      out()
          .println((dryRun ? "would forget " : "forgot ") + Terminal.count(forgotten) + " answers");
      if (vectors && !dryRun) {
        out()
            .println(
                "forgot "
                    + Terminal.count(stores.cacheCare().forgetVectors(tenant))
                    + " vectors of texts");
      }
    }
  }

  @Command(
      name = "export",
      mixinStandardHelpOptions = true,
      description = "Writes a tenant's answers as JSON lines.")
  void export(
      @Option(names = "--tenant", paramLabel = "NAME", defaultValue = "default") String tenant,
      @Parameters(paramLabel = "FILE.jsonl") Path file)
      throws IOException {
    Path part = file.resolveSibling(file.getFileName() + ".part"); // whole or not at all
    try (PostgresStores stores = open()) {
      long entries;
      try (Writer writer = Files.newBufferedWriter(part)) {
        entries = stores.cacheCare().export(tenant, writer);
      }
      Files.move(part, file, StandardCopyOption.REPLACE_EXISTING);
      out().println("wrote " + Terminal.count(entries) + " answers to " + file);
    } finally {
      Files.deleteIfExists(part);
    }
  }

  @Command(
      name = "import",
      mixinStandardHelpOptions = true,
      description = "Takes in what 'export' wrote; answers that are there already stay.")
  void importFrom(@Parameters(paramLabel = "FILE.jsonl") Path file) throws IOException {
    if (!Files.isReadable(file)) {
      throw new NightjarException(
          ErrorCode.INPUT_UNREADABLE, file.toString(), "it cannot be read", "correct the path");
    }
    try (PostgresStores stores = open();
        BufferedReader reader = Files.newBufferedReader(file)) {
      out()
          .println("took in " + Terminal.count(stores.cacheCare().importFrom(reader)) + " answers");
    }
  }

  @Command(
      name = "verify",
      mixinStandardHelpOptions = true,
      description = "Looks for what must not be in a cache; exit code 1 if there is any.")
  int verify(
      @Option(names = "--tenant", paramLabel = "NAME", defaultValue = "default") String tenant) {
    try (PostgresStores stores = open()) {
      List<CacheCare.Defect> defects = stores.cacheCare().defects(tenant, DEFECTS_MAX);
      defects.forEach(defect -> out().println(defect.itemKey() + ": " + defect.what()));
      Optional<Double> recall = stores.cacheCare().recallAtOne(tenant, RECALL_SAMPLES_MAX);
      recall.ifPresent(
          share -> out().printf("the index finds the nearest in %.1f %% of cases%n", 100 * share));
      boolean sound = defects.isEmpty() && recall.filter(share -> share < RECALL_MIN).isEmpty();
      out()
          .println(
              sound
                  ? "nothing is wrong"
                  : defects.isEmpty()
                      ? "rebuild the index: reindex index cache_entries_embedding_hnsw"
                      : "forget what is wrong: 'nightjar cache forget'");
      return sound ? 0 : Main.EXIT_FAILED;
    }
  }
}
