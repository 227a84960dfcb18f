package dev.nightjar.runners.bench;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.emulator.Emulator;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * One batch as large as a provider takes, through a whole night: read, planned, built, uploaded,
 * collected and settled by a command with a small heap, against an emulator in this process.
 */
@Command(
    name = "batch",
    mixinStandardHelpOptions = true,
    header = "Takes one batch of the largest size through a night in a small heap.")
public final class BatchBenchmark extends Benchmark {
  private static final int MINUTES_MAX = 60;
  private static final int LINE_FRAME_BYTES = 460; // what surrounds a prompt of this task

  @Option(
      names = "--requests",
      paramLabel = "N",
      defaultValue = "50000",
      description = "How many requests. Default: ${DEFAULT-VALUE}.")
  int requests;

  @Option(
      names = "--megabytes",
      paramLabel = "MB",
      defaultValue = "190",
      description = "Size of the batch, in millions of bytes. Default: ${DEFAULT-VALUE}.")
  int megabytes;

  @Option(
      names = "--heap-megabytes",
      paramLabel = "MIB",
      defaultValue = "512",
      description = "Heap of the command. Default: ${DEFAULT-VALUE}.")
  int heapMegabytes;

  @Override
  Map<String, String> measure(PrintWriter out) throws Exception {
    Map<String, String> result = new LinkedHashMap<>();
    try (BenchMachine machine = BenchMachine.start("nightjar-batch");
        Emulator emulator =
            Emulator.in(machine.home().resolve("emulator"))
                .speed(10_000)
                .answers(question -> "{\"topic\":\"t\"}")
                .start()) {
      DatabaseAddress address = machine.newDatabase("batch");
      Path task = Files.writeString(machine.home().resolve("task.yaml"), TASK);
      Path corpus = corpus(machine.home().resolve("corpus.jsonl"));
      Instant start = Instant.now();
      Process process =
          machine.run(
              List.of("-Xmx" + heapMegabytes + "m", "-XX:+ExitOnOutOfMemoryError"),
              task,
              corpus,
              address,
              emulator,
              List.of("--run-id", "night", "--poll-seconds", "1"));
      boolean ended = process.waitFor(MINUTES_MAX, TimeUnit.MINUTES);
      process.destroyForcibly().waitFor();
      if (!ended || process.exitValue() != 0) {
        out.println(Files.readString(machine.output()));
      }
      result.put(
          "requests",
          BenchMachine.one(address, "select coalesce(max(requests), 0) from submissions"));
      result.put(
          "megabytes",
          BenchMachine.one(
              address, "select round(coalesce(max(request_bytes), 0) / 1e6, 1) from submissions"));
      result.put("heap_mib", Integer.toString(heapMegabytes));
      result.put("submissions", BenchMachine.one(address, "select count(*) from submissions"));
      result.put(
          "answered",
          BenchMachine.one(address, "select count(*) from items where state = 'answered'"));
      BigDecimal ledger =
          new BigDecimal(
              BenchMachine.one(address, "select coalesce(sum(total_usd), 0) from ledger"));
      result.put(
          "difference_usd",
          emulator.invoice().total().subtract(ledger).stripTrailingZeros().toPlainString());
      result.put("seconds", Long.toString(Duration.between(start, Instant.now()).toSeconds()));
      result.put("exit_code", ended ? Integer.toString(process.exitValue()) : "none");
    }
    return result;
  }

  private static final String TASK =
      """
      name: large-batch
      system: Name the topic. Answer with JSON only.
      user: "{{text}}"
      output_schema:
        type: object
        additionalProperties: false
        required: [topic]
        properties:
          topic: {type: string}
      tiers:
        - {name: only, provider: openai, model: gpt-6-luna, output_tokens_max: 60}
      """;

  private Path corpus(Path file) throws IOException {
    int textBytes = Math.max(20, (int) (megabytes * 1_000_000L / requests) - LINE_FRAME_BYTES);
    try (BufferedWriter lines = Files.newBufferedWriter(file)) {
      for (int i = 0; i < requests; i++) {
        StringBuilder text = new StringBuilder("Document ").append(i).append(": ");
        for (int word = i; text.length() < textBytes; word = word * 31 + 7) {
          text.append(WORDS[Math.floorMod(word, WORDS.length)]).append(' ');
        }
        lines.write(
            "{\"id\":\"d" + i + "\",\"text\":\"" + text.substring(0, textBytes).strip() + "\"}\n");
      }
    }
    return file;
  }

  private static final String[] WORDS = {
    "the", "harbour", "opened", "before", "winter", "and", "ships", "from", "seven", "towns",
    "brought", "grain", "letters", "of", "credit", "to", "merchants", "who", "waited", "there"
  };

  @Override
  boolean holds(Map<String, String> result) {
    return "0".equals(result.get("exit_code")) && "0".equals(result.get("difference_usd"));
  }
}
