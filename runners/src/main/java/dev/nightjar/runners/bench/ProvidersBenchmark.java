package dev.nightjar.runners.bench;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.Price;
import dev.nightjar.cachestore.PriceFile;
import dev.nightjar.cachestore.postgres.PostgresStores;
import dev.nightjar.emulator.Call;
import dev.nightjar.emulator.Emulator;
import dev.nightjar.emulator.Fault;
import dev.nightjar.pipelines.model.Provider;
import dev.nightjar.pipelines.submit.ProviderCheck;
import dev.nightjar.pipelines.submit.ProviderClients;
import dev.nightjar.pipelines.submit.ProviderSettings;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringReader;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Each way in which a provider can be asked, against an emulator that refuses what that provider
 * refuses: the rules that {@code provider verify} looks at, then a night under each fault of the
 * catalogue that it can suffer.
 */
@Command(
    name = "providers",
    mixinStandardHelpOptions = true,
    header = "Contract cases and faults that each provider's profile passes, against the emulator.",
    description = {
      "",
      "A night passes a fault if each document is answered, or failed for a reason that the fault is, and the ledger"
          + " is the invoice.",
      ""
    })
public final class ProvidersBenchmark extends Benchmark {
  private static final int DOCUMENTS = 6;
  private static final List<String> OPTIONS =
      List.of(
          "--engine", "direct",
          "--parallelism", "1",
          "--poll-seconds", "0.2",
          "--settle-seconds", "2",
          "--call-seconds", "2",
          "--lease-seconds", "2",
          "--wait-seconds-max", "0.3");
  private static final int MINUTES_MAX = 5;
  private static final String KEY = "bench-key";

  /** Ways to ask, with an example price each: what they cost here is the emulator's to say. */
  private record Profile(ProviderCheck.Subject subject, String price) {
    String name() {
      return subject.provider().label()
          + (subject.api().equals("responses") ? " responses" : "")
          + (subject.structuredOutput().equals("tool") ? " tool" : "");
    }
  }

  private static final List<Profile> PROFILES =
      List.of(
          profile(Provider.OPENAI, "gpt-6-luna", "chat", "schema", "0.1,0.01,0.125,0.125,0.5"),
          profile(Provider.OPENAI, "gpt-6.1-terra", "responses", "schema", "1,0.05,1.25,1.25,5"),
          profile(
              Provider.ANTHROPIC, "claude-haiku-5-5", "chat", "schema", "0.1,0.01,0.125,0.2,0.5"),
          profile(Provider.ANTHROPIC, "claude-opus-5", "chat", "tool", "5,0.5,6.25,10,25"),
          profile(
              Provider.GEMINI, "gemini-3.8-flash", "chat", "schema", "0.75,0.075,0.75,0.75,3.75"),
          profile(Provider.AZURE, "gpt-5.4", "chat", "schema", "2.5,0.25,2.5,2.5,15"),
          profile(
              Provider.GROQ, "openai/gpt-oss-120b", "chat", "schema", "0.15,0.075,0.15,0.15,0.6"),
          profile(Provider.DASHSCOPE, "qwen3.7-plus", "chat", "schema", "0.4,0.4,0.4,0.4,1.2"),
          profile(
              Provider.MISTRAL, "mistral-small-latest", "chat", "schema", "0.1,0.01,0.1,0.1,0.3"));

  private static Profile profile(
      Provider provider, String model, String api, String structuredOutput, String price) {
    return new Profile(new ProviderCheck.Subject(provider, model, api, structuredOutput), price);
  }

  @Option(names = "--no-faults", description = "Only the contract cases, which take seconds.")
  boolean withoutFaults;

