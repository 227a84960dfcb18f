package dev.nightjar.runners;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.emulator.Emulator;
import dev.nightjar.pipelines.model.Provider;
import dev.nightjar.pipelines.submit.ProviderSettings;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Where a command works: which database, and which providers. A rehearsal has a database of its own
 * and emulated providers, which live as long as the setting; what they have in work is kept under
 * the home directory for the next rehearsal. One rehearsal at a time for a home. Not thread-safe.
 */
final class Setting implements AutoCloseable {
  private static final double SPEED = 200;
  private static final String DATABASE_SUFFIX = "_rehearsal";

  /** An emulator answers at once: waits that suit the network would only be sat out. */
  private static final ProviderSettings.Patience PATIENCE =
      new ProviderSettings.Patience(3_000, 2_000, 5_000, 3_000);

  private final DatabaseAddress database;
  private final ProviderSettings providers;
  private final @Nullable Emulator emulator;
  private final @Nullable FileChannel lock;

  private Setting(
      DatabaseAddress database,
      ProviderSettings providers,
      @Nullable Emulator emulator,
      @Nullable FileChannel lock) {
    this.database = database;
    this.providers = providers;
    this.emulator = emulator;
    this.lock = lock;
  }

  /** The database, and the providers themselves or what the environment puts in their place. */
  static Setting real(StoreOptions store, ProviderSettings.Patience patience) {
    return new Setting(
        store.migrated(Optional.empty()),
        ProviderSettings.fromEnvironment(System.getenv(), patience),
        null,
        null);
  }

  /**
   * A database of its own on the same server, and emulated providers.
   *
   * @param out told that it is a rehearsal
   * @throws NightjarException REHEARSAL_BUSY if another rehearsal of this home is under way
   */
  static Setting rehearsal(StoreOptions store, PrintWriter out) {
    DatabaseAddress database = rehearsalDatabase(store);
    Path home = StoreOptions.home().resolve("rehearsal");
    FileChannel lock = null;
    try {
      Files.createDirectories(home);
      lock = lock(home);
      Emulator emulator = start(home);
      out.println(
          "REHEARSAL: providers are emulated, answers are made up, nothing is sent and nothing is spent;"
              + " prices are real, the database is "
              + database.database());
      out.flush();
      return new Setting(database, emulated(emulator), emulator, lock);
    } catch (IOException e) {
      close(lock);
      throw new NightjarException(
          ErrorCode.HOME_UNUSABLE,
          home.toString(),
          "a rehearsal cannot be kept there (" + e + ")",
          "see to the directory, or set NIGHTJAR_HOME to another",
          e);
    } catch (RuntimeException e) {
      close(lock);
      throw e;
    }
  }

  /** The database that rehearsals leave their results in, at the schema version of this build. */
  static DatabaseAddress rehearsalDatabase(StoreOptions store) {
    return store.migrated(Optional.of(store.server().database() + DATABASE_SUFFIX));
  }

  private static FileChannel lock(Path home) throws IOException {
    FileChannel channel =
        FileChannel.open(home.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    FileLock held;
    try {
      held = channel.tryLock();
    } catch (OverlappingFileLockException e) {
      held = null;
    }
    if (held == null) {
      channel.close();
      throw new NightjarException(
          ErrorCode.REHEARSAL_BUSY,
          home.toString(),
          "another rehearsal of this home is under way",
          "wait until it has ended");
    }
    return channel;
  }

  /** At the port of the last rehearsal: a submission is looked for where it was made. */
  private static Emulator start(Path home) throws IOException {
    Path kept = home.resolve("port");
    int port = 0;
    if (Files.exists(kept)) {
      String written = Files.readString(kept).strip();
      port = written.matches("[0-9]{1,5}") ? Integer.parseInt(written) : 0;
    }
    Emulator emulator;
    try {
      emulator =
          EmulatorCommand.start(
              Emulator.in(home.resolve("emulator")).speed(SPEED).port(port), port);
    } catch (NightjarException e) {
      emulator = EmulatorCommand.start(Emulator.in(home.resolve("emulator")).speed(SPEED), 0);
    }
    Files.writeString(kept, emulator.uri().getPort() + "\n");
    return emulator;
  }

  private static ProviderSettings emulated(Emulator emulator) {
    Map<Provider, String> addresses = new EnumMap<>(Provider.class);
    for (Provider provider : Provider.values()) {
      addresses.put(provider, emulator.uri() + (provider == Provider.SELF_HOSTED ? "/vllm" : ""));
    }
    return new ProviderSettings(addresses, null, PATIENCE);
  }

  DatabaseAddress database() {
    return database;
  }

  ProviderSettings providers() {
    return providers;
  }

  boolean isRehearsal() {
    return emulator != null;
  }

  private static void close(@Nullable FileChannel lock) {
    if (lock != null) {
      try {
        lock.close();
      } catch (IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
    }
  }

  @Override
  public void close() {
    if (emulator != null) {
      emulator.close();
    }
    close(lock);
  }
}
