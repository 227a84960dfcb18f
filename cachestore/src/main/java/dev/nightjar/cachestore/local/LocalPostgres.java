package dev.nightjar.cachestore.local;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
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
 */
public final class LocalPostgres {
  private static final Logger LOG = LoggerFactory.getLogger(LocalPostgres.class);
  private static final String USER = "nightjar";
  private static final String DATABASE = "nightjar";
  private static final String SERVER_USER = "postgres";

  private final Path home;
  private final Path data;
  private final boolean asRoot;

  private LocalPostgres(Path home, Path data, boolean asRoot) {
    this.home = home;
    this.data = data;
    this.asRoot = asRoot;
  }

  /** The cluster that belongs to a home directory; it may not exist yet. */
  public static LocalPostgres in(Path home) {
    Path absolute = home.toAbsolutePath().normalize();
    boolean asRoot = "root".equals(System.getProperty("user.name"));
    Path data = absolute.resolve("postgres");
    if (asRoot && !reachableByOthers(absolute)) {
      data =
          Path.of(
              "/var/lib/nightjar",
              "postgres-" + Integer.toHexString(absolute.toString().hashCode()));
    }
    return new LocalPostgres(absolute, data, asRoot);
  }

  private static boolean reachableByOthers(Path directory) {
    for (Path at = directory; at != null; at = at.getParent()) {
      try {
        if (Files.exists(at)
            && !Files.getPosixFilePermissions(at, LinkOption.NOFOLLOW_LINKS)
                .contains(PosixFilePermission.OTHERS_EXECUTE)) {
          return false;
        }
      } catch (IOException | UnsupportedOperationException e) {
        return false;
      }
    }
    return true;
  }

  /** The directory of the newest PostgreSQL on this machine that has pgvector. */
  public static Optional<Path> binariesWithVector() {
    return binaries().filter(LocalPostgres::hasVector).findFirst();
  }

  /** Every PostgreSQL server on this machine, newest first. */
  static Stream<Path> binaries() {
    List<Path> candidates = new ArrayList<>();
    for (String root : List.of("/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt")) {
      try (Stream<Path> versions = Files.list(Path.of(root))) {
        versions
            .filter(version -> Files.isExecutable(version.resolve("bin/initdb")))
            .map(version -> version.resolve("bin"))
            .forEach(candidates::add);
      } catch (IOException e) {
        LOG.trace("{} is not a place on this machine", root, e);
      }
    }
    for (String directory : System.getenv().getOrDefault("PATH", "").split(":")) {
      if (!directory.isEmpty() && Files.isExecutable(Path.of(directory, "initdb"))) {
        candidates.add(Path.of(directory));
      }
    }
    return candidates.stream()
        .distinct()
        .sorted(Comparator.comparingInt(LocalPostgres::version).reversed());
  }

  private static int version(Path binaries) {
    String digits = binaries.toString().replaceAll("\\D+", " ").strip();
    String last = digits.substring(digits.lastIndexOf(' ') + 1);
    return last.isEmpty() ? 0 : Integer.parseInt(last.substring(0, Math.min(4, last.length())));
  }

  private static boolean hasVector(Path binaries) {
    Commands.Ended config =
        Commands.run(List.of(binaries.resolve("pg_config").toString(), "--sharedir"));
    Path share =
        config.ok()
            ? Path.of(config.output())
            // Debian ships pg_config in the server's development package only.
            : Path.of(binaries.toString().replace("/usr/lib/", "/usr/share/")).getParent();
    return share != null && Files.exists(share.resolve("extension/vector.control"));
  }

  /**
   * Makes the cluster if it is not there, starts it if it is not running, and returns its address.
   *
   * @throws NightjarException POSTGRES_MISSING if this machine has no PostgreSQL with pgvector
   */
  public DatabaseAddress start() {
    Path binaries =
        binariesWithVector()
            .orElseThrow(
                () ->
                    new NightjarException(
                        ErrorCode.POSTGRES_MISSING,
                        "PostgreSQL",
                        "no PostgreSQL with pgvector is installed on this machine",
                        "run 'runners/bin/nightjar setup', start Docker, or give --database URL"));
    try {
      Files.createDirectories(home);
      try (FileChannel channel =
              FileChannel.open(
                  home.resolve("postgres.lock"),
                  StandardOpenOption.CREATE,
                  StandardOpenOption.WRITE);
          FileLock lock = channel.lock()) {
        if (!lock.isValid()) {
          throw new IOException("the lock on " + home + " was lost");
        }
        if (!Files.exists(home.resolve("pgpass")) || !initialised()) {
          initialise(binaries);
        }
        if (!running(binaries)) {
          startServer(binaries);
        }
        return address();
      }
    } catch (IOException e) {
      throw failed("cannot prepare " + home + ": " + e.getMessage(), e);
    }
  }

  private boolean initialised() {
    return Commands.run(asServer(List.of("test", "-f", data.resolve("nightjar.ready").toString())))
        .ok();
  }

