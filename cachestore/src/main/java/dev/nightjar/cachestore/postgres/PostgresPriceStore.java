package dev.nightjar.cachestore.postgres;

import static dev.nightjar.cachestore.postgres.Sql.fetch;
import static dev.nightjar.cachestore.postgres.Sql.ints;
import static dev.nightjar.cachestore.postgres.Sql.texts;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.Price;
import dev.nightjar.cachestore.PriceFile;
import dev.nightjar.cachestore.PriceStore;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import org.jooq.DSLContext;
import org.jooq.Record;
import org.jspecify.annotations.Nullable;

/** Prices in {@code prices}, seeded from the file in the SQL module. */
final class PostgresPriceStore implements PriceStore {
  private static final String LIST = "/dev/nightjar/sql/prices/list_prices.csv";

  private static final String COLUMNS =
      """
      provider, model, effective_from, input_tokens_above, source,
      input_usd, cached_input_usd, cache_write_usd, cache_write_long_usd, output_usd, reasoning_usd,
      batch_input_usd, batch_cached_input_usd, batch_cache_write_usd, batch_cache_write_long_usd, batch_output_usd,
      batch_reasoning_usd, cache_storage_usd_hour, cacheable_tokens_min, context_tokens_max, output_tokens_max
      """;

  private static final String GIVEN =
      "unnest(?::text[], ?::text[], ?::timestamptz[], ?::integer[], ?::text[], "
          + "?::numeric[], ".repeat(13)
          + "?::integer[], ?::integer[], ?::integer[]) as g ("
          + COLUMNS
          + ")";

  private final DSLContext context;
  private final Clock clock;

  PostgresPriceStore(DSLContext context, Clock clock) {
    this.context = context;
    this.clock = clock;
  }

