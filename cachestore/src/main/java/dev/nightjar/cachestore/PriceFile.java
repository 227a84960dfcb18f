package dev.nightjar.cachestore;

import de.siegmar.fastcsv.reader.CsvParseException;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.NamedCsvRecord;
import java.io.IOException;
import java.io.Reader;
import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Function;

/**
 * A price list as CSV, with the columns of the table {@code prices}. The shipped one is such a
 * file. Columns that a file leaves out: reasoning costs as much as output, batches half, cache
 * storage nothing, limits are unknown.
 */
public final class PriceFile {
  private static final BigDecimal HALF = new BigDecimal("0.5");

  private PriceFile() {}

  /**
   * Reads a price list.
   *
   * @param name what errors call it
   * @throws NightjarException PRICES_INVALID at the first row that is not one, with line and field
   */
  public static List<Price> read(String name, Reader reader) {
    List<Price> prices = new ArrayList<>();
    try (CsvReader<NamedCsvRecord> csv = CsvReader.builder().ofNamedCsvRecord(reader)) {
      for (NamedCsvRecord row : csv) {
        prices.add(new Row(name, row).price());
      }
      return prices;
    } catch (CsvParseException e) {
      throw invalid(name, "expected CSV with a header, but " + e.getMessage());
    } catch (IOException e) {
      throw invalid(name, "cannot be read: " + e.getMessage());
    }
  }

  private static NightjarException invalid(String where, String expected) {
    return new NightjarException(
        ErrorCode.PRICES_INVALID, where, expected, "correct the file; nothing was imported");
  }

  private record Row(String file, NamedCsvRecord record) {
    Price price() {
      Price.Rates online = rates("");
      Price.Rates batch =
          record.findField("batch_input_usd").filter(text -> !text.isBlank()).isEmpty()
              ? online.times(HALF)
              : rates("batch_");
      try {
        return new Price(
            required("provider", text -> text, "a provider"),
            required("model", text -> text, "a model"),
            required("effective_from", Instant::parse, "a time like 2026-11-24T00:00:00Z"),
            optional("input_tokens_above", Integer::valueOf, "a whole number", 0),
            online,
            batch,
            optional("cache_storage_usd_hour", BigDecimal::new, "a number", BigDecimal.ZERO),
            limit("cacheable_tokens_min"),
            limit("context_tokens_max"),
            limit("output_tokens_max"),
            optional("source", text -> text, "text", file));
      } catch (IllegalArgumentException e) {
        throw invalid(at(""), String.valueOf(e.getMessage()));
      }
    }

    private Price.Rates rates(String prefix) {
      BigDecimal input = required(prefix + "input_usd", BigDecimal::new, "a number");
      BigDecimal output = required(prefix + "output_usd", BigDecimal::new, "a number");
      try {
        return new Price.Rates(
            input,
            amount(prefix + "cached_input_usd", input),
            amount(prefix + "cache_write_usd", input),
            amount(prefix + "cache_write_long_usd", input),
            output,
            amount(prefix + "reasoning_usd", output));
      } catch (IllegalArgumentException e) {
        throw invalid(at(prefix + "input_usd"), String.valueOf(e.getMessage()));
      }
    }

    private BigDecimal amount(String column, BigDecimal otherwise) {
      return optional(column, BigDecimal::new, "a number", otherwise);
    }

    private OptionalInt limit(String column) {
      int value = optional(column, Integer::valueOf, "a whole number", 0);
      return value > 0 ? OptionalInt.of(value) : OptionalInt.empty();
    }

    private <T> T required(String column, Function<String, T> parse, String expected) {
      String text = record.findField(column).orElse("");
      if (text.isBlank()) {
        throw invalid(at(column), "expected " + expected);
      }
      return parsed(column, text, parse, expected);
    }

    private <T> T optional(String column, Function<String, T> parse, String expected, T without) {
      String text = record.findField(column).orElse("");
      return text.isBlank() ? without : parsed(column, text, parse, expected);
    }

    private <T> T parsed(String column, String text, Function<String, T> parse, String expected) {
      try {
        return parse.apply(text.strip());
      } catch (NumberFormatException | DateTimeException e) {
        throw invalid(at(column), "expected " + expected + ", but was '" + text + "'");
      }
    }

    private String at(String column) {
      return file + ":" + record.getStartingLineNumber() + (column.isEmpty() ? "" : ": " + column);
    }
  }
}
