package dev.nightjar.runners.bench;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.SettlementStore;
import dev.nightjar.cachestore.postgres.PostgresStores;
import dev.nightjar.emulator.Answers;
import dev.nightjar.emulator.Call;
import dev.nightjar.emulator.Emulator;
import dev.nightjar.emulator.Fault;
import dev.nightjar.emulator.FaultPlan;
import dev.nightjar.emulator.Invoice;
import dev.nightjar.emulator.Phase;
import dev.nightjar.pipelines.model.Provider;
import dev.nightjar.pipelines.submit.OrphanUploads;
import dev.nightjar.pipelines.submit.ProviderClients;
import dev.nightjar.pipelines.submit.ProviderSettings;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One chaotic night, decided by its seed: see {@link ChaosBenchmark}. The emulator runs in this
 * process, so that it outlives everything that is killed and can say exactly when to kill.
 */
final class ChaosNight {
  /** How long the operator has patience with one command between two acts. */
  static final int ACT_SECONDS_MAX = 20;

  /** And with the commands that are to come to the end. */
  private static final int COMMAND_SECONDS_MAX = 150;

  private static final int KILLS_MAX = 3;
  private static final double SPEED = 300;
  private static final int CLUSTER_EVERY = 50; // a night on a cluster takes ten times as long

  /**
   * What a night came to.
   *
   * @param lost documents without an end, and answers without a result
   * @param doubleBilled requests that are on the invoice more than once, and such as a stray batch
   *     had answered before they were sent
   * @param leftBehind uploads and batches that nobody knows of, leases and locks that are held
   * @param stranded submissions and documents that are still open, money that is still held
   * @param deadlocks that the database broke up
   * @param differenceUsd invoice less ledger, after what was unknown is resolved
   * @param bounded whether before that the invoice lay between the ledger and the ledger with all
   *     unknown spend
   * @param defects rows of the balance check
   * @param acts what the operator did, in order
   * @param kills what was killed, and where
   * @param faults what the providers did wrong
   * @param commands how many were given
   */
  record Outcome(
      long lost,
      long doubleBilled,
      long leftBehind,
      long stranded,
      long deadlocks,
      BigDecimal differenceUsd,
      boolean bounded,
      long defects,
      List<ChaosAct> acts,
      List<String> kills,
      Set<Fault> faults,
      int commands) {
    boolean isRight() {
      return lost == 0
          && doubleBilled == 0
          && leftBehind == 0
          && stranded == 0
          && deadlocks == 0
          && differenceUsd.signum() == 0
          && bounded
          && defects == 0;
    }
  }

  /** Calls that are worth dying in; the one that may cost money more often than the others. */
  private static final List<Call> CALLS =
      List.of(
          Call.CREATE,
          Call.CREATE,
          Call.CREATE,
          Call.UPLOAD,
          Call.UPLOAD,
          Call.RESULTS,
          Call.RESULTS,
          Call.STATUS,
          Call.LIST,
          Call.DELETE);

  /** What is killed next, and when. */
  private sealed interface Kill {
    String target();

    /** In the middle of the n-th call of a kind. */
    record At(String target, Call call, Phase phase, int occurrence) implements Kill {}

    record After(String target, long millis) implements Kill {}
  }

  private final BenchMachine machine;
  private final long seed;
  private final RandomGenerator random;
  private final boolean onCluster;
  private final List<String> killed = Collections.synchronizedList(new ArrayList<>());

  private volatile @Nullable Kill next;
  private volatile @Nullable CommandHost command;
  private final long begun = System.nanoTime();
  private final AtomicInteger occurrences = new AtomicInteger();
  private int commands;
  private int kills;
  private long saidFrom;
  private int secondsMax = ACT_SECONDS_MAX;

