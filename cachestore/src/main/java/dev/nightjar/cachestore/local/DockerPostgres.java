package dev.nightjar.cachestore.local;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.UUID;

/**
 * PostgreSQL with pgvector in a container, for machines that have Docker and no PostgreSQL. One
 * container and one named volume per home directory; published on loopback only.
 *
 * <p>As with {@link LocalPostgres}, what is there is never replaced: a password is made with its
 * volume and kept until that is destroyed, a container that is gone is made anew on the volume that
 * it left, and whether one is there is answered by yes, no, or an exception.
 */
public final class DockerPostgres {
  /** The image, also the tests'. */
  public static final String IMAGE = "pgvector/pgvector:pg17";

  private static final String USER = "nightjar";
  private static final String NAME = "docker-postgres.name";

  private final HomeDirectory home;

  private DockerPostgres(HomeDirectory home) {
    this.home = home;
  }

  /** The container that belongs to a home directory; it may not exist yet. */
  public static DockerPostgres in(Path path) {
    return new DockerPostgres(HomeDirectory.at(path));
  }

  /**
   * The name of the container and of its volume. Drawn once for a home directory: two machines that
   * share an engine may have homes of one path.
   */
  String name() {
    Path file = home.resolve(NAME);
    try {
      if (HomeDirectory.exists(file)) {
        return Files.readString(file).strip();
      }
      if (hasPassword()) { // from before names were drawn
        return "nightjar-postgres-" + Integer.toHexString(home.path().toString().hashCode());
      }
    } catch (IOException e) {
      throw HomeDirectory.unusable(
          file, "cannot be read: " + HomeDirectory.reason(e), "run it as its owner", e);
    }
    String drawn = "nightjar-postgres-" + UUID.randomUUID();
    HomeDirectory.writeOwnerOnly(file, drawn + "\n");
    return drawn;
  }

  /** Whether a Docker engine answers and has the image or can pull it. */
  public static boolean available() {
    return Commands.find("docker").isPresent()
        && (docker("image", "inspect", IMAGE).ok()
            || (docker("info").ok() && docker("pull", "-q", IMAGE).ok()));
  }

  private static Commands.Ended docker(String... arguments) {
    List<String> line = new ArrayList<>();
    line.add(Commands.program("docker"));
    line.addAll(List.of(arguments));
    return Commands.run(line);
  }

  /** Whether this home directory has, or had, a database in a container. */
  boolean exists() {
    return hasPassword()
        || HomeDirectory.exists(passwordFile())
        // Else a set-up was begun, and perhaps the image could not be had.
        || (HomeDirectory.exists(home.resolve(NAME))
            && Commands.find("docker").isPresent()
            && has("volume"));
  }

  private boolean hasPassword() {
    return HomeDirectory.exists(environment());
  }

  private Path environment() {
    return home.resolve("docker-postgres.env");
  }

  /** Where the password is until its container is made. */
  private Path newEnvironment() {
    return home.resolve("docker-postgres.env.new");
  }

  private Path passwordFile() {
    return home.resolve("docker-pgpass");
  }

  /**
   * Whether Docker has a thing.
   *
   * @param kind container or volume
   * @throws NightjarException DATABASE_UNREACHABLE if the engine does not say
   */
  private boolean has(String kind) {
    Commands.Ended ended = docker(kind, "inspect", name());
    if (!ended.ok() && !ended.output().toLowerCase(Locale.ROOT).contains("no such " + kind)) {
      throw failed(ended.output());
    }
    return ended.ok();
  }

  /**
   * Makes or starts the container, waits until it answers, and returns its address.
   *
   * @throws NightjarException HOME_UNUSABLE if the volume has no password here, or the password no
   *     volume; DATABASE_UNREACHABLE
   */
  public DatabaseAddress start() {
    home.prepare();
    return home.locked(this::startLocked);
  }

  private DatabaseAddress startLocked() {
    String name = name();
    boolean container = has("container");
    boolean volume = container || has("volume");
    if (volume && !hasPassword() && HomeDirectory.exists(newEnvironment())) {
      keepNewEnvironment(); // killed between the two
    }
    if (volume && !hasPassword()) {
      throw HomeDirectory.unusable(
          environment(),
          "is not there, so nobody has the password of the database in Docker's volume " + name,
          "put the file back, or have 'nightjar db password' set a new password; the data are"
              + " kept");
    }
    if (!volume && hasPassword()) {
      throw HomeDirectory.unusable(
          environment(),
          "is the password of a database in a Docker volume "
              + name
              + ", which this engine does not have",
          "use the Docker engine that has it (DOCKER_HOST, docker context), or remove this file to"
              + " begin with an empty database");
    }
    if (container) {
      require("start", name);
    } else {
      create();
    }
    return ServerProbe.awaitAnswer(
        this::address, "have 'nightjar db password' set a new password; the data are kept");
  }

