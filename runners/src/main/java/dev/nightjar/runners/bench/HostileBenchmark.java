package dev.nightjar.runners.bench;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.Fingerprint;
import dev.nightjar.emulator.Emulator;
import java.io.IOException;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Whether a corpus with two hostile documents in a hundred loses none of them, gives none a
 * stranger's answer, and takes no longer.
 *
 * <p>Floor: the same night over as many harmless documents. The models answer with the hash of what
 * they were asked, so that an answer says whose it is. See {@link HostileCorpus} for what is in it.
 */
@Command(
    name = "hostile",
    mixinStandardHelpOptions = true,
    header = "Whether hostile documents are answered or refused, and nobody else is hurt.")
public final class HostileBenchmark extends Benchmark {
  private static final int MINUTES_MAX = 60;
  private static final int HASH_DIGITS = 16;
  private static final double OVER_CLEAN_MAX = 1.2;
  private static final int WARM_UP_DOCUMENTS = 100;
  private static final int HOSTILE_EVERY = 50;

  private static final String TASK =
      """
      name: hostile
      system: Name what this is about. Answer with JSON only.
      user: "{{language}}|{{text}}"
      input:
        fields: [language]
      output_schema:
        type: object
        additionalProperties: false
        required: [hash]
        properties:
          hash: {type: string}
      semantic_cache: {similarity_min: 0.97}
      near_duplicates: {similarity_min: 0.97}
      tiers:
        - {name: small, provider: openai, model: gpt-6-luna, output_tokens_max: 60}
      """;

  @Option(
      names = "--size",
      paramLabel = "N",
      defaultValue = "10000",
      description = "Documents of each corpus. Default: ${DEFAULT-VALUE}.")
  int size = 10_000;

  @Option(
      names = "--seed",
      paramLabel = "S",
      defaultValue = "1",
      description = "Of everything that is drawn. Default: ${DEFAULT-VALUE}.")
  long seed = 1;

  /**
   * What a night came to.
   *
   * @param in documents that were written
   * @param strangers answers that are another text's
   * @param lost documents that are neither answered nor refused, or not as they should be
   */
  record Night(
      long in,
      long answered,
      long refused,
      long strangers,
      long lost,
      BigDecimal difference,
      double seconds) {}

  @Override
  Map<String, String> measure(PrintWriter out) throws Exception {
    try (BenchMachine machine = BenchMachine.start("nightjar-hostile")) {
      night(machine, "warm_up", new HostileCorpus(WARM_UP_DOCUMENTS, HOSTILE_EVERY, seed));
      Night clean = night(machine, "clean", new HostileCorpus(size, Integer.MAX_VALUE, seed));
      Night hostile = night(machine, "hostile", new HostileCorpus(size, HOSTILE_EVERY, seed));
      out.printf(
          "%-28s %10s %10s %10s %10s %6s %10s%n",
          "", "in", "answered", "refused", "strangers", "lost", "seconds");
      print(out, "floor: harmless documents", clean);
      print(out, "ours: 2 in 100 hostile", hostile);
      Map<String, String> result = new LinkedHashMap<>();
      result.put("in", Long.toString(hostile.in()));
      result.put("answered", Long.toString(hostile.answered()));
      result.put("refused", Long.toString(hostile.refused()));
      result.put("strangers", Long.toString(hostile.strangers()));
      result.put("lost", Long.toString(hostile.lost()));
      result.put("difference_usd", hostile.difference().stripTrailingZeros().toPlainString());
      result.put(
          "over_clean", String.format(Locale.ROOT, "%.2f", hostile.seconds() / clean.seconds()));
      return result;
    }
  }

  @Override
  boolean holds(Map<String, String> result) {
    long in = Long.parseLong(result.get("in"));
    return in == Long.parseLong(result.get("answered")) + Long.parseLong(result.get("refused"))
        && "0".equals(result.get("strangers"))
        && "0".equals(result.get("lost"))
        && new BigDecimal(result.get("difference_usd")).signum() == 0
        && Double.parseDouble(result.get("over_clean")) <= OVER_CLEAN_MAX;
  }

  private static void print(PrintWriter out, String name, Night night) {
    out.printf(
        Locale.ROOT,
        "%-28s %,10d %,10d %,10d %,10d %,6d %10.1f%n",
        name,
        night.in(),
        night.answered(),
        night.refused(),
        night.strangers(),
        night.lost(),
        night.seconds());
    out.flush();
  }

  private static String hash(String prompt) {
    return Fingerprint.sha256(prompt).substring(0, HASH_DIGITS);
  }

  static Night night(BenchMachine machine, String name, HostileCorpus corpus) throws Exception {
    DatabaseAddress address = machine.newDatabase(name);
    Path home = Files.createDirectories(machine.home().resolve(name));
    Path task = Files.writeString(home.resolve("task.yaml"), TASK);
    Path files = Files.createDirectories(home.resolve("corpus"));
    corpus.write(files);
    try (Emulator emulator =
        Emulator.in(home.resolve("emulator"))
            .speed(1_000)
            .answers(question -> "{\"hash\":\"" + hash(question.user()) + "\"}")
            .start()) {
      long began = System.nanoTime();
      Process process =
          machine.run(
              machine.classArchive(),
              task,
              Path.of(files + "/*"),
              address,
              emulator,
              List.of("--run-id", "night", "--engine", "flink_local", "--poll-seconds", "0.1"));
      // 1: some were refused.
      if (!process.waitFor(MINUTES_MAX, TimeUnit.MINUTES) || process.exitValue() > 1) {
        process.destroyForcibly();
        throw new IOException(name + ":\n" + Files.readString(machine.output()));
      }
      double seconds = (System.nanoTime() - began) / 1e9;
      Map<String, String> answers = answers(address);
      long strangers = 0;
      long lost = 0;
      for (Map.Entry<String, String> expected : corpus.prompts().entrySet()) {
        String answer = answers.get(expected.getKey());
        if (answer == null) {
          lost++;
        } else if (!answer.equals(hash(expected.getValue()))) {
          strangers++;
        }
      }
      return new Night(
          corpus.documents(),
          answers.size(),
          Long.parseLong(BenchMachine.one(address, "select count(*) from dead_letters")),
          strangers,
          lost,
          emulator
              .invoice()
              .total()
              .subtract(
                  new BigDecimal(
                      BenchMachine.one(address, "select coalesce(sum(total_usd), 0) from ledger"))),
          seconds);
    }
  }

  private static Map<String, String> answers(DatabaseAddress address) throws Exception {
    Map<String, String> answers = new LinkedHashMap<>();
    for (String row :
        BenchMachine.one(
                address,
                "select coalesce(string_agg(document_id || E'\\t' || (answer ->> 'hash'), E'\\n'), '') from results")
            .split("\n")) {
      int tab = row.lastIndexOf('\t');
      if (tab > 0) {
        answers.put(row.substring(0, tab), row.substring(tab + 1));
      }
    }
    return answers;
  }
}
