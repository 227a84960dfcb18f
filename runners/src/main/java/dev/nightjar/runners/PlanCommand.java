package dev.nightjar.runners;

import dev.nightjar.cachestore.BudgetStore;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.Forecast;
import dev.nightjar.cachestore.ForecastStore;
import dev.nightjar.cachestore.ForecastStore.Outcome;
import dev.nightjar.cachestore.ForecastStore.Reuse;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.PackingLimits;
import dev.nightjar.cachestore.VersionStore;
import dev.nightjar.pipelines.model.Provider;
import dev.nightjar.pipelines.submit.Providers;
import dev.nightjar.pipelines.task.AuditSpec;
import dev.nightjar.pipelines.task.TaskSpec;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What a night would cost. */
@Command(
    name = "plan",
    mixinStandardHelpOptions = true,
    header = "Prices a night without spending: what 'run' would ask, and what that would cost.",
    description = {
      "",
      "Reads the corpus, looks everything up, shortens, routes and prices as 'run' does, sends"
          + " nothing, and leaves nothing of it behind but embeddings. Needs no provider's key."
          + " 'run' makes the same plan before it spends and keeps it: view plan_against_actual.",
      ""
    },
    footer = {"", "Example: nightjar plan tasks/email-triage.yaml --corpus 'mail/*.jsonl.gz'"})
final class PlanCommand implements Callable<Integer> {
  private static final int CONTRIBUTORS = 10;

  /** What a batch costs of the list price. */
  private static final BigDecimal BATCH_SHARE = new BigDecimal("0.5");

  @Mixin private final TaskOptions task = new TaskOptions();
  @Mixin private final KeepOptions keep = new KeepOptions();
  @Mixin private final RehearsalOptions rehearsal = new RehearsalOptions();
  @Mixin private final StoreOptions store = new StoreOptions();
  @Mixin private final EngineOptions engine = new EngineOptions();
  @Spec private CommandSpec spec;

