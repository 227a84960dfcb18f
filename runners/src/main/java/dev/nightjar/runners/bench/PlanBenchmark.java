package dev.nightjar.runners.bench;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.Fingerprint;
import dev.nightjar.cachestore.postgres.PostgresStores;
import dev.nightjar.emulator.Answers;
import dev.nightjar.emulator.Emulator;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Whether forecasts keep what they promise: tasks whose models err and chatter by amounts that
 * nobody has told Nightjar, which drift from night to night, each over several nights of {@code
 * nightjar run}. Beside ours stands the interval that most would draw by hand: a tenth more or less
 * than what the night before cost an item.
 */
@Command(
    name = "plan",
    mixinStandardHelpOptions = true,
    header = "Counts how often a night's cost lies in the interval that was stated before it.")
public final class PlanBenchmark extends Benchmark {
  private static final int MINUTES_MAX = 5;
  private static final double STATED = 0.90;
  private static final int OUTPUT_TOKENS_MAX = 150;

  @Option(
      names = "--tasks",
      paramLabel = "N",
      defaultValue = "12",
      description = "How many tasks. Default: ${DEFAULT-VALUE}.")
  int tasks;

  @Option(
      names = "--nights",
      paramLabel = "N",
      defaultValue = "8",
      description = "Nights of each. Default: ${DEFAULT-VALUE}.")
  int nights;

  @Option(
      names = "--seed",
      paramLabel = "S",
      defaultValue = "1",
      description = "Of everything that is drawn. Default: ${DEFAULT-VALUE}.")
  long seed;

  /**
   * How the models behave on one night.
   *
   * @param rejected share of the small model's answers that will not do
   * @param rejectedAbove the same of the middle one
   * @param outputTokens mean length of an answer
   */
  private record Behaviour(double rejected, double rejectedAbove, double outputTokens) {

    /** The same models on another night; one in ten is a bad one. */
    Behaviour drifted(Random random) {
      boolean bad = random.nextInt(10) == 0;
      return new Behaviour(
          shifted(rejected, random.nextGaussian() * 0.3 + (bad ? 0.7 : 0)),
          shifted(rejectedAbove, random.nextGaussian() * 0.3),
          outputTokens * Math.exp(random.nextGaussian() * 0.15 + (bad ? 0.25 : 0)));
    }

    private static double shifted(double share, double byLogit) {
      return 1 / (1 + Math.exp(-(Math.log(share / (1 - share)) + byLogit)));
    }
  }

  /** What the models say tonight; changed between nights. */
  private static final class Models implements Answers {
    private volatile Behaviour behaviour = new Behaviour(0.1, 0.1, 20);
    private volatile String night = "";

    @Override
    public String answer(Question question) {
      Behaviour now = behaviour;
      Random random =
          new Random(
              Long.parseUnsignedLong(
                  Fingerprint.sha256(night + question.model() + question.user()).substring(0, 16),
                  16));
      double rejected = question.model().contains("luna") ? now.rejected() : now.rejectedAbove();
      if (random.nextDouble() < rejected && !question.model().contains("sol")) {
        return "I would rather not say what this is about, for it is not clear to me.";
      }
      int words = (int) Math.round(-Math.log(1 - random.nextDouble()) * now.outputTokens());
      return "{\"topic\":\"" + "on ".repeat(Math.max(1, words)).strip() + "\"}";
    }
  }

  /** How one night came out. */
  private record Outcome(int night, double width, boolean within, boolean withinByHand) {}

  @Override
  Map<String, String> measure(PrintWriter out) throws Exception {
    List<Outcome> outcomes = new ArrayList<>();
    try (BenchMachine machine = BenchMachine.start("nightjar-plan")) {
      for (int task = 0; task < tasks; task++) {
        DatabaseAddress address = machine.newDatabase("plan_" + task);
        List<Outcome> ofTask = nights(machine, address, task);
        outcomes.addAll(ofTask);
        print(out, address, task, ofTask);
      }
    }
    Map<String, String> result = new LinkedHashMap<>();
    result.put("nights", Integer.toString(outcomes.size()));
    result.put("covered", share(outcomes, o -> true));
    result.put("covered_first_night", share(outcomes, o -> o.night() == 0));
    result.put("covered_later", share(outcomes, o -> o.night() > 0));
    result.put("width_first_night", width(outcomes, o -> o.night() == 0));
    result.put("width_from_fifth", width(outcomes, o -> o.night() >= 4));
    result.put(
        "covered_by_hand_later",
        String.format(
            Locale.ROOT,
            "%.3f",
            outcomes.stream()
                .filter(o -> o.night() > 0)
                .mapToInt(o -> o.withinByHand() ? 1 : 0)
                .average()
                .orElse(0)));
    return result;
  }

  @Override
  boolean holds(Map<String, String> result) {
    return Double.parseDouble(result.get("covered")) >= STATED;
  }

  private static String share(List<Outcome> outcomes, java.util.function.Predicate<Outcome> which) {
    return String.format(
        Locale.ROOT,
        "%.3f",
        outcomes.stream().filter(which).mapToInt(o -> o.within() ? 1 : 0).average().orElse(0));
  }

