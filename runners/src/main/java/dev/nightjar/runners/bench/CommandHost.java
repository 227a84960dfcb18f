package dev.nightjar.runners.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nightjar.runners.Main;
import java.io.BufferedReader;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A process of its own that runs commands, one after the other: a small night's command is mostly
 * the start of its JVM (7 s of 8 s). It can be killed in the middle of any of them. Not
 * thread-safe.
 */
final class CommandHost implements AutoCloseable {
  /** What a shell says of a command that was killed. */
  static final int KILLED = 137;

  private static final ObjectMapper JSON = new ObjectMapper();

  private record Order(List<String> arguments, long clockAheadSeconds) {}

  private final Process process;
  private final Writer orders;
  private final BufferedReader exitCodes;
  private volatile CompletableFuture<Integer> running = CompletableFuture.completedFuture(0);

  /**
   * Starts one.
   *
   * @param builder starts {@link #main}
   */
  CommandHost(ProcessBuilder builder) throws IOException {
    process = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
    orders = process.outputWriter(StandardCharsets.UTF_8);
    exitCodes = process.inputReader(StandardCharsets.UTF_8);
  }

  boolean isDead() {
    return !process.isAlive();
  }

  boolean isIdle() {
    return process.isAlive() && running.isDone();
  }

  /** Starts a command. */
  void give(List<String> arguments, long clockAheadSeconds) throws IOException {
    CompletableFuture<Integer> exit = new CompletableFuture<>();
    running = exit;
    try {
      orders.write(JSON.writeValueAsString(new Order(arguments, clockAheadSeconds)) + "\n");
      orders.flush();
    } catch (IOException e) {
      exit.complete(KILLED);
      return;
    }
    Thread reader = new Thread(() -> exit.complete(exitCode()), "command-host");
    reader.setDaemon(true);
    reader.start();
  }

  private int exitCode() {
    try {
      String line = exitCodes.readLine();
      return line == null ? KILLED : Integer.parseInt(line);
    } catch (IOException e) {
      return KILLED;
    }
  }

  /** Waits for the end of the command, its own or not. */
  boolean waitFor(long millis) throws InterruptedException {
    try {
      running.get(millis, TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  /** How the command ended. */
  int exitValue() {
    return running.join();
  }

  void kill() {
    process.destroyForcibly();
  }

  /** Ends it by itself, so that its JVM does what it does at exit. */
  void end() throws IOException {
    orders.close();
    process.onExit().join();
    exitCodes.close();
  }

  @Override
  public void close() throws IOException {
    kill();
    exitCodes.close();
    process.onExit().join();
  }

  /**
   * Runs what comes on standard input, a line each, and answers with exit codes.
   *
   * @param arguments the file that all output of the commands is appended to
   */
  public static void main(String[] arguments) throws IOException {
    PrintStream answers = System.out;
    PrintStream output =
        new PrintStream(
            new FileOutputStream(Path.of(arguments[0]).toFile(), true),
            true,
            StandardCharsets.UTF_8);
    System.setOut(output);
    System.setErr(output);
    BufferedReader orders =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = orders.readLine(); line != null; line = orders.readLine()) {
      Order order = JSON.readValue(line, Order.class);
      System.setProperty("nightjar.clock.ahead.seconds", Long.toString(order.clockAheadSeconds()));
      int exit = Main.run(order.arguments().toArray(String[]::new));
      output.flush();
      answers.println(exit);
      answers.flush();
    }
    System.exit(0);
  }
}
