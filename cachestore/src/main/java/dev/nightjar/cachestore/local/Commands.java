package dev.nightjar.cachestore.local;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs programs of the machine. */
final class Commands {
  private static final int TIMEOUT_SECONDS_MAX = 120;

  /**
   * How a program ended.
   *
   * @param exitCode its exit code, 127 if it could not be started
   * @param output its standard output and error together
   */
  record Ended(int exitCode, String output) {
    boolean ok() {
      return exitCode == 0;
    }
  }

  private Commands() {}

  static Ended run(List<String> command) {
    return run(command, Path.of("/"));
  }

  static Ended run(List<String> command, Path directory) {
    try {
      // Output goes through a file: a server started by pg_ctl inherits a pipe and never closes it.
      Path output = java.nio.file.Files.createTempFile("nightjar-command", ".out");
      try {
        Process process =
            new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        if (!process.waitFor(TIMEOUT_SECONDS_MAX, TimeUnit.SECONDS)) {
          process.destroyForcibly();
          return new Ended(124, command.get(0) + " took longer than " + TIMEOUT_SECONDS_MAX + " s");
        }
        return new Ended(
            process.exitValue(),
            java.nio.file.Files.readString(output, StandardCharsets.UTF_8).strip());
      } finally {
        java.nio.file.Files.deleteIfExists(output);
      }
    } catch (IOException e) {
      return new Ended(127, String.valueOf(e.getMessage()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new Ended(130, "interrupted");
    }
  }
}
