package dev.nightjar.runners;

import picocli.CommandLine.Option;

/** Where a command's pipelines run. */
final class EngineOptions {

  /** The master that means "the cluster that 'flink run' submits to". */
  static final String FLINK_RUN = "[auto]";

  /** Engines. */
  enum Engine {
    /** Beam's own runner, for small corpora and for debugging. */
    DIRECT,
    /** Flink inside this process. */
    FLINK_LOCAL,
    /** A Flink cluster. */
    FLINK
  }

  @Option(
      names = "--engine",
      paramLabel = "ENGINE",
      defaultValue = "flink_local",
      description =
          "direct, flink_local (Flink in this process) or flink (a cluster at --flink-master). Default:"
              + " ${DEFAULT-VALUE}.")
  Engine engine = Engine.FLINK_LOCAL;

  @Option(
      names = "--flink-master",
      paramLabel = "HOST:PORT",
      defaultValue = "127.0.0.1:18080",
      description =
          "REST address of the cluster, for --engine flink; "
              + FLINK_RUN
              + " under 'flink run'. Default: ${DEFAULT-VALUE}.")
  String flinkMaster = "127.0.0.1:18080";

  @Option(
      names = "--parallelism",
      paramLabel = "N",
      defaultValue = "0",
      description = "Subtasks of each stage. Default: one for each processor.")
  int parallelism;

  int parallelismOrDefault() {
    return parallelism > 0 ? parallelism : Runtime.getRuntime().availableProcessors();
  }
}
