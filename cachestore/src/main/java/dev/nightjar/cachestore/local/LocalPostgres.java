package dev.nightjar.cachestore.local;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A private PostgreSQL cluster under Nightjar's home directory. Not tied to a process: it keeps
 * running when the command that started it ends. Safe to use from several processes: a file lock
 * orders starts.
 *
 * <p>Started by root, the server runs as the user {@code postgres}, because PostgreSQL refuses
 * root; if that user cannot reach the home directory (root's own is closed), the data lies under
 * {@code /var/lib/nightjar}.
 *
 * <p><b>A cluster is never removed to make room for another.</b> It is made in a directory beside
 * its place and moved there when it is whole, and only where there is none: what is there and
 * cannot be used (another's, of another version, without its password) is left as it is, and said
 * in one line with the way out. Two methods delete one: {@link #destroy} a cluster that was made to
 * be thrown away, and {@link #destroyForGood} at a person's word.
 */
public final class LocalPostgres {
  private static final Logger LOG = LoggerFactory.getLogger(LocalPostgres.class);
  private static final String USER = "nightjar";
  private static final String DATABASE = "nightjar";
  private static final String SERVER_USER = "postgres";
  private static final String CLOSED_HOMES = "/var/lib/nightjar";
  private static final String DESTROYED = ".destroyed-";

  /** In a cluster's directory: it was made to be thrown away. */
  private static final String DISPOSABLE = "nightjar.disposable";

  /** In a cluster's directory: the home directory that it belongs to. */
  private static final String HOME = "nightjar.home";

  /** What 'pg_ctl status' says with its exit code when no server runs there. */
  private static final int STATUS_STOPPED = 3;

  private static final Pattern VERSION = Pattern.compile("\\(PostgreSQL\\) (\\d+)");

  private final HomeDirectory home;
  private final boolean disposable;
  private final Map<String, String> environment;

  private LocalPostgres(HomeDirectory home, boolean disposable, Map<String, String> environment) {
    this.home = home;
    this.disposable = disposable;
    this.environment = environment;
  }

  /** The cluster that belongs to a home directory; it may not exist yet. */
  public static LocalPostgres in(Path home) {
    return new LocalPostgres(HomeDirectory.at(home), false, Map.of());
  }

  /**
   * A cluster for a test or a benchmark, in a directory of its own. It is marked as it is made, and
   * no other can be destroyed without being asked about.
   */
  public static LocalPostgres disposableIn(Path home) {
    return disposableIn(home, Map.of());
  }

  /**
   * The same, whose server runs with more in its environment.
   *
   * @param environment added to this process's
   */
  public static LocalPostgres disposableIn(Path home, Map<String, String> environment) {
    return new LocalPostgres(HomeDirectory.at(home), true, environment);
  }

  /** The directory of the newest PostgreSQL on this machine that has pgvector. */
  public static Optional<Path> binariesWithVector() {
    return binaries().filter(LocalPostgres::hasVector).findFirst();
  }

  /** Every PostgreSQL server on this machine, newest first. */
  static Stream<Path> binaries() {
    return having("initdb");
  }

  /** Every PostgreSQL client on this machine, newest first. */
  static Stream<Path> clients() {
    return having("pg_dump");
  }

  private static Stream<Path> having(String program) {
    List<Path> candidates = new ArrayList<>();
    for (String root : List.of("/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt")) {
      try (Stream<Path> versions = Files.list(Path.of(root))) {
        versions
            .filter(version -> Files.isExecutable(version.resolve("bin/" + program)))
            .map(version -> version.resolve("bin"))
            .forEach(candidates::add);
      } catch (IOException e) {
        LOG.trace("{} is not a place on this machine", root, e);
      }
    }
    for (String directory : Commands.path()) {
      if (directory.startsWith("/") && Files.isExecutable(Path.of(directory, program))) {
        candidates.add(Path.of(directory));
      }
    }
    return candidates.stream()
        .distinct()
        // Root runs nothing that another user may have put there.
        .filter(binaries -> !HomeDirectory.isRoot() || HomeDirectory.uid(binaries) == 0)
        .filter(binaries -> version(binaries, program) > 0)
        .sorted(Comparator.<Path>comparingInt(binaries -> version(binaries, program)).reversed());
  }

  /** The major version of the PostgreSQL in a directory, 0 if it does not say or cannot be run. */
  static int version(Path binaries, String program) {
    try {
      Matcher said =
          VERSION.matcher(
              Commands.run(List.of(binaries.resolve(program).toString(), "--version")).output());
      return said.find() ? Integer.parseInt(said.group(1)) : 0;
    } catch (NightjarException e) {
      LOG.debug("{} holds no PostgreSQL of this machine", binaries, e);
      return 0;
    }
  }

  private static boolean hasVector(Path binaries) {
    Path config = binaries.resolve("pg_config");
    Optional<String> said =
        Files.isExecutable(config)
            ? Optional.of(Commands.run(List.of(config.toString(), "--sharedir")))
                .filter(Commands.Ended::ok)
                .map(Commands.Ended::output)
            : Optional.empty();
    Path share =
        said.map(Path::of)
            // Debian ships pg_config in the server's development package only.
            .orElseGet(
                () -> Path.of(binaries.toString().replace("/usr/lib/", "/usr/share/")).getParent());
    return share != null && Files.exists(share.resolve("extension/vector.control"));
  }

  /**
   * Makes the cluster if there is none, starts it if it is not running, and returns its address,
   * which has answered.
   *
   * @throws NightjarException POSTGRES_MISSING if this machine has no PostgreSQL with pgvector, or
   *     not the cluster's version of it; HOME_UNUSABLE if the home directory or the cluster is
   *     another user's, cannot be looked at, or has no password; DATABASE_UNREACHABLE if the server
   *     does not start or refuses the password
   */
  public DatabaseAddress start() {
    home.prepare();
    return home.locked(
        () -> {
          Optional<Path> cluster = cluster();
          Path data = cluster.isPresent() ? cluster.get() : initialise();
          keepNewPassword();
          if (!HomeDirectory.exists(passwordFile())) {
            throw HomeDirectory.unusable(
                passwordFile(),
                "is not there, so nobody has the password of the database in " + data,
                NEW_PASSWORD);
          }
          Path binaries = binariesFor(data);
          return ServerProbe.awaitAnswer(
              () -> {
                if (running(binaries, data)) {
                  keepPort(portOfServer(data));
                } else {
                  startServer(binaries, data);
                }
                return address();
              },
              NEW_PASSWORD);
        });
  }

  private static final String NEW_PASSWORD =
      "put the file back, or have 'nightjar db password' set a new password; the data are kept";

  /** Whether this home directory has a cluster. Made for {@link PrivateDatabase}. */
  boolean exists() {
    return cluster().isPresent() || HomeDirectory.exists(passwordFile()) || !destroyed().isEmpty();
  }

  /**
   * Where the cluster is.
   *
   * @return empty if there is none and none is known to have been
   * @throws NightjarException HOME_UNUSABLE if that cannot be told
   */
  Optional<Path> cluster() {
    List<Path> found =
        Stream.of(open(), closed()).distinct().filter(LocalPostgres::holdsCluster).toList();
    found.forEach(this::requireThisHomes);
    if (found.size() > 1) {
      throw HomeDirectory.unusable(
          home.path(),
          "has two databases, " + found.get(0) + " and " + found.get(1),
          "find out which is wanted ('pg_controldata DIRECTORY' tells when each was last used), and"
              + " move the other away");
    }
    return found.stream().findFirst();
  }

  private Path open() {
    return home.resolve("postgres");
  }

  /** Where root's data lie if others may not pass the home directory. */
  private Path closed() {
    return Path.of(
        CLOSED_HOMES, "postgres-" + Integer.toHexString(home.path().toString().hashCode()));
  }

  /** The name of a place under {@link #CLOSED_HOMES} is short, and another home may have it too. */
  private void requireThisHomes(Path data) {
    Path owner = data.resolve(HOME);
    if (!data.equals(closed()) || !HomeDirectory.isRoot() || !HomeDirectory.exists(owner)) {
      return;
    }
    try {
      String path = Files.readString(owner).strip();
      if (!path.equals(home.path().toString())) {
        throw HomeDirectory.unusable(
            data,
            "is the database of the home directory " + path,
            "set NIGHTJAR_HOME to that directory; if it was moved to "
                + home.path()
                + ", write this path into "
                + owner);
      }
    } catch (IOException e) {
      throw failed("cannot read " + owner + ": " + HomeDirectory.reason(e), e);
    }
  }

  private static boolean holdsCluster(Path directory) {
    if (!HomeDirectory.exists(directory)) {
      return false;
    }
    if (HomeDirectory.exists(directory.resolve("PG_VERSION"))) {
      return true;
    }
    try (Stream<Path> files = Files.list(directory)) {
      if (files.findAny().isEmpty()) {
        return false; // somebody made room for it
      }
    } catch (IOException e) {
      throw HomeDirectory.unusable(
          directory,
          "cannot be looked into: " + HomeDirectory.reason(e),
          "run it as " + HomeDirectory.owner(directory) + ", who owns it",
          e);
    }
    throw HomeDirectory.unusable(
        directory,
        "is where the database belongs and holds something else, or a damaged database",
        "look what it is; move it away, or 'nightjar db restore' a backup elsewhere");
  }

  private Path passwordFile() {
    return home.resolve("pgpass");
  }

  /** Where the password is while its cluster is being made. */
  private Path newPasswordFile() {
    return home.resolve("pgpass.new");
  }

  /** Ends what a set-up began that was killed after its cluster was in place. */
  private void keepNewPassword() {
    if (!HomeDirectory.exists(passwordFile()) && HomeDirectory.exists(newPasswordFile())) {
      move(newPasswordFile(), passwordFile());
    }
  }

  /**
   * Makes a cluster beside its place and moves it there. Killed at any point it leaves nothing that
   * the next set-up would trip over.
   */
  private Path initialise() {
    if (HomeDirectory.exists(passwordFile())) {
      throw HomeDirectory.unusable(
          passwordFile(),
          "is the password of a database that was in "
              + open()
              + " or "
              + closed()
              + " and is not there now",
          destroyed().isEmpty()
              ? "mount or move its directory back, or remove this file to begin with an empty database"
              : "'nightjar db destroy' ends what it began, the deletion of " + destroyed().get(0));
    }
    Path binaries = binariesWithVector().orElseThrow(LocalPostgres::missing);
    Path data =
        HomeDirectory.isRoot() && HomeDirectory.closedToOthers(open()) != null ? closed() : open();
    try {
      makeParent(data);
      if (Files.isSymbolicLink(data)
          || (Files.exists(data)
              && !Files.getFileStore(data)
                  .equals(Files.getFileStore(HomeDirectory.parent(data))))) {
        throw HomeDirectory.unusable(
            data,
            "is a link or a mount, and a new database is renamed into its place",
            "link or mount " + HomeDirectory.parent(data) + " instead");
      }
      Path fresh =
          Files.createTempDirectory(
              HomeDirectory.parent(data),
              data.getFileName() + ".new-",
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      String password = HomeDirectory.newPassword();
      HomeDirectory.writeOwnerOnly(newPasswordFile(), passwordLine(freePort(), password));
      Path passwordOnly = Files.createTempFile("nightjar", ".pw");
      try {
        HomeDirectory.writeOwnerOnly(passwordOnly, password + "\n");
        giveToServer(fresh);
        giveToServer(passwordOnly);
        require(
            asServer(
                List.of(
                    binaries.resolve("initdb").toString(),
                    "-D",
                    fresh.toString(),
                    "-U",
                    USER,
                    "-E",
                    "UTF8",
                    "--locale=C.UTF-8",
                    "--auth=scram-sha-256",
                    "--pwfile=" + passwordOnly)));
      } finally {
        Files.deleteIfExists(passwordOnly);
        if (!HomeDirectory.exists(fresh.resolve("PG_VERSION"))) { // initdb cleaned up after itself
          Files.deleteIfExists(fresh);
        }
      }
      Files.writeString(fresh.resolve(HOME), home.path() + "\n");
      Files.writeString(
          fresh.resolve("postgresql.conf"),
          """

          # Nightjar's own cluster
          listen_addresses = '127.0.0.1'
          unix_socket_directories = ''
          max_connections = 100
          shared_buffers = 256MB
          maintenance_work_mem = 256MB
          max_wal_size = 2GB
          """,
          StandardOpenOption.APPEND);
      if (disposable) {
        Files.createFile(fresh.resolve(DISPOSABLE));
      }
      Files.move(fresh, data, StandardCopyOption.ATOMIC_MOVE); // refused unless nothing is there
      keepNewPassword();
      return data;
    } catch (IOException e) {
      throw failed("cannot make " + data + ": " + HomeDirectory.reason(e), e);
    }
  }

  private static void makeParent(Path data) throws IOException {
    Path parent = HomeDirectory.parent(data);
    if (!HomeDirectory.exists(parent)) {
      Files.createDirectories(parent);
      if (HomeDirectory.isRoot()) { // whatever root's umask is, the server must get in
        Files.setPosixFilePermissions(parent, PosixFilePermissions.fromString("rwxr-xr-x"));
      }
    }
  }

  private static void giveToServer(Path file) throws IOException {
    if (HomeDirectory.isRoot()) {
      Files.setOwner(
          file,
          file.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName(SERVER_USER));
    }
  }

  private static NightjarException missing() {
    return new NightjarException(
        ErrorCode.POSTGRES_MISSING,
        "PostgreSQL",
        "no PostgreSQL with pgvector is installed on this machine",
        "run 'runners/bin/nightjar setup', start Docker, or give --database URL");
  }

  /**
   * The PostgreSQL that a cluster was made with, once it is sure that this user may run it.
   *
   * @throws NightjarException HOME_UNUSABLE or POSTGRES_MISSING
   */
  private Path binariesFor(Path data) {
    String owner = HomeDirectory.owner(data);
    String runs = HomeDirectory.isRoot() ? SERVER_USER : System.getProperty("user.name", "");
    if (!HomeDirectory.isRoot() && data.equals(closed())) {
      throw HomeDirectory.unusable(
          data,
          "is this home directory's database, made by root (with sudo -E)",
          String.format(
              "bring it home: sudo kill -INT $(sudo head -n 1 %1$s/postmaster.pid); sudo mv %1$s %2$s;"
                  + " sudo chown -R %3$s %4$s",
              data, open(), runs, home.path()));
    }
    if (HomeDirectory.isRoot() ? !owner.equals(SERVER_USER) : !Files.isWritable(data)) {
      throw HomeDirectory.unusable(
          data,
          "belongs to " + owner + ", and " + runs + " would run it",
          "run it as " + owner + ", or give it to " + runs + ": chown -R " + runs + " " + data);
    }
    if (HomeDirectory.isRoot()) {
      Commands.Ended passes =
          Commands.run(
              asServer(
                  List.of(Commands.program("test"), "-r", data.resolve("PG_VERSION").toString())));
      if (!passes.ok()) {
        Path barred = HomeDirectory.closedToOthers(data);
        throw HomeDirectory.unusable(
            data,
            "cannot be reached by the user " + SERVER_USER + ", who runs it " + passes.output(),
            "let that user pass: chmod o+x " + (barred == null ? data.getParent() : barred));
      }
    }
    int wanted;
    try {
      wanted = Integer.parseInt(Files.readString(data.resolve("PG_VERSION")).strip());
    } catch (IOException | NumberFormatException e) {
      throw HomeDirectory.unusable(
          data.resolve("PG_VERSION"),
          "does not tell the database's version: " + e.getMessage(),
          "'nightjar db restore' a backup",
          e);
    }
    List<Path> all = binaries().toList();
    return all.stream()
        .filter(binaries -> version(binaries, "initdb") == wanted && hasVector(binaries))
        .findFirst()
        .orElseThrow(
            () ->
                new NightjarException(
                    ErrorCode.POSTGRES_MISSING,
                    data.toString(),
                    "was made by PostgreSQL "
                        + wanted
                        + ", and this machine has "
                        + (all.isEmpty()
                            ? "none"
                            : String.join(", ", all.stream().map(Path::toString).toList()))
                        + " (with pgvector or not)",
                    "install PostgreSQL "
                        + wanted
                        + " with pgvector; or 'nightjar db restore' a backup in another"
                        + " NIGHTJAR_HOME"));
  }

  private void startServer(Path binaries, Path data) {
    if (!isFree(port())) { // another program took it while the cluster was down
      keepPort(freePort());
    }
    require(
        asServer(
            List.of(
                binaries.resolve("pg_ctl").toString(),
                "-D",
                data.toString(),
                "-l",
                data.resolve("server.log").toString(),
                "-o",
                "-p " + port(),
                "-w",
                "-t",
                "60",
                "start")));
  }

  /**
   * Whether its server runs.
   *
   * @throws NightjarException DATABASE_UNREACHABLE if that cannot be told
   */
  private boolean running(Path binaries, Path data) {
    Commands.Ended status =
        Commands.run(
            asServer(
                List.of(binaries.resolve("pg_ctl").toString(), "-D", data.toString(), "status")));
    if (!status.ok() && status.exitCode() != STATUS_STOPPED) {
      throw failed("cannot tell whether " + data + " is in use: " + status.output(), null);
    }
    return status.ok();
  }

  /**
   * Stops the server if it runs.
   *
   * @return whether it ran
   */
  public boolean stop() {
    return HomeDirectory.exists(home.path()) && home.locked(() -> stop("fast"));
  }

  private boolean stop(String mode) {
    Optional<Path> data = cluster();
    if (data.isEmpty()) {
      return false;
    }
    Path binaries = binariesFor(data.get());
    if (!running(binaries, data.get())) {
      return false;
    }
    require(
        asServer(
            List.of(
                binaries.resolve("pg_ctl").toString(),
                "-D",
                data.get().toString(),
                "-m",
                mode,
                "-w",
                "stop")));
    return true;
  }

  /**
   * Sets a new password, for a home directory that has lost the old one. The server is stopped for
   * it: PostgreSQL alone, in its single-user mode, asks for none.
   *
   * @throws NightjarException HOME_UNUSABLE if there is no cluster, or it is not this user's
   */
  void setNewPassword() {
    home.prepare();
    home.locked(
        () -> {
          Path data = cluster().orElseThrow(this::none);
          Path binaries = binariesFor(data);
          stop();
          String password = HomeDirectory.newPassword();
          Commands.Ended ended =
              Commands.run(
                  asServer(
                      List.of(
                          binaries.resolve("postgres").toString(),
                          "--single",
                          "-D",
                          data.toString(),
                          "postgres")),
                  "alter role " + USER + " password '" + password + "'\n");
          // It ends well also after a refused statement, and says so only on its standard error.
          if (!ended.ok() || ended.output().contains("ERROR:")) {
            throw failed(
                "no new password could be set: " + ended.output().replace(password, "…"), null);
          }
          HomeDirectory.writeOwnerOnly(passwordFile(), passwordLine(freePort(), password));
          return data;
        });
  }

  private NightjarException none() {
    return HomeDirectory.unusable(
        home.path(), "has no database", "'nightjar db start' makes an empty one");
  }

  /**
   * Stops the server and deletes a cluster that was made to be thrown away.
   *
   * @throws NightjarException HOME_UNUSABLE if it was not
   */
  public void destroy() {
    Path data = cluster().orElseThrow(this::none);
    if (!HomeDirectory.exists(data.resolve(DISPOSABLE))) {
      throw HomeDirectory.unusable(
          data, "was not made to be thrown away", "'nightjar db destroy' asks, and deletes it");
    }
    destroyForGood();
  }

  /** Stops the server and deletes the cluster with everything in it, and its password. */
  void destroyForGood() {
    home.locked(
        () -> {
          Optional<Path> cluster = cluster();
          if (cluster.isEmpty() && destroyed().isEmpty()) {
            throw none();
          }
          if (cluster.isPresent()) {
            stop("immediate"); // nothing is kept: sixty databases took over 30 s to be written out
            Path data = cluster.get();
            // Out of its place in one step: half a cluster must not be found there.
            move(
                data,
                data.resolveSibling(data.getFileName() + DESTROYED + HomeDirectory.newPassword()));
          }
          try {
            Files.deleteIfExists(passwordFile());
            for (Path away : destroyed()) {
              deleteTree(away);
            }
          } catch (IOException e) {
            throw failed("cannot delete all of it: " + HomeDirectory.reason(e), e);
          }
          return cluster;
        });
  }

  /** Clusters whose deletion was begun, at a person's word. */
  private List<Path> destroyed() {
    List<Path> found = new ArrayList<>();
    for (Path place : List.of(open(), closed())) {
      String name = place.getFileName() + DESTROYED;
      try (Stream<Path> siblings = Files.list(HomeDirectory.parent(place))) {
        siblings.filter(path -> path.getFileName().toString().startsWith(name)).forEach(found::add);
      } catch (IOException e) {
        LOG.trace("nothing can be listed beside {}", place, e);
      }
    }
    return found;
  }

  private static void deleteTree(Path directory) throws IOException {
    List<Path> files;
    try (Stream<Path> walk = Files.walk(directory)) {
      files = walk.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path file : files) {
      Files.delete(file);
    }
  }

  /** The server's process, empty if it does not run. */
  public Optional<ProcessHandle> process() {
    return cluster()
        .map(LocalPostgres::serverLines)
        .flatMap(
            lines ->
                lines.isEmpty()
                    ? Optional.empty()
                    : ProcessHandle.of(Long.parseLong(lines.get(0).strip())));
  }

  /** The lines of the file in which a server notes its process, its port and so on. */
  private static List<String> serverLines(Path data) {
    Path file = data.resolve("postmaster.pid");
    try {
      return HomeDirectory.exists(file) ? Files.readAllLines(file) : List.of();
    } catch (IOException e) {
      throw failed("cannot read " + file + ": " + HomeDirectory.reason(e), e);
    }
  }

  private int portOfServer(Path data) {
    List<String> lines = serverLines(data);
    return lines.size() > 3 ? Integer.parseInt(lines.get(3).strip()) : port();
  }

  /** How its databases are dumped and restored. */
  DumpTools tools() {
    Path data = cluster().orElseThrow(this::none);
    return DumpTools.of(binariesFor(data), address());
  }

  private DatabaseAddress address() {
    return new DatabaseAddress("127.0.0.1", port(), DATABASE, USER, passwordFile().toString());
  }

  private static String passwordLine(int port, String password) {
    return "127.0.0.1:" + port + ":*:" + USER + ":" + password + "\n";
  }

  private String[] passwordFields() {
    try {
      String[] fields = Files.readString(passwordFile()).strip().split(":", 5);
      if (fields.length == 5 && fields[1].matches("\\d{1,5}")) {
        return fields;
      }
    } catch (IOException e) {
      throw HomeDirectory.unusable(
          passwordFile(), "cannot be read: " + HomeDirectory.reason(e), NEW_PASSWORD, e);
    }
    throw HomeDirectory.unusable(passwordFile(), "is not a password file", NEW_PASSWORD);
  }

  private int port() {
    return Integer.parseInt(passwordFields()[1]);
  }

  private void keepPort(int port) {
    String[] fields = passwordFields();
    if (Integer.parseInt(fields[1]) != port) {
      HomeDirectory.writeOwnerOnly(passwordFile(), passwordLine(port, fields[4]));
    }
  }

  private static List<String> asServer(List<String> command) {
    if (!HomeDirectory.isRoot()) {
      return command;
    }
    List<String> asPostgres =
        new ArrayList<>(List.of(Commands.program("runuser"), "-u", SERVER_USER, "--"));
    asPostgres.addAll(command);
    return asPostgres;
  }

  private void require(List<String> command) {
    Commands.Ended ended = Commands.run(command, environment);
    if (!ended.ok()) {
      throw failed(
          String.join(" ", command.subList(0, Math.min(6, command.size()))) + ": " + ended.output(),
          null);
    }
  }

  private static NightjarException failed(String what, @Nullable Exception cause) {
    return new NightjarException(
        ErrorCode.DATABASE_UNREACHABLE,
        "local PostgreSQL",
        what,
        "free disk space or permissions, or give --database URL; the data are as they were",
        cause);
  }

  private static void move(Path from, Path to) {
    try {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw failed(from + " cannot be moved to " + to + ": " + HomeDirectory.reason(e), e);
    }
  }

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw failed("no port is free: " + e.getMessage(), e);
    }
  }

  private static boolean isFree(int port) {
    try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      return socket.isBound();
    } catch (IOException e) {
      return false;
    }
  }
}
