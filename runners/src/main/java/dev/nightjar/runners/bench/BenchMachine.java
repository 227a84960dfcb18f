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
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * What the nights of a benchmark share, all of it their own: a PostgreSQL cluster with a migrated
 * template, and a Flink cluster of separate processes, started when the first night wants it.
 * Nights are run one after the other; killing and starting servers is thread-safe.
 */
final class BenchMachine implements AutoCloseable {
  private static final String TEMPLATE = "template_night";
  private static final int CLUSTER_START_SECONDS_MAX = 180;

  private final Path home;
  private final LocalPostgres postgres;
  private final Thread cleanUp = new Thread(this::stopQuietly);
  private volatile DatabaseAddress server;
  private int flinkPort; // 0 until the cluster is wanted

  private BenchMachine(Path home) {
    this.home = home;
    this.postgres = LocalPostgres.disposableIn(home);
    this.server = postgres.start();
    Runtime.getRuntime().addShutdownHook(cleanUp); // also after Ctrl-C: they are servers
  }

  /**
   * Starts the servers in a temporary directory.
   *
   * @param name begins the directory's name
   */
  static BenchMachine start(String name) throws IOException {
    // Others may look in: the server runs as a user of its own when root starts it.
    BenchMachine machine =
        new BenchMachine(
            Files.createTempDirectory(
                name,
                PosixFilePermissions.asFileAttribute(
                    PosixFilePermissions.fromString("rwxr-xr-x"))));
    DatabaseAddress template = machine.server.withDatabase(TEMPLATE);
    Migrations.migrate(template);
    try (PostgresStores stores = PostgresStores.open(template, 1, Clock.systemUTC())) {
      stores.prices().seed();
    }
    return machine;
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

  void dropDatabase(String name) throws SQLException {
    execute("drop database if exists " + name + " with (force)");
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
    List<String> line = new ArrayList<>();
    line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    line.addAll(jvm);
    for (String opened : List.of("lang", "util", "nio", "time", "net")) {
      line.add("--add-opens=java.base/java." + opened + "=ALL-UNNAMED");
    }
    line.add("-Dnightjar.cluster.jar=" + System.getProperty("nightjar.cluster.jar", ""));
    line.addAll(
        List.of("-cp", System.getProperty("java.class.path"), "dev.nightjar.runners.Main", "run"));
    line.addAll(List.of(task.toString(), "--corpus", corpus.toString()));
    line.addAll(options);
    line.addAll(List.of("--database", address.url()));
    ProcessBuilder builder =
        new ProcessBuilder(line)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(output().toFile()));
    builder.environment().putAll(environment());
    for (Provider provider : Provider.values()) {
      builder.environment().put(provider.baseUrlVariable(), emulator.uri().toString());
    }
    return builder.start();
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

  private void stop() throws IOException, InterruptedException {
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
