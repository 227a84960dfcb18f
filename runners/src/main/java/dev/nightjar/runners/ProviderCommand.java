package dev.nightjar.runners;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.Price;
import dev.nightjar.cachestore.postgres.PostgresStores;
import dev.nightjar.pipelines.model.Provider;
import dev.nightjar.pipelines.submit.ProviderCheck;
import dev.nightjar.pipelines.submit.ProviderClients;
import dev.nightjar.pipelines.submit.ProviderSettings;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** What providers really do. */
@Command(
    name = "provider",
    mixinStandardHelpOptions = true,
    header = "Checks whether a provider keeps the rules that this project believes it keeps.",
    synopsisSubcommandLabel = "COMMAND")
final class ProviderCommand implements Runnable {
  @Mixin private final StoreOptions store = new StoreOptions();
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }

  @Command(
      name = "verify",
      mixinStandardHelpOptions = true,
      description = {
        "Asks a provider, with the key in the environment, small requests that it should answer and others that it"
            + " should refuse: efforts, shapes of schemas, limits, a batch. Spends no more than the budget, by the"
            + " price list; what would is skipped. Exit code 1 if a rule is broken.",
        ""
      },
      footer = {"", "Example: nightjar provider verify openai --model gpt-6-luna --budget 0.05USD"})
  int verify(
      @Parameters(paramLabel = "PROVIDER", description = "As tasks name it.") String provider,
      @Option(
              names = "--model",
              required = true,
              paramLabel = "MODEL",
              description = "Which model.")
          String model,
      @Option(
              names = "--budget",
              required = true,
              paramLabel = "AMOUNT",
              description = "What may be spent at most, as 0.05USD.")
          String budget,
      @Option(
              names = "--api",
              paramLabel = "API",
              defaultValue = "chat",
              description = "OpenAI's: chat or responses. Default: ${DEFAULT-VALUE}.")
          String api,
      @Option(
              names = "--structured-output",
              paramLabel = "WAY",
              defaultValue = "schema",
              description = "Anthropic's: schema or tool. Default: ${DEFAULT-VALUE}.")
          String structuredOutput) {
    Provider known = provider(provider);
    BigDecimal usd = TaskOptions.usd("--budget", budget);
    requireOneOf("--api", api, List.of("chat", "responses"));
    requireOneOf("--structured-output", structuredOutput, List.of("schema", "tool"));
    Price price;
    BigDecimal surcharge;
    try (PostgresStores stores = StoreOptions.open(store.migrated(Optional.empty()))) {
      surcharge = stores.prices().surcharge(known.label(), MachineClock.utc().instant());
      price =
          stores.prices().list(Optional.of(MachineClock.utc().instant())).stream()
              .filter(one -> one.provider().equals(known.label()) && one.model().equals(model))
              .filter(one -> one.inputTokensAbove() == 0)
              .findFirst()
              .orElseThrow(
                  () ->
                      new NightjarException(
                          ErrorCode.PRICE_MISSING,
                          known.label() + "/" + model,
                          "no price is in force, so what the check costs cannot be bounded",
                          "correct the model's name, or add one with 'nightjar prices set'"));
    }
    ProviderSettings settings =
        ProviderSettings.fromEnvironment(System.getenv(), ProviderSettings.Patience.DEFAULT);
    PrintWriter out = spec.commandLine().getOut();
    try (ProviderClients clients = ProviderClients.open(settings)) {
      ProviderCheck check =
          new ProviderCheck(
              new ProviderCheck.Subject(known, model, api, structuredOutput),
              settings,
              clients,
              price,
              surcharge,
              usd,
              MachineClock.utc());
      List<ProviderCheck.Rule> rules = check.run(rule -> print(out, rule));
      out.printf(
          "%d hold, %d broken, %d skipped; %s USD spent, by the price list, of %s%n",
          count(rules, ProviderCheck.Verdict.HOLDS),
          count(rules, ProviderCheck.Verdict.BROKEN),
          count(rules, ProviderCheck.Verdict.SKIPPED),
          Terminal.usd(check.spent()),
          Terminal.usd(usd));
      return count(rules, ProviderCheck.Verdict.BROKEN) == 0 ? 0 : Main.EXIT_FAILED;
    }
  }

  private static long count(List<ProviderCheck.Rule> rules, ProviderCheck.Verdict verdict) {
    return rules.stream().filter(rule -> rule.verdict() == verdict).count();
  }

  private static void print(PrintWriter out, ProviderCheck.Rule rule) {
    out.printf(
        "%-8s %s%s%n",
        rule.verdict().name().toLowerCase(java.util.Locale.ROOT),
        rule.name(),
        rule.detail().isEmpty() ? "" : ": " + rule.detail());
    out.flush();
  }

  private static Provider provider(String label) {
    return Arrays.stream(Provider.values())
        .filter(one -> one.label().equals(label) && one != Provider.SELF_HOSTED)
        .findFirst()
        .orElseThrow(
            () ->
                new NightjarException(
                    ErrorCode.OPTION_INVALID,
                    "PROVIDER",
                    "expected one of "
                        + Arrays.stream(Provider.values())
                            .filter(one -> one != Provider.SELF_HOSTED)
                            .map(Provider::label)
                            .collect(Collectors.joining(", "))
                        + ", but was '"
                        + label
                        + "'",
                    "name one as tasks do"));
  }

  private static void requireOneOf(String option, String value, List<String> values) {
    if (!values.contains(value)) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          option,
          "expected one of " + String.join(", ", values) + ", but was '" + value + "'",
          "correct it");
    }
  }
}
