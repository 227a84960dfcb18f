package dev.nightjar.runners;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Copies of documents that commands keep on this machine beside the database: rows of queries,
 * documents of trials, and what killed processes left in the directory for temporary files. All of
 * it can be made again.
 */
final class LocalTexts {
  /** Longer than any process needs such a file. */
  private static final Duration LEFT_BEHIND = Duration.ofDays(1);

  /** A command writes such a file before its run is in the database. */
  private static final Duration BEGINNING = Duration.ofHours(1);

  private LocalTexts() {}

  /**
   * What became of them.
   *
   * @param deleted how many files and directories went
   * @param recent how many stay that a command may just have written
   */
  record Swept(int deleted, int recent) {}

  /**
   * Deletes them.
   *
   * @param home the home directory
   * @param temporary the directory for temporary files
   * @param isRead whether a run of any tenant still reads a file of this name
   */
  static Swept delete(Path home, Path temporary, Predicate<String> isRead, Instant now)
      throws IOException {
    int deleted = 0;
    int recent = 0;
    for (String kept : List.of("corpora", "trials")) {
      for (Path file : in(home.resolve(kept), "*")) {
        if (Files.getLastModifiedTime(file).toInstant().isAfter(now.minus(BEGINNING))) {
          recent++;
        } else if (!isRead.test(file.getFileName().toString())) {
          remove(file);
          deleted++;
        }
      }
    }
    // Spools are told by their process, whenever providers are opened; these have none in the name.
    for (String leftover : List.of("nightjar-*.file", "nightjar-reading-*")) {
      for (Path file : in(temporary, leftover)) {
        if (Files.isWritable(file)
            && Files.getLastModifiedTime(file).toInstant().isBefore(now.minus(LEFT_BEHIND))) {
          remove(file);
          deleted++;
        }
      }
    }
    return new Swept(deleted, recent);
  }

  private static List<Path> in(Path directory, String glob) throws IOException {
    List<Path> found = new ArrayList<>();
    if (Files.isDirectory(directory)) {
      try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, glob)) {
        files.forEach(found::add);
      }
    }
    return found;
  }

  private static void remove(Path path) throws IOException {
    try (Stream<Path> paths = Files.walk(path)) {
      for (Path each : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(each);
      }
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }
}
