package dev.nightjar.runners.bench;

import dev.nightjar.cachestore.AttemptMode;
import dev.nightjar.cachestore.AttemptPlan;
import dev.nightjar.cachestore.BudgetStore;
import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.Fingerprint;
import dev.nightjar.cachestore.Miss;
import dev.nightjar.cachestore.NewItem;
import dev.nightjar.cachestore.ReuseBounds;
import dev.nightjar.cachestore.TaskVersion;
import dev.nightjar.cachestore.postgres.PostgresStores;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * The books at size: a ledger of millions of rows, every view over it timed and added up; many
 * small random nights whose waterfalls and shares must close; and runs that race for one budget.
 */
@Command(
    name = "books",
    mixinStandardHelpOptions = true,
    header = "Adds up books of millions of charges, times every view, and races runs for a budget.",
    description = {
      "",
      "Everything is drawn from a seed and written to a database of the benchmark's own. Exit code 1 if a"
          + " sum differs from the ledger, a waterfall or a share does not close, or a budget was exceeded.",
      ""
    })
public final class BooksBenchmark extends Benchmark {
  /** The name that the tasks of races have now. */
  private static final String RENAMED = "renamed";

  private static final int ITEMS_A_NIGHT_MAX = 20_000;
  private static final int ITEMS_A_SMALL_NIGHT = 20;
  private static final int TIMED_READS = 5;

  @Option(
      names = "--rows",
      paramLabel = "N",
      defaultValue = "1000000",
      description = "How many charges, about. Default: ${DEFAULT-VALUE}.")
  long rows;

  @Option(
      names = "--nights",
      paramLabel = "N",
      defaultValue = "10000",
      description = "How many small random nights. Default: ${DEFAULT-VALUE}.")
  int nights;

  @Option(
      names = "--trials",
      paramLabel = "N",
      defaultValue = "1000",
      description = "How often two runs race for one budget. Default: ${DEFAULT-VALUE}.")
  int trials;

  @Option(
      names = "--seed",
      paramLabel = "S",
      defaultValue = "1",
      description = "Of everything that is drawn. Default: ${DEFAULT-VALUE}.")
  long seed;

  /** What the books of one database come to. */
  private record Closing(
      long charges, long unbalancedItems, BigDecimal differenceUsd, long negativeSavings) {}

  @Override
  Map<String, String> measure(PrintWriter out) throws Exception {
    Map<String, String> result = new LinkedHashMap<>();
    try (BenchMachine machine = BenchMachine.start("nightjar-books")) {
      DatabaseAddress small = machine.newDatabase("small_nights");
      Closing random = fill(small, nights, ITEMS_A_SMALL_NIGHT, out);
      machine.dropDatabase("small_nights");
      out.printf(
          Locale.ROOT,
          "%,d random nights, %,d charges: %d waterfalls open, shares %s USD off, %,d items with a mechanism that cost money%n",
          nights,
          random.charges(),
          random.unbalancedItems(),
          random.differenceUsd().toPlainString(),
          random.negativeSavings());
      out.flush();

      DatabaseAddress races = machine.newDatabase("races");
      long exceeded = race(races);
      long deadlocks = deadlocks(races);
      machine.dropDatabase("races");
      out.printf(
          Locale.ROOT,
          "%,d races of two runs of one namespace for one budget: %d exceeded it, %d deadlocks%n",
          trials,
          exceeded,
          deadlocks);
      out.flush();

      long items = Math.round(rows / RandomNights.CHARGES_PER_ITEM);
      int itemsANight = (int) Math.max(10, Math.min(ITEMS_A_NIGHT_MAX, items / 20));
      DatabaseAddress large = machine.newDatabase("books");
      Closing books =
          fill(large, (int) Math.max(1, (items + itemsANight - 1) / itemsANight), itemsANight, out);
      double slowest = timeViews(large, out);
      result.put("rows", Long.toString(books.charges()));
      result.put("slowest_view_ms", String.format(Locale.ROOT, "%.1f", slowest));
      result.put(
          "unbalanced_items", Long.toString(books.unbalancedItems() + random.unbalancedItems()));
      result.put(
          "difference_usd",
          books.differenceUsd().abs().add(random.differenceUsd().abs()).toPlainString());
      result.put("nights", Integer.toString(nights));
      result.put("races", Integer.toString(trials));
      result.put("budgets_exceeded", Long.toString(exceeded));
      result.put("deadlocks", Long.toString(deadlocks));
    }
    return result;
  }

