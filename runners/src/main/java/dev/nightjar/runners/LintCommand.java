package dev.nightjar.runners;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.Price;
import dev.nightjar.cachestore.postgres.PostgresStores;
import dev.nightjar.pipelines.lint.Finding;
import dev.nightjar.pipelines.lint.PromptLint;
import dev.nightjar.pipelines.lint.SafeEdits;
import dev.nightjar.pipelines.task.TaskLoader;
import dev.nightjar.pipelines.task.TaskSpec;
import dev.nightjar.pipelines.task.TierSpec;
import java.io.IOException;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** What a task's prompt carries that it need not. */
@Command(
    name = "lint",
    mixinStandardHelpOptions = true,
    header = "Says what each part of a task's prompt costs a night, and what of it could go.",
    description = {
      "",
      "Amounts are of the tier that is asked first, in batches, at the price in force, and of as"
          + " many requests as the task's last night made. Nothing is asked of a provider. A"
          + " changed prompt is another task version: its next night asks every document anew.",
      ""
    },
    footer = {"", "Example: nightjar lint tickets.yaml --requests 20000"})
final class LintCommand implements Callable<Integer> {
  private static final int REQUESTS_DEFAULT = 10_000;
  private static final int CONTEXT_LINES = 3;

  @Mixin private final RehearsalOptions rehearsal = new RehearsalOptions();
  @Mixin private final StoreOptions store = new StoreOptions();
  @Spec private CommandSpec spec;

  @Parameters(index = "0", paramLabel = "TASK", description = "The task file (YAML).")
  Path taskFile = Path.of("");

  @Option(
      names = "--requests",
      paramLabel = "N",
      description =
          "How many requests a night makes. Default: as the task's last night, else 10,000.")
  @Nullable Integer requestsGiven;

  @Option(
      names = "--write",
      description =
          "Apply what cannot change the meaning: white space, and lines of the system prompt that"
              + " stand twice in a row.")
  boolean writes;

  @Option(names = "--json", description = "One JSON object.")
  boolean json;

  /**
   * A night as far as it is known.
   *
   * @param requests how many it made
   * @param promptTokens tokens of a prompt on average; 0 if no night was
   */
  private record Nightly(long requests, long promptTokens, String source) {}

