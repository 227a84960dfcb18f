package dev.nightjar.runners;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.Price;
import dev.nightjar.cachestore.PriceChange;
import dev.nightjar.cachestore.PriceFile;
import dev.nightjar.cachestore.PriceStore;
import dev.nightjar.cachestore.postgres.PostgresStores;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Reader;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Prices, with the dates from which they hold. */
@Command(
    name = "prices",
    mixinStandardHelpOptions = true,
    header = "Lists, imports, sets and checks prices.",
    description = {
      "",
      "USD per million tokens. A request is charged by the row in force when the provider billed it; what was"
          + " charged stays as it is. A model without a price is refused before anything is sent.",
      ""
    })
final class PricesCommand implements Runnable {
  private static final BigDecimal MILLION = new BigDecimal(1_000_000);

  @Mixin private final StoreOptions store = new StoreOptions();
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    list(null, false);
  }

  private PrintWriter out() {
    return spec.commandLine().getOut();
  }

  private PostgresStores open() {
    return StoreOptions.open(store.migrated(Optional.empty()));
  }

  @Command(
      name = "list",
      mixinStandardHelpOptions = true,
      description = "Lists the prices in force (the default).")
  void list(
      @Option(
              names = "--model",
              paramLabel = "TEXT",
              description = "Only models with this in their name.")
          @Nullable String model,
      @Option(names = "--all", description = "Also past and coming ones.") boolean all) {
    try (PostgresStores stores = open()) {
      out()
          .printf(
              "%-10s %-26s %-10s %8s %8s %8s %8s %8s %8s %8s %8s %9s%n",
              "provider",
              "model",
              "from",
              "above",
              "input",
              "cached",
              "write",
              "output",
              "reason",
              "batch in",
              "out",
              "context");
      for (Price price :
          stores
              .prices()
              .list(all ? Optional.empty() : Optional.of(MachineClock.utc().instant()))) {
        if (model != null && !price.model().contains(model)) {
          continue;
        }
        out()
            .printf(
                "%-10s %-26s %-10s %8d %8s %8s %8s %8s %8s %8s %8s %9s%n",
                price.provider(),
                price.model(),
                price.effectiveFrom().toString().substring(0, 10),
                price.inputTokensAbove(),
                Terminal.exact(price.online().input()),
                Terminal.exact(price.online().cachedInput()),
                Terminal.exact(price.online().cacheWrite()),
                Terminal.exact(price.online().output()),
                Terminal.exact(price.online().reasoning()),
                Terminal.exact(price.batch().input()),
                Terminal.exact(price.batch().output()),
                price.contextTokensMax().isPresent()
                    ? Integer.toString(price.contextTokensMax().getAsInt())
                    : "?");
      }
    }
  }

  @Command(
      name = "import",
      mixinStandardHelpOptions = true,
      description = "Adds the rows of a CSV file, all or none; sql/prices/list_prices.csv is one.")
  void importFile(@Parameters(index = "0", paramLabel = "FILE") Path file) {
    List<Price> prices;
    try (Reader reader = Files.newBufferedReader(file)) {
      prices = PriceFile.read(file.toString(), reader);
    } catch (IOException e) {
      throw unreadable(file, e);
    }
    try (PostgresStores stores = open()) {
      for (Price price : prices) {
        warnOfLostBands(stores.prices().list(Optional.of(price.effectiveFrom())), price, prices);
      }
      add(stores, prices);
    }
  }

  /** A price is a set of bands with one date: a list that leaves one out ends it. */
  private void warnOfLostBands(List<Price> before, Price price, List<Price> list) {
    if (price.inputTokensAbove() > 0) {
      return;
    }
    before.stream()
        .filter(
            band ->
                band.provider().equals(price.provider())
                    && band.model().equals(price.model())
                    && band.effectiveFrom().isBefore(price.effectiveFrom())
                    && list.stream()
                        .noneMatch(
                            other ->
                                other.model().equals(band.model())
                                    && other.effectiveFrom().equals(price.effectiveFrom())
                                    && other.inputTokensAbove() == band.inputTokensAbove()))
        .forEach(
            band ->
                out()
                    .println(
                        "warning: from "
                            + price.effectiveFrom()
                            + " on, requests of "
                            + band.model()
                            + " with more than "
                            + band.inputTokensAbove()
                            + " input tokens have no price of their own any more; if they should, 'nightjar prices set'"
                            + " --above "
                            + band.inputTokensAbove()));
  }

  @Command(
      name = "set",
      mixinStandardHelpOptions = true,
      description = {
        "Sets a model's price from a date on. Its prices for longer requests, and what is not given, stay as"
            + " they were, or in the same relation."
      },
      footer = {
        "",
        "Example: nightjar prices set openai/gpt-6-luna --from 2026-12-01 --input 0.2 --output 1"
      })
  void set(
      @Parameters(index = "0", paramLabel = "PROVIDER/MODEL") String model,
      @Option(
              names = "--from",
              required = true,
              paramLabel = "DATE",
              description = "As 2026-12-01, UTC.")
          String from,
      @Option(
              names = "--above",
              defaultValue = "0",
              paramLabel = "TOKENS",
              description = "Only of requests with more input.")
          int above,
      @Option(
              names = "--input",
              required = true,
              paramLabel = "USD",
              description = "Per million tokens; so are all.")
          BigDecimal input,
      @Option(names = "--output", required = true, paramLabel = "USD") BigDecimal output,
      @Option(names = "--reasoning", paramLabel = "USD", description = "Output that nobody reads.")
          @Nullable BigDecimal reasoning,
      @Option(
              names = "--cached",
              paramLabel = "USD",
              description =
                  "Read from the provider's cache. Default: the same part of input as before; so are the others.")
          @Nullable BigDecimal cached,
      @Option(
              names = "--write",
              paramLabel = "USD",
              description = "Written there for the short time.")
          @Nullable BigDecimal write,
      @Option(
              names = "--write-long",
              paramLabel = "USD",
              description = "And for the long. Default, if --write is given: as that.")
          @Nullable BigDecimal writeLong,
      @Option(
              names = "--batch-factor",
              paramLabel = "FACTOR",
              description =
                  "What batches pay of each. Default: what they paid of each before; 0.5 of a new model's.")
          @Nullable BigDecimal batchFactor) {
    String[] names = model.split("/", 2);
    if (names.length < 2) {
      throw invalid(
          "PROVIDER/MODEL", "expected such as openai/gpt-6-luna, but was '" + model + "'");
    }
    try (PostgresStores stores = open()) {
      Instant begins = Instant.parse(from.length() == 10 ? from + "T00:00:00Z" : from);
      List<Price> before =
          stores.prices().list(Optional.of(begins)).stream()
              .filter(price -> price.provider().equals(names[0]) && price.model().equals(names[1]))
              .toList();
      List<Price> rows =
          new PriceChange(
                  names[0],
                  names[1],
                  begins,
                  above,
                  input,
                  output,
                  Optional.ofNullable(reasoning),
                  Optional.ofNullable(cached),
                  Optional.ofNullable(write),
                  Optional.ofNullable(writeLong),
                  Optional.ofNullable(batchFactor))
              .rows(before);
      add(stores, rows);
      for (Price price : rows.subList(1, rows.size())) {
        out()
            .println(
                "requests with more than "
                    + price.inputTokensAbove()
                    + " input tokens cost as before: input "
                    + Terminal.exact(price.online().input())
                    + ", output "
                    + Terminal.exact(price.online().output())
                    + "; --above "
                    + price.inputTokensAbove()
                    + " changes that");
      }
    } catch (DateTimeException e) {
      throw invalid("--from", "expected a date like 2026-12-01, but was '" + from + "'");
    } catch (IllegalArgumentException e) {
      throw invalid(model, String.valueOf(e.getMessage()));
    }
  }

  private static NightjarException invalid(String key, String what) {
    return new NightjarException(ErrorCode.OPTION_INVALID, key, what, "correct it");
  }

  private static NightjarException unreadable(Path file, Exception e) {
    return new NightjarException(
        ErrorCode.PRICES_INVALID,
        file.toString(),
        "cannot be read (" + e.getClass().getSimpleName() + ")",
        "correct the path",
        e);
  }

  private void add(PostgresStores stores, List<Price> prices) {
    PriceStore.Imported imported = stores.prices().add(prices);
    out().println(imported.added() + " added, " + imported.replaced() + " replaced");
    if (imported.chargedOtherwise() > 0) {
      out()
          .println(
              Terminal.count(imported.chargedOtherwise())
                  + " charges of before were priced by older rows and stay as they are: see price_change_impact");
    }
  }

  @Command(
      name = "check",
      mixinStandardHelpOptions = true,
      description = {
        "Compares the prices in force with a price map in LiteLLM's form (model_prices_and_context_window.json)"
            + " and prints what differs. Changes nothing; exit code 1 if something differs."
      })
  int check(@Parameters(index = "0", paramLabel = "FILE") Path file) {
    JsonNode map;
    try {
      map =
          new ObjectMapper()
              .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
              .readTree(file.toFile());
    } catch (IOException | NumberFormatException e) { // an exponent may be beyond BigDecimal
      throw unreadable(file, e);
    }
    int differences = 0;
    int compared = 0;
    try (PostgresStores stores = open()) {
      for (Price price : stores.prices().list(Optional.of(MachineClock.utc().instant()))) {
        JsonNode theirs = map.path(price.model());
        if (theirs.isMissingNode()) {
          theirs = map.path(price.provider() + "/" + price.model());
        }
        if (theirs.isMissingNode()) {
          continue;
        }
        compared++;
        String band =
            price.inputTokensAbove() == 0
                ? ""
                : "_above_" + price.inputTokensAbove() / 1_000 + "k_tokens";
        Price.Rates online = price.online();
        differences +=
            differs(price, "input", online.input(), theirs, "input_cost_per_token" + band);
        differences +=
            differs(price, "output", online.output(), theirs, "output_cost_per_token" + band);
        differences +=
            differs(
                price,
                "cached input",
                online.cachedInput(),
                theirs,
                "cache_read_input_token_cost" + band);
        differences +=
            differs(
                price,
                "cache write",
                online.cacheWrite(),
                theirs,
                "cache_creation_input_token_cost" + band);
        differences +=
            differs(
                price,
                "batch input",
                price.batch().input(),
                theirs,
                "input_cost_per_token_batches" + band);
        differences +=
            differs(
                price,
                "batch output",
                price.batch().output(),
                theirs,
                "output_cost_per_token_batches" + band);
      }
    }
    out().println(compared + " prices are in both, " + differences + " figures of them differ");
    return differences == 0 ? 0 : Main.EXIT_FAILED;
  }

  private int differs(Price price, String what, BigDecimal ours, JsonNode theirs, String field) {
    JsonNode value = theirs.path(field);
    if (!value.isNumber()) {
      return 0; // they say nothing of it
    }
    BigDecimal usd = value.decimalValue().multiply(MILLION);
    if (usd.compareTo(ours) == 0) {
      return 0;
    }
    out()
        .printf(
            "%-10s %-26s %-14s ours %s, theirs %s%n",
            price.provider(), price.model(), what, Terminal.exact(ours), Terminal.exact(usd));
    return 1;
  }
}
