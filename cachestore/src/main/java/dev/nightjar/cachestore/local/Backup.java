package dev.nightjar.cachestore.local;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.postgres.Databases;
import dev.nightjar.cachestore.postgres.Migrations;
import dev.nightjar.cachestore.postgres.PostgresStores;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Copies a database to a file and back, by PostgreSQL's own pg_dump and pg_restore. What is there
 * is never overwritten: a backup is written under a new name, and a restored database takes the
 * place of the former one, which is kept under another name.
 */
public final class Backup {
  private static final DateTimeFormatter SUFFIX =
      DateTimeFormatter.ofPattern("yyyyMMdd_HHmmss").withZone(ZoneOffset.UTC);

  private static final int NAME_MAX = 30;
  private static final FileAttribute<Set<PosixFilePermission>> OWNER_ONLY =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

  private static final Logger LOG = LoggerFactory.getLogger(Backup.class);

  private final DatabaseAddress address;
  private final DumpTools tools;
  private final Optional<Path> record;
  private final Clock clock;

  private Backup(DatabaseAddress address, DumpTools tools, Optional<Path> record, Clock clock) {
    this.address = address;
    this.tools = tools;
    this.record = record;
    this.clock = clock;
  }

  /**
   * Of a home directory's own database, which runs.
   *
   * @param address its address
   */
  public static Backup of(PrivateDatabase own, Path home, DatabaseAddress address, Clock clock) {
    return new Backup(address, own.tools(), Optional.of(recordIn(home)), clock);
  }

  /** Of another server's database, whose backups are not this home directory's concern. */
  public static Backup of(DatabaseAddress address, Clock clock) {
    return new Backup(address, DumpTools.of(address), Optional.empty(), clock);
  }

  /** Of a database that is gone, a backup is none of the next one's. */
  static void forget(HomeDirectory home) {
    try {
      Files.deleteIfExists(recordIn(home.path()));
    } catch (IOException e) {
      throw HomeDirectory.unusable(
          recordIn(home.path()), "cannot be deleted", "delete it: it is a note only", e);
    }
  }

  private static Path recordIn(Path home) {
    return HomeDirectory.at(home).resolve("last-backup");
  }

  /**
   * The newest backup that was made from a home directory.
   *
   * @param at when it was begun, which is what it holds
   * @param file where it was written
   */
  public record Made(Instant at, Path file) {}

  /**
   * The newest backup that was made from a home directory and is still there.
   *
   * @return empty if there was none, or its file is gone
   */
  public static Optional<Made> newest(Path home) {
    Path record = recordIn(home);
    try {
      List<String> lines = HomeDirectory.exists(record) ? Files.readAllLines(record) : List.of();
      return lines.size() < 2 || !Files.exists(Path.of(lines.get(1)))
          ? Optional.empty()
          : Optional.of(new Made(Instant.parse(lines.get(0)), Path.of(lines.get(1))));
    } catch (IOException | DateTimeParseException e) {
      return Optional.empty(); // a warning too many, at worst
    }
  }

  /**
   * Writes the database to a file that only its owner can read, for it holds texts and answers.
   *
   * @return the file's length in bytes
   * @throws NightjarException BACKUP_FAILED if the file is there already or cannot be written
   */
  public long write(Path file) {
    Path whole = file.toAbsolutePath().normalize();
    Instant begun = clock.instant().truncatedTo(ChronoUnit.SECONDS);
    try {
      // The name is taken at once, so that of two backups under one name the second is refused.
      Files.createFile(whole, OWNER_ONLY);
    } catch (FileAlreadyExistsException e) {
      throw isThere(whole);
    } catch (IOException e) {
      throw cannotWrite(whole, e);
    }
    boolean written = false;
    try {
      Path part =
          Files.createTempFile(
              HomeDirectory.parent(whole), whole.getFileName() + ".", ".part", OWNER_ONLY);
      try {
        tools.dump(address.database(), part);
        tools.check(part);
        try (FileChannel channel = FileChannel.open(part, StandardOpenOption.WRITE)) {
          channel.force(true);
        }
        Files.move(
            part, whole, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        written = true;
      } finally {
        Files.deleteIfExists(part);
      }
      remember(begun, whole);
      return Files.size(whole);
    } catch (IOException e) {
      throw cannotWrite(whole, e);
    } finally {
      if (!written) {
        release(whole);
      }
    }
  }

  /** The note of a backup is for the doctor; the backup is good without it. */
  private void remember(Instant begun, Path whole) {
    try {
      record.ifPresent(file -> HomeDirectory.writeOwnerOnly(file, begun + "\n" + whole + "\n"));
    } catch (NightjarException e) {
      LOG.warn("{} is written; {}", whole, e.getMessage());
    }
  }

  /** The empty file that held the name. */
  private static void release(Path whole) {
    try {
      if (Files.size(whole) == 0) {
        Files.delete(whole);
      }
    } catch (IOException e) {
      LOG.warn("{} is empty and can be deleted: {}", whole, HomeDirectory.reason(e));
    }
  }

  private static NightjarException cannotWrite(Path file, IOException e) {
    return new NightjarException(
        ErrorCode.BACKUP_FAILED,
        file.toString(),
        "cannot be written: " + HomeDirectory.reason(e),
        "give another file",
        e);
  }

  private static NightjarException isThere(Path file) {
    return new NightjarException(
        ErrorCode.BACKUP_FAILED,
        file.toString(),
        "is there already, and a backup is not overwritten",
        "give a new name, for instance with $(date +%F) in it");
  }

  /**
   * Puts a backup in the database's place, at the schema version of this build.
   *
   * @return the name under which the former database is kept; empty if there was none
   * @throws NightjarException BACKUP_FAILED if the file is no backup, or somebody uses the database
   */
  public Optional<String> restore(Path file) {
    Path whole = file.toAbsolutePath().normalize();
    if (!Files.isReadable(whole) || Files.isDirectory(whole)) {
      throw new NightjarException(
          ErrorCode.BACKUP_FAILED,
          whole.toString(),
          "is not a file that can be read",
          "give what 'nightjar db backup' wrote");
    }
    // Short enough that PostgreSQL, which cuts names at 63 bytes, keeps what tells them apart.
    String name = address.database().substring(0, Math.min(NAME_MAX, address.database().length()));
    String suffix = SUFFIX.format(clock.instant());
    DatabaseAddress fresh =
        address.withDatabase(name + "_restored_" + UUID.randomUUID().toString().substring(0, 8));
    Databases.createNew(fresh); // from here on it is ours to drop
    try {
      Migrations.makeReady(fresh);
      tools.restore(whole, fresh.database());
      Migrations.migrate(fresh);
      try (PostgresStores stores = PostgresStores.open(fresh, 1, clock)) {
        stores.strays().afterRestore();
      }
      return Databases.takePlace(fresh, address, name + "_until_" + suffix);
    } catch (NightjarException e) {
      Databases.drop(fresh); // which was made a moment ago from the same file
      throw e;
    }
  }
}
