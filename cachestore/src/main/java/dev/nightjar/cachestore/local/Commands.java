package dev.nightjar.cachestore.local;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Runs programs of the machine, with no standard input unless some is given. */
final class Commands {
  private static final Duration PATIENCE_MAX = Duration.ofMinutes(2);

  /**
   * Where the system keeps its programs. Looked through before {@code PATH}, for cron's ends before
   * {@code /usr/sbin}, where {@code runuser} is, and root must not run what a user put first.
   */
  private static final List<String> SYSTEM_DIRECTORIES =
      List.of("/usr/sbin", "/usr/bin", "/sbin", "/bin");

  /** Where people put theirs, which cron's {@code PATH} lacks too. */
  private static final List<String> FURTHER_DIRECTORIES =
      List.of("/usr/local/bin", "/opt/homebrew/bin");

  /**
   * How a program ended.
   *
   * @param exitCode its exit code, 124 if it took too long
   * @param output its standard output and error together, or only its error if the output went to a
   *     file
   */
  record Ended(int exitCode, String output) {
    boolean ok() {
      return exitCode == 0;
    }
  }

  private Commands() {}

  /** The directories of {@code PATH}. */
  static List<String> path() {
    return List.of(System.getenv().getOrDefault("PATH", "").split(":"));
  }

  /** The absolute path of a program, if it is on this machine. */
  static Optional<Path> find(String name) {
    return Stream.of(SYSTEM_DIRECTORIES, path(), FURTHER_DIRECTORIES)
        .flatMap(List::stream)
        .filter(directory -> !directory.isBlank())
        .map(directory -> Path.of(directory, name))
        .filter(Path::isAbsolute)
        .filter(Files::isExecutable)
        .findFirst();
  }

  /**
   * The absolute path of a program.
   *
   * @throws NightjarException PROGRAM_MISSING, with where it was looked for
   */
  static String program(String name) {
    return find(name)
        .map(Path::toString)
        .orElseThrow(
            () ->
                new NightjarException(
                    ErrorCode.PROGRAM_MISSING,
                    name,
                    "is not in "
                        + String.join(", ", SYSTEM_DIRECTORIES)
                        + ", "
                        + String.join(", ", FURTHER_DIRECTORIES)
                        + " nor on the PATH, which is '"
                        + System.getenv().getOrDefault("PATH", "")
                        + "'",
                    "install it, or add its directory to PATH"));
  }

  /** Runs a program for two minutes at most. */
  static Ended run(List<String> command) {
    return run(command, Map.of(), Optional.empty(), Optional.empty(), PATIENCE_MAX);
  }

  /** The same with more in its environment. */
  static Ended run(List<String> command, Map<String, String> environment) {
    return run(command, environment, Optional.empty(), Optional.empty(), PATIENCE_MAX);
  }

  /** The same with a standard input, which no other user can see. */
  static Ended run(List<String> command, String input) {
    try {
      Path file = Files.createTempFile("nightjar-command", ".in"); // its owner's only
      try {
        Files.writeString(file, input);
        return run(command, Map.of(), Optional.of(file), Optional.empty(), PATIENCE_MAX);
      } finally {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw cannotRun(command, e);
    }
  }

  private static NightjarException cannotRun(List<String> command, IOException e) {
    return new NightjarException(
        ErrorCode.PROGRAM_MISSING,
        command.get(0),
        "cannot be run: " + e.getMessage(),
        "see that it is there and that the temporary directory can be written to",
        e);
  }

  /**
   * Runs a program.
   *
   * @param command an absolute path and arguments
   * @param environment added to this process's
   * @param input a file to read as standard input
   * @param output a file to write standard output to
   * @throws NightjarException PROGRAM_MISSING if it cannot be started
   */
  static Ended run(
      List<String> command,
      Map<String, String> environment,
      Optional<Path> input,
      Optional<Path> output,
      Duration patienceMax) {
    try {
      // Output goes through a file: a server started by pg_ctl inherits a pipe and never closes it.
      Path said = Files.createTempFile("nightjar-command", ".out");
      try {
        ProcessBuilder builder = new ProcessBuilder(command).directory(Path.of("/").toFile());
        builder.environment().putAll(environment);
        input.ifPresent(file -> builder.redirectInput(file.toFile()));
        if (output.isPresent()) {
          builder.redirectOutput(output.get().toFile()).redirectError(said.toFile());
        } else {
          builder.redirectErrorStream(true).redirectOutput(said.toFile());
        }
        Process process = builder.start();
        if (input.isEmpty()) {
          try (OutputStream none = process.getOutputStream()) {
            none.flush();
          }
        }
        if (!process.waitFor(patienceMax.toSeconds(), TimeUnit.SECONDS)) {
          process.destroyForcibly();
          return new Ended(
              124, command.get(0) + " took longer than " + patienceMax.toSeconds() + " s");
        }
        return new Ended(
            process.exitValue(), Files.readString(said, StandardCharsets.UTF_8).strip());
      } finally {
        Files.deleteIfExists(said);
      }
    } catch (IOException e) {
      throw cannotRun(command, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new Ended(130, "interrupted");
    }
  }
}
