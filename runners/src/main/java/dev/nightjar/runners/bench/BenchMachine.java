package dev.nightjar.runners.bench;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.local.LocalPostgres;
import dev.nightjar.cachestore.postgres.Migrations;
import dev.nightjar.cachestore.postgres.PostgresStores;
import dev.nightjar.emulator.Emulator;
import dev.nightjar.pipelines.model.Provider;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * What the nights of a benchmark share, all of it their own: a PostgreSQL cluster with a migrated
 * template, and a Flink cluster of separate processes, started when the first night wants it.
 * Nights are run one after the other; killing and starting servers is thread-safe.
 */
final class BenchMachine implements AutoCloseable {
  private static final String TEMPLATE = "template_night";
  private static final int HOSTS_MAX = 4;
  private static final int CLUSTER_START_SECONDS_MAX = 180;

  private final Path home;
  private final LocalPostgres postgres;
  private final Map<String, String> clockEnvironment;
  private final Thread cleanUp = new Thread(this::stopQuietly);
  private volatile DatabaseAddress server;
  private Duration ahead = Duration.ZERO;
  private final Map<Map<String, String>, List<CommandHost>> hosts = new HashMap<>();
  private int providerPort; // 0 until it is drawn
  private int flinkPort; // 0 until the cluster is wanted

  private BenchMachine(Path home, Map<String, String> clockEnvironment) {
    this.home = home;
    this.clockEnvironment = clockEnvironment;
    this.postgres = LocalPostgres.disposableIn(home, clockEnvironment);
    this.server = postgres.start();
    Runtime.getRuntime().addShutdownHook(cleanUp); // also after Ctrl-C: they are servers
  }

  /**
   * Starts the servers in a temporary directory.
   *
   * @param name begins the directory's name
   */
  static BenchMachine start(String name) throws IOException {
    return start(directory(name), Map.of());
  }

  /**
   * The same, with a clock that can be {@link #setClock set}, for the server and for commands,
   * where libfaketime is installed.
   */
  static BenchMachine startWithClock(String name) throws IOException {
    Path home = directory(name);
    Optional<Path> library =
        Stream.of("x86_64-linux-gnu", "aarch64-linux-gnu")
            .map(kind -> Path.of("/usr/lib", kind, "faketime", "libfaketime.so.1"))
            .filter(Files::exists)
            .findFirst();
    Path clock = Files.writeString(home.resolve("clock"), "+0");
    return start(
        home,
        library
            .map(
                found ->
                    Map.of(
                        "LD_PRELOAD",
                        found.toString(),
                        "FAKETIME_TIMESTAMP_FILE",
                        clock.toString(),
                        "FAKETIME_NO_CACHE",
                        "1",
                        "FAKETIME_DONT_FAKE_MONOTONIC",
                        "1"))
            .orElse(Map.of()));
  }

