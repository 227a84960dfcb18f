package dev.nightjar.runners;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.GlobalConfiguration;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;

/**
 * Flink inside this process, as {@code flink-local/config.yaml} has it. It starts with the first
 * pipeline and serves all that follow until the process ends: of the 3.2 s of processor time that a
 * pipeline of two steps took with a Flink of its own, 0.9 s are the pipeline's. Thread-safe.
 */
final class LocalFlink {
  private static final Map<Integer, LocalFlink> STARTED = new HashMap<>();

  private final MiniCluster cluster; // ends with the process, whose exit removes its files
  private final URI rest;
  private final Path emptyJar;

  /**
   * The one of a parallelism.
   *
   * @param slots how many subtasks run at a time, of all pipelines together
   * @throws NightjarException {@link ErrorCode#INTERNAL} if it does not start
   */
  static LocalFlink of(int slots) {
    synchronized (STARTED) {
      return STARTED.compute(
          slots,
          (key, started) ->
              started != null && started.cluster.isRunning() ? started : new LocalFlink(slots));
    }
  }

  private LocalFlink(int slots) {
    cluster =
        new MiniCluster(
            new MiniClusterConfiguration.Builder()
                .setConfiguration(configuration())
                .setNumTaskManagers(1)
                .setNumSlotsPerTaskManager(slots)
                .build());
    try {
      cluster.start();
      rest = cluster.getRestAddress().get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw notStarted(e);
    } catch (Exception e) { // as MiniCluster declares it
      throw notStarted(e);
    }
    emptyJar = emptyJar();
  }

  private static NightjarException notStarted(Throwable cause) {
    return new NightjarException(
        ErrorCode.INTERNAL,
        "flink",
        "Flink did not start in this process: " + cause,
        "look whether a port of 18081 to 18120 is free on 127.0.0.1, or use '--engine direct'");
  }

  private static Configuration configuration() {
    try (InputStream yaml =
        Objects.requireNonNull(LocalFlink.class.getResourceAsStream("flink-local/config.yaml"))) {
      Path directory = Files.createTempDirectory("nightjar-flink");
      Path file = directory.resolve("config.yaml");
      Files.copy(yaml, file);
      Configuration configuration = GlobalConfiguration.loadConfiguration(directory.toString());
      Files.delete(file);
      Files.delete(directory);
      return configuration;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path emptyJar() {
    try {
      Path file = Files.createTempFile("nightjar-flink", ".jar");
      file.toFile().deleteOnExit();
      Manifest manifest = new Manifest();
      manifest.getMainAttributes().putValue("Manifest-Version", "1.0");
      new JarOutputStream(Files.newOutputStream(file), manifest).close();
      return file;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Where it takes jobs, as {@code host:port}. */
  String master() {
    return rest.getHost() + ":" + rest.getPort();
  }

  /**
   * What is sent with a job: all classes are here already, and without a file Beam would send the
   * whole class path, of 650 MB.
   */
  Path emptyFile() {
    return emptyJar;
  }
}