  @Override
  Map<String, String> measure(PrintWriter out) throws Exception {
    int cases = 0;
    int failed = 0;
    try (BenchMachine machine = BenchMachine.start("nightjar-providers")) {
      out.printf("%-20s %-20s %16s %16s%n", "profile", "model", "contract cases", "faults");
      for (Profile profile : PROFILES) {
        List<String> wrong = new ArrayList<>();
        int contract = contract(machine, profile, wrong);
        int broken = wrong.size();
        int faults = withoutFaults ? 0 : faults(machine, profile, wrong);
        out.printf(
            "%-20s %-20s %16s %16s%n",
            profile.name(),
            profile.subject().model(),
            contract - broken + " of " + contract,
            withoutFaults ? "-" : faults - (wrong.size() - broken) + " of " + faults);
        wrong.forEach(line -> out.println("  " + line));
        out.flush();
        cases += contract + faults;
        failed += wrong.size();
      }
    }
    Map<String, String> result = new LinkedHashMap<>();
    result.put("profiles", Integer.toString(PROFILES.size()));
    result.put("cases", Integer.toString(cases));
    result.put("failed", Integer.toString(failed));
    return result;
  }

  @Override
  boolean holds(Map<String, String> result) {
    return "0".equals(result.get("failed"));
  }

  private static Map<Provider, String> addresses(Emulator emulator) {
    Map<Provider, String> addresses = new LinkedHashMap<>();
    for (Provider provider : Provider.values()) {
      // Mistral's paths are OpenAI's: here its host is a path.
      addresses.put(provider, emulator.uri() + (provider == Provider.MISTRAL ? "/mistral" : ""));
    }
    return addresses;
  }

  private static Price price(Profile profile) {
    String[] rates = profile.price().split(",");
    return PriceFile.read(
            "bench",
            new StringReader(
                "provider,model,effective_from,input_tokens_above,input_usd,cached_input_usd,cache_write_usd,"
                    + "cache_write_long_usd,output_usd,source\n"
                    + profile.subject().provider().label()
                    + ","
                    + profile.subject().model()
                    + ",2026-01-01T00:00:00Z,0,"
                    + String.join(",", rates)
                    + ",example\n"))
        .get(0);
  }

  private static int contract(BenchMachine machine, Profile profile, List<String> wrong)
      throws IOException {
    Path home = machine.home().resolve("check-" + profile.name().replace(' ', '-'));
    try (Emulator emulator =
        Emulator.in(home)
            .speed(100)
            .apiKey(KEY)
            .answers(question -> "{\"topic\":\"" + "harvest ".repeat(40) + "\"}")
            .start()) {
      ProviderSettings settings =
          new ProviderSettings(addresses(emulator), null, ProviderSettings.Patience.DEFAULT);
      Map<String, String> keys = Map.of(profile.subject().provider().keyVariable(), KEY);
      try (ProviderClients clients = ProviderClients.open(settings, keys)) {
        List<ProviderCheck.Rule> rules =
            new ProviderCheck(
                    profile.subject(),
                    settings,
                    clients,
                    price(profile),
                    BigDecimal.ONE,
                    BigDecimal.ONE,
                    Clock.systemUTC())
                .run(rule -> {});
        for (ProviderCheck.Rule rule : rules) {
          if (rule.verdict() != ProviderCheck.Verdict.HOLDS) {
            wrong.add(rule.verdict() + ": " + rule.name() + ": " + rule.detail());
          }
        }
        return rules.size();
      }
    }
  }

  /**
   * Faults that a person has to mend, that take a day, that bill what nobody can know, or that no
   * batch has.
   */
  private static final List<Fault> NOT_BY_ITSELF =
      List.of(
          Fault.NO_CREDIT,
          Fault.ON_HOLD,
          Fault.BILLING_LIMIT,
          Fault.STUCK,
          Fault.NO_USAGE,
          Fault.FLEX_UNAVAILABLE);

  private static int faults(BenchMachine machine, Profile profile, List<String> wrong)
      throws Exception {
    int faults = 0;
    for (Fault fault : Fault.values()) {
      if (NOT_BY_ITSELF.contains(fault) || !suits(fault, profile.subject().provider())) {
        continue;
      }
      faults++;
      String seen = night(machine, profile, fault);
      if (!seen.isEmpty()) {
        wrong.add("BROKEN: " + fault + ": " + seen);
      }
    }
    return faults;
  }

  private static boolean suits(Fault fault, Provider provider) {
    return switch (provider) {
      case ANTHROPIC -> fault.suitsAnthropic();
      case GEMINI -> fault.suitsGemini();
      default -> fault.suitsOpenAi();
    };
  }

