package dev.nightjar.cachestore.local;

import com.sun.security.auth.module.UnixSystem;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Where everything of one user is kept, {@code NIGHTJAR_HOME}. Looking into it has three outcomes:
 * yes, no, and cannot tell, which is thrown, so that nobody takes what he could not see for absent.
 *
 * @param path absolute and normalized
 */
record HomeDirectory(Path path) {
  private static final long UID_ROOT = 0;
  private static final Map<Path, ReentrantLock> LOCKS = new ConcurrentHashMap<>();

  static HomeDirectory at(Path path) {
    return new HomeDirectory(path.toAbsolutePath().normalize());
  }

  /** Whether this process is root's, who passes every check of permissions. */
  static boolean isRoot() {
    return new UnixSystem().getUid() == UID_ROOT;
  }

  /**
   * Makes the directory if it is not there.
   *
   * @throws NightjarException HOME_UNUSABLE if this user may not use it, or if it is another's and
   *     this user is root, whose files its owner could not read afterwards
   */
  void prepare() {
    Path there = path;
    while (there.getParent() != null && !exists(there)) {
      there = there.getParent();
    }
    if (isRoot() && uid(there) != UID_ROOT) {
      String owner = owner(there);
      String user = owner.matches("\\d+") ? "'#" + owner + "'" : owner; // one without a name
      throw unusable(
          path,
          "belongs to " + owner + " and this is root, whose files " + owner + " could not read",
          "run it as "
              + owner
              + " (sudo -u "
              + user
              + "), or set NIGHTJAR_HOME to a directory of root's own");
    }
    try {
      Files.createDirectories(path);
    } catch (IOException e) {
      throw unusable(path, "cannot be made: " + reason(e), WAY_OUT, e);
    }
    if (!Files.isReadable(path) || !Files.isWritable(path) || !Files.isExecutable(path)) {
      throw unusable(
          path,
          "belongs to "
              + owner(path)
              + " and "
              + System.getProperty("user.name")
              + " may not read and write it",
          WAY_OUT);
    }
  }

  private static final String WAY_OUT =
      "run it as the directory's owner, or set NIGHTJAR_HOME to a directory of your own";

  /**
   * Does something that no other process, and no other thread, does to this directory meanwhile.
   * May be called inside itself.
   *
   * @throws NightjarException HOME_UNUSABLE if the directory cannot be locked
   */
  <T> T locked(Supplier<T> work) {
    // A file lock is a process's: a second thread's would fail, and its end would free the first's.
    ReentrantLock threads = LOCKS.computeIfAbsent(path, p -> new ReentrantLock());
    threads.lock();
    try {
      return threads.getHoldCount() > 1 ? work.get() : lockedFile(work);
    } finally {
      threads.unlock();
    }
  }

  private <T> T lockedFile(Supplier<T> work) {
    Path file = path.resolve("postgres.lock");
    try (FileChannel channel =
            FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = channel.lock()) {
      if (!lock.isValid()) {
        throw new IOException("the lock was lost");
      }
      return work.get();
    } catch (IOException e) {
      throw unusable(file, "cannot be locked: " + reason(e), WAY_OUT, e);
    }
  }

  Path resolve(String name) {
    return path.resolve(name);
  }

  /**
   * Whether something is there.
   *
   * @throws NightjarException HOME_UNUSABLE if that cannot be told
   */
  static boolean exists(Path file) {
    try {
      Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      return true;
    } catch (NoSuchFileException e) {
      return false;
    } catch (IOException e) {
      throw unusable(file, "cannot be looked at: " + reason(e), WAY_OUT, e);
    }
  }

  /** The number of the user who owns a file. */
  static long uid(Path file) {
    try {
      return ((Number) Files.getAttribute(file, "unix:uid")).longValue();
    } catch (IOException e) {
      throw unusable(file, "cannot be looked at: " + reason(e), WAY_OUT, e);
    }
  }

  /** The name of the user who owns a file. */
  static String owner(Path file) {
    try {
      return Files.getOwner(file).getName();
    } catch (IOException e) {
      throw unusable(file, "cannot be looked at: " + reason(e), WAY_OUT, e);
    }
  }

  /**
   * The first directory on the way to a file that other users may not pass; null if there is none.
   */
  static @Nullable Path closedToOthers(Path file) {
    for (Path at = file.getRoot(); at != null; at = next(at, file)) {
      try {
        if (Files.isDirectory(at)
            && !Files.getPosixFilePermissions(at).contains(PosixFilePermission.OTHERS_EXECUTE)) {
          return at;
        }
      } catch (IOException e) {
        throw unusable(at, "cannot be looked at: " + reason(e), WAY_OUT, e);
      }
    }
    return null;
  }

  private static @Nullable Path next(Path at, Path file) {
    int names = at.getNameCount();
    return names >= file.getNameCount() - 1
        ? null
        : file.getRoot().resolve(file.subpath(0, names + 1));
  }

  static Path parent(Path file) {
    return Objects.requireNonNull(file.getParent(), "a path with a parent");
  }

  /** Replaces a file by one that only its owner can read; never leaves half a file. */
  static void writeOwnerOnly(Path file, String text) {
    try {
      Path fresh =
          Files.createTempFile(
              parent(file),
              "nightjar",
              ".tmp",
              PosixFilePermissions.asFileAttribute(
                  Set.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE)));
      Files.writeString(fresh, text);
      Files.move(fresh, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw unusable(file, "cannot be written: " + reason(e), WAY_OUT, e);
    }
  }

  /** A password for a private database; fit for a URL, a file name and a SQL literal. */
  static String newPassword() {
    byte[] secret = new byte[24];
    new SecureRandom().nextBytes(secret);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(secret);
  }

  static String reason(IOException failure) {
    return failure instanceof FileSystemException named && named.getReason() == null
        ? failure.getClass().getSimpleName().replace("Exception", "") + " " + named.getFile()
        : String.valueOf(failure.getMessage());
  }

  static NightjarException unusable(Path what, String why, String nextStep) {
    return new NightjarException(ErrorCode.HOME_UNUSABLE, what.toString(), why, nextStep);
  }

  static NightjarException unusable(Path what, String why, String nextStep, Exception cause) {
    return new NightjarException(ErrorCode.HOME_UNUSABLE, what.toString(), why, nextStep, cause);
  }
}
