package dev.nightjar.runners;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.emulator.Emulator;
import dev.nightjar.pipelines.model.Provider;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Commands one after another in one process, with an environment of its own: a start of the JVM for
 * each would take longer than they do. Not thread-safe.
 */
final class CommandProcess implements AutoCloseable {
  private static final int SECONDS_MAX = 900;

  private final Path directory;
  private final Map<String, String> environment = new HashMap<>();
  private @Nullable Process open;

  /** What a command printed, and how it ended. */
  record Ended(int exitCode, String output) {}

  /** With nothing in its environment but the database's password and an encoding. */
  CommandProcess(Path directory, DatabaseAddress database) {
    this.directory = directory;
    environment.put("PGPASSWORD", database.readPassword().orElseThrow());
    environment.put("LC_ALL", "C.UTF-8");
    environment.put("NIGHTJAR_HOME", directory.resolve("home").toString());
  }

  CommandProcess with(String variable, String value) {
    environment.put(variable, value);
    return this;
  }

  /** With the providers at an emulator. */
  CommandProcess with(Emulator emulator) {
    for (Provider provider : List.of(Provider.OPENAI, Provider.ANTHROPIC, Provider.GEMINI)) {
      with(provider.baseUrlVariable(), emulator.uri().toString());
    }
    return this;
  }

  /** Runs commands as Main does, one a line of standard input, arguments between tabs. */
  static final class Commands {
    private Commands() {}

    public static void main(String[] unused) throws IOException {
      RedactedStream.install();
      BufferedReader lines =
          new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        int exitCode = Main.run(line.split("\t"));
        System.out.println("EXIT " + exitCode + " " + line.replace('\t', ' '));
      }
      System.exit(0);
    }
  }

  private ProcessBuilder builder() {
    ProcessBuilder builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-XX:TieredStopAtLevel=1", // a short life is over before C2's code pays
                "-XX:+UseSerialGC",
                "--add-opens=java.base/java.lang=ALL-UNNAMED",
                "--add-opens=java.base/java.util=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Commands.class.getName())
            .directory(directory.toFile())
            .redirectErrorStream(true);
    builder.environment().clear();
    builder.environment().putAll(environment);
    return builder;
  }

  /** All that commands print, words between spaces; after each a line {@code EXIT code command}. */
  String output(List<String> commands) throws Exception {
    Path log = Files.createTempFile(directory, "output", ".txt");
    Process process = builder().redirectOutput(log.toFile()).start();
    process
        .getOutputStream()
        .write(String.join("\n", commands).replace(' ', '\t').getBytes(StandardCharsets.UTF_8));
    process.getOutputStream().close();
    boolean isOver = process.waitFor(SECONDS_MAX, TimeUnit.SECONDS);
    process.destroyForcibly();
    String output = Files.readString(log);
    Files.delete(log);
    assertThat(isOver).as(output).isTrue();
    return output;
  }

  /** What each command printed, and how it ended, in their order. */
  List<Ended> run(List<String> commands) throws Exception {
    List<Ended> ended = new ArrayList<>();
    StringBuilder printed = new StringBuilder();
    for (String line : output(commands).lines().toList()) {
      if (line.startsWith("EXIT ")) {
        ended.add(new Ended(Integer.parseInt(line.split(" ")[1]), printed.toString()));
        printed.setLength(0);
      } else {
        printed.append(line).append('\n');
      }
    }
    assertThat(ended).as(printed.toString()).hasSameSizeAs(commands);
    return ended;
  }

  /** Runs the next command of a process that stays until this is closed. */
  Ended give(List<String> arguments) throws Exception {
    if (open == null) {
      open = builder().start();
    }
    Process process = open;
    process
        .outputWriter(StandardCharsets.UTF_8)
        .append(String.join("\t", arguments))
        .append("\n")
        .flush();
    BufferedReader lines = process.inputReader(StandardCharsets.UTF_8);
    return CompletableFuture.supplyAsync(() -> next(lines)).get(SECONDS_MAX, TimeUnit.SECONDS);
  }

  private static Ended next(BufferedReader lines) {
    StringBuilder printed = new StringBuilder();
    try {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.startsWith("EXIT ")) {
          return new Ended(Integer.parseInt(line.split(" ")[1]), printed.toString());
        }
        printed.append(line).append('\n');
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    throw new IllegalStateException("the process is over: " + printed);
  }

  @Override
  public void close() {
    if (open != null) {
      open.destroyForcibly();
    }
  }
}