  ChaosNight(BenchMachine machine, long seed) {
    this.machine = machine;
    this.seed = seed;
    this.random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed * 7_919);
    this.onCluster = seed % CLUSTER_EVERY == 0;
  }

  /** A night of which nothing is killed, so that the archive of classes is written. */
  static void warmUp(BenchMachine machine) throws Exception {
    new ChaosNight(machine, 1).run(0, List.of());
    machine.endHosts();
  }

  /** What the operator does in the night of a seed; nothing where it runs on a cluster. */
  static List<ChaosAct> acts(long seed, RandomGenerator random) {
    return seed % CLUSTER_EVERY == 0
        ? List.of()
        : ChaosAct.of(seed - Math.floorDiv(seed, (long) CLUSTER_EVERY), random);
  }

  Outcome run() throws Exception {
    return run(1 + random.nextInt(KILLS_MAX), acts(seed, random));
  }

  private Outcome run(int killsMax, List<ChaosAct> acts) throws Exception {
    kills = killsMax;
    Path home = machine.home().resolve("night-" + seed);
    Files.createDirectories(home);
    Files.writeString(machine.output(), ""); // those that write to it have it open
    machine.setClock(Duration.ZERO);
    machine.startPostgres();
    if (onCluster) {
      machine.startFlink();
    }
    String database = "night_" + seed;
    DatabaseAddress address = machine.newDatabase(database);
    long deadlocks = machine.deadlocks();
    FaultPlan plan =
        FaultPlan.seeded(seed, random.nextDouble() * 0.15, random.nextDouble() * 0.35)
            .allowUnknownSpend(true);
    try (Emulator emulator =
        Emulator.in(home.resolve("emulator"))
            .port(machine.providerPort())
            .speed(SPEED)
            .seed(seed)
            .faults(plan)
            .answers(this::answer)
            .holdMillis(150)
            .onCall(this::called)
            .start()) {
      ChaosOperator operator =
          new ChaosOperator(
              machine, home, address, emulator, random, new Shell(), options(), !onCluster);
      secondsMax = onCluster ? COMMAND_SECONDS_MAX : ACT_SECONDS_MAX;
      operator.begin();
      for (ChaosAct act : acts) {
        if (act != ChaosAct.SET_CLOCK || machine.hasClock()) {
          note("act " + act);
          operator.act(act);
        }
      }
      note("the end");
      secondsMax = COMMAND_SECONDS_MAX;
      long lost = operator.comeToTheEnd();
      return outcome(
          address,
          emulator,
          operator,
          lost,
          Math.max(0, machine.deadlocks() - deadlocks), // a killed server forgets its count
          acts);
    } finally {
      machine.dropDatabase(database);
      machine.delete(home);
    }
  }

  /** How the operator's commands are run, and killed. */
  private final class Shell implements ChaosOperator.Shell {
    @Override
    public int give(ChaosOperator.Given given, boolean mayBeKilled)
        throws IOException, InterruptedException {
      commands++;
      saidFrom = Files.exists(machine.output()) ? Files.size(machine.output()) : 0;
      note(String.join(" ", given.arguments()));
      Kill kill = mayBeKilled && killed.size() < kills ? kill() : null;
      occurrences.set(0);
      next = kill;
      CommandHost host = beside(given);
      command = host;
      boolean itself =
          host.waitFor(kill instanceof Kill.After after ? after.millis() : secondsMax * 1_000L);
      if (!itself && kill instanceof Kill.After) {
        strike(kill, "at a random time");
        itself = host.waitFor(secondsMax * 1_000L);
      }
      next = null;
      if (!itself) {
        host.close();
        note("the command did not end in " + secondsMax + " s");
      }
      machine.startPostgres(); // if it was killed
      if (onCluster) {
        machine.startFlink(); // what was killed of it
      }
      note("exit code " + host.exitValue());
      return itself && host.exitValue() != CommandHost.KILLED ? host.exitValue() : -1;
    }

    @Override
    public CommandHost beside(ChaosOperator.Given given) throws IOException {
      return machine.start(jvm(), given.arguments(), given.environment(), given.bare());
    }

    @Override
    public String said() throws IOException {
      byte[] all = Files.readAllBytes(machine.output());
      return new String(all, (int) saidFrom, (int) (all.length - saidFrom), StandardCharsets.UTF_8);
    }
  }

  private void note(String text) throws IOException {
    Files.writeString(
        machine.output(),
        "--- %.1f s %s%n".formatted((System.nanoTime() - begun) / 1e9, text),
        java.nio.file.StandardOpenOption.CREATE,
        java.nio.file.StandardOpenOption.APPEND);
  }

  private Kill kill() {
    int dice = random.nextInt(10);
    String target =
        onCluster
            ? dice < 4 ? "taskmanager-" + (1 + dice % 2) : dice < 8 ? "jobmanager" : "command"
            : dice < 7 ? "command" : "postgresql";
    return random.nextInt(5) == 0
        ? new Kill.After(target, 300 + random.nextInt(onCluster ? 8_000 : 3_500))
        : new Kill.At(
            target,
            CALLS.get(random.nextInt(CALLS.size())),
            Phase.values()[random.nextInt(2)],
            1 + random.nextInt(3));
  }

  /** Runs in the emulator's thread, while the client waits for its answer. */
  private void called(int number, Call call, Phase phase) {
    if (next instanceof Kill.At at
        && at.call() == call
        && at.phase() == phase
        && occurrences.incrementAndGet() == at.occurrence()) {
      next = null;
      strike(
          at,
          (phase == Phase.BEFORE_EFFECT ? "before " : "after ")
              + call.name().toLowerCase(Locale.ROOT));
    }
  }

  private void strike(Kill kill, String where) {
    killed.add(kill.target().replaceAll("-[0-9]+$", "") + " " + where);
    switch (kill.target()) {
      case "command" -> {
        CommandHost host = command;
        if (host != null) {
          host.kill();
        }
      }
      case "postgresql" -> {
        machine.killPostgres();
        // As its supervisor would: the command meets a server that was away for a second or two.
        new Thread(machine::startPostgres, "postgres-supervisor").start();
      }
      default -> machine.killFlink(kill.target());
    }
  }

  /** Small and quick to start: a night of fifty documents is mostly the start of its JVMs. */
  private List<String> jvm() {
    List<String> jvm =
        new ArrayList<>(List.of("-Xmx500m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    jvm.addAll(machine.classArchive());
    return jvm;
  }

  private List<String> options() {
    return List.of(
        "--engine", onCluster ? "flink" : "direct",
        "--flink-master", machine.flinkMaster(),
        "--parallelism", "2",
        "--poll-seconds", "0.25",
        "--settle-seconds", "3",
        "--call-seconds", "2",
        "--lease-seconds", "2",
        "--wait-seconds-max", "0.3");
  }

  /** One night in three has models that err, so that there are escalations to be interrupted. */
  private String answer(Answers.Question question) {
    boolean errs = seed % 3 == 0 && Math.floorMod(question.hashCode(), 6) == 0;
    return errs ? "no JSON" : "{\"category\":\"spam\",\"reason\":\"it says so\"}";
  }

  private Outcome outcome(
      DatabaseAddress address,
      Emulator emulator,
      ChaosOperator operator,
      long lost,
      long deadlocks,
      List<ChaosAct> acts)
      throws SQLException {
    long withoutResult =
        count(
            address,
            "select count(*) from items i where state = 'answered' and not exists (select from results r"
                + " where r.run_id = i.run_id and r.document_id = i.document_id)");
    long locks =
        count(address, "select count(*) from pg_locks where locktype = 'advisory'")
            + count(address, "select count(*) from submissions where lease_owner is not null");
    long stranded =
        count(address, "select count(*) from open_submissions")
            + count(address, "select count(*) from items where state not in ('answered', 'failed')")
            + count(address, "select count(*) from runs where reserved_usd <> 0")
            + count(address, "select count(*) from stray_batches where state = 'working'");
    BigDecimal invoice = emulator.invoice().total();
    BigDecimal ledger = ledger(address);
    boolean bounded;
    try (PostgresStores stores = PostgresStores.open(address, 1, Clock.systemUTC())) {
      List<SettlementStore.UnknownSpend> unknown = stores.settlements().unknownSpend();
      BigDecimal most =
          unknown.stream()
              .map(SettlementStore.UnknownSpend::worstCaseUsd)
              .reduce(ledger, BigDecimal::add);
      bounded = ledger.compareTo(invoice) <= 0 && invoice.compareTo(most) <= 0;
      resolve(stores, address, emulator, unknown);
    }
    // What a stray had answered when it was sent, under whatever number.
    long boughtAgain =
        count(
            address,
            "select count(*) from stray_charges c join stray_batches b using (provider, provider_batch_id)"
                + " join attempts a on item_of_custom_id(a.custom_id) = item_of_custom_id(c.custom_id)"
                + " and a.provider = c.provider and a.model = unversioned_model(c.model)"
                + " join submissions s on s.submission_id = a.submission_id"
                + " where b.holds and c.submission_id is null and not s.adopted and s.creating_at > b.read_at");
    long defects =
        count(
            address,
            "select count(*) from run_balance_check where charged_difference_usd <> 0 or"
                + " reserved_difference_usd <> 0 or attributed_difference_usd <> 0 or unbalanced_items <> 0 or"
                + " open_items <> 0");
    Set<String> batches =
        emulator.invoice().lines().stream().map(Invoice.Line::batchId).collect(Collectors.toSet());
    batches.removeAll(
        Set.of(
            BenchMachine.one(
                    address,
                    "select coalesce(string_agg(distinct id, ' '), '-') from (select provider_batch_id as id from"
                        + " submissions union all select provider_batch_id from stray_batches) as known")
                .split(" ")));
    return new Outcome(
        lost + withoutResult,
        emulator.invoice().billedTwice().size() + boughtAgain,
        locks + batches.size() + orphans(address, operator),
        stranded,
        deadlocks,
        invoice.subtract(ledger(address)),
        bounded,
        defects,
        acts,
        killed.isEmpty() ? List.of("nothing: it ended first") : List.copyOf(killed),
        new TreeSet<>(emulator.faultsInjected().keySet()),
        commands);
  }

  private static BigDecimal ledger(DatabaseAddress address) throws SQLException {
    return new BigDecimal(
        BenchMachine.one(address, "select coalesce(sum(total_usd), 0) from ledger"));
  }

  /** As the operator does: what the invoice has of each request, of its batch. */
  private static void resolve(
      PostgresStores stores,
      DatabaseAddress address,
      Emulator emulator,
      List<SettlementStore.UnknownSpend> unknown)
      throws SQLException {
    Map<String, BigDecimal> billed = new HashMap<>();
    for (Invoice.Line line : emulator.invoice().lines()) {
      billed.merge(line.batchId() + "/" + line.customId(), line.usd(), BigDecimal::add);
    }
    for (SettlementStore.UnknownSpend one : unknown) {
      if (one.runId().isEmpty()) {
        stores
            .strays()
            .resolve(
                "default",
                List.of(one.customId()),
                billed.getOrDefault(one.customId(), BigDecimal.ZERO));
      } else {
        String batch =
            BenchMachine.one(
                address,
                "select coalesce(s.provider_batch_id, '') from attempts a join submissions s using (submission_id)"
                    + " where a.custom_id = '"
                    + one.customId()
                    + "'");
        stores
            .settlements()
            .resolve(
                List.of(one.customId()),
                billed.getOrDefault(batch + "/" + one.customId(), BigDecimal.ZERO));
      }
    }
  }

  /** Uploads that a tidy run would still have to delete. */
  private static int orphans(DatabaseAddress address, ChaosOperator operator) {
    ProviderSettings settings =
        ProviderSettings.fromEnvironment(operator.environment(), ProviderSettings.Patience.DEFAULT);
    try (ProviderClients clients = ProviderClients.open(settings, operator.environment());
        PostgresStores stores = PostgresStores.open(address, 1, Clock.systemUTC())) {
      return OrphanUploads.delete(
          stores.submissions(),
          clients,
          List.of(Provider.OPENAI, Provider.GEMINI),
          Clock.systemUTC());
    }
  }

  private static long count(DatabaseAddress address, String sql) throws SQLException {
    return Long.parseLong(BenchMachine.one(address, sql));
  }
}
