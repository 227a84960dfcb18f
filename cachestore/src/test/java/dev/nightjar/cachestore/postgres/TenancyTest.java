package dev.nightjar.cachestore.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.EmbeddedText;
import dev.nightjar.cachestore.Embedding;
import dev.nightjar.cachestore.Fingerprint;
import dev.nightjar.cachestore.Miss;
import dev.nightjar.cachestore.NewItem;
import dev.nightjar.cachestore.ReuseBounds;
import dev.nightjar.cachestore.TaskVersion;
import dev.nightjar.cachestore.testing.MutableClock;
import dev.nightjar.cachestore.testing.TestPostgres;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tries, from each role, to read what another tenant has. */
class TenancyTest {
  private static final Instant NOW = Instant.parse("2026-11-24T00:00:00Z");

  /** A name that would be two options if its blank and backslash were not escaped. */
  private static final String THEIRS = "the others -c nightjar.tenant=ours \\";

  private static DatabaseAddress database;
  private static PostgresStores ours;
  private static PostgresStores theirs;
  private static long theirNamespace;
  private static final String THEIR_KEY = Fingerprint.sha256("their text");

  @BeforeAll
  static void fill() throws SQLException {
    database = TestPostgres.newDatabase();
    ours = PostgresStores.openFor("ours", database, 2, new MutableClock(NOW));
    theirs = PostgresStores.openFor(THEIRS, database, 2, new MutableClock(NOW));
    run(ours, "ours", "our-run");
    theirNamespace = run(theirs, THEIRS, "their-run");
    theirs.work().recordItems("their-run", List.of(new NewItem("d", THEIR_KEY, "f", 1, true, 10)));
    theirs
        .work()
        .recordMisses(
            "their-run",
            List.of(
                new Miss(
                    THEIR_KEY,
                    "d",
                    Optional.of(vector()),
                    List.of("-"),
                    Optional.of(new Miss.Likeness.Cosine(List.of(1, 2))))),
            ReuseBounds.OWN_ANSWERS);
    theirs
        .embeddings()
        .save(theirNamespace, Map.of(THEIR_KEY, new EmbeddedText(Optional.of(vector()), 1)));
    theirs
        .learning()
        .recordThreshold(
            theirNamespace,
            "their-run",
            new dev.nightjar.cachestore.LearntThreshold(
                0.5,
                "p",
                new dev.nightjar.cachestore.ErrorBound(0.25, false, 0.5),
                null,
                1,
                1,
                false));
    theirs
        .work()
        .recordDeadLetters(
            "their-run",
            List.of(
                new dev.nightjar.cachestore.DeadLetter(
                    "f", 2, "d2", dev.nightjar.cachestore.ErrorCode.INPUT_UNREADABLE, "why")));
    theirs
        .work()
        .recordFiles(
            "their-run",
            List.of(
                new dev.nightjar.cachestore.FileReading(
                    "f", "CSV", "UTF-8", "','", List.of("id"), List.of("all of it"), 1, 1)));
    // The rest by hand, as their job: a policy that kept it from writing would fail here.
    try (Connection connection = theirs.dataSource().getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(
          "insert into cache_entries (item_key, namespace_id, source_key, similarity, answer,"
              + " output_tokens, embedding, created_at) select item_key, namespace_id, item_key, 1,"
              + " '{\"secret\":1}', 1, embedding, now() from misses");
      statement.execute(
          "insert into results (run_id, document_id, item_key, source_key, answer, output_tokens,"
              + " created_at) select run_id, document_id, item_key, item_key, '{\"secret\":1}', 1,"
              + " now() from items");
      statement.execute(
          "insert into semantic_lookups (namespace_id, run_id, item_key, score, threshold,"
              + " decision, is_sampled, policy, looked_up_at, awaits_answer) select namespace_id,"
              + " run_id, item_key, 0, 1, 'miss', true, 'p', now(), false from items");
      statement.execute(
          "insert into submissions (submission_id, namespace_id, run_id, provider, model, tier,"
              + " state, requests, request_bytes, planned_at) select 'sub_t', namespace_id, run_id,"
              + " 'openai', 'm', 't', 'planned', 1, 1, now() from items");
      statement.execute(
          "insert into attempts (custom_id, item_key, attempt_number, namespace_id, run_id, tier,"
              + " provider, model, state, request_bytes, prompt_tokens, output_tokens_max,"
              + " reserved_usd, submission_id, planned_at) select 'nj_t', item_key, 1,"
              + " namespace_id, run_id, 't', 'openai', 'm', 'submitted', 1, 1, 1, 0, 'sub_t', now()"
              + " from items");
      statement.execute(
          "insert into online_requests (custom_id, submission_id, asked_at) values ('nj_t',"
              + " 'sub_t', now())");
      statement.execute(
          "insert into raw_answers (custom_id, namespace_id, answer) select custom_id,"
              + " namespace_id, '\"secret\"' from attempts");
      statement.execute(
          "insert into rejected_answers (custom_id, namespace_id, answer, rejected_at) select"
              + " custom_id, namespace_id, '\"secret\"', now() from attempts");
      statement.execute(
          "insert into gold_answers (tenant, task, document_id, answer, given_by, is_in_file,"
              + " source, labelled_at) select tenant, 'task', 'd', '{\"kind\": \"secret\"}',"
              + " 'person', false, 'ann', now() from tasks");
      statement.execute(
          "select make_answers_view(current_tenant(), 'task', '[]', now())"); // answer_views
      statement.execute(
          "insert into audits (run_id, document_id, compared_with, namespace_id, item_key,"
              + " mechanisms, equality, agrees, differing_fields, compared_at) select run_id,"
              + " document_id, 'gold', namespace_id, item_key, '{}', 'e', true, '{}', now() from"
              + " items limit 1");
      statement.execute(
          "insert into answer_quotes (custom_id, namespace_id, place, field, starts_at, ends_at,"
              + " is_exact, before, quote, after) select custom_id, namespace_id, '$.quote', '', 0,"
              + " 1, true, '', 'secret', '' from attempts");
    }
  }

