package dev.nightjar.cachestore.local;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The database of one home directory, whichever kind it is: a cluster of this machine's PostgreSQL,
 * or a container. Which of them is decided once, when it is made; what is there goes before what
 * this machine could make, so that installing PostgreSQL, or removing it, never leads to a second,
 * empty database.
 */
public final class PrivateDatabase {
  private final HomeDirectory home;
  private final LocalPostgres local;
  private final DockerPostgres docker;

  private PrivateDatabase(Path home) {
    this.home = HomeDirectory.at(home);
    this.local = LocalPostgres.in(home);
    this.docker = DockerPostgres.in(home);
  }

  /** The database that belongs to a home directory; it may not exist yet. */
  public static PrivateDatabase in(Path home) {
    return new PrivateDatabase(home);
  }

  private enum Kind {
    CLUSTER,
    CONTAINER
  }

  private Optional<Kind> kind() {
    boolean cluster = local.exists();
    boolean container = docker.exists();
    if (cluster && container) {
      throw HomeDirectory.unusable(
          home.path(),
          "has two databases, a cluster ("
              + local.cluster().map(Path::toString).orElse("which is not there now")
              + ") and a container ("
              + docker.name()
              + ")",
          "find out which is wanted, and move the other's password file away, pgpass or"
              + " docker-postgres.env");
    }
    return cluster
        ? Optional.of(Kind.CLUSTER)
        : container ? Optional.of(Kind.CONTAINER) : Optional.empty();
  }

  /**
   * Makes it if there is none, starts it if it does not run, and returns its address, which has
   * answered.
   *
   * @throws NightjarException HOME_UNUSABLE, POSTGRES_MISSING, PROGRAM_MISSING or
   *     DATABASE_UNREACHABLE, with the way out; what is there is left as it is
   */
  public DatabaseAddress start() {
    home.prepare();
    return home.locked(this::startLocked);
  }

  /** Of two first starts at once, the second finds what the first decided. */
  private DatabaseAddress startLocked() {
    Optional<Kind> kind = kind();
    if (kind.isPresent()) {
      return kind.get() == Kind.CLUSTER ? local.start() : docker.start();
    }
    if (LocalPostgres.binariesWithVector().isPresent()) {
      return local.start();
    }
    if (DockerPostgres.available()) {
      return docker.start();
    }
    throw new NightjarException(
        ErrorCode.POSTGRES_MISSING,
        "PostgreSQL",
        "this machine has neither a PostgreSQL with pgvector nor Docker",
        "run 'runners/bin/nightjar setup', or give --database URL");
  }

  private Kind existing() {
    return kind()
        .orElseThrow(
            () ->
                HomeDirectory.unusable(
                    home.path(), "has no database", "'nightjar db start' makes an empty one"));
  }

  /**
   * Stops it if it runs; the data stay.
   *
   * @return whether it ran
   */
  public boolean stop() {
    if (!HomeDirectory.exists(home.path())) {
      return false;
    }
    home.prepare();
    return kind().map(kind -> kind == Kind.CLUSTER ? local.stop() : docker.stop()).orElse(false);
  }

  /** Sets a new password, for a home directory that has lost the old one; the data stay. */
  public void setNewPassword() {
    home.prepare();
    if (existing() == Kind.CLUSTER) {
      local.setNewPassword();
    } else {
      docker.setNewPassword();
    }
  }

  /** Where its data are, for people. */
  public String place() {
    return existing() == Kind.CLUSTER
        ? local.cluster().map(Path::toString).orElse(home.path().toString())
        : "Docker's volume " + docker.name();
  }

  /** Deletes it with all data and its password. The only way; to be called at a person's word. */
  public void destroyForGood() {
    home.locked(
        () -> {
          Kind kind = existing();
          if (kind == Kind.CLUSTER) {
            local.destroyForGood();
          } else {
            docker.destroyForGood();
          }
          Backup.forget(home);
          return kind;
        });
  }

  /** How its databases are dumped and restored; it must have been started. */
  DumpTools tools() {
    return existing() == Kind.CLUSTER ? local.tools() : docker.tools();
  }
}
