package dev.nightjar.emulator;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** An emulator in a process of its own, so that it can be killed and given little memory. */
final class EmulatorProcess implements AutoCloseable {
  private final Process process;
  private final URI address;

  private EmulatorProcess(Process process, URI address) {
    this.process = process;
    this.address = address;
  }

  /** Starts one; {@code heap} as in -Xmx. */
  static EmulatorProcess start(Path home, double speed, String heap) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Xmx" + heap);
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(
        List.of(EmulatorProcess.class.getName(), home.toString(), Double.toString(speed)));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    var output =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    String address = output.readLine();
    if (address == null) {
      throw new IOException("the emulator did not start");
    }
    return new EmulatorProcess(process, URI.create(address));
  }

  URI uri() {
    return address;
  }

  /** As an out-of-memory killer would: nothing is flushed or closed. */
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }

  public static void main(String... arguments) throws Exception {
    try (Emulator emulator =
        Emulator.in(Path.of(arguments[0])).speed(Double.parseDouble(arguments[1])).start()) {
      System.out.println(emulator.uri());
      Thread.currentThread().join();
    }
  }
}