  private DatabaseAddress address() {
    String published = require("port", name(), "5432/tcp").output();
    int port = Integer.parseInt(published.lines().findFirst().orElseThrow().replaceAll(".*:", ""));
    HomeDirectory.writeOwnerOnly(
        passwordFile(), "127.0.0.1:" + port + ":*:" + USER + ":" + password() + "\n");
    return new DatabaseAddress("127.0.0.1", port, USER, USER, passwordFile().toString());
  }

  private String password() {
    try {
      return Files.readString(environment()).lines().findFirst().orElseThrow().split("=", 2)[1];
    } catch (IOException | RuntimeException e) {
      throw HomeDirectory.unusable(
          environment(),
          "has no password in its first line",
          "have 'nightjar db password' set a new one",
          e);
    }
  }

  private void create() {
    String container = name();
    Path environment = environment();
    if (!hasPassword()) {
      environment = newEnvironment();
      writeEnvironment(environment, HomeDirectory.newPassword());
    }
    require(
        "run",
        "-d",
        "--name",
        container,
        "--env-file",
        environment.toString(),
        "-p",
        "127.0.0.1::5432",
        "-v",
        container + ":/var/lib/postgresql/data",
        IMAGE);
    if (!hasPassword()) {
      keepNewEnvironment();
    }
  }

  private void keepNewEnvironment() {
    try {
      Files.move(newEnvironment(), environment(), StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw HomeDirectory.unusable(
          newEnvironment(), "cannot be renamed: " + e.getMessage(), "run it again", e);
    }
  }

  /** A file, because a command line can be read by every user of the machine. */
  private static void writeEnvironment(Path file, String password) {
    HomeDirectory.writeOwnerOnly(
        file,
        "POSTGRES_PASSWORD="
            + password
            + "\nPOSTGRES_USER="
            + USER
            + "\nPOSTGRES_DB="
            + USER
            + "\n");
  }

  /** Sets a new password through the container's own socket, which asks for none. */
  void setNewPassword() {
    home.prepare();
    home.locked(
        () -> {
          if (has("container")) {
            require("start", name());
          } else if (has("volume")) {
            // The image sets a password only in an empty volume.
            if (!hasPassword()) {
              writeEnvironment(environment(), HomeDirectory.newPassword());
            }
            create();
          } else {
            throw none();
          }
          String password = HomeDirectory.newPassword();
          Commands.Ended ended =
              Commands.run(
                  List.of(
                      Commands.program("docker"),
                      "exec",
                      "-i",
                      name(),
                      "sh",
                      "-c",
                      "until pg_isready -q; do sleep 0.2; done; exec psql -q -v ON_ERROR_STOP=1 -U "
                          + USER),
                  "alter role " + USER + " password '" + password + "'\n");
          if (!ended.ok()) {
            throw failed(ended.output().replace(password, "…"));
          }
          writeEnvironment(environment(), password);
          return password;
        });
  }

  private NightjarException none() {
    return HomeDirectory.unusable(
        home.path(),
        "has no database in this Docker engine (volume " + name() + ")",
        "use the engine that has it (DOCKER_HOST, docker context); 'nightjar db start' makes an"
            + " empty one where there was none");
  }

  /** How its databases are dumped and restored. */
  DumpTools tools() {
    return DumpTools.inContainer(Commands.program("docker"), name(), address());
  }

  /** Stops the container if it runs; its volume stays. */
  public boolean stop() {
    return exists()
        && docker("inspect", "-f", "{{.State.Running}}", name()).output().equals("true")
        && require("stop", name()).ok();
  }

  /**
   * Removes the container, its volume with everything in it, and the password.
   *
   * @throws NightjarException HOME_UNUSABLE if this engine does not have it
   */
  void destroyForGood() {
    home.locked(
        () -> {
          boolean container = has("container");
          if (!container && !has("volume")) {
            throw none();
          }
          if (container) {
            require("rm", "-f", "-v", name());
          }
          if (has("volume")) {
            require("volume", "rm", name());
          }
          try {
            for (String file : List.of("docker-postgres.env", "docker-pgpass", NAME)) {
              Files.deleteIfExists(home.resolve(file));
            }
          } catch (IOException e) {
            throw failed(String.valueOf(e.getMessage()));
          }
          return container;
        });
  }

  private static Commands.Ended require(String... arguments) {
    Commands.Ended ended = docker(arguments);
    if (!ended.ok()) {
      throw failed(ended.output());
    }
    return ended;
  }

  private static NightjarException failed(String what) {
    return new NightjarException(
        ErrorCode.DATABASE_UNREACHABLE,
        "Docker PostgreSQL",
        what,
        "see 'docker logs', or give --database URL; the data are as they were");
  }
}