  private static long run(PostgresStores stores, String tenant, String runId) {
    long namespace =
        stores
            .runs()
            .namespace(
                tenant,
                new TaskVersion(
                    Fingerprint.sha256(tenant), "task", "{\"system\":\"secret\"}", "openai", "m"),
                "model");
    stores
        .runs()
        .open(Optional.of(runId), namespace, "task", runId, Optional.empty(), NOW.plusSeconds(60));
    return namespace;
  }

  private static Embedding vector() {
    float[] values = new float[384];
    values[3] = 1;
    return Embedding.of(values);
  }

  @AfterAll
  static void close() {
    ours.close();
    theirs.close();
  }

  private static String one(PostgresStores stores, String sql) throws SQLException {
    try (Connection connection = stores.dataSource().getConnection();
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      return rows.next() ? String.valueOf(rows.getString(1)) : "";
    }
  }

  private static Connection as(String role) throws SQLException {
    Connection connection = Databases.connect(database);
    try (Statement statement = connection.createStatement()) {
      statement.execute("set role " + role);
      return connection;
    }
  }

  /** Which tables must be protected is read from the catalogue, so that a new one is not missed. */
  private static List<String> tablesWithTextsVectorsOrAnswers() throws SQLException {
    List<String> tables = new ArrayList<>();
    try (Connection connection = Databases.connect(database);
        Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                """
                select distinct c.table_name
                from information_schema.columns c
                join information_schema.tables t using (table_schema, table_name)
                where c.table_schema = 'nightjar'
                  and t.table_type = 'BASE TABLE'
                  and (c.column_name in (
                      'answer', 'prompt', 'definition', 'response_body', 'embedding', 'shingles', 'bits', 'guard_marks',
                      'similarity', 'content_hash', 'source_uri', 'quote', 'document'))
                """)) {
      while (rows.next()) {
        tables.add(rows.getString(1));
      }
    }
    return tables;
  }

  @Test
  void aJobSeesNothingOfAnotherTenantNotEvenACount() throws SQLException {
    List<String> tables = new ArrayList<>(tablesWithTextsVectorsOrAnswers());
    assertThat(tables)
        .contains(
            "cache_entries",
            "dead_letters",
            "gold_answers",
            "items",
            "misses",
            "near_duplicate_bands",
            "online_requests",
            "raw_answers",
            "answer_quotes",
            "rejected_answers",
            "results",
            "semantic_lookups",
            "tasks",
            "text_embeddings");
    tables.addAll(List.of("semantic_thresholds", "attempts", "audits"));
    for (String table : tables) {
      String own = table.equals("tasks") ? "1" : "0";
      assertThat(one(ours, "select count(*) from " + table)).as(table).isEqualTo(own);
      assertThat(one(theirs, "select count(*) > 0 from " + table))
          .as("the owner sees its " + table)
          .isEqualTo("t");
      assertThat(
              one(
                  ours,
                  "select relrowsecurity from pg_class where oid = 'nightjar."
                      + table
                      + "'::regclass"))
          .isEqualTo("t");
    }
    assertThat(one(ours, "select count(*) from namespaces")).isEqualTo("1");
  }

  private static List<String> views(String column) throws SQLException {
    List<String> views = new java.util.ArrayList<>();
    try (Connection connection = Databases.connect(database);
        Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "select table_name from information_schema.columns join pg_views on viewname ="
                    + " table_name and schemaname = table_schema where table_schema = 'nightjar'"
                    + " and column_name = '"
                    + column
                    + "' order by 1")) {
      while (rows.next()) {
        views.add(rows.getString(1));
      }
    }
    return views;
  }

  @Test
  void everyViewBelongsToTheRoleThatPoliciesKnowAndEveryTableOfATenantHasThem()
      throws SQLException {
    try (Connection connection = Databases.connect(database);
        Statement statement = connection.createStatement()) {
      try (ResultSet rows =
          statement.executeQuery(
              "select coalesce(string_agg(viewname, ' '), '') from pg_views where schemaname ="
                  + " 'nightjar' and viewowner <> 'nightjar_reports'")) {
        rows.next();
        assertThat(rows.getString(1)).isEmpty();
      }
      try (ResultSet rows =
          statement.executeQuery(
              "select coalesce(string_agg(distinct c.relname, ' '), '') from pg_class c join"
                  + " pg_attribute a on a.attrelid = c.oid where c.relnamespace ="
                  + " 'nightjar'::regnamespace and c.relkind in ('r', 'p') and not c.relrowsecurity"
                  + " and a.attname in ('tenant', 'run_id', 'item_key', 'namespace_id')")) {
        rows.next();
        assertThat(rows.getString(1)).isEmpty();
      }
    }
  }

  private static void assertSeesNoRun(Statement statement) throws SQLException {
    for (String view : views("run_id")) {
      try (ResultSet rows = statement.executeQuery("select count(*) from " + view)) {
        rows.next();
        assertThat(rows.getInt(1)).as(view).isZero();
      }
    }
  }

  @Test
  void aJobWithoutATenantSeesNobodyInAnyView() throws SQLException {
    try (Connection connection = as("nightjar_job");
        Statement statement = connection.createStatement()) {
      assertSeesNoRun(statement);
    }
  }

  /** Who has not become the job's role, and has no tenant, is no analyst for that. */
  @Test
  void aLoginThatIsAMemberOfTheJobsRoleSeesNobodyBeforeItHasATenant() throws SQLException {
    String name = "member_" + database.database();
    try (Connection connection = Databases.connect(database);
        Statement statement = connection.createStatement()) {
      statement.execute("create role " + name + " nologin in role nightjar_job");
    }
    try (Connection connection = as(name);
        Statement statement = connection.createStatement()) {
      assertSeesNoRun(statement);
      for (String view : views("tenant")) {
        try (ResultSet rows =
            statement.executeQuery(
                "select count(tenant) filter (where tenant <> '') from " + view)) {
          rows.next();
          assertThat(rows.getInt(1)).as(view).isZero();
        }
      }
    }
  }

  /** Submissions hold no text, and a provider's limits are kept over all tenants. */
  @Test
  void aJobSeesTheSubmissionsOfAllAndWritesItsOwnOnly() throws SQLException {
    assertThat(one(ours, "select state from submissions where submission_id = 'sub_t'"))
        .isEqualTo("planned");
    assertThat(one(ours, "select count(*) from open_submissions")).isEqualTo("0");
    assertThat(one(ours, "update submissions set tries = 7 returning submission_id")).isEmpty();
    assertThat(one(ours, "delete from submissions returning submission_id")).isEmpty();
    assertThat(one(ours, "select submission_id from submissions for update")).isEmpty();
    assertThatThrownBy(
            () ->
                one(
                    ours,
                    "insert into submissions (submission_id, namespace_id, run_id, provider, model,"
                        + " tier, state, requests, request_bytes, planned_at) values ('sub_x', "
                        + theirNamespace
                        + ", 'their-run', 'openai', 'm', 't', 'planned', 1, 1, now()) returning 1"))
        .hasMessageContaining("row-level security");
    assertThat(one(theirs, "update submissions set tries = 1 returning submission_id"))
        .isEqualTo("sub_t");
  }

  @Test
  void aMonthOfTheLedgerCannotBeReadPastItsPolicies() throws SQLException {
    try (Connection connection = Databases.connect(database);
        Statement statement = connection.createStatement()) {
      statement.execute("select add_month('ledger', '2026-11-24')");
    }
    org.assertj.core.api.Assertions.assertThatThrownBy(
            () -> one(ours, "select count(*) from ledger_2026_11"))
        .hasStackTraceContaining("permission denied");
  }

  @Test
  void noViewShowsAJobAnotherTenant() throws SQLException {
    for (String view :
        List.of("cost_by_run", "cost_by_task", "cache_statistics", "semantic_cache_risk")) {
      assertThat(one(ours, "select string_agg(distinct tenant, ' ') from " + view))
          .as(view)
          .isIn("ours", "null");
    }
    assertThat(one(ours, "select string_agg(run_id, ' ') from run_progress")).isEqualTo("our-run");
    for (String view : views("run_id")) {
      assertThat(one(ours, "select string_agg(distinct run_id, ' ') from " + view))
          .as(view)
          .isIn("our-run", "null");
    }
    for (String view : views("tenant")) {
      assertThat(one(ours, "select string_agg(distinct tenant, ' ') from " + view))
          .as(view)
          .isIn("ours", "null");
    }
    assertThat(one(theirs, "select string_agg(run_id, ' ') from run_progress"))
        .isEqualTo("their-run");
    try (Connection connection = as("nightjar_analyst");
        Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "select string_agg(run_id, ' ' order by run_id) from run_progress")) {
      rows.next();
      assertThat(rows.getString(1)).as("who pays for all sees all").isEqualTo("our-run their-run");
    }
  }

  @Test
  void aLoginThatIsOnlyAJobRunsNightsButMigratesNothing() throws SQLException {
    String name = "job_" + database.database();
    try (Connection connection = Databases.connect(database);
        Statement statement = connection.createStatement()) {
      statement.execute("create role " + name + " login password 'secret' in role nightjar_job");
    }
    DatabaseAddress login =
        new DatabaseAddress(
            database.host(),
            database.port(),
            database.database(),
            name,
            passwordFile(name).toString());
    assertThat(Migrations.migrate(login)).isEqualTo(Migrations.migrate(database));
    try (PostgresStores stores = PostgresStores.openFor("ours", login, 1, new MutableClock(NOW))) {
      assertThat(run(stores, "ours", "our-run")).isPositive();
      assertThat(one(stores, "select count(*) from cache_entries")).isEqualTo("0");
    }
  }

  private static java.nio.file.Path passwordFile(String user) {
    try {
      java.nio.file.Path file = java.nio.file.Files.createTempFile("nightjar", ".pgpass");
      file.toFile().deleteOnExit();
      return java.nio.file.Files.writeString(file, "*:*:*:" + user + ":secret\n");
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void aVectorSearchOrAKeyOfAnothersFindsNothing() {
    assertThat(ours.cache().nearest(theirNamespace, Map.of("q", vector()), 5, Instant.EPOCH))
        .isEmpty();
    assertThat(
            ours.cache()
                .lookupExact(
                    theirNamespace,
                    Set.of(THEIR_KEY),
                    new ReuseBounds(0, 0, "", 0, "", Instant.EPOCH)))
        .isEmpty();
    assertThat(ours.embeddings().find(theirNamespace, Set.of(THEIR_KEY))).isEmpty();
    assertThat(theirs.cache().nearest(theirNamespace, Map.of("q", vector()), 5, Instant.EPOCH))
        .hasSize(1);
  }

  @Test
  void aVectorSearchWithoutANamespaceFindsNothingEither() throws SQLException {
    assertThat(
            one(
                ours,
                "select count(*) from (select from cache_entries order by embedding <=> '"
                    + Sql.vector(vector())
                    + "' limit 5) n"))
        .isEqualTo("0");
  }

  @Test
  void aJobCannotWriteIntoAnothersNamespaceNorChangeItsEntries() throws SQLException {
    assertThatThrownBy(
            () ->
                one(
                    ours,
                    "insert into cache_entries (item_key, namespace_id, source_key, similarity,"
                        + " answer, output_tokens, created_at) values ('x', "
                        + theirNamespace
                        + ", 'x', 1, '{}', 1, now()) returning item_key"))
        .hasMessageContaining("row-level security");
    assertThat(
            one(ours, "with d as (delete from cache_entries returning 1) select count(*) from d"))
        .isEqualTo("0");
    assertThatThrownBy(() -> run(ours, THEIRS, "stolen"))
        .hasMessageContaining("namespaces of its own tenant");
    assertThatThrownBy(() -> one(ours, "delete from ledger returning 1"))
        .hasMessageContaining("permission denied");
    assertThatThrownBy(() -> one(ours, "alter table misses disable row level security"))
        .hasMessageContaining("owner");
  }

  @Test
  void aJobWithoutATenantSeesNobody() throws SQLException {
    try (Connection connection = as("nightjar_job");
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("select count(*) from cache_entries")) {
      rows.next();
      assertThat(rows.getInt(1)).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "select count(*) from cache_entries",
        "select answer from results",
        "select embedding from cache_entries order by embedding <=> '[1]' limit 1",
        "select prompt from misses",
        "select definition from tasks",
        "select response_body from online_requests",
        "select item_key from attempts"
      })
  void anAnalystReadsNoTextVectorOrAnswer(String sql) throws SQLException {
    try (Connection connection = as("nightjar_analyst");
        Statement statement = connection.createStatement()) {
      assertThatThrownBy(() -> statement.executeQuery(sql))
          .hasMessageContaining("permission denied for table");
    }
  }

  @Test
  void anAnalystReadsCosts() throws SQLException {
    try (Connection connection = as("nightjar_analyst");
        Statement statement = connection.createStatement()) {
      for (String view :
          List.of("cost_by_run", "cost_by_tier", "item_costs", "semantic_cache_risk", "prices")) {
        statement.executeQuery("select * from " + view).close();
      }
      assertThatThrownBy(() -> statement.execute("create table mine (a integer)"))
          .hasMessageContaining("permission denied");
    }
  }

  @Test
  void everythingBelongsToTheMigrationRoleWhichNobodyLogsInAs() throws SQLException {
    try (Connection connection = Databases.connect(database);
        Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                """
                select string_agg(distinct tableowner, ' '), bool_or(r.rolcanlogin or r.rolsuper or r.rolbypassrls)
                from pg_tables
                join pg_roles r on r.rolname like 'nightjar\\_%'
                where schemaname = 'nightjar'
                """)) {
      rows.next();
      assertThat(rows.getString(1)).isEqualTo("nightjar_migration");
      assertThat(rows.getBoolean(2)).isFalse();
    }
  }
}
