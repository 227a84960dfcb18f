package dev.nightjar.pipelines.model;

import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.NamedCsvRecord;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What a model takes in a request beyond what all of its provider's models do: the rows of {@code
 * models.csv}, each with its source. Immutable and thread-safe.
 *
 * @param efforts that may be asked for, from least to most; empty if the model does not reason
 * @param effortDefault what it does unasked; empty if it does not reason
 * @param control how its reasoning is told what to do
 * @param forcedTool whether it can be made to call a tool
 * @param writesCache whether it writes its prompt cache unasked, which is paid
 * @param flex whether it is believed to answer single requests at the batch price, if asked to
 */
public record ModelTraits(
    List<Effort> efforts,
    Optional<Effort> effortDefault,
    Control control,
    boolean forcedTool,
    boolean writesCache,
    boolean flex) {

  /** How reasoning is told what to do. */
  public enum Control {
    /** It is not. */
    FIXED,
    /** By the name of an effort. */
    EFFORT,
    /** By the name of an effort, and none by turning thinking off. */
    EFFORT_OR_DISABLED,
    /** The same, but turned off is called thinking between tools, of which there are none. */
    EFFORT_OR_BETWEEN_TOOLS,
    /** By a number of tokens. */
    BUDGET
  }

  private record Row(Provider provider, Pattern model, ModelTraits traits) {}

  private static final Pattern VERSION =
      Pattern.compile("-(?:\\d{8}|\\d{4}-\\d{2}-\\d{2}|\\d{3}|preview-\\d{2}-\\d{4}|latest)$");
  private static final List<Row> ROWS = rows();

  /**
   * Of the models that tasks name: asked for each line of a batch, and forty patterns to a look.
   */
  private static final Map<String, Optional<ModelTraits>> SEEN = new ConcurrentHashMap<>();

  public ModelTraits {
    efforts = List.copyOf(efforts);
  }

  /** The traits of a model; empty if nothing is known of it. */
  public static Optional<ModelTraits> of(Provider provider, String model) {
    return SEEN.computeIfAbsent(provider.label() + "/" + model, seen -> looked(provider, model));
  }

  private static Optional<ModelTraits> looked(Provider provider, String model) {
    String family = VERSION.matcher(model).replaceFirst("");
    // A deployment that is named as its model is taken for it.
    Provider maker = provider == Provider.AZURE ? Provider.OPENAI : provider;
    return ROWS.stream()
        .filter(row -> row.provider() == maker && row.model().matcher(family).matches())
        .findFirst()
        .map(Row::traits);
  }

  /** The least that it takes; empty if there is nothing to ask for. */
  public Optional<Effort> least() {
    return control == Control.FIXED ? Optional.empty() : efforts.stream().findFirst();
  }

  private static List<Row> rows() {
    List<Row> rows = new ArrayList<>();
    try (Reader file =
            new InputStreamReader(
                Objects.requireNonNull(
                    ModelTraits.class.getResourceAsStream("models.csv"), "models.csv"),
                StandardCharsets.UTF_8);
        CsvReader<NamedCsvRecord> csv = CsvReader.builder().ofNamedCsvRecord(file)) {
      csv.forEach(row -> rows.add(row(row)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return List.copyOf(rows);
  }

  private static Row row(NamedCsvRecord row) {
    List<Effort> efforts =
        Stream.of(row.getField("efforts").split(" "))
            .filter(effort -> !effort.isEmpty())
            .map(Effort::ofLabel)
            .toList();
    String unasked = row.getField("effort_default");
    return new Row(
        Provider.ofLabel(row.getField("provider")),
        Pattern.compile(row.getField("model")),
        new ModelTraits(
            efforts,
            unasked.isEmpty() ? Optional.empty() : Optional.of(Effort.ofLabel(unasked)),
            Control.valueOf(row.getField("control").toUpperCase(Locale.ROOT)),
            row.getField("forced_tool").equals("yes"),
            row.getField("writes_cache").equals("yes"),
            row.getField("flex").equals("yes")));
  }
}