  private void initialise(Path binaries) throws IOException {
    require(List.of("rm", "-rf", data.toString()));
    require(List.of("mkdir", "-p", data.toString()));
    require(List.of("chmod", "700", data.toString()));
    if (asRoot) {
      require(List.of("chown", SERVER_USER + ":" + SERVER_USER, data.toString()));
    }
    byte[] secret = new byte[24];
    new SecureRandom().nextBytes(secret);
    String password = Base64.getUrlEncoder().withoutPadding().encodeToString(secret);
    int port = freePort();
    writeOwnerOnly(
        home.resolve("pgpass"), "127.0.0.1:" + port + ":*:" + USER + ":" + password + "\n");
    Path passwordFile = Files.createTempFile("nightjar", ".pw");
    try {
      writeOwnerOnly(passwordFile, password + "\n");
      if (asRoot) {
        require(List.of("chown", SERVER_USER, passwordFile.toString()));
      }
      require(
          asServer(
              List.of(
                  binaries.resolve("initdb").toString(),
                  "-D",
                  data.toString(),
                  "-U",
                  USER,
                  "-E",
                  "UTF8",
                  "--locale=C.UTF-8",
                  "--auth=scram-sha-256",
                  "--pwfile=" + passwordFile)));
    } finally {
      Files.deleteIfExists(passwordFile);
    }
    require(
        asServer(
            List.of(
                "sh",
                "-c",
                "printf '%s\\n' \"$1\" >> \"$2/postgresql.conf\" && touch \"$2/nightjar.ready\"",
                "sh",
                """
                # Nightjar's own cluster
                listen_addresses = '127.0.0.1'
                unix_socket_directories = ''
                max_connections = 100
                shared_buffers = 256MB
                maintenance_work_mem = 256MB
                max_wal_size = 2GB
                """
                    .strip(),
                data.toString())));
  }

  private void startServer(Path binaries) throws IOException {
    int port = port();
    if (!isFree(port)) { // another program took it while the cluster was down
      String password = address().readPassword().orElseThrow();
      port = freePort();
      writeOwnerOnly(
          home.resolve("pgpass"), "127.0.0.1:" + port + ":*:" + USER + ":" + password + "\n");
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
                "-p " + port,
                "-w",
                "-t",
                "60",
                "start")));
  }

  private boolean running(Path binaries) {
    return Commands.run(
            asServer(
                List.of(binaries.resolve("pg_ctl").toString(), "-D", data.toString(), "status")))
        .ok();
  }

  /**
   * Stops the server if it runs.
   *
   * @return whether it ran
   */
  public boolean stop() {
    return stop("fast");
  }

  private boolean stop(String mode) {
    Optional<Path> binaries = binariesWithVector();
    if (binaries.isEmpty() || !running(binaries.get())) {
      return false;
    }
    require(
        asServer(
            List.of(
                binaries.get().resolve("pg_ctl").toString(),
                "-D",
                data.toString(),
                "-m",
                mode,
                "-w",
                "stop")));
    return true;
  }

  /** Stops the server and deletes the cluster with everything in it. */
  public void destroy() {
    stop("immediate"); // nothing is to be kept: sixty databases took over 30 s to be written out
    require(List.of("rm", "-rf", data.toString()));
  }

  /** The server's process, empty if it does not run. */
  public Optional<ProcessHandle> process() {
    Commands.Ended pid =
        Commands.run(
            asServer(List.of("head", "-n", "1", data.resolve("postmaster.pid").toString())));
    return pid.ok() ? ProcessHandle.of(Long.parseLong(pid.output().strip())) : Optional.empty();
  }

  private DatabaseAddress address() throws IOException {
    return new DatabaseAddress(
        "127.0.0.1", port(), DATABASE, USER, home.resolve("pgpass").toString());
  }

  private int port() throws IOException {
    return Integer.parseInt(Files.readString(home.resolve("pgpass")).split(":", 3)[1]);
  }

  private List<String> asServer(List<String> command) {
    if (!asRoot) {
      return command;
    }
    List<String> asPostgres = new ArrayList<>(List.of("runuser", "-u", SERVER_USER, "--"));
    asPostgres.addAll(command);
    return asPostgres;
  }

  private static void require(List<String> command) {
    Commands.Ended ended = Commands.run(command);
    if (!ended.ok()) {
      throw failed(
          String.join(" ", command.subList(0, Math.min(4, command.size()))) + ": " + ended.output(),
          null);
    }
  }

  private static NightjarException failed(
      String what, @org.jspecify.annotations.Nullable Exception cause) {
    return new NightjarException(
        ErrorCode.DATABASE_UNREACHABLE,
        "local PostgreSQL",
        what,
        "free disk space or permissions, or give --database URL",
        cause);
  }

  private static void writeOwnerOnly(Path file, String text) {
    try {
      Path fresh =
          Files.createTempFile(
              file.toAbsolutePath().getParent(),
              "nightjar",
              ".tmp",
              PosixFilePermissions.asFileAttribute(
                  Set.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE)));
      Files.writeString(fresh, text);
      Files.move(
          fresh,
          file,
          java.nio.file.StandardCopyOption.REPLACE_EXISTING,
          java.nio.file.StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
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
