package dev.nightjar.cachestore.local;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.postgres.Databases;
import dev.nightjar.cachestore.postgres.Migrations;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;

/**
 * Copies a database to a file and back, by PostgreSQL's own pg_dump and pg_restore. What is there
 * is never overwritten: a backup is written under a new name, and a restored database takes the
 * place of the former one, which is kept under another name.
 */
public final class Backup {
  private static final DateTimeFormatter SUFFIX =
      DateTimeFormatter.ofPattern("yyyyMMdd_HHmmss").withZone(ZoneOffset.UTC);

  private final DatabaseAddress address;
  private final DumpTools tools;
  private final Path record;
  private final Clock clock;

  private Backup(DatabaseAddress address, DumpTools tools, Path record, Clock clock) {
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
    return new Backup(address, own.tools(), recordIn(home), clock);
  }

  /** Of another server's database. */
  public static Backup of(DatabaseAddress address, Path home, Clock clock) {
    return new Backup(address, DumpTools.of(address), recordIn(home), clock);
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
    Path part = whole.resolveSibling(whole.getFileName() + ".part");
    Instant begun = clock.instant().truncatedTo(ChronoUnit.SECONDS);
    if (Files.exists(whole)) {
      throw isThere(whole);
    }
    try {
      Files.deleteIfExists(part); // of a backup that was killed
      Files.createFile(
          part, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      try {
        tools.dump(address.database(), part);
        try (FileChannel channel = FileChannel.open(part, StandardOpenOption.WRITE)) {
          channel.force(true);
        }
        Files.createLink(whole, part); // unlike a move, never over another file
      } finally {
        Files.deleteIfExists(part);
      }
      HomeDirectory.writeOwnerOnly(record, begun + "\n" + whole + "\n");
      return Files.size(whole);
    } catch (FileAlreadyExistsException e) {
      throw isThere(whole);
    } catch (IOException e) {
      throw new NightjarException(
          ErrorCode.BACKUP_FAILED,
          whole.toString(),
          "cannot be written: " + HomeDirectory.reason(e),
          "give another file",
          e);
    }
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
    String suffix = SUFFIX.format(clock.instant());
    DatabaseAddress fresh = address.withDatabase(address.database() + "_restored_" + suffix);
    Migrations.createEmpty(fresh);
    try {
      tools.restore(whole, fresh.database());
      Migrations.migrate(fresh);
      return Databases.takePlace(fresh, address, address.database() + "_until_" + suffix);
    } catch (NightjarException e) {
      Databases.drop(fresh); // which was made a moment ago from the same file
      throw e;
    }
  }
}
