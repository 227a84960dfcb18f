package dev.nightjar.runners.bench;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.emulator.Emulator;
import dev.nightjar.pipelines.model.Provider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.random.RandomGenerator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The person of a chaotic night: the task file, the corpora, the keys and the clock, what is done
 * to them between two commands, and what puts it all right in the end. Not thread-safe.
 */
final class ChaosOperator {
  private static final int CLOCK_MINUTES_MAX = 20;
  private static final int COLLECTS_MAX = 6;
  private static final int RUNS_MAX = 8;
  private static final String TENANT = "default";
  private static final String SECOND_TENANT = "second";
  private static final Pattern ID = Pattern.compile("\"id\":\"([^\"]+)\"");

  /** Gives commands, some of which are killed. */
  interface Shell {
    /**
     * Gives a command and waits for its end.
     *
     * @param mayBeKilled whether this is a command that the night may kill
     * @return its exit code; negative if it did not come to its end
     */
    int give(Given command, boolean mayBeKilled) throws IOException, InterruptedException;

    /** Starts a command beside the next one. */
    CommandHost beside(Given command) throws IOException;

    /** What the command that was given last has said. */
    String said() throws IOException;
  }

  /**
   * A command.
   *
   * @param environment keys and addresses
   * @param bare whether nothing else is in its environment
   */
  record Given(List<String> arguments, Map<String, String> environment, boolean bare) {}

  /** A key at an address: what a provider takes for one account, and Nightjar for one. */
  private record Account(String key, String host) {}

  /** A corpus as one command names it, of one tenant. */
  private record Work(String tenant, String taskName, Path corpus) {}

  private final BenchMachine machine;
  private final Path home;
  private final DatabaseAddress address;
  private final Emulator emulator;
  private final RandomGenerator random;
  private final Shell shell;
  private final List<String> options;
  private final boolean keyed;

  private final Path corpus;
  private final Path secondCorpus;
  private final Map<String, Path> taskFiles = new LinkedHashMap<>();
  private final Set<Work> works = new LinkedHashSet<>();
  private final Set<Account> accounts = new LinkedHashSet<>();
  private final Map<String, String> projects = new LinkedHashMap<>();
  private final List<String> models;

  private String name = "chaos";
  private int version;
  private int outputTokensMax = 480; // reasoning counts
  private String project = "project-0";
  private Account account = new Account("key-0", "127.0.0.1");
  private boolean bare;
  private int numbers;

  /**
   * An operator.
   *
   * @param keyed whether keys are named; a Flink cluster's processes have none
   * @param options of every run, submit and collect
   */
  ChaosOperator(
      BenchMachine machine,
      Path home,
      DatabaseAddress address,
      Emulator emulator,
      RandomGenerator random,
      Shell shell,
      List<String> options,
      boolean keyed)
      throws IOException {
    this.machine = machine;
    this.home = home;
    this.address = address;
    this.emulator = emulator;
    this.random = random;
    this.shell = shell;
    this.options = options;
    this.keyed = keyed;
    this.corpus = Files.createDirectory(home.resolve("corpus"));
    this.secondCorpus = Files.createDirectory(home.resolve("corpus-2"));
    this.models =
        new ArrayList<>(
            List.of(
                "provider: openai, model: gpt-6-luna",
                "provider: openai, model: gpt-6.1-terra, api: responses",
                "provider: anthropic, model: claude-haiku-5-5",
                "provider: anthropic, model: claude-opus-5, structured_output: tool",
                "provider: gemini, model: gemini-3.8-flash"));
    if (keyed) {
      admit(account.key());
    }
    shuffleModels();
    addFile(corpus, 20 + random.nextInt(10));
    addFile(corpus, 5 + random.nextInt(5));
    addFile(secondCorpus, 8);
  }

  private void admit(String key) {
    projects.put(key, project);
    emulator.admit(project, key);
  }

  private void shuffleModels() throws IOException {
    for (int i = models.size() - 1; i > 0; i--) {
      Collections.swap(models, i, random.nextInt(i + 1));
    }
    writeTask();
  }