  @Option(
      names = "--explain",
      paramLabel = "ITEM",
      description = "Say what becomes of one document, by its id, and why.")
  @Nullable String explain;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    NightPlan night = keep.of(task.plan());
    try (Setting setting =
            rehearsal.setting(
                store, new PatienceOptions().patience(), spec.commandLine().getOut());
        Planning planning =
            Planning.open(
                night, setting.database(), setting.providers(), engine, MachineClock.utc())) {
      try (ProgressDisplay display =
          ProgressDisplay.show(
              planning.task().name(), planning::progress, spec.commandLine().getErr())) {
        planning.prepare();
      }
      if (explain != null) {
        explain(out, planning, explain);
        return 0;
      }
      print(out, planning, night);
    }
    return 0;
  }

  private static void print(PrintWriter out, Planning planning, NightPlan night) {
    ForecastStore forecasts = planning.stores().forecasts();
    Forecast forecast = forecasts.find(planning.runId()).orElseThrow();
    out.println("plan of task " + planning.task().name() + "; nothing was sent");
    printChange(out, planning, forecast);
    printItems(out, planning, forecast);
    InputSummary.print(out, planning.stores().runs(), planning.runId());
    printCost(out, forecast);
    printAudit(out, planning.task(), forecast);
    printTiers(out, forecast);
    PriceLadder ladder =
        PriceLadder.of(planning.task(), planning.stores().prices(), MachineClock.utc().instant());
    ladder.line().ifPresent(out::println);
    ladder.warnings().forEach(out::println);
    TierNotes.of(planning.task()).forEach(out::println);
    printContributors(out, forecasts.contributors(planning.runId(), CONTRIBUTORS));
    printProviders(out, forecasts.queues(planning.runId()));
    printBudgets(out, planning, night, forecast);
    out.flush();
  }

  /** What was changed since the last night, and what that costs. */
  private static void printChange(PrintWriter out, Planning planning, Forecast forecast) {
    planning.versions().lines().forEach(out::println);
    VersionStore versions = planning.stores().versions();
    Versions.keptLine(versions.kept(planning.runId())).ifPresent(out::println);
    planning
        .versions()
        .lastRunId()
        .map(run -> versions.askedAgain(planning.runId(), run))
        .filter(again -> again.documents() > 0)
        .ifPresent(
            again ->
                out.println(
                    Terminal.count(again.documents())
                        + " documents with an answer are asked again, for about "
                        + Terminal.usd(
                            forecast.expectedUsd().multiply(BigDecimal.valueOf(again.share())))
                        + " of the USD expected below"));
  }

  private static void printItems(PrintWriter out, Planning planning, Forecast forecast) {
    Map<Outcome, Reuse> reuse = planning.stores().forecasts().reuse(planning.runId());
    Terminal.heading(out, "Items");
    line(out, "documents", forecast.items());
    line(out, "known, word for word", items(reuse, Outcome.EXACT_HIT));
    line(out, "known, by likeness", items(reuse, Outcome.SEMANTIC_HIT));
    line(out, "copies of another", items(reuse, Outcome.COPY));
    line(out, "followers of a like text", items(reuse, Outcome.FOLLOWER));
    line(out, "asked by another run", items(reuse, Outcome.ELSEWHERE));
    line(out, "fail before they are asked", items(reuse, Outcome.FAILED));
    line(out, "to ask", forecast.asked());
    line(out, "refused input", planning.progress().deadLetters());
  }

  private static long items(Map<Outcome, Reuse> reuse, Outcome outcome) {
    Reuse part = reuse.get(outcome);
    return part == null ? 0 : part.items();
  }

  private static void line(PrintWriter out, String name, long count) {
    if (count > 0) {
      out.printf("%-28s %14s%n", name, Terminal.count(count));
    }
  }

  private static void printCost(PrintWriter out, Forecast forecast) {
    Terminal.heading(out, "Cost (USD)");
    out.printf("%-28s %14s%n", "unoptimised", Terminal.usd(forecast.baselineUsd()));
    for (int step = 0; step < forecast.savedUsd().size(); step++) {
      BigDecimal saved = forecast.savedUsd().get(step);
      if (saved.signum() != 0) {
        out.printf("- %-26s %14s%n", NightReport.mechanism(step), Terminal.usd(saved));
      }
    }
    out.printf("%-28s %14s%n", "expected", Terminal.usd(forecast.expectedUsd()));
    out.printf(
        "%-28s %14s to %s%n",
        "in 95 of 100 nights", Terminal.usd(forecast.lowUsd()), Terminal.usd(forecast.highUsd()));
    out.println(
        forecast.nights() == 0
            ? "no earlier night of this task is known: the interval rests on assumptions"
            : "learnt from " + forecast.nights() + " earlier nights of this task");
  }

  /** Besides what is shown above: an audit is a run of its own. */
  private static void printAudit(PrintWriter out, TaskSpec task, Forecast forecast) {
    AuditSpec audit = task.audit();
    if (audit == null) {
      out.println("answers are not audited: what the savings cost in quality will not be known");
      return;
    }
    double asked = audit.share(AuditSpec.FIRST_PASS) + audit.share(AuditSpec.SECOND_PASS);
    StringBuilder line =
        new StringBuilder("audit: about ")
            .append(Terminal.count(Math.round(audit.share() * forecast.items())))
            .append(" documents are also asked at the reference '")
            .append(task.referenceTier())
            .append("', for at most ")
            .append(Terminal.usd(audit.usdMax()))
            .append(" USD");
    if (task.referenceTier().equals(task.baselineTier().name())) {
      line.append("; all of them anew would be some ")
          .append(
              Terminal.usd(
                  forecast.baselineUsd().multiply(BigDecimal.valueOf(asked).multiply(BATCH_SHARE))))
          .append(" USD");
    }
    out.println(line);
  }

  private static void printTiers(PrintWriter out, Forecast forecast) {
    if (forecast.tiers().isEmpty()) {
      return;
    }
    Terminal.heading(out, "Expected by tier");
    out.printf(
        "%-8s %-24s %10s %14s %12s %9s %14s%n",
        "tier", "model", "requests", "input tokens", "output", "rejected", "USD");
    for (Forecast.Tier tier : forecast.tiers()) {
      out.printf(
          Locale.ROOT,
          "%-8s %-24s %,10.0f %,14.0f %,12.0f %8.1f%% %14s%n",
          tier.tier(),
          tier.model(),
          tier.requests(),
          tier.inputTokens(),
          tier.outputTokens(),
          100 * tier.rejectedShare(),
          Terminal.usd(tier.expectedUsd()));
    }
  }

  private static void printContributors(
      PrintWriter out, List<ForecastStore.Contributor> contributors) {
    if (contributors.isEmpty()) {
      return;
    }
    Terminal.heading(out, "Dearest requests");
    out.printf(
        "%-40s %-8s %14s %8s %14s%n", "document", "tier", "prompt tokens", "serves", "at most USD");
    for (ForecastStore.Contributor contributor : contributors) {
      out.printf(
          "%-40s %-8s %14s %8s %14s%n",
          contributor.documentId(),
          contributor.tier(),
          Terminal.count(contributor.promptTokens()),
          Terminal.count(contributor.serves()),
          Terminal.usd(contributor.worstCaseUsd()));
    }
  }

  private static void printProviders(PrintWriter out, List<ForecastStore.Queue> queues) {
    if (queues.isEmpty()) {
      return;
    }
    Terminal.heading(out, "Providers");
    out.printf(
        "%-10s %-24s %10s %12s %9s  %s%n",
        "provider", "model", "requests", "megabytes", "batches", "until they end");
    for (ForecastStore.Queue queue : queues) {
      PackingLimits limits = Providers.packing(Provider.ofLabel(queue.provider()));
      long perBatch =
          Math.min(limits.promptTokensMax(), queue.enqueuedTokensMax().orElse(Long.MAX_VALUE));
      long batches =
          Math.max(
              batches(queue.requests(), limits.requestsMax()),
              Math.max(
                  batches(queue.bytes(), limits.bytesMax()),
                  batches(queue.promptTokens(), perBatch)));
      out.printf(
          Locale.ROOT,
          "%-10s %-24s %,10d %12.1f %,9d  %s%n",
          queue.provider(),
          queue.model(),
          queue.requests(),
          queue.bytes() / 1e6,
          batches,
          queue
              .minutes()
              .map(
                  minutes ->
                      String.format(
                          Locale.ROOT,
                          "%.1f min in the middle, %.1f in nine of ten so far",
                          minutes.median(),
                          minutes.nineInTen()))
              .orElse("up to 24 h are promised; none was seen yet"));
      queue
          .enqueuedTokensMax()
          .filter(tokensMax -> queue.promptTokens() > tokensMax)
          .ifPresent(
              tokensMax ->
                  out.println(
                      "  its queue takes "
                          + Terminal.count(tokensMax)
                          + " tokens at once: the batches go one after the other"));
    }
  }

  private static long batches(long things, long perBatch) {
    return (things + perBatch - 1) / perBatch;
  }

  private static void printBudgets(
      PrintWriter out, Planning planning, NightPlan night, Forecast forecast) {
    Terminal.heading(out, "Budgets");
    out.println(
        "at most "
            + Terminal.usd(forecast.worstCaseUsd())
            + " USD are held for the first requests, and given back as answers come in");
    night.budgetUsd().ifPresent(budget -> out.println(verdict("--budget", budget, forecast)));
    for (BudgetStore.Budget budget : planning.stores().budgets().list()) {
      if (budget.tenant().equals(night.tenant())
          && (budget.task().equals(BudgetStore.ALL_TASKS)
              || budget.task().equals(planning.task().name()))) {
        out.println(
            verdict(
                "the tenant's budget per " + budget.period().label() + ", task " + budget.task(),
                budget.leftUsd(),
                forecast));
      }
    }
  }

  private static String verdict(String name, BigDecimal left, Forecast forecast) {
    String room = name + " has " + Terminal.usd(left) + " USD: ";
    if (forecast.worstCaseUsd().compareTo(left) <= 0) {
      return room + "all can be sent at once";
    }
    if (forecast.highUsd().compareTo(left) <= 0) {
      return room + "enough, but some wait until money of the first comes free";
    }
    return room
        + (forecast.lowUsd().compareTo(left) <= 0
            ? "it may not do; what does not fit is left to the next night by value"
            : "it will not do; what does not fit is left to the next night by value");
  }

  private static void explain(PrintWriter out, Planning planning, String documentId) {
    ForecastStore.Explanation item =
        planning
            .stores()
            .forecasts()
            .explain(planning.runId(), documentId)
            .orElseThrow(
                () ->
                    new NightjarException(
                        ErrorCode.OPTION_INVALID,
                        "--explain " + documentId,
                        "no document of this corpus has this id",
                        "give an id as the corpus has it"));
    Terminal.heading(out, documentId);
    out.println("key             " + item.itemKey());
    item.lookup().ifPresent(lookup -> out.println("semantic cache  " + lookupText(lookup)));
    out.println("answer          " + answerText(item, documentId));
    out.println(
        "whole prompt    " + Terminal.count(item.wholePromptTokens()) + " tokens, by our count");
    item.promptTokens()
        .ifPresent(
            tokens ->
                out.println(
                    "sent prompt     "
                        + Terminal.count(tokens)
                        + " tokens"
                        + (tokens < item.wholePromptTokens()
                            ? ", after retrieval and compression"
                            : "")));
    item.tier()
        .ifPresent(
            tier ->
                out.println(
                    "tier            "
                        + tier
                        + " ("
                        + planning.task().tier(tier).model()
                        + "): the cheapest that takes prompts of this length"));
    item.worstCaseUsd()
        .ifPresent(usd -> out.println("costs at most   " + Terminal.usd(usd) + " USD there"));
    out.flush();
  }

  private static String lookupText(ForecastStore.Lookup lookup) {
    String near =
        lookup
            .similarity()
            .map(similarity -> String.format(Locale.ROOT, "nearest at cosine %.4f, ", similarity))
            .orElse("nothing near, ");
    String vote =
        String.format(
            Locale.ROOT,
            "vote %.4f of %s needed",
            lookup.score(),
            lookup.threshold() > 1
                ? "more than there is evidence for"
                : String.format(Locale.ROOT, "%.4f", lookup.threshold()));
    return lookup.decision()
        + ": "
        + near
        + vote
        + lookup.veto().map(guard -> "; the guard '" + guard + "' refused").orElse("");
  }

  private static String answerText(ForecastStore.Explanation item, String documentId) {
    if (item.failure().isPresent()) {
      return "none: " + item.failure().get();
    }
    if (item.answeredBy().isPresent()) {
      return item.answeredBy().get().replace('_', ' ') + ", from what is stored; costs nothing";
    }
    if (item.tier().isPresent() && item.leaderKey().map(item.itemKey()::equals).orElse(true)) {
      return "to be asked";
    }
    String leader = item.leaderDocumentId().orElse("a text that another run has in flight");
    if (item.leaderKey().map(item.itemKey()::equals).orElse(false)) {
      return leader.equals(documentId) ? "to be asked" : "that of " + leader + ", the same text";
    }
    return "that of "
        + leader
        + item.similarity()
            .map(similarity -> String.format(Locale.ROOT, ", likeness %.4f", similarity))
            .orElse("");
  }
}
