package dev.nightjar.pipelines.submit;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.Submission;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * The requests of one submission on disk: a batch may hold 190 MB, and several are made at once.
 * The file holds prompts, so that it is this user's only, is deleted on closing, and what a killed
 * process left behind is deleted by the next one.
 */
final class Spool implements AutoCloseable {
  private static final String DIRECTORY = "nightjar-spool-";

  private final Path directory;
  private final Path file;

  private Spool(Path directory, Path file) {
    this.directory = directory;
    this.file = file;
  }

  /** Writes requests, one call each. */
  interface Lines {
    void forEach(Consumer<String> line);
  }

  /**
   * Writes the requests of a submission.
   *
   * @throws NightjarException INTERNAL if they are not as many bytes as were packed
   */
  static Spool write(Submission submission, Lines lines) {
    try {
      Path directory =
          Files.createTempDirectory(
              DIRECTORY + ProcessHandle.current().pid() + "-",
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      Spool spool =
          new Spool(directory, directory.resolve(UploadName.of(submission.submissionId())));
      try {
        spool.write(lines);
        long bytes = Files.size(spool.file);
        // Where a mark stands differs by a few bytes if a prompt is nothing but what all share.
        boolean isAsPacked =
            submission.cacheMark().isPresent()
                ? bytes <= submission.requestBytes()
                : bytes == submission.requestBytes();
        if (!isAsPacked) {
          throw new NightjarException(
              ErrorCode.INTERNAL,
              submission.submissionId(),
              "its requests are "
                  + bytes
                  + " bytes, but "
                  + submission.requestBytes()
                  + " were packed",
              "report this as a defect; nothing was sent");
        }
        return spool;
      } catch (IOException | RuntimeException e) {
        spool.close();
        throw e;
      }
    } catch (IOException e) {
      throw new NightjarException(
          ErrorCode.INPUT_UNREADABLE,
          submission.submissionId(),
          "its requests cannot be written to the temporary directory: " + e.getMessage(),
          "free space there and run the same command again; nothing was sent",
          e);
    }
  }

  private void write(Lines lines) throws IOException {
    try (BufferedWriter writer = Files.newBufferedWriter(file, StandardCharsets.UTF_8)) {
      lines.forEach(
          line -> {
            try {
              writer.write(line);
              writer.write('\n');
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  Path file() {
    return file;
  }

  @Override
  public void close() {
    delete(directory);
  }

  private static void delete(Path directory) {
    try (Stream<Path> paths = Files.walk(directory)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    } catch (IOException | UncheckedIOException e) {
      // another process deletes the same leftovers
    }
  }

  /** Deletes what processes of this machine left behind that are not there any more. */
  static void deleteLeftovers() {
    Path temporary = Path.of(System.getProperty("java.io.tmpdir", "/tmp"));
    List<Path> directories;
    try (Stream<Path> paths = Files.list(temporary)) {
      directories =
          paths.filter(path -> path.getFileName().toString().startsWith(DIRECTORY)).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    for (Path directory : directories) {
      String pid = directory.getFileName().toString().substring(DIRECTORY.length()).split("-")[0];
      if (pid.matches("[0-9]{1,18}") && ProcessHandle.of(Long.parseLong(pid)).isEmpty()) {
        delete(directory);
      }
    }
  }
}