  /** Three tiers, of all providers and interfaces, in an order of the seed's. */
  private void writeTask() throws IOException {
    Path file = home.resolve(name + ".yaml");
    taskFiles.put(name, file);
    Files.writeString(
        file,
        """
        name: %s
        system: You sort notes, by the rules of edition %d. Answer with JSON only.
        user: "{{text}}"
        output_schema:
          type: object
          additionalProperties: false
          required: [category, reason]
          properties:
            category: {enum: [spam, business, personal]}
            reason: {type: string, maxLength: 200}
        tiers:
          - {name: small, %s, output_tokens_max: %d, prompt_tokens_max: 160}
          - {name: mid, %s, output_tokens_max: %d, prompt_tokens_max: 400}
          - {name: large, %s, output_tokens_max: 520}
        """
            .formatted(
                name,
                version,
                models.get(0),
                outputTokensMax,
                models.get(1),
                outputTokensMax,
                models.get(2)));
  }

  /** One in ten is a copy, one in eight is long. */
  private void addFile(Path directory, int documents) throws IOException {
    int file = numbers++;
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < documents; i++) {
      int topic = i % 10 == 9 ? i - 1 : i;
      lines.add(document("doc-" + file + "-" + i, file + "." + topic, topic % 8 == 3));
    }
    Files.write(directory.resolve("part-" + file + ".jsonl"), lines);
  }

  private static String document(String id, String topic, boolean isLong) {
    String text = "Note " + topic + " moves the meeting to room " + topic.hashCode() % 1_000;
    if (isLong) {
      text = (text + ". ").repeat(16).strip();
    }
    return "{\"id\":\"" + id + "\",\"text\":\"" + text + "\"}";
  }

  private static List<Path> files(Path directory) throws IOException {
    try (var files = Files.list(directory)) {
      return files.sorted().toList();
    }
  }

  // ---- commands ----

  private Given given(Account with, boolean bareOnce, String... arguments) {
    Map<String, String> environment = new TreeMap<>();
    String url = "http://" + with.host() + ":" + emulator.uri().getPort();
    for (Provider provider : Provider.values()) {
      environment.put(provider.baseUrlVariable(), url);
      if (keyed) {
        environment.put(provider.keyVariable(), with.key());
      }
    }
    List<String> line = new ArrayList<>(List.of(arguments));
    line.addAll(List.of("--database", address.url()));
    return new Given(line, environment, bareOnce);
  }

  private Given work(String verb, Work work, Account with, boolean bareOnce) {
    works.add(work);
    accounts.add(with);
    List<String> arguments =
        new ArrayList<>(
            List.of(
                verb,
                String.valueOf(taskFiles.get(work.taskName())),
                "--corpus",
                work.corpus() + "/*.jsonl",
                "--tenant",
                work.tenant()));
    arguments.addAll(options);
    return given(with, bareOnce, arguments.toArray(String[]::new));
  }

  private int give(String verb, boolean mayBeKilled) throws IOException, InterruptedException {
    boolean bareOnce = bare;
    bare = false;
    return shell.give(work(verb, new Work(TENANT, name, corpus), account, bareOnce), mayBeKilled);
  }

  private int administer(String... arguments) throws IOException, InterruptedException {
    return shell.give(given(account, false, arguments), false);
  }

  /** The night's first command. */
  void begin() throws IOException, InterruptedException {
    give("run", true);
  }

  // ---- acts ----

  /** Does one thing, and gives the next command. */
  void act(ChaosAct act) throws IOException, InterruptedException, SQLException {
    CommandHost beside = null;
    String verb = "run";
    switch (act) {
      case EDIT_PROMPT -> {
        version++;
        writeTask();
      }
      case CHANGE_MODELS -> shuffleModels();
      case RENAME_TASK -> {
        name = "chaos-" + ++numbers;
        writeTask();
      }
      case CHANGE_LIMITS -> {
        outputTokensMax = 460 + 10 * random.nextInt(6);
        writeTask();
      }
      case ROTATE_KEY -> {
        emulator.revoke(account.key());
        account = new Account("key-" + ++numbers, account.host());
        admit(account.key());
      }
      case OTHER_PROJECT -> {
        project = "project-" + ++numbers;
        account = new Account("key-" + numbers, account.host());
        admit(account.key());
      }
      case OTHER_BASE_URL ->
          account =
              new Account(
                  account.key(), account.host().equals("localhost") ? "127.0.0.1" : "localhost");
      case SET_CLOCK ->
          machine.setClock(
              Duration.ofSeconds((long) ((random.nextDouble() * 2 - 1) * CLOCK_MINUTES_MAX * 60)));
      case SET_PRICES -> setPrices();
      case ADD_FILE -> addFile(corpus, 4 + random.nextInt(5));
      case CHANGE_FILE -> changeFile();
      case REMOVE_FILE -> {
        List<Path> files = files(corpus);
        if (files.size() > 1) {
          Files.delete(files.get(random.nextInt(files.size())));
        }
      }
      case SECOND_CORPUS ->
          beside = shell.beside(work("run", new Work(TENANT, name, secondCorpus), account, false));
      case SECOND_TENANT ->
          beside = shell.beside(work("run", new Work(SECOND_TENANT, name, corpus), account, false));
      case SUBMIT -> verb = "submit";
      case COLLECT -> verb = "collect";
      case CANCEL -> cancel();
      case RETRY -> retry();
      case FORGET -> administer("cache", "forget", "--all", "--tenant", TENANT);
      case BACKUP_AND_RESTORE -> {
        backUpAndRestore();
        verb = "collect";
      }
      case BARE_ENVIRONMENT -> bare = true;
    }
    give(verb, true);
    await(beside);
  }

  private static void await(@Nullable CommandHost beside) throws IOException, InterruptedException {
    if (beside != null && !beside.waitFor(ChaosNight.ACT_SECONDS_MAX * 1_000L)) {
      beside.close();
    }
  }

  private void setPrices() throws IOException, InterruptedException, SQLException {
    Matcher tier = Pattern.compile("provider: (\\S+), model: ([^,]+)").matcher(models.get(0));
    if (!tier.find()) {
      throw new IllegalStateException("no model in " + models.get(0));
    }
    String[] now =
        BenchMachine.one(
                address,
                "select input_usd || ' ' || output_usd from price_in_force('"
                    + tier.group(1)
                    + "', '"
                    + tier.group(2)
                    + "', now(), 1)")
            .split(" ");
    LocalDate today = LocalDate.now(ZoneOffset.UTC);
    String model = tier.group(1) + "/" + tier.group(2);
    administer(
        "prices",
        "set",
        model,
        "--from",
        today.plusDays(3).toString(),
        "--input",
        "90",
        "--output",
        "900");
    administer(
        "prices",
        "set",
        model,
        "--from",
        today.toString(),
        "--above",
        "90000",
        "--input",
        "90",
        "--output",
        "900");
    administer(
        "prices", "set", model, "--from", today.toString(), "--input", now[0], "--output", now[1]);
  }

  private void changeFile() throws IOException {
    List<Path> files = files(corpus);
    Path file = files.get(random.nextInt(files.size()));
    List<String> lines = new ArrayList<>(Files.readAllLines(file));
    if (lines.size() > 1) {
      lines.remove(random.nextInt(lines.size()));
    }
    for (int i = 0; i < lines.size(); i += 3) {
      Matcher id = ID.matcher(lines.get(i));
      if (id.find()) {
        lines.set(i, document(id.group(1), ++numbers + ".changed", false));
      }
    }
    Files.write(file, lines);
  }

  private void cancel() throws IOException, InterruptedException, SQLException {
    give("submit", false);
    String open =
        BenchMachine.one(
            address,
            "select coalesce((select submission_id from submissions"
                + " where state in ('planned', 'in_progress') order by submission_id limit 1), '')");
    if (!open.isEmpty()) {
      administer("submissions", "cancel", open);
    }
  }

  private void retry() throws IOException, InterruptedException, SQLException {
    administer("items", "retry", "--tenant", TENANT);
    String failed =
        BenchMachine.one(
            address,
            "select coalesce((select submission_id from submissions"
                + " where state in ('failed', 'expired', 'cancelled') order by submission_id limit 1), '')");
    if (!failed.isEmpty()) {
      administer("submissions", "retry", failed);
    }
  }

  private void backUpAndRestore() throws IOException, InterruptedException, SQLException {
    Path file = home.resolve("backup-" + ++numbers);
    administer("db", "backup", file.toString());
    give("run", true);
    machine.closeHosts(); // nobody may use the database
    if (administer("db", "restore", file.toString()) == 0) {
      // As 'db restore' says: every account is asked before anything is sent again.
      comeBackWithOldKeys();
      collectWithEveryKey(
          "select count(*) from reconciliations where reconciled_at is null"
              + " union all select count(*) from stray_batches where state = 'working'");
    }
  }

  private void comeBackWithOldKeys() {
    projects.forEach((key, itsProject) -> emulator.admit(itsProject, key));
  }

  /** Until nothing is left that is asked for; the account of now comes last. */
  private void collectWithEveryKey(String left)
      throws IOException, InterruptedException, SQLException {
    String sum = "select sum(count) from (" + left + ") as left_over";
    for (int i = 0; i < COLLECTS_MAX && !BenchMachine.one(address, sum).equals("0"); i++) {
      List<Account> all = new ArrayList<>(accounts);
      all.remove(account);
      all.add(account);
      for (Account one : all) {
        for (String tenant : new TreeSet<>(works.stream().map(Work::tenant).toList())) {
          shell.give(work("collect", new Work(tenant, name, corpus), one, false), false);
        }
      }
    }
  }

  // ---- the end ----

  /**
   * Puts everything right and comes back to everything that was begun: the clock, the old keys,
   * each task by its last name, each corpus, each tenant.
   *
   * @return documents that are in a corpus and have no end in the last run over it
   */
  long comeToTheEnd() throws IOException, InterruptedException, SQLException {
    machine.setClock(Duration.ZERO);
    comeBackWithOldKeys();
    String open =
        "select count(*) from submissions where state in ('uploading', 'creating', 'in_progress', 'ended')"
            + " union all select count(*) from stray_batches where state = 'working'";
    collectWithEveryKey(open);
    long lost = 0;
    for (Work work : List.copyOf(works)) {
      lost += runToEnd(work);
    }
    collectWithEveryKey(open);
    return lost;
  }

  private long runToEnd(Work work) throws IOException, InterruptedException, SQLException {
    int exit = -1;
    // A command fails with 1 for documents that failed, and also if the database was killed below
    // it.
    for (int i = 0;
        i < RUNS_MAX && exit != 0 && (exit != 1 || shell.said().contains("DATABASE_FAILED: "));
        i++) {
      exit = shell.give(work("run", work, account, false), true);
    }
    Matcher run = Pattern.compile("(?m)^run (\\S+) \\(task").matcher(shell.said());
    String runId = run.find() ? run.group(1) : "";
    Set<String> settled =
        Set.of(
            BenchMachine.one(
                    address,
                    "select coalesce(string_agg(document_id, ' '), '-') from items i where run_id = '"
                        + runId
                        + "' and (state = 'failed' or state = 'answered' and exists (select from results r"
                        + " where r.run_id = i.run_id and r.document_id = i.document_id))")
                .split(" "));
    long lost = 0;
    for (Path file : files(work.corpus())) {
      for (String line : Files.readAllLines(file)) {
        Matcher id = ID.matcher(line);
        lost += id.find() && settled.contains(id.group(1)) ? 0 : 1;
      }
    }
    return lost;
  }

  /** The keys of the account that came last. */
  Map<String, String> environment() {
    return given(account, false).environment();
  }
}
