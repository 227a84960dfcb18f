package dev.nightjar.runners.bench;

import dev.nightjar.cachestore.DatabaseAddress;
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
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
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
  private static final int COMMANDS_MAX = 12;
  private static final int COMMAND_SECONDS_MAX = 150;
  private static final int KILLS_MAX = 3;
  private static final int DOCUMENTS_MIN = 20;
  private static final int DOCUMENTS_MORE_MAX = 30;
  private static final double SPEED = 300;

  /**
   * What a night came to.
   *
   * @param lost documents without an end, and answers without a result
   * @param doubleBilled requests that are on the invoice more than once
   * @param leftBehind uploads and batches that nobody knows of, leases and locks that are held
   * @param differenceUsd invoice less ledger
   * @param defects rows of the balance check
   * @param kills what was killed, and where
   * @param faults what the providers did wrong
   * @param commands how often the command was given
   * @param ended whether it came to its end at all
   */
  record Outcome(
      long lost,
      long doubleBilled,
      long leftBehind,
      BigDecimal differenceUsd,
      long defects,
      List<String> kills,
      Set<Fault> faults,
      int commands,
      boolean ended) {
    boolean isRight() {
      return lost == 0
          && doubleBilled == 0
          && leftBehind == 0
          && differenceUsd.signum() == 0
          && defects == 0
          && ended;
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
  private volatile @Nullable Process command;
  private final AtomicInteger occurrences = new AtomicInteger();

  ChaosNight(BenchMachine machine, long seed) {
    this.machine = machine;
    this.seed = seed;
    this.random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed * 7_919);
    this.onCluster = seed % 50 == 0; // a night on a cluster takes ten times as long
  }

  /** A night of which nothing is killed, so that the archive of classes is written. */
  static void warmUp(BenchMachine machine) throws Exception {
    new ChaosNight(machine, 1).run(0);
  }

  Outcome run() throws Exception {
    return run(1 + random.nextInt(KILLS_MAX));
  }

  private Outcome run(int kills) throws Exception {
    Path home = machine.home().resolve("night-" + seed);
    Files.createDirectories(home);
    Files.deleteIfExists(machine.output());
    machine.startPostgres();
    if (onCluster) {
      machine.startFlink();
    }
    String database = "night_" + seed;
    DatabaseAddress address = machine.newDatabase(database);
    Path task = Files.writeString(home.resolve("task.yaml"), task());
    List<String> documents = documents();
    Path corpus = Files.write(home.resolve("corpus.jsonl"), documents);
    FaultPlan plan = FaultPlan.seeded(seed, random.nextDouble() * 0.15, random.nextDouble() * 0.35);
    try (Emulator emulator =
        Emulator.in(home.resolve("emulator"))
            .speed(SPEED)
            .seed(seed)
            .faults(plan)
            .answers(this::answer)
            .holdMillis(150)
            .onCall(this::called)
            .start()) {
      int commands = 0;
      boolean ended = false;
      while (!ended && commands < COMMANDS_MAX) {
        commands++;
        ended = give(task, corpus, address, emulator, killed.size() < kills);
      }
      return outcome(address, emulator, documents.size(), commands, ended);
    } finally {
      machine.dropDatabase(database);
      machine.delete(home);
    }
  }

  /** Gives the command once and waits for its end, its own or not. */
  private boolean give(
      Path task, Path corpus, DatabaseAddress address, Emulator emulator, boolean toBeKilled)
      throws Exception {
    Kill kill = toBeKilled ? kill() : null;
    occurrences.set(0);
    next = kill;
    Process process = start(task, corpus, address, emulator);
    command = process;
    boolean itself =
        kill instanceof Kill.After after
            ? process.waitFor(after.millis(), TimeUnit.MILLISECONDS)
            : process.waitFor(COMMAND_SECONDS_MAX, TimeUnit.SECONDS);
    if (!itself && kill instanceof Kill.After) {
      strike(kill, "at a random time");
      itself = process.waitFor(COMMAND_SECONDS_MAX, TimeUnit.SECONDS);
    }
    next = null;
    if (!itself) {
      process.destroyForcibly().waitFor();
      note("the command did not end in " + COMMAND_SECONDS_MAX + " s");
    }
    machine.startPostgres(); // if it was killed
    if (onCluster) {
      machine.startFlink(); // what was killed of it
    }
    int exit = process.exitValue();
    note("exit code " + exit);
    return itself && (exit == 0 || exit == 1) && finished(address);
  }

  private static boolean finished(DatabaseAddress address) throws SQLException {
    return count(address, "select count(*) from runs where state = 'finished'") == 1;
  }

  private void note(String text) throws IOException {
    Files.writeString(
        machine.output(),
        "--- " + text + "\n",
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
        Process process = command;
        if (process != null) {
          process.destroyForcibly();
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

  private Process start(Path task, Path corpus, DatabaseAddress address, Emulator emulator)
      throws IOException {
    // Small and quick to start: a night of fifty documents is mostly the start of its JVM.
    List<String> jvm =
        new ArrayList<>(List.of("-Xmx400m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    jvm.addAll(machine.classArchive());
    return machine.run(
        jvm,
        task,
        corpus,
        address,
        emulator,
        List.of(
            "--run-id", "night",
            "--engine", onCluster ? "flink" : "direct",
            "--flink-master", machine.flinkMaster(),
            "--parallelism", "2",
            "--poll-seconds", "0.25",
            "--settle-seconds", "3",
            "--call-seconds", "2",
            "--lease-seconds", "2",
            "--wait-seconds-max", "0.3"));
  }

  /** One night in three has models that err, so that there are escalations to be interrupted. */
  private String answer(Answers.Question question) {
    boolean errs = seed % 3 == 0 && Math.floorMod(question.hashCode(), 6) == 0;
    return errs ? "no JSON" : "{\"category\":\"spam\",\"reason\":\"it says so\"}";
  }

  /** Three tiers, of all providers and interfaces, in an order of the seed's. */
  private String task() {
    List<String> models =
        new ArrayList<>(
            List.of(
                "provider: openai, model: gpt-6-luna",
                "provider: openai, model: gpt-6.1-terra, api: responses",
                "provider: anthropic, model: claude-haiku-5-5",
                "provider: anthropic, model: claude-sonnet-5-5, structured_output: tool",
                "provider: gemini, model: gemini-3.8-flash"));
    for (int i = models.size() - 1; i > 0; i--) {
      Collections.swap(models, i, random.nextInt(i + 1));
    }
    return """
    name: chaos
    system: You sort notes. Answer with JSON only.
    user: "{{text}}"
    output_schema:
      type: object
      additionalProperties: false
      required: [category, reason]
      properties:
        category: {enum: [spam, business, personal]}
        reason: {type: string, maxLength: 200}
    tiers:
      - {name: small, %s, output_tokens_max: 80, prompt_tokens_max: 160}
      - {name: mid, %s, output_tokens_max: 80, prompt_tokens_max: 400}
      - {name: large, %s, output_tokens_max: 120}
    """
        .formatted(models.get(0), models.get(1), models.get(2));
  }

  /** One in ten is a copy, one in eight is long. */
  private List<String> documents() {
    int count = DOCUMENTS_MIN + random.nextInt(DOCUMENTS_MORE_MAX);
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int topic = i % 10 == 9 ? i - 1 : i;
      String text =
          "Note " + topic + " of night " + seed + " moves the meeting to room " + topic * 7;
      if (topic % 8 == 3) {
        text = (text + ". ").repeat(16).strip();
      }
      lines.add("{\"id\":\"doc-" + i + "\",\"text\":\"" + text + "\"}");
    }
    return lines;
  }

  private Outcome outcome(
      DatabaseAddress address, Emulator emulator, int documents, int commands, boolean ended)
      throws SQLException {
    long settled =
        count(address, "select count(*) from items where state in ('answered', 'failed')");
    long withoutResult =
        count(
            address,
            "select count(*) from items i where state = 'answered' and not exists (select from results r"
                + " where r.run_id = i.run_id and r.document_id = i.document_id)");
    long locks =
        count(address, "select count(*) from pg_locks where locktype = 'advisory'")
            + count(address, "select count(*) from submissions where lease_owner is not null");
    long defects =
        count(
            address,
            "select count(*) from run_balance_check where charged_difference_usd <> 0 or"
                + " reserved_difference_usd <> 0 or attributed_difference_usd <> 0 or unbalanced_items <> 0 or"
                + " open_items <> 0");
    BigDecimal ledger =
        new BigDecimal(BenchMachine.one(address, "select coalesce(sum(total_usd), 0) from ledger"));
    Set<String> batches =
        emulator.invoice().lines().stream().map(Invoice.Line::batchId).collect(Collectors.toSet());
    Set<String> known = new HashSet<>();
    for (String id :
        BenchMachine.one(
                address, "select coalesce(string_agg(provider_batch_id, ' '), '') from submissions")
            .split(" ")) {
      known.add(id);
    }
    batches.removeAll(known);
    return new Outcome(
        documents - settled + withoutResult,
        emulator.invoice().billedTwice().size(),
        locks + batches.size() + orphans(address, emulator),
        emulator.invoice().total().subtract(ledger),
        defects,
        killed.isEmpty() ? List.of("nothing: it ended first") : List.copyOf(killed),
        new TreeSet<>(emulator.faultsInjected().keySet()),
        commands,
        ended);
  }

  /** Uploads that a tidy run would still have to delete. */
  private static int orphans(DatabaseAddress address, Emulator emulator) {
    String url = emulator.uri().toString();
    ProviderSettings settings =
        new ProviderSettings(
            Map.of(Provider.OPENAI, url, Provider.GEMINI, url),
            null,
            ProviderSettings.Patience.DEFAULT);
    try (ProviderClients clients = ProviderClients.open(settings, Map.of());
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