  @Override
  public Integer call() throws SQLException, IOException {
    if (requestsGiven != null && requestsGiven < 1) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "--requests",
          "expected 1 or more, but was " + requestsGiven,
          "correct it");
    }
    TaskSpec task = TaskLoader.load(taskFile);
    TierSpec tier = task.tiers().get(0);
    Optional<Price> price;
    Nightly night;
    try (PostgresStores stores = StoreOptions.open(rehearsal.database(store))) {
      price = price(stores, tier);
      night = nightly(stores, task, tier);
    }
    double input = price.map(row -> row.batch().input().doubleValue()).orElse(0.0) * 1e-6;
    double cached = price.map(row -> row.batch().cachedInput().doubleValue()).orElse(0.0) * 1e-6;
    int cacheable = price.map(row -> row.cacheableTokensMin().orElse(0)).orElse(0);
    PromptLint lint = new PromptLint(task, input, cached, cacheable);
    List<SafeEdits.Line> edits = SafeEdits.of(Files.readString(taskFile));
    boolean edited = edits.stream().anyMatch(SafeEdits.Line::isChanged);
    if (writes && edited) {
      write(task, SafeEdits.applied(edits));
    }
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(JsonText.line(asJson(task, tier, lint, night, input, edits)));
    } else {
      print(out, task, tier, lint, night, input);
      if (edited) {
        out.println();
        out.println(writes ? "written to " + taskFile : "--write would apply");
        diff(edits).forEach(out::println);
      }
    }
    out.flush();
    return 0;
  }

  private static Optional<Price> price(PostgresStores stores, TierSpec tier) {
    return stores.prices().list(Optional.of(MachineClock.utc().instant())).stream()
        .filter(row -> row.provider().equals(tier.provider().label()))
        .filter(row -> row.model().equals(tier.model()) && row.inputTokensAbove() == 0)
        .findFirst();
  }

  private Nightly nightly(PostgresStores stores, TaskSpec task, TierSpec tier) throws SQLException {
    long requests = 0;
    long tokens = 0;
    try (Connection connection = stores.dataSource().getConnection();
        PreparedStatement statement =
            connection.prepareStatement(
                """
                select count(*), coalesce(round(avg(a.prompt_tokens)), 0)
                from attempts a
                where a.tier = ?
                  and a.run_id = (
                      select r.run_id
                      from runs r
                      where r.task_name = ?
                        and exists (select from attempts b where b.run_id = r.run_id)
                      order by r.started_at desc
                      limit 1)
                """)) {
      statement.setString(1, tier.name()); // what went on to a dearer one is not asked at its price
      statement.setString(2, task.name());
      try (ResultSet result = statement.executeQuery()) {
        if (result.next()) {
          requests = result.getLong(1);
          tokens = result.getLong(2);
        }
      }
    }
    return requestsGiven != null
        ? new Nightly(requestsGiven, tokens, "as given")
        : requests > 0
            ? new Nightly(requests, tokens, "as in the task's last night")
            : new Nightly(REQUESTS_DEFAULT, 0, "assumed, for it had no night yet");
  }

  /** Writes the file if it is then the same task but for the edits. */
  private void write(TaskSpec before, String yaml) throws IOException {
    Path written = Files.createTempFile(taskFile.toAbsolutePath().getParent(), ".lint", ".yaml");
    try {
      Files.writeString(written, yaml);
      TaskSpec after = TaskLoader.load(written);
      boolean isSame =
          SafeEdits.areEqualButForEdits(before.system(), after.system(), true)
              && SafeEdits.areEqualButForEdits(before.userTemplate(), after.userTemplate(), false)
              && withoutTexts(before).equals(withoutTexts(after));
      if (!isSame) {
        throw new NightjarException(
            ErrorCode.OPTION_INVALID,
            "--write",
            taskFile + " is laid out in a way that edits would change more than its texts",
            "make the edits by hand");
      }
    } finally {
      Files.deleteIfExists(written);
    }
    replace(taskFile.toRealPath(), yaml);
  }

  /** Writes a file at once: whatever happens meanwhile, the old or the new one is there, whole. */
  private static void replace(Path file, String text) throws IOException {
    Path written = Files.createTempFile(file.getParent(), ".lint", ".yaml");
    try {
      Files.writeString(written, text);
      if (Files.getFileStore(file).supportsFileAttributeView("posix")) {
        Files.setPosixFilePermissions(written, Files.getPosixFilePermissions(file));
      }
      Files.move(written, file, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(written);
    }
  }

  private static ObjectNode withoutTexts(TaskSpec task) {
    ObjectNode definition = (ObjectNode) JsonText.parsed(task.definitionJson());
    definition.remove(List.of("system", "user"));
    return definition;
  }

  private static void print(
      PrintWriter out,
      TaskSpec task,
      TierSpec tier,
      PromptLint lint,
      Nightly night,
      double inputUsd) {
    out.printf(
        Locale.ROOT,
        "%s, tier %s (%s), %,d requests a night, %s%s%n%n",
        task.name(),
        tier.name(),
        tier.model(),
        night.requests(),
        night.source(),
        inputUsd == 0 ? "; its model has no price: 'nightjar prices set' gives it one" : "");
    out.printf(
        "%-52s%10s%16s%14s%n", "part of every request", "tokens", "tokens a night", "USD a night");
    long fixed = 0;
    for (Map.Entry<String, Integer> part : lint.parts().entrySet()) {
      printPart(out, part.getKey(), part.getValue(), night.requests(), inputUsd);
      fixed += part.getValue();
    }
    if (night.promptTokens() > fixed) {
      printPart(
          out,
          "the document, on average, and its fields",
          night.promptTokens() - fixed,
          night.requests(),
          inputUsd);
    }
    List<Finding> findings = lint.findings();
    out.println();
    if (findings.isEmpty()) {
      out.println("nothing to cut was found");
      return;
    }
    out.printf("%-12s%8s%14s  %s%n", "finding", "tokens", "USD a night", "what");
    for (Finding finding : findings) {
      out.printf(
          Locale.ROOT,
          "%-12s%8s%14s  %s%n",
          label(finding),
          finding.tokens() == 0 ? "" : Terminal.count(finding.tokens()),
          usd(finding.usdPerRequest() * night.requests()),
          finding.text());
    }
  }

  private static void printPart(
      PrintWriter out, String part, long tokens, long requests, double inputUsd) {
    out.printf(
        Locale.ROOT,
        "%-52s%,10d%,16d%14s%n",
        part,
        tokens,
        tokens * requests,
        usd(tokens * requests * inputUsd));
  }

  private static String label(Finding finding) {
    return finding.kind().name().toLowerCase(Locale.ROOT);
  }

  private static String usd(double amount) {
    return Terminal.usd(BigDecimal.valueOf(amount));
  }

  private static ObjectNode asJson(
      TaskSpec task,
      TierSpec tier,
      PromptLint lint,
      Nightly night,
      double inputUsd,
      List<SafeEdits.Line> edits) {
    ObjectNode node = JsonText.object();
    node.put("task", task.name());
    node.put("tier", tier.name());
    node.put("model", tier.model());
    node.put("requests", night.requests());
    node.put("requests_are", night.source());
    node.put("input_usd_per_million", rounded(inputUsd * 1e6));
    ArrayNode parts = node.putArray("parts");
    lint.parts()
        .forEach(
            (part, tokens) ->
                parts
                    .addObject()
                    .put("part", part)
                    .put("tokens", tokens)
                    .put("usd_a_night", rounded(tokens * night.requests() * inputUsd)));
    ArrayNode findings = node.putArray("findings");
    for (Finding finding : lint.findings()) {
      findings
          .addObject()
          .put("kind", label(finding))
          .put("text", finding.text())
          .put("tokens", finding.tokens())
          .put("usd_a_night", rounded(finding.usdPerRequest() * night.requests()));
    }
    node.put("diff", String.join("\n", diff(edits)));
    return node;
  }

  private static BigDecimal rounded(double value) {
    return BigDecimal.valueOf(value).setScale(6, RoundingMode.HALF_EVEN);
  }

  /** The edits as a unified diff; empty if there are none. */
  private static List<String> diff(List<SafeEdits.Line> lines) {
    List<String> diff = new ArrayList<>();
    int removed = 0; // lines before, of those that were dropped
    for (int at = 0; at < lines.size(); ) {
      int first = at;
      while (first < lines.size() && !lines.get(first).isChanged()) {
        first++;
      }
      if (first == lines.size()) {
        return diff;
      }
      int from = Math.max(at, first - CONTEXT_LINES);
      int last = first; // of the changes that one hunk shows
      for (int next = first; next < lines.size() && next <= last + 2 * CONTEXT_LINES; next++) {
        last = lines.get(next).isChanged() ? next : last;
      }
      int to = Math.min(lines.size(), last + 1 + CONTEXT_LINES);
      long dropped = lines.subList(from, to).stream().filter(line -> !line.isKept()).count();
      diff.add(
          "@@ -%d,%d +%d,%d @@"
              .formatted(from + 1, to - from, from + 1 - removed, to - from - dropped));
      for (SafeEdits.Line line : lines.subList(from, to)) {
        if (!line.isChanged()) {
          diff.add(" " + line.before());
          continue;
        }
        diff.add("-" + line.before());
        if (line.isKept()) {
          diff.add("+" + line.after());
        }
      }
      removed += (int) dropped;
      at = to;
    }
    return diff;
  }
}
