package dev.nightjar.cachestore.postgres;

import static dev.nightjar.cachestore.postgres.Sql.fetch;
import static dev.nightjar.cachestore.postgres.Sql.texts;

import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.NamedCsvRecord;
import dev.nightjar.cachestore.PriceStore;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.jooq.DSLContext;

/** Prices in {@code prices}, seeded from the file in the SQL module. */
final class PostgresPriceStore implements PriceStore {
  private static final String LIST = "/dev/nightjar/sql/prices/list_prices.csv";

  private static final List<String> AMOUNTS =
      List.of(
          "input_usd",
          "cached_input_usd",
          "cache_write_usd",
          "cache_write_long_usd",
          "output_usd",
          "batch_input_usd",
          "batch_cached_input_usd",
          "batch_cache_write_usd",
          "batch_cache_write_long_usd",
          "batch_output_usd");

  private final DSLContext context;
  private final Clock clock;

  PostgresPriceStore(DSLContext context, Clock clock) {
    this.context = context;
    this.clock = clock;
  }

  @Override
  public int seed() {
    try (InputStream file = Objects.requireNonNull(getClass().getResourceAsStream(LIST), LIST);
        CsvReader<NamedCsvRecord> csv =
            CsvReader.builder()
                .ofNamedCsvRecord(new InputStreamReader(file, StandardCharsets.UTF_8))) {
      List<NamedCsvRecord> rows = csv.stream().toList();
      Object[] values = new Object[5 + AMOUNTS.size()];
      values[0] = texts(rows, row -> row.getField("provider"));
      values[1] = texts(rows, row -> row.getField("model"));
      values[2] = texts(rows, row -> row.getField("effective_from"));
      values[3] = texts(rows, row -> row.getField("input_tokens_above"));
      values[4] = texts(rows, row -> row.getField("source"));
      for (int i = 0; i < AMOUNTS.size(); i++) {
        String amount = AMOUNTS.get(i);
        values[5 + i] = texts(rows, row -> row.getField(amount));
      }
      return context.execute(
          """
          insert into prices (
              provider, model, effective_from, input_tokens_above, source,
              input_usd, cached_input_usd, cache_write_usd, cache_write_long_usd, output_usd,
              batch_input_usd, batch_cached_input_usd, batch_cache_write_usd, batch_cache_write_long_usd, batch_output_usd)
          select
              l.provider, l.model, l.effective_from::timestamptz, l.input_tokens_above::integer, l.source,
              l.input::numeric, l.cached::numeric, l.write::numeric, l.write_long::numeric, l.output::numeric,
              l.b_input::numeric, l.b_cached::numeric, l.b_write::numeric, l.b_write_long::numeric, l.b_output::numeric
          from unnest(
              ?::text[], ?::text[], ?::text[], ?::text[], ?::text[],
              ?::text[], ?::text[], ?::text[], ?::text[], ?::text[],
              ?::text[], ?::text[], ?::text[], ?::text[], ?::text[]
          ) as l (
              provider, model, effective_from, input_tokens_above, source,
              input, cached, write, write_long, output,
              b_input, b_cached, b_write, b_write_long, b_output)
          on conflict on constraint prices_natural_key do nothing
          """,
          values);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
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
}