  @Override
  public int seed() {
    try (InputStream file = Objects.requireNonNull(getClass().getResourceAsStream(LIST), LIST);
        Reader reader = new InputStreamReader(file, StandardCharsets.UTF_8)) {
      return context.execute(
          "insert into prices ("
              + COLUMNS
              + ") select * from "
              + GIVEN
              + """
                on conflict on constraint prices_natural_key do update
               set cacheable_tokens_min = excluded.cacheable_tokens_min,
                   context_tokens_max = excluded.context_tokens_max,
                   output_tokens_max = excluded.output_tokens_max
               where prices.context_tokens_max is null
                 and excluded.context_tokens_max is not null
              """,
          values(PriceFile.read("list_prices.csv", reader)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Object[] values(List<Price> prices) {
    List<Object> values = new ArrayList<>();
    values.add(texts(prices, Price::provider));
    values.add(texts(prices, Price::model));
    values.add(
        prices.stream()
            .map(price -> price.effectiveFrom().atOffset(ZoneOffset.UTC))
            .toArray(OffsetDateTime[]::new));
    values.add(ints(prices, Price::inputTokensAbove));
    values.add(texts(prices, Price::source));
    for (Function<Price, Price.Rates> kind :
        List.<Function<Price, Price.Rates>>of(Price::online, Price::batch)) {
      for (Function<Price.Rates, BigDecimal> rate :
          List.<Function<Price.Rates, BigDecimal>>of(
              Price.Rates::input,
              Price.Rates::cachedInput,
              Price.Rates::cacheWrite,
              Price.Rates::cacheWriteLong,
              Price.Rates::output,
              Price.Rates::reasoning)) {
        values.add(prices.stream().map(kind.andThen(rate)).toArray(BigDecimal[]::new));
      }
    }
    values.add(prices.stream().map(Price::cacheStorageUsdHour).toArray(BigDecimal[]::new));
    for (Function<Price, OptionalInt> limit :
        List.<Function<Price, OptionalInt>>of(
            Price::cacheableTokensMin, Price::contextTokensMax, Price::outputTokensMax)) {
      values.add(
          prices.stream()
              .map(limit)
              .map(value -> value.isPresent() ? value.getAsInt() : null)
              .toArray(Integer[]::new));
    }
    return values.toArray();
  }

  @Override
  public List<Model> withoutPrice(Collection<Model> models) {
    return fetch(
            context,
            """
            select m.provider, m.model
            from unnest(?::text[], ?::text[]) as m (provider, model)
            where not exists (select from price_in_force(m.provider, m.model, ?, 1))
            """,
            texts(models, Model::provider),
            texts(models, Model::model),
            Sql.now(clock))
        .map(row -> new Model(row.get("provider", String.class), row.get("model", String.class)));
  }

  @Override
  public List<Price> list(Optional<Instant> inForceAt) {
    return fetch(
            context,
            """
            select *
            from prices p
            where ?::timestamptz is null
               or p.effective_from = (
                  select max(q.effective_from)
                  from prices q
                  where q.provider = p.provider
                    and q.model = p.model
                    and q.effective_from <= ?::timestamptz)
            order by provider, model, effective_from, input_tokens_above
            """,
            inForceAt.map(at -> at.atOffset(ZoneOffset.UTC)).orElse(null),
            inForceAt.map(at -> at.atOffset(ZoneOffset.UTC)).orElse(null))
        .map(PostgresPriceStore::price);
  }

  private static Price price(Record row) {
    return new Price(
        row.get("provider", String.class),
        row.get("model", String.class),
        row.get("effective_from", OffsetDateTime.class).toInstant(),
        row.get("input_tokens_above", Integer.class),
        rates(row, ""),
        rates(row, "batch_"),
        row.get("cache_storage_usd_hour", BigDecimal.class),
        limit(row.get("cacheable_tokens_min", Integer.class)),
        limit(row.get("context_tokens_max", Integer.class)),
        limit(row.get("output_tokens_max", Integer.class)),
        row.get("source", String.class));
  }

  private static Price.Rates rates(Record row, String prefix) {
    return new Price.Rates(
        row.get(prefix + "input_usd", BigDecimal.class),
        row.get(prefix + "cached_input_usd", BigDecimal.class),
        row.get(prefix + "cache_write_usd", BigDecimal.class),
        row.get(prefix + "cache_write_long_usd", BigDecimal.class),
        row.get(prefix + "output_usd", BigDecimal.class),
        row.get(prefix + "reasoning_usd", BigDecimal.class));
  }

  private static OptionalInt limit(@Nullable Integer value) {
    return value == null ? OptionalInt.empty() : OptionalInt.of(value);
  }

  @Override
  public BigDecimal surcharge(String provider, Instant at) {
    return fetch(
            context,
            """
            select greatest(1, max(factor)) as factor
            from price_factors
            where provider = ?
              and effective_from <= ?
            """,
            provider,
            Sql.time(at))
        .get(0)
        .get("factor", BigDecimal.class);
  }

  @Override
  public Imported add(List<Price> prices) {
    Object[] values = values(prices);
    return context.transactionResult(
        configuration -> {
          DSLContext tx = configuration.dsl();
          tx.execute("lock table prices in share row exclusive mode"); // charges read, nobody adds
          fetch(
                  tx,
                  "select g.provider, g.model, g.effective_from from "
                      + GIVEN
                      + """
                       join prices p using (provider, model, effective_from)
                       -- Another size band in a list that something was charged by changes that list, too.
                       where (p.input_tokens_above, p.input_usd, p.cached_input_usd, p.cache_write_usd, p.cache_write_long_usd, p.output_usd, p.reasoning_usd,
                           p.batch_input_usd, p.batch_cached_input_usd, p.batch_cache_write_usd, p.batch_cache_write_long_usd,
                           p.batch_output_usd, p.batch_reasoning_usd)
                           is distinct from (g.input_tokens_above, g.input_usd, g.cached_input_usd, g.cache_write_usd, g.cache_write_long_usd, g.output_usd,
                           g.reasoning_usd, g.batch_input_usd, g.batch_cached_input_usd, g.batch_cache_write_usd,
                           g.batch_cache_write_long_usd, g.batch_output_usd, g.batch_reasoning_usd)
                         and (p.input_tokens_above = g.input_tokens_above or not exists (
                             select
                             from prices same
                             where same.provider = g.provider
                               and same.model = g.model
                               and same.effective_from = g.effective_from
                               and same.input_tokens_above = g.input_tokens_above))
                         and exists (select from ledger l where l.price_id = p.price_id)
                      """,
                  values)
              .stream()
              .findFirst()
              .ifPresent(
                  row -> {
                    throw new NightjarException(
                        ErrorCode.PRICE_IN_USE,
                        row.get("provider", String.class) + "/" + row.get("model", String.class),
                        "something was charged by its price of "
                            + row.get("effective_from", OffsetDateTime.class).toInstant()
                            + ", and the ledger does not change",
                        "give the new price a later date");
                  });
          long before = count(tx);
          int written =
              tx.execute(
                  "insert into prices ("
                      + COLUMNS
                      + ") select * from "
                      + GIVEN
                      + " on conflict on constraint prices_natural_key do update set ("
                      + COLUMNS
                      + ") = row ("
                      + of("excluded")
                      + ") where ("
                      + of("prices")
                      + ") is distinct from ("
                      + of("excluded")
                      + ")",
                  values);
          int added = (int) (count(tx) - before);
          long otherwise =
              fetch(
                      tx,
                      "select count(*) as charges from (select distinct g.provider, g.model, g.effective_from from "
                          + GIVEN
                          + """
                          ) g
                           join ledger l on l.provider = g.provider and l.model = g.model and l.billed_at >= g.effective_from
                           join prices p on p.price_id = l.price_id and p.effective_from < g.effective_from
                          """,
                      values)
                  .get(0)
                  .get("charges", Long.class);
          return new Imported(added, written - added, otherwise);
        });
  }

  private static String of(String row) {
    return row + "." + COLUMNS.strip().replaceAll(",\\s*", ", " + row + ".");
  }

  private static long count(DSLContext tx) {
    return fetch(tx, "select count(*) as prices from prices").get(0).get("prices", Long.class);
  }
}
