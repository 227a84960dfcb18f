package dev.nightjar.runners.bench;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** One benchmark. */
public interface Benchmark {

  /**
   * How to run it.
   *
   * @param data directory of its data
   * @param seed seed of everything random
   * @param size how much to do, 0 for its own choice
   */
  record Settings(Optional<Path> data, long seed, int size) {

    /**
     * A file of the data.
     *
     * @throws NightjarException OPTION_INVALID if it is not there
     */
    public Path file(String benchmark, String name) {
      Path file =
          data.map(directory -> directory.resolve(name)).filter(Files::isReadable).orElse(null);
      if (file == null) {
        throw new NightjarException(
            ErrorCode.OPTION_INVALID,
            "bench " + benchmark,
            "its data is missing: " + name + " in the directory --data",
            "give --data DIR");
      }
      return file;
    }
  }

  /** Its name on the command line. */
  String name();

  /**
   * Runs it, printing a table.
   *
   * @return the figures of the RESULT line, in order
   */
  Map<String, String> run(Settings settings, PrintWriter out) throws Exception;
}