  /** The middle one, as the upper end over the lower. */
  private static String width(List<Outcome> outcomes, java.util.function.Predicate<Outcome> which) {
    double[] widths =
        outcomes.stream().filter(which).mapToDouble(Outcome::width).sorted().toArray();
    return widths.length == 0
        ? "none"
        : String.format(Locale.ROOT, "%.2f", widths[widths.length / 2]);
  }

  private List<Outcome> nights(BenchMachine machine, DatabaseAddress address, int task)
      throws Exception {
    Random random = new Random(seed * 1_000 + task);
    Behaviour usual =
        new Behaviour(
            0.01 + 0.34 * random.nextDouble(),
            0.01 + 0.2 * random.nextDouble(),
            8 + 40 * random.nextDouble());
    int usualDocuments = 30 + (int) (random.nextDouble() * random.nextDouble() * 400);
    Path home = Files.createDirectories(machine.home().resolve("task-" + task));
    Path definition = Files.writeString(home.resolve("task.yaml"), TASK);
    Models models = new Models();
    try (Emulator emulator =
        Emulator.in(home.resolve("emulator")).speed(1_000).answers(models).start()) {
      for (int night = 0; night < nights; night++) {
        models.behaviour = usual.drifted(random);
        models.night = task + "-" + night;
        int documents = (int) Math.max(5, usualDocuments * (0.7 + 0.6 * random.nextDouble()));
        Path corpus = corpus(home.resolve("night-" + night + ".jsonl"), night, documents, random);
        Process process =
            machine.run(
                machine.classArchive(),
                definition,
                corpus,
                address,
                emulator,
                List.of(
                    "--run-id",
                    "night-" + night,
                    "--engine",
                    "direct",
                    "--poll-seconds",
                    "0.1",
                    "--settle-seconds",
                    "5",
                    "--call-seconds",
                    "5"));
        // 1: some documents failed, for the dearest model errs, too.
        if (!process.waitFor(MINUTES_MAX, TimeUnit.MINUTES) || process.exitValue() > 1) {
          process.destroyForcibly();
          throw new IOException(
              "night " + night + " of task " + task + ":\n" + Files.readString(machine.output()));
        }
      }
    }
    return outcomes(address);
  }

  private static List<Outcome> outcomes(DatabaseAddress address) throws SQLException {
    List<Outcome> outcomes = new ArrayList<>();
    try (PostgresStores stores = PostgresStores.open(address, 1, Clock.systemUTC());
        Connection connection = stores.dataSource().getConnection();
        Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                """
                select
                    low_usd, high_usd, is_within,
                    actual_usd between 0.9 * by_hand and 1.1 * by_hand as is_within_by_hand
                from (
                    select *, planned_asked * lag(actual_usd / planned_asked) over (order by night) as by_hand
                    from plan_against_actual
                ) p
                order by night
                """)) {
      while (rows.next()) {
        outcomes.add(
            new Outcome(
                outcomes.size(),
                rows.getDouble("high_usd") / rows.getDouble("low_usd"),
                rows.getBoolean("is_within"),
                rows.getBoolean("is_within_by_hand")));
      }
    }
    return outcomes;
  }

  private static void print(
      PrintWriter out, DatabaseAddress address, int task, List<Outcome> outcomes)
      throws SQLException {
    out.printf(
        Locale.ROOT,
        "task %2d: %s USD in all; within: %s%n",
        task,
        BenchMachine.one(address, "select round(sum(actual_usd), 6) from cost_by_run"),
        outcomes.stream().map(o -> o.within() ? "+" : "-").reduce("", String::concat));
    out.flush();
  }

  private static Path corpus(Path file, int night, int documents, Random random)
      throws IOException {
    try (BufferedWriter lines = Files.newBufferedWriter(file)) {
      for (int i = 0; i < documents; i++) {
        StringBuilder text = new StringBuilder("Note " + night + "/" + i + ":");
        int words = 10 + random.nextInt(120);
        for (int word = 0; word < words; word++) {
          text.append(' ').append(WORDS[random.nextInt(WORDS.length)]);
        }
        lines.write("{\"id\":\"d" + night + "-" + i + "\",\"text\":\"" + text + "\"}\n");
      }
    }
    return file;
  }

  private static final String[] WORDS = {
    "harbour", "winter", "ships", "seven", "towns", "grain", "letters", "credit", "merchants",
    "waited", "Überfahrt", "schedule", "ninety-one", "unreadable", "lighthouse", "of", "the", "and"
  };

  private static final String TASK =
      """
      name: drifting
      system: Name the topic. Answer with JSON only.
      user: "{{text}}"
      output_schema:
        type: object
        additionalProperties: false
        required: [topic]
        properties:
          topic: {type: string}
      tiers:
        - {name: small, provider: openai, model: gpt-6-luna, output_tokens_max: MAX}
        - {name: mid, provider: anthropic, model: claude-sonnet-5-5, output_tokens_max: MAX}
        - {name: large, provider: openai, model: gpt-6.2-sol, output_tokens_max: 600}
      """
          .replace("MAX", Integer.toString(OUTPUT_TOKENS_MAX));
}