  @Override
  boolean holds(Map<String, String> result) {
    return "0".equals(result.get("unbalanced_items"))
        && new BigDecimal(result.getOrDefault("difference_usd", "1")).signum() == 0
        && "0".equals(result.get("budgets_exceeded"))
        && "0".equals(result.get("deadlocks"));
  }

  // ---- books ----

  private Closing fill(DatabaseAddress database, int nightCount, int items, PrintWriter out)
      throws Exception {
    Instant begun = Instant.now();
    try (PostgresStores stores = PostgresStores.open(database, 4, Clock.systemUTC())) {
      try (Connection connection = stores.dataSource().getConnection()) {
        RandomNights.write(connection, nightCount, items, seed);
      }
      Instant written = Instant.now();
      post(stores);
      Instant posted = Instant.now();
      try (Connection connection = stores.dataSource().getConnection()) {
        Closing closing = close(connection);
        out.printf(
            Locale.ROOT,
            "%,d nights of %,d items: written in %.0f s, books posted in %.0f s (%,.0f items a second)%n",
            nightCount,
            items,
            seconds(begun, written),
            seconds(written, posted),
            nightCount * (double) items / seconds(written, posted));
        out.flush();
        return closing;
      }
    }
  }

  private static double seconds(Instant from, Instant to) {
    return Math.max(1, Duration.between(from, to).toMillis()) / 1e3;
  }

