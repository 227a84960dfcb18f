package dev.nightjar.runners.bench;

import java.io.PrintWriter;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/**
 * One benchmark, a command of its own. Prints which machine it ran on, its table, and one line that
 * begins with {@code RESULT}.
 */
public abstract class Benchmark implements Callable<Integer> {
  @Spec private CommandSpec spec;

  /**
   * Runs it, printing a table.
   *
   * @return the figures of the RESULT line, in order
   */
  abstract Map<String, String> measure(PrintWriter out) throws Exception;

  /** Whether the figures are what they must be; decides the exit code. */
  boolean holds(Map<String, String> result) {
    return true;
  }

  @Override
  public final Integer call() throws Exception {
    PrintWriter out = spec.commandLine().getOut();
    out.println(machine());
    out.flush();
    Map<String, String> result = measure(out);
    out.println(
        "RESULT "
            + result.entrySet().stream()
                .map(entry -> entry.getKey() + "=" + entry.getValue())
                .collect(Collectors.joining(" ")));
    return holds(result) ? 0 : 1;
  }

  private static String machine() {
    Runtime runtime = Runtime.getRuntime();
    return "machine: "
        + runtime.availableProcessors()
        + " processors, "
        + (runtime.maxMemory() >> 20)
        + " MiB heap, Java "
        + Runtime.version()
        + ", "
        + System.getProperty("os.name")
        + " "
        + System.getProperty("os.arch");
  }
}
