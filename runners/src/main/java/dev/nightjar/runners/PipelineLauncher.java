package dev.nightjar.runners;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.apache.beam.runners.direct.DirectOptions;
import org.apache.beam.runners.direct.DirectRunner;
import org.apache.beam.runners.flink.FlinkPipelineOptions;
import org.apache.beam.runners.flink.FlinkRunner;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.PipelineResult;
import org.apache.beam.sdk.options.PipelineOptions;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.apache.flink.util.SerializedThrowable;

/** Runs pipelines on the chosen engine, each to its end. */
final class PipelineLauncher implements AutoCloseable {
  private final EngineOptions engine;
  private final Path flinkConfiguration;

  PipelineLauncher(EngineOptions engine) {
    this.engine = engine;
    this.flinkConfiguration = unpackFlinkConfiguration();
  }

  private static Path unpackFlinkConfiguration() {
    try (InputStream config =
        Objects.requireNonNull(
            PipelineLauncher.class.getResourceAsStream("flink-local/config.yaml"))) {
      Path directory = Files.createTempDirectory("nightjar-flink");
      Files.copy(config, directory.resolve("config.yaml"), StandardCopyOption.REPLACE_EXISTING);
      return directory;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Builds and runs one pipeline.
   *
   * @param name shown in the Flink UI
   * @throws NightjarException as a stage threw it
   */
  void run(String name, Consumer<Pipeline> build) {
    PipelineOptions options = options();
    options.setJobName(name);
    Pipeline pipeline = Pipeline.create(options);
    build.accept(pipeline);
    try {
      PipelineResult result = pipeline.run();
      PipelineResult.State state = result.waitUntilFinish();
      if (state != PipelineResult.State.DONE) {
        throw new NightjarException(
            ErrorCode.INTERNAL,
            name,
            "the pipeline ended as " + state,
            "run the same command again");
      }
    } catch (RuntimeException e) {
      NightjarException known = NightjarException.in(e);
      throw known != null ? known : unwrapped(e);
    }
  }

  /** Flink hands failures of its tasks over in serialized form. */
  private static RuntimeException unwrapped(RuntimeException failure) {
    int depthMax = 32;
    for (Throwable t = failure; t != null && depthMax-- > 0; t = t.getCause()) {
      if (t instanceof SerializedThrowable serialized) {
        NightjarException known =
            NightjarException.in(
                serialized.deserializeError(PipelineLauncher.class.getClassLoader()));
        if (known != null) {
          return known;
        }
      }
    }
    return failure;
  }

  private PipelineOptions options() {
    return switch (engine.engine) {
      case DIRECT -> {
        DirectOptions options = PipelineOptionsFactory.as(DirectOptions.class);
        options.setRunner(DirectRunner.class);
        options.setTargetParallelism(engine.parallelismOrDefault());
        // The runner's checks encode every element twice; stages are tested with them on.
        options.setEnforceImmutability(false);
        options.setEnforceEncodability(false);
        yield options;
      }
      case FLINK_LOCAL -> {
        FlinkPipelineOptions options = flink();
        options.setFlinkMaster("[local]");
        options.setFlinkConfDir(flinkConfiguration.toString());
        yield options;
      }
      case FLINK -> {
        FlinkPipelineOptions options = flink();
        options.setFlinkMaster(engine.flinkMaster);
        if (!engine.flinkMaster.equals(
            EngineOptions.FLINK_RUN)) { // 'flink run' has shipped the jar
          options.setFilesToStage(List.of(clusterJar().toString()));
        }
        yield options;
      }
    };
  }

  private FlinkPipelineOptions flink() {
    FlinkPipelineOptions options = PipelineOptionsFactory.as(FlinkPipelineOptions.class);
    options.setRunner(FlinkRunner.class);
    options.setParallelism(engine.parallelismOrDefault());
    // Blocking shuffles: one failed subtask repeats its own share, 23,134 calls instead of 39,606
    // for
    // 20,000 elements.
    options.setExecutionModeForBatch("BATCH_FORCED");
    return options;
  }

  /** The shaded jar beside the launcher's class path. */
  private static Path clusterJar() {
    String given = System.getProperty("nightjar.cluster.jar", "");
    if (given.isEmpty() || !Files.exists(Path.of(given))) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "--engine flink",
          "the cluster jar is not built (nightjar.cluster.jar is '" + given + "')",
          "run 'runners/bin/flink-cluster start', which builds it");
    }
    return Path.of(given);
  }

  @Override
  public void close() {
    try {
      Files.deleteIfExists(flinkConfiguration.resolve("config.yaml"));
      Files.deleteIfExists(flinkConfiguration);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