  /** One worker a processor; each night is a transaction of its own. */
  private static void post(PostgresStores stores) throws Exception {
    List<Long> namespaces = new ArrayList<>();
    try (Connection connection = stores.dataSource().getConnection();
        Statement statement = connection.createStatement();
        ResultSet ids = statement.executeQuery("select namespace_id from namespaces")) {
      while (ids.next()) {
        namespaces.add(ids.getLong(1));
      }
    }
    ExecutorService workers =
        Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());
    try {
      List<Future<?>> posting = new ArrayList<>();
      for (long namespaceId : namespaces) {
        posting.add(workers.submit(() -> stores.runs().postFinished(namespaceId)));
      }
      for (Future<?> one : posting) {
        one.get();
      }
    } finally {
      workers.shutdownNow();
      workers.awaitTermination(1, TimeUnit.MINUTES);
    }
    try (Connection connection = stores.dataSource().getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("vacuum analyze");
    }
  }

  private static Closing close(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet sums =
            statement.executeQuery(
                """
                with ledgers as (
                    select run_id, count(*) as charges, sum(total_usd) as usd
                    from ledger
                    group by run_id
                ),
                shares as (
                    select
                        run_id,
                        sum(attributed_usd) as attributed_usd,
                        sum(machine_usd) as machine_usd,
                        count(*) filter (where least(
                            saved_by_retrieval_usd, saved_by_routing_usd, saved_by_prompt_caching_usd, saved_by_output_control_usd,
                            saved_by_batch_usd, saved_by_escalation_usd, saved_by_failing_usd) < 0) as negative,
                        count(*) filter (where attributed_usd < 0) as wrong
                    from item_costs
                    group by run_id
                )
                select
                    (select sum(charges) from ledgers),
                    sum(c.unbalanced_items) + sum(s.wrong),
                    -- Every figure that must equal the ledger, each night by itself.
                    sum(abs(c.actual_usd - coalesce(l.usd, 0)) + abs(s.attributed_usd - coalesce(l.usd, 0))
                        + abs(c.attributed_usd - s.attributed_usd)
                        + abs(coalesce(t.usd, 0) - coalesce(l.usd, 0))
                        + abs(s.machine_usd - m.usd)
                        + abs(w.remaining_usd - c.actual_usd)),
                    sum(s.negative)
                from cost_by_run c
                left join ledgers l using (run_id)
                left join shares s using (run_id)
                left join (select run_id, sum(total_usd) as usd from cost_by_tier group by run_id) t using (run_id)
                left join (select run_id, sum(seconds * usd_per_hour / 3600) as usd from machine_time group by run_id) m using (run_id)
                left join (select run_id, remaining_usd from savings_waterfall where step = 11) w using (run_id)
                """)) {
      sums.next();
      return new Closing(
          sums.getLong(1),
          sums.getLong(2),
          sums.getBigDecimal(3).stripTrailingZeros(),
          sums.getLong(4));
    }
  }

  /**
   * Every view, as its first comment says that it is to be asked: one night, one document, or the
   * dearest where it has a row an item, and else whole.
   *
   * @return the slowest view's median, in milliseconds
   */
  private static double timeViews(DatabaseAddress database, PrintWriter out) throws SQLException {
    List<String> views = new ArrayList<>();
    double slowest = 0;
    try (PostgresStores stores = PostgresStores.open(database, 1, Clock.systemUTC());
        Connection connection = stores.dataSource().getConnection()) {
      String night;
      try (Statement statement = connection.createStatement();
          ResultSet rows =
              statement.executeQuery(
                  "select viewname from pg_views where schemaname = 'nightjar' order by 1")) {
        while (rows.next()) {
          views.add(rows.getString(1));
        }
      }
      night = one(connection, "select max(run_id) from runs");
      out.printf(Locale.ROOT, "%n%-24s %-34s %9s %10s%n", "view", "asked", "rows", "ms");
      for (String view : views) {
        for (String suffix : asked(view, night)) {
          List<Double> times = new ArrayList<>();
          long count = 0;
          for (int i = 0; i < TIMED_READS; i++) {
            Instant begun = Instant.now();
            count = read(connection, "select * from " + view + suffix);
            times.add(Duration.between(begun, Instant.now()).toNanos() / 1e6);
          }
          times.sort(null);
          double median = times.get(TIMED_READS / 2);
          slowest = Math.max(slowest, median);
          out.printf(
              Locale.ROOT,
              "%-24s %-34s %,9d %10.1f%n",
              view,
              suffix.isEmpty() ? "whole" : suffix.strip(),
              count,
              median);
          out.flush();
        }
      }
    }
    return slowest;
  }

  private static List<String> asked(String view, String night) {
    String ofNight = " where run_id = '" + night + "'";
    return switch (view) {
      case "item_costs" -> List.of(ofNight + " limit 1000", " where document_id = 'doc-7'");
      case "item_costs_now" -> List.of(ofNight + " and document_id = 'doc-7'");
      case "cost_by_document" -> List.of(" where document_id = 'doc-7'");
      case "attempt_costs",
          "failures",
          "lookup_costs",
          "run_balance_check",
          "run_progress",
          "slowest_items" ->
          List.of(ofNight);
      default -> List.of("");
    };
  }

  private static long read(Connection connection, String sql) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql);
        ResultSet rows = statement.executeQuery()) {
      long count = 0;
      while (rows.next()) {
        count++;
      }
      return count;
    }
  }

  private static String one(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      rows.next();
      return rows.getString(1);
    }
  }

  // ---- races ----

  /** How often the database has ended one transaction so that another could go on. */
  private static long deadlocks(DatabaseAddress database) throws SQLException {
    try (PostgresStores stores = PostgresStores.open(database, 1, Clock.systemUTC());
        Connection connection = stores.dataSource().getConnection()) {
      return Long.parseLong(
          one(
              connection,
              "select deadlocks from pg_stat_database where datname = current_database()"));
    }
  }

  private long race(DatabaseAddress database) throws Exception {
    long exceeded = 0;
    Random random = new Random(seed);
    ExecutorService both = Executors.newFixedThreadPool(2);
    try (PostgresStores stores = PostgresStores.open(database, 4, Clock.systemUTC())) {
      for (int trial = 0; trial < trials; trial++) {
        String tenant = "tenant-" + trial;
        BigDecimal limit = BigDecimal.valueOf(1 + random.nextInt(40), 5);
        BudgetStore.Period period =
            BudgetStore.Period.values()[trial % BudgetStore.Period.values().length];
        // Every other task was renamed, and is run under its former name, too, meanwhile.
        boolean renamed = trial % 2 == 1;
        String task = renamed ? RENAMED : BudgetStore.ALL_TASKS;
        register(stores, tenant, "former");
        register(stores, tenant, RENAMED);
        stores.budgets().set(tenant, task, period, limit);
        List<Future<?>> funding = new ArrayList<>();
        // Two corpora of one namespace: each would take over what the other leaves.
        List<String> runIds = new ArrayList<>();
        for (int racer = 0; racer < 2; racer++) {
          runIds.add(planned(stores, tenant, trial + "-" + racer, 1 + random.nextInt(6)));
        }
        if (renamed) {
          register(stores, tenant, "former");
        }
        for (String runId : runIds) {
          funding.add(
              both.submit(
                  () -> {
                    stores.funding().fund(runId);
                    return stores.funding().defer(runId);
                  }));
        }
        for (Future<?> one : funding) {
          one.get();
        }
        BudgetStore.Budget after =
            stores.budgets().list().stream()
                .filter(budget -> budget.tenant().equals(tenant))
                .findFirst()
                .orElseThrow();
        exceeded +=
            after.leftUsd().signum() < 0 || reserved(stores, tenant).compareTo(limit) > 0 ? 1 : 0;
        stores.budgets().remove(tenant, task, period);
      }
    } finally {
      both.shutdownNow();
      both.awaitTermination(1, TimeUnit.MINUTES);
    }
    return exceeded;
  }

  /** From the runs themselves, whatever a budget's view counts. */
  private static BigDecimal reserved(PostgresStores stores, String tenant) throws SQLException {
    try (Connection connection = stores.dataSource().getConnection();
        PreparedStatement statement =
            connection.prepareStatement(
                "select sum(r.reserved_usd) from runs r join namespaces n using (namespace_id) where n.tenant = ?")) {
      statement.setString(1, tenant);
      try (ResultSet rows = statement.executeQuery()) {
        rows.next();
        return rows.getBigDecimal(1);
      }
    }
  }

  private static long register(PostgresStores stores, String tenant, String name) {
    return stores
        .runs()
        .namespace(
            tenant,
            new TaskVersion(Fingerprint.sha256("race"), name, "{}", "openai", "gpt-6-luna"),
            "model");
  }

  private static String planned(PostgresStores stores, String tenant, String name, int attempts) {
    long namespaceId = register(stores, tenant, RENAMED);
    String runId = "race-" + name;
    stores
        .runs()
        .open(
            Optional.of(runId),
            namespaceId,
            RENAMED,
            name,
            Optional.empty(),
            Instant.now().plusSeconds(3_600));
    List<NewItem> items = new ArrayList<>();
    List<Miss> misses = new ArrayList<>();
    List<AttemptPlan> plans = new ArrayList<>();
    for (int i = 0; i < attempts; i++) {
      String key = Fingerprint.sha256(name, Integer.toString(i));
      items.add(new NewItem("doc-" + i, key, "file", i, true, 100));
      misses.add(new Miss(key, "doc-" + i, Optional.empty(), List.of(), Optional.empty()));
      plans.add(
          new AttemptPlan(
              "race_" + key.substring(0, 40),
              key,
              1,
              "small",
              "openai",
              "gpt-6-luna",
              AttemptMode.BATCH,
              "prompt",
              100,
              100,
              400,
              0,
              List.of()));
    }
    stores.work().recordItems(runId, items);
    stores.work().recordMisses(runId, misses, ReuseBounds.OWN_ANSWERS);
    stores.work().electLeaders(runId, ReuseBounds.NEVER, ReuseBounds.NEVER, List.of());
    stores.work().planAttempts(runId, plans);
    return runId;
  }
}
