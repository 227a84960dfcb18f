package dev.nightjar.cachestore.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.testing.TestPostgres;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The schema as a server has it; here, above the SQL module, because the server fixture is here.
 */
class SchemaTest {
  private static final Path SQL = Path.of("../sql");

  private static DatabaseAddress database;

  @BeforeAll
  static void migrate() {
    database = TestPostgres.newDatabase();
  }

  /**
   * Catalogue queries rather than pg_dump, whose text changes with each PostgreSQL version: the
   * tests run against 15 and 17.
   */
  private static final List<String> CATALOGUE =
      List.of(
          """
          select 'column ' || c.table_name || '.' || c.column_name || ' ' || format_type(a.atttypid, a.atttypmod)
              || case when a.attnotnull then ' not null' else '' end
              || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
              || case a.attidentity when 'a' then ' identity' else '' end
          from information_schema.columns c
          join pg_attribute a on a.attrelid = ('nightjar.' || c.table_name)::regclass and a.attname = c.column_name
          left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
          where c.table_schema = 'nightjar' and c.table_name <> 'flyway_schema_history'
          order by c.table_name, c.ordinal_position
          """,
          """
          select 'constraint ' || conrelid::regclass::text || ' ' || conname || ' ' || pg_get_constraintdef(oid)
          from pg_constraint
          where connamespace = 'nightjar'::regnamespace and conrelid::regclass::text not like '%flyway%' and contype <> 'n'
          order by conrelid::regclass::text, conname
          """,
          """
          select 'index ' || indexdef
          from pg_indexes
          where schemaname = 'nightjar' and tablename <> 'flyway_schema_history'
          order by indexname
          """,
          """
          select 'trigger ' || pg_get_triggerdef(oid) from pg_trigger where not tgisinternal order by tgname
          """,
          """
          select 'function ' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ') returns '
              || pg_get_function_result(p.oid)
          from pg_proc p
          where p.pronamespace = 'nightjar'::regnamespace
          order by 1
          """,
          """
          select 'view ' || viewname from pg_views where schemaname = 'nightjar' order by 1
          """);

  @Test
  void reportsAreNotCompiled() throws Exception {
    try (Connection connection =
            DriverManager.getConnection(
                database.jdbcUrl(), database.user(), database.readPassword().orElse(null));
        Statement statement = connection.createStatement();
        ResultSet jit = statement.executeQuery("show jit")) {
      jit.next();
      assertThat(jit.getString(1)).isEqualTo("off");
    }
  }

  @Test
  void theSchemaIsTheGoldenOne() throws Exception {
    StringBuilder schema = new StringBuilder();
    schema.append(
        "-- What the migrations make, as the catalogue describes it. After a deliberate change write it anew:\n"
            + "-- mvn -pl cachestore -am test -Dtest=SchemaTest -Dsurefire.failIfNoSpecifiedTests=false -Dgolden.write=true\n");
    try (Connection connection = Databases.connect(database);
        Statement statement = connection.createStatement()) {
      for (String query : CATALOGUE) {
        try (ResultSet rows = statement.executeQuery(query)) {
          while (rows.next()) {
            schema.append(rows.getString(1)).append('\n');
          }
        }
      }
    }
    Path golden = SQL.resolve("schema.golden.sql");
    if (Boolean.getBoolean("golden.write")) {
      Files.writeString(golden, schema);
    }
    assertThat(schema.toString()).isEqualTo(Files.readString(golden));
  }

  @Test
  void everyReadyMadeQueryRuns() throws Exception {
    try (Stream<Path> files = Files.list(SQL.resolve("queries"));
        Connection connection = Databases.connect(database);
        Statement statement = connection.createStatement()) {
      for (Path file : files.toList()) {
        assertThat(Files.readString(file)).as(file.toString()).startsWith("-- ");
        statement.executeQuery(Files.readString(file)).close();
      }
    }
  }

  @Test
  void everyViewCanBeRead() throws Exception {
    try (Connection connection = Databases.connect(database);
        Statement statement = connection.createStatement();
        Statement reading = connection.createStatement();
        ResultSet views =
            statement.executeQuery("select viewname from pg_views where schemaname = 'nightjar'")) {
      int count = 0;
      while (views.next()) {
        reading.executeQuery("select * from " + views.getString(1) + " limit 1").close();
        count++;
      }
      assertThat(count).isGreaterThanOrEqualTo(6);
    }
  }

  @Test
  void theLedgerRefusesUpdateDeleteAndTruncate() throws Exception {
    try (Connection connection = Databases.connect(database);
        Statement statement = connection.createStatement()) {
      for (String change :
          List.of("update ledger set tier = 'x'", "delete from ledger", "truncate ledger")) {
        assertThatThrownBy(() -> statement.execute(change))
            .as(change)
            .hasMessageContaining("ledger is append-only");
      }
    }
  }

  @Test
  void privilegesThatWereNotReachedAreGivenAtTheNextStart() throws Exception {
    DatabaseAddress interrupted = TestPostgres.newDatabase();
    try (Connection connection = Databases.connect(interrupted);
        Statement statement = connection.createStatement()) {
      statement.execute("alter view cost_by_run owner to nightjar_migration");
      statement.execute("comment on schema nightjar is null"); // as before they were given
      Migrations.migrate(interrupted);
      try (ResultSet rows =
          statement.executeQuery("select viewowner from pg_views where viewname = 'cost_by_run'")) {
        rows.next();
        assertThat(rows.getString(1)).isEqualTo("nightjar_reports");
      }
    }
  }

  @Test
  void migratingTwiceChangesNothing() {
    String version = Migrations.migrate(database);
    assertThat(Migrations.migrate(database)).isEqualTo(version);
  }

  @Test
  void aDatabaseFromTheFutureIsRefused() throws Exception {
    DatabaseAddress newer = TestPostgres.newDatabase();
    try (Connection connection = Databases.connect(newer);
        Statement statement = connection.createStatement()) {
      statement.execute(
          "insert into flyway_schema_history (installed_rank, version, description, type, script, installed_by,"
              + " execution_time, success) values (900, '900', 'future', 'SQL', 'V900__future.sql', 'x', 1, true)");
    }
    assertThatThrownBy(() -> Migrations.migrate(newer))
        .hasMessageStartingWith("DATABASE_UNSUITABLE")
        .hasMessageContaining("900");
  }

  @Test
  void anUnreachableDatabaseIsOneLineWithTheNextStep() {
    assertThatThrownBy(
            () -> Migrations.migrate(new DatabaseAddress("127.0.0.1", 1, "x", "nobody", "")))
        .hasMessageStartingWith("DATABASE_UNREACHABLE: nobody@127.0.0.1:1/x")
        .hasMessageContaining("--database")
        .hasMessageNotContaining("\n");
  }

  @Test
  void theShippedPricesHaveNoDuplicatesAndAreInForce() throws Exception {
    long lines;
    try (Stream<String> rows =
        Files.lines(SQL.resolve("prices/list_prices.csv"), StandardCharsets.UTF_8)) {
      lines = rows.count() - 1;
    }
    try (Connection connection = Databases.connect(database);
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("select count(*) from prices")) {
      rows.next();
      assertThat(rows.getLong(1)).isEqualTo(lines);
    }
  }
}
