package dev.nightjar.runners.bench;

import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.NamedCsvRecord;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.pipelines.model.Texts;
import dev.nightjar.pipelines.promptcache.FieldOrder;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** How much of a table's prompts is the beginning of another prompt, by the order of fields? */
@Command(
    name = "field-order",
    mixinStandardHelpOptions = true,
    header = "Orders the fields of a table's rows for the longest beginnings in common.",
    description = {
      "",
      "Each row is a prompt of its cells, 'name: value' a line. Printed is the share of characters that a row has"
          + " in common, from its start, with an earlier one: as given, by the best order that all rows keep, by"
          + " ours; and the share of characters in cells that were there before, of which a prompt cannot have more"
          + " in whole cells.",
      ""
    })
public final class FieldOrderBenchmark extends Benchmark {
  private static final double SHARE_OF_BOUND_MIN = 0.8;
  private static final double SECONDS_MAX = 1;
  private static final int WARM_UPS = 3;

  @Option(
      names = "--data",
      paramLabel = "FILE",
      description = "A CSV file whose first line names its columns.",
      required = true)
  private Path data = Path.of("");

  @Override
  Map<String, String> measure(PrintWriter out) throws IOException {
    List<String[]> table = read();
    out.printf(
        Locale.ROOT,
        "%s: %,d rows of %d fields%n",
        data.getFileName(),
        table.size(),
        table.get(0).length);
    for (int warmUp = 0; warmUp < WARM_UPS; warmUp++) {
      FieldOrder.of(table);
    }
    long start = System.nanoTime();
    int[][] ours = FieldOrder.of(table);
    double seconds = (System.nanoTime() - start) / 1e9;
    int[] given = new int[table.get(0).length];
    Arrays.setAll(given, field -> field);
    Map<String, Double> shares = new LinkedHashMap<>();
    shares.put("given", shared(table, all(given, table.size())));
    shares.put("one_order", shared(table, all(oneOrder(table), table.size())));
    shares.put("ours", shared(table, ours));
    shares.put("bound", repeated(table));
    Map<String, String> result = new LinkedHashMap<>();
    shares.forEach(
        (name, share) -> {
          out.printf(Locale.ROOT, "  %-10s %.4f%n", name, share);
          result.put(name, String.format(Locale.ROOT, "%.4f", share));
        });
    result.put("seconds", String.format(Locale.ROOT, "%.3f", seconds));
    return result;
  }

  @Override
  boolean holds(Map<String, String> result) {
    return value(result, "ours") >= SHARE_OF_BOUND_MIN * value(result, "bound")
        && value(result, "ours") >= value(result, "one_order")
        && value(result, "seconds") < SECONDS_MAX;
  }

  private static double value(Map<String, String> result, String key) {
    return Double.parseDouble(result.getOrDefault(key, "NaN"));
  }

  /** Rows of cells as they stand in a prompt. */
  private List<String[]> read() throws IOException {
    List<String[]> rows = new ArrayList<>();
    try (CsvReader<NamedCsvRecord> csv = CsvReader.builder().ofNamedCsvRecord(data)) {
      for (NamedCsvRecord record : csv) {
        List<String> names = record.getHeader();
        String[] cells = new String[names.size()];
        for (int field = 0; field < cells.length; field++) {
          cells[field] =
              names.get(field) + ": " + record.findField(names.get(field)).orElse("") + "\n";
        }
        rows.add(cells);
      }
    }
    if (rows.isEmpty()) {
      throw new NightjarException(
          ErrorCode.INPUT_UNREADABLE,
          data.toString(),
          "it has no rows",
          "give --data a CSV file whose first line names its columns");
    }
    return rows;
  }

  private static int[][] all(int[] order, int rows) {
    int[][] orders = new int[rows][];
    Arrays.fill(orders, order);
    return orders;
  }

  /** Of all prompts sorted, each shares with the one before it what it shares with any. */
  private static double shared(List<String[]> table, int[][] orders) {
    String[] prompts = new String[table.size()];
    long characters = 0;
    for (int row = 0; row < prompts.length; row++) {
      StringBuilder prompt = new StringBuilder();
      for (int field : orders[row]) {
        prompt.append(table.get(row)[field]);
      }
      prompts[row] = prompt.toString();
      characters += prompt.length();
    }
    Arrays.sort(prompts);
    long shared = 0;
    for (int row = 1; row < prompts.length; row++) {
      shared += Texts.sharedStart(prompts[row - 1], prompts[row]);
    }
    return (double) shared / characters;
  }

  private static double repeated(List<String[]> table) {
    Set<String> seen = new HashSet<>();
    long characters = 0;
    long repeated = 0;
    for (String[] row : table) {
      for (int field = 0; field < row.length; field++) {
        characters += row[field].length();
        repeated += seen.add(field + row[field]) ? 0 : row[field].length();
      }
    }
    return (double) repeated / characters;
  }

  /** One order for all rows: the field next by which most characters are shared then. */
  private static int[] oneOrder(List<String[]> table) {
    int fields = table.get(0).length;
    int[] order = new int[fields];
    boolean[] used = new boolean[fields];
    int[] groups = new int[table.size()];
    for (int at = 0; at < fields; at++) {
      long most = -1;
      for (int field = 0; field < fields; field++) {
        long shared = used[field] ? -1 : refined(table, groups, field, null);
        if (shared > most) {
          most = shared;
          order[at] = field;
        }
      }
      used[order[at]] = true;
      int[] refined = new int[groups.length];
      refined(table, groups, order[at], refined);
      groups = refined;
    }
    return order;
  }

  /** Characters that rows of one group share in a field; also which group each is in then. */
  private static long refined(
      List<String[]> table, int[] groups, int field, int @Nullable [] into) {
    Map<String, Integer> seen = new HashMap<>();
    long shared = 0;
    for (int row = 0; row < groups.length; row++) {
      String cell = table.get(row)[field];
      String key = groups[row] + "|" + cell;
      Integer group = seen.get(key);
      if (group == null) {
        group = seen.size();
        seen.put(key, group);
      } else {
        shared += cell.length();
      }
      if (into != null) {
        into[row] = group;
      }
    }
    return shared;
  }
}
