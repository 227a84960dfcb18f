package dev.nightjar.runners;

import static dev.nightjar.runners.TestNights.one;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.jerolba.carpet.CarpetReader;
import com.jerolba.carpet.FieldMatchingStrategy;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.NamedCsvRecord;
import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.postgres.PostgresStores;
import dev.nightjar.cachestore.testing.TestPostgres;
import dev.nightjar.emulator.Emulator;
import dev.nightjar.runners.export.CostRow;
import dev.nightjar.runners.export.Export;
import dev.nightjar.runners.export.ExportFormat;
import dev.nightjar.runners.export.ResultRow;
import java.io.InputStream;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.PGConnection;

/** A night's results and costs as files, read back by the formats' own readers. */
class ExportTest {
  private static final int DOCUMENTS = 60;

  @TempDir static Path home;

  private static DatabaseAddress database;
  private static PostgresStores stores;

  @BeforeAll
  static void runANight() throws Exception {
    database = TestPostgres.newDatabase();
    try (Emulator emulator = Emulator.in(home.resolve("emulator")).speed(200).start()) {
      Path corpus =
          TestNights.write(home, "quoted \"a\".jsonl", TestNights.documents(0, DOCUMENTS));
      NightPlan plan =
          TestNights.plan(TestNights.task(home), "night-1", Optional.empty(), corpus.toString());
      TestNights.run(
          new NightPlan(
              plan.taskFile(),
              plan.corpus(),
              plan.strict(),
              plan.tenant(),
              plan.budgetUsd(),
              Optional.of(new BigDecimal("0.5")), // whose shares have 20 decimals and more
              plan.runId(),
              plan.deadline(),
              plan.pollInterval()),
          database,
          emulator,
          TestNights.engine(EngineOptions.Engine.DIRECT));
    }
    stores = StoreOptions.openFor("tests", database);
  }

  @AfterAll
  static void close() {
    stores.close();
  }

  private static Path export(Export<?> export, ExportFormat format) throws Exception {
    Path file = home.resolve("out." + format);
    List<String> runs = NightReport.runs(stores.dataSource(), List.of());
    assertThat(export.write(stores.dataSource(), runs, format, file)).isEqualTo(DOCUMENTS);
    try (Stream<Path> files = Files.list(home)) {
      assertThat(files.map(Path::toString)).noneMatch(name -> name.endsWith(".part"));
    }
    return file;
  }

  @Test
  void aCellThatASpreadsheetWouldRunIsShownInstead() {
    for (String formula :
        List.of("=1+1", "+cmd", "-2+3+cmd|' /C calc'!A0", "@SUM(1)", "\t=1", "\r=1", "-", "+")) {
      assertThat(Export.harmless(formula)).isEqualTo("'" + formula);
    }
    for (String plain : List.of("", "-0.12", "+3", "-1e-7", "{\"a\":\"=1\"}", "a=1", "0.5")) {
      assertThat(Export.harmless(plain)).isEqualTo(plain);
    }
  }

  private static BigDecimal ledger() {
    return TestNights.ledger(database);
  }

  @Test
  void jsonLinesHoldAnswersAsJsonAndAmountsWithAllTheirDigits() throws Exception {
    ObjectMapper mapper =
        new ObjectMapper().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS);
    List<JsonNode> results = new ArrayList<>();
    for (String line : Files.readAllLines(export(Export.RESULTS, ExportFormat.JSONL))) {
      results.add(mapper.readTree(line));
    }
    assertThat(results).hasSize(DOCUMENTS);
    assertThat(results)
        .allSatisfy(row -> assertThat(row.get("answer").get("category").isTextual()).isTrue());
    assertThat(results.get(0).get("document_id").asText()).isEqualTo("doc-0");
    BigDecimal sum = BigDecimal.ZERO;
    for (String line : Files.readAllLines(export(Export.COSTS, ExportFormat.JSONL))) {
      sum = sum.add(mapper.readTree(line).get("actual_usd").decimalValue());
    }
    assertThat(sum).isEqualByComparingTo(ledger());
  }

  @Test
  void csvHasAHeaderAndAddsUp() throws Exception {
    BigDecimal actual = BigDecimal.ZERO;
    BigDecimal attributed = BigDecimal.ZERO;
    try (CsvReader<NamedCsvRecord> rows =
        CsvReader.builder().ofNamedCsvRecord(export(Export.COSTS, ExportFormat.CSV))) {
      for (NamedCsvRecord row : rows) {
        actual = actual.add(new BigDecimal(row.getField("actual_usd")));
        attributed = attributed.add(new BigDecimal(row.getField("attributed_usd")));
      }
    }
    assertThat(actual).isEqualByComparingTo(ledger());
    assertThat(attributed).isEqualByComparingTo(ledger());
    try (CsvReader<NamedCsvRecord> rows =
        CsvReader.builder().ofNamedCsvRecord(export(Export.RESULTS, ExportFormat.CSV))) {
      assertThat(rows.stream())
          .hasSize(DOCUMENTS)
          .allSatisfy(row -> assertThat(row.getField("source_uri")).contains("quoted \"a\".jsonl"));
    }
  }

  @Test
  void parquetIsReadBackAsItWasWritten() throws Exception {
    List<CostRow> costs =
        new CarpetReader<>(export(Export.COSTS, ExportFormat.PARQUET).toFile(), CostRow.class)
            .withFieldMatchingStrategy(FieldMatchingStrategy.SNAKE_CASE)
            .toList();
    assertThat(costs).hasSize(DOCUMENTS);
    assertThat(costs.stream().map(CostRow::actualUsd).reduce(BigDecimal.ZERO, BigDecimal::add))
        .isEqualByComparingTo(ledger());
    assertThat(costs.get(0).tenant()).isEqualTo("tests");
    List<ResultRow> results =
        new CarpetReader<>(export(Export.RESULTS, ExportFormat.PARQUET).toFile(), ResultRow.class)
            .withFieldMatchingStrategy(FieldMatchingStrategy.SNAKE_CASE)
            .toList();
    assertThat(results)
        .hasSize(DOCUMENTS)
        .allSatisfy(row -> assertThat(row.answer()).contains("category"))
        .allSatisfy(row -> assertThat(row.settledAt()).isNotNull());
  }

  @Test
  void copyGoesBackIntoATable() throws Exception {
    Path file = export(Export.COSTS, ExportFormat.COPY);
    try (PostgresStores operator = StoreOptions.open(database);
        Connection connection = operator.dataSource().getConnection();
        InputStream rows = Files.newInputStream(file)) {
      connection
          .createStatement()
          .execute("create temp table back as select * from item_costs limit 0");
      assertThat(
              connection
                  .unwrap(PGConnection.class)
                  .getCopyAPI()
                  .copyIn("copy back from stdin", rows))
          .isEqualTo(DOCUMENTS);
      try (var sums =
          connection.createStatement().executeQuery("select sum(actual_usd) from back")) {
        sums.next();
        assertThat(sums.getBigDecimal(1)).isEqualByComparingTo(ledger());
      }
    }
  }

  @Test
  void anotherTenantGetsNothing() {
    try (PostgresStores other = StoreOptions.openFor("others", database)) {
      assertThatThrownBy(() -> NightReport.runs(other.dataSource(), List.of("night-1")))
          .isInstanceOf(NightjarException.class)
          .hasMessageContaining("there is no such run");
    }
    assertThat(one(database, "select count(*) from runs")).isEqualTo("1");
  }
}