  // Others may look in: the server runs as a user of its own when root starts it.
  private static Path directory(String name) throws IOException {
    return Files.createTempDirectory(
        name, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
  }

  private static BenchMachine start(Path home, Map<String, String> clockEnvironment)
      throws IOException {
    BenchMachine machine = new BenchMachine(home, clockEnvironment);
    DatabaseAddress template = machine.server.withDatabase(TEMPLATE);
    Migrations.migrate(template);
    try (PostgresStores stores = PostgresStores.open(template, 1, Clock.systemUTC())) {
      stores.prices().seed();
    }
    return machine;
  }

  /** Where the providers of every night listen, so that commands of several can share a process. */
  synchronized int providerPort() throws IOException {
    if (providerPort == 0) {
      providerPort = freePort();
    }
    return providerPort;
  }

  /** Whether the clock can be set. */
  boolean hasClock() {
    return !clockEnvironment.isEmpty();
  }

  /** Sets the clock of the server, and of the commands that are started from now on. */
  void setClock(Duration value) throws IOException {
    ahead = value;
    Files.writeString(home.resolve("clock"), String.format("%+d", ahead.toSeconds()));
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  Path home() {
    return home;
  }

  /** Where the commands of the night in hand write. */
  Path output() {
    return home.resolve("night.log");
  }

  /** A fresh, migrated database. */
  DatabaseAddress newDatabase(String name) throws SQLException {
    execute("create database " + name + " template " + TEMPLATE);
    return server.withDatabase(name);
  }

  /** Drops a database, and those that it once was. */
  void dropDatabase(String name) throws SQLException {
    String names =
        one(
            server.withDatabase("postgres"),
            "select coalesce(string_agg(datname, ' '), '') from pg_database where datname ~ '^"
                + name
                + "(_|$)'");
    for (String one : names.split(" ")) {
      if (!one.isEmpty()) {
        execute("drop database if exists " + one + " with (force)");
      }
    }
  }

  /** Deadlocks that the server has broken up since it was started. */
  long deadlocks() throws SQLException {
    return Long.parseLong(
        one(
            server.withDatabase("postgres"),
            "select coalesce(sum(deadlocks), 0) from pg_stat_database"));
  }

  private void execute(String sql) throws SQLException {
    try (PostgresStores stores =
            PostgresStores.open(server.withDatabase("postgres"), 1, Clock.systemUTC());
        Connection connection = stores.dataSource().getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** Kills the database server and its backends, and waits until they are gone. */
  void killPostgres() {
    postgres
        .process()
        .ifPresent(
            killed -> {
              List<ProcessHandle> all =
                  Stream.concat(Stream.of(killed), killed.descendants()).toList();
              all.forEach(ProcessHandle::destroyForcibly);
              all.forEach(process -> process.onExit().join());
            });
  }

  /** Starts the database server if it does not run. */
  synchronized void startPostgres() {
    server = postgres.start();
  }

  /**
   * JVM options that let commands start from an archive of loaded classes: a third of a small
   * night's time is the loading of Beam's. The first command, which must not be killed, writes it.
   */
  List<String> classArchive() {
    boolean jarsOnly =
        Stream.of(System.getProperty("java.class.path").split(":"))
            .map(Path::of)
            .noneMatch(Files::isDirectory);
    Path archive = home.resolve("classes.jsa");
    if (!jarsOnly) {
      return List.of();
    }
    return Files.exists(archive)
        ? List.of("-XX:SharedArchiveFile=" + archive, "-Xlog:cds=off", "-Xlog:cds+dynamic=off")
        : List.of("-XX:ArchiveClassesAtExit=" + archive, "-Xlog:cds=off", "-Xlog:cds+dynamic=off");
  }

  /**
   * Starts 'nightjar run' in a process of its own, its output appended to {@link #output}.
   *
   * @param jvm options of its JVM
   * @param options further options of the command
   */
  Process run(
      List<String> jvm,
      Path task,
      Path corpus,
      DatabaseAddress address,
      Emulator emulator,
      List<String> options)
      throws IOException {
    List<String> arguments =
        new ArrayList<>(List.of("run", task.toString(), "--corpus", corpus.toString()));
    arguments.addAll(options);
    arguments.addAll(List.of("--database", address.url()));
    Map<String, String> providers = new TreeMap<>();
    for (Provider provider : Provider.values()) {
      providers.put(provider.baseUrlVariable(), emulator.uri().toString());
    }
    List<String> line = new ArrayList<>(List.of("dev.nightjar.runners.Main"));
    line.addAll(arguments);
    return java(jvm, line, providers, false)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(output().toFile()))
        .start();
  }

  /**
   * Starts a command, its output appended to {@link #output}: in a process that has run others of
   * the same environment, if there is one.
   *
   * @param jvm options of its JVM
   * @param environment its keys and addresses
   * @param bare whether there is nothing else in its environment
   */
  CommandHost start(
      List<String> jvm, List<String> arguments, Map<String, String> environment, boolean bare)
      throws IOException {
    Map<String, String> key = new TreeMap<>(environment);
    key.put("bare", Boolean.toString(bare));
    CommandHost host = null;
    for (CommandHost one : hosts.getOrDefault(key, List.of())) {
      host = one.isIdle() ? one : host;
    }
    if (host == null) {
      closeIdleHosts();
      host =
          new CommandHost(
              java(
                  jvm,
                  List.of(CommandHost.class.getName(), output().toString()),
                  environment,
                  bare));
      hosts.computeIfAbsent(key, k -> new ArrayList<>()).add(host);
    }
    host.give(arguments, ahead.toSeconds());
    return host;
  }

  /** Those that are gone, and all that are idle if there are many: each has some 500 MB. */
  private void closeIdleHosts() throws IOException {
    boolean many = hosts.values().stream().mapToInt(List::size).sum() >= HOSTS_MAX;
    for (List<CommandHost> some : hosts.values()) {
      for (CommandHost one : List.copyOf(some)) {
        if (one.isDead() || (many && one.isIdle())) {
          some.remove(one);
          one.close();
        }
      }
    }
  }

  private ProcessBuilder java(
      List<String> jvm, List<String> main, Map<String, String> environment, boolean bare) {
    List<String> line = new ArrayList<>();
    line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    line.addAll(jvm);
    for (String opened : List.of("lang", "util", "nio", "time", "net")) {
      line.add("--add-opens=java.base/java." + opened + "=ALL-UNNAMED");
    }
    line.add("-Dnightjar.cluster.jar=" + System.getProperty("nightjar.cluster.jar", ""));
    line.addAll(List.of("-cp", System.getProperty("java.class.path")));
    line.addAll(main);
    ProcessBuilder builder = new ProcessBuilder(line);
    if (bare) {
      builder.environment().clear();
    }
    builder.environment().putAll(environment());
    builder.environment().putAll(environment);
    return builder;
  }

  /** The first column of the first row. */
  static String one(DatabaseAddress address, String sql) throws SQLException {
    try (PostgresStores stores = PostgresStores.open(address, 1, Clock.systemUTC());
        Connection connection = stores.dataSource().getConnection();
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      rows.next();
      return String.valueOf(rows.getString(1));
    }
  }

  /** The environment of commands and of Flink's processes. */
  Map<String, String> environment() {
    return Map.of(
        "NIGHTJAR_HOME", home.toString(),
        "NIGHTJAR_FLINK_PORT", Integer.toString(flinkPort),
        "PGPASSFILE", home.resolve("pgpass").toString());
  }

  String flinkMaster() {
    return "127.0.0.1:" + flinkPort;
  }

  /** Starts whatever of the Flink cluster does not run. */
  void startFlink() throws IOException, InterruptedException {
    if (flinkPort == 0) {
      flinkPort = freePort();
    }
    flinkCluster("start");
  }

  private void flinkCluster(String verb) throws IOException, InterruptedException {
    Path script = Path.of(System.getProperty("nightjar.bin", "runners/bin"), "flink-cluster");
    ProcessBuilder builder =
        new ProcessBuilder(script.toAbsolutePath().toString(), verb)
            .redirectErrorStream(true)
            .redirectOutput(
                ProcessBuilder.Redirect.appendTo(home.resolve("flink-cluster.log").toFile()));
    builder.environment().putAll(environment());
    Process process = builder.start();
    if (!process.waitFor(CLUSTER_START_SECONDS_MAX, TimeUnit.SECONDS) || process.exitValue() != 0) {
      process.destroyForcibly();
      throw new IOException(
          "the Flink cluster did not "
              + verb
              + ": "
              + Files.readString(home.resolve("flink-cluster.log")));
    }
  }

  /**
   * Kills one of Flink's processes.
   *
   * @param name jobmanager, taskmanager-1 or taskmanager-2
   */
  void killFlink(String name) {
    pid(name).ifPresent(ProcessHandle::destroyForcibly);
  }

  private Optional<ProcessHandle> pid(String name) {
    try {
      return ProcessHandle.of(
          Long.parseLong(Files.readString(home.resolve("flink/" + name + ".pid")).strip()));
    } catch (IOException | NumberFormatException e) {
      return Optional.empty();
    }
  }

  /** Ends all that commands run in, of which one may write the archive of classes. */
  void endHosts() throws IOException {
    for (List<CommandHost> some : hosts.values()) {
      for (CommandHost one : some) {
        one.end();
      }
    }
    hosts.clear();
  }

  /** Ends all that commands run in, as a reboot does. */
  void closeHosts() throws IOException {
    for (List<CommandHost> some : hosts.values()) {
      for (CommandHost one : some) {
        one.close();
      }
    }
    hosts.clear();
  }

  private void stop() throws IOException, InterruptedException {
    closeHosts();
    if (flinkPort != 0) {
      flinkCluster("stop");
    }
    postgres.destroy();
    delete(home);
  }

  private void stopQuietly() {
    try {
      stop();
    } catch (IOException | InterruptedException | RuntimeException e) {
      System.err.println("left behind: " + home + " (" + e.getMessage() + ")");
    }
  }

  @Override
  public void close() throws IOException, InterruptedException {
    Runtime.getRuntime().removeShutdownHook(cleanUp);
    stop();
  }

  /** Deletes a directory with everything in it. */
  void delete(Path directory) throws IOException {
    List<Path> leftovers = new ArrayList<>();
    try (Stream<Path> files = Files.walk(directory)) {
      files.sorted(Comparator.reverseOrder()).forEach(leftovers::add);
    }
    for (Path leftover : leftovers) {
      Files.deleteIfExists(leftover);
    }
  }
}