  /** Empty if all is well, else what is not. */
  private static String night(BenchMachine machine, Profile profile, Fault fault) throws Exception {
    String name =
        "fault_"
            + profile.name().replaceAll("\\W", "_")
            + "_"
            + fault.name().toLowerCase(Locale.ROOT);
    DatabaseAddress address = machine.newDatabase(name);
    Path home = Files.createDirectories(machine.home().resolve(name));
    ProviderCheck.Subject subject = profile.subject();
    Path task =
        Files.writeString(
            home.resolve("task.yaml"),
            """
            name: fault
            system: Name the topic. Answer with JSON only.
            user: "{{text}}"
            output_schema:
              type: object
              additionalProperties: false
              required: [topic]
              properties:
                topic: {type: string}
            tiers:
              - {name: only, provider: %s, model: "%s", output_tokens_max: 900%s}
            """
                .formatted(
                    subject.provider().label(),
                    subject.model(),
                    subject.api().equals("responses")
                        ? ", api: responses"
                        : subject.structuredOutput().equals("tool")
                            ? ", structured_output: tool"
                            : ""));
    StringBuilder corpus = new StringBuilder();
    for (int i = 0; i < DOCUMENTS; i++) {
      corpus.append("{\"id\":\"d%d\",\"text\":\"Harvest number %d was good.\"}\n".formatted(i, i));
    }
    Path documents = Files.writeString(home.resolve("corpus.jsonl"), corpus.toString());
    try (PostgresStores stores = PostgresStores.open(address, 1, Clock.systemUTC());
        Emulator emulator =
            Emulator.in(home.resolve("emulator"))
                .port(
                    machine
                        .providerPort()) // the same each time: a process goes on to the next night
                .speed(300)
                .holdMillis(150)
                .answers(question -> "{\"topic\":\"harvest\"}")
                .start()) {
      stores.prices().seed();
      stores.prices().add(List.of(price(profile)));
      emulator.inject(fault, fault.ofBatch() ? Call.CREATE : call(fault), 1);
      Map<String, String> environment = new TreeMap<>();
      addresses(emulator)
          .forEach((provider, url) -> environment.put(provider.baseUrlVariable(), url));
      List<String> arguments =
          new ArrayList<>(List.of("run", task.toString(), "--corpus", documents.toString()));
      arguments.addAll(OPTIONS);
      arguments.addAll(List.of("--database", address.url()));
      CommandHost host = machine.start(machine.classArchive(), arguments, environment, false);
      if (!host.waitFor(TimeUnit.MINUTES.toMillis(MINUTES_MAX))) {
        host.close();
        return "it did not end in " + MINUTES_MAX + " minutes";
      }
      return verdict(address, emulator, fault);
    } finally {
      machine.dropDatabase(name);
    }
  }

  /** A fault of calls hits the one where it is worst: the create, or what is read. */
  private static Call call(Fault fault) {
    return switch (fault) {
      case NOT_FOUND, TRUNCATED_BODY -> Call.STATUS;
      default -> Call.CREATE;
    };
  }

  private static String verdict(DatabaseAddress address, Emulator emulator, Fault fault)
      throws Exception {
    if (!emulator.faultsInjected().containsKey(fault)) {
      return "it was not suffered";
    }
    String answered =
        BenchMachine.one(address, "select count(*) from items where state = 'answered'");
    String failed =
        BenchMachine.one(
            address,
            "select coalesce(string_agg(distinct failure_code, ' '), '') from items where state <> 'answered'");
    BigDecimal difference =
        emulator
            .invoice()
            .total()
            .subtract(
                new BigDecimal(
                    BenchMachine.one(address, "select coalesce(sum(total_usd), 0) from ledger")));
    // A batch that cannot be validated is refused for good at Anthropic, line by line.
    boolean wholly = answered.equals(Integer.toString(DOCUMENTS));
    boolean refused = fault == Fault.FAILS_VALIDATION && failed.equals("REQUEST_INVALID");
    if (!wholly && !refused) {
      return answered + " of " + DOCUMENTS + " answered, the others " + failed;
    }
    if (!emulator.invoice().billedTwice().isEmpty()) {
      return "billed twice: " + emulator.invoice().billedTwice().size();
    }
    return difference.signum() == 0 ? "" : "ledger and invoice differ by " + difference;
  }
}
