package dev.nightjar.runners.bench;

import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.NamedCsvRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * How recorded models answered: all CSV files of a folder but prices.csv, each with a prompt, a
 * task or none, and one column a model, True and False or a score.
 *
 * @param scores of each prompt, of each model, in [0, 1]
 * @param files from which each prompt is, from 0
 */
record RecordedAnswers(List<String> prompts, List<String> models, double[][] scores, int[] files) {

  static RecordedAnswers read(Path folder) throws IOException {
    List<String> prompts = new ArrayList<>();
    List<String> models = new ArrayList<>();
    List<double[]> scores = new ArrayList<>();
    List<Integer> files = new ArrayList<>();
    List<Path> sorted;
    try (Stream<Path> listed = Files.list(folder)) {
      sorted =
          listed
              .filter(f -> f.toString().endsWith(".csv") && !f.endsWith("prices.csv"))
              .sorted()
              .toList();
    }
    for (int file = 0; file < sorted.size(); file++) {
      try (CsvReader<NamedCsvRecord> csv = CsvReader.builder().ofNamedCsvRecord(sorted.get(file))) {
        for (NamedCsvRecord row : csv) {
          if (models.isEmpty()) {
            row.getHeader().stream()
                .filter(column -> !Set.of("prompt", "task").contains(column))
                .forEach(models::add);
          }
          prompts.add(row.getField("prompt"));
          scores.add(models.stream().mapToDouble(m -> score(row.getField(m))).toArray());
          files.add(file);
        }
      }
    }
    return new RecordedAnswers(
        prompts,
        models,
        scores.toArray(double[][]::new),
        files.stream().mapToInt(Integer::intValue).toArray());
  }

  private static double score(String field) {
    return switch (field.strip().toLowerCase(Locale.ROOT)) {
      case "true" -> 1;
      case "false" -> 0;
      default -> Double.parseDouble(field.strip());
    };
  }

  /** What a request to each model costs; without prices.csv only the last costs anything. */
  double[] prices(Path folder) throws IOException {
    Path file = folder.resolve("prices.csv");
    Map<String, Double> listed = new HashMap<>();
    if (Files.exists(file)) {
      try (CsvReader<NamedCsvRecord> csv = CsvReader.builder().ofNamedCsvRecord(file)) {
        for (NamedCsvRecord row : csv) {
          listed.put(row.getField(0), Double.parseDouble(row.getField(1)));
        }
      }
    }
    double[] prices = new double[models.size()];
    for (int m = 0; m < prices.length; m++) {
      prices[m] = listed.getOrDefault(models.get(m), m == prices.length - 1 ? 1.0 : 0.0);
    }
    return prices;
  }

  RecordedAnswers only(int[] rows) {
    List<String> kept = new ArrayList<>();
    double[][] of = new double[rows.length][];
    int[] from = new int[rows.length];
    for (int i = 0; i < rows.length; i++) {
      kept.add(prompts.get(rows[i]));
      of[i] = scores[rows[i]];
      from[i] = files[rows[i]];
    }
    return new RecordedAnswers(kept, models, of, from);
  }
}
