package dev.nightjar.runners;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.emulator.Emulator;
import dev.nightjar.emulator.FaultPlan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The provider emulator on its own. */
@Command(
    name = "emulator",
    mixinStandardHelpOptions = true,
    header = "Serves the providers' batch APIs on loopback, with an invoice, until it is stopped.",
    description = {
      "",
      "Point OPENAI_BASE_URL, ANTHROPIC_BASE_URL and GEMINI_BASE_URL at the address that it prints, and"
          + " SELF_HOSTED_BASE_URL and MISTRAL_BASE_URL at its paths /vllm and /mistral. A page of its"
          + " batches is at /emulator/, the invoice at /emulator/invoice. Its state survives a kill.",
      ""
    })
final class EmulatorCommand implements Callable<Integer> {
  private static final double CALL_FAULT_RATE = 0.1;
  private static final double BATCH_FAULT_RATE = 0.2;
  private static final int PORT_MAX = 65_535;

  @Spec private CommandSpec spec;

  @Option(
      names = "--port",
      defaultValue = "18180",
      description = "Port on 127.0.0.1; 0 takes a free one. Default: ${DEFAULT-VALUE}.")
  int port;

  @Option(
      names = "--speed",
      defaultValue = "20",
      description = "How many times faster than a real provider. Default: ${DEFAULT-VALUE}.")
  double speed;

  @Option(
      names = "--state",
      paramLabel = "DIR",
      description = "Where to keep its state. Default: NIGHTJAR_HOME/emulator.")
  @Nullable Path state;

  @Option(
      names = "--faults",
      paramLabel = "SEED",
      description =
          "Go wrong at random from this seed: one call in ten, one batch in five. Default: never.")
  @Nullable Long faultSeed;

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (port < 0 || port > PORT_MAX || !(speed > 0)) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "--port, --speed",
          "expected a port from 0 to "
              + PORT_MAX
              + " and a speed > 0, but was "
              + port
              + " and "
              + speed,
          "correct them");
    }
    Path home = state == null ? StoreOptions.home().resolve("emulator") : state;
    Files.createDirectories(home); // before the port is taken
    FaultPlan plan =
        faultSeed == null
            ? FaultPlan.none()
            : FaultPlan.seeded(faultSeed, CALL_FAULT_RATE, BATCH_FAULT_RATE);
    try (Emulator emulator = start(Emulator.in(home).port(port).speed(speed).faults(plan), port)) {
      spec.commandLine().getOut().println(emulator.uri());
      Thread.currentThread().join(); // until interrupted
    }
    return 0;
  }

  /** Starts an emulator; a taken port is the user's to solve. */
  static Emulator start(Emulator.Builder builder, int port) throws IOException {
    try {
      // Two emulators must not give the same batch ids: a database may have met both.
      return builder.seed(new SecureRandom().nextLong()).start();
    } catch (java.net.BindException e) {
      throw new NightjarException(
          ErrorCode.PORT_TAKEN,
          "127.0.0.1:" + port,
          "another program listens there",
          "stop it or choose another --port",
          e);
    }
  }
}
