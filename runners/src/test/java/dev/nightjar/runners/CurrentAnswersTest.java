package dev.nightjar.runners;

import static dev.nightjar.runners.TestNights.one;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.ForgetStore;
import dev.nightjar.cachestore.postgres.PostgresStores;
import dev.nightjar.cachestore.testing.TestPostgres;
import dev.nightjar.emulator.Answers;
import dev.nightjar.emulator.Emulator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/** What users find in SQL and in files after their nights. */
class CurrentAnswersTest {
  private static final String TASK =
      """
      name: two-words
      system: You sort notes.
      user: "{{text}}"
      output_schema:
        type: object
        additionalProperties: false
        required: [kind, size, big, "it's \\"x\\"", who]
        properties:
          kind: {enum: [even, odd]}
          size: {type: integer}
          big: {type: boolean}
          "it's \\"x\\"": {type: string}
          who: {type: object, additionalProperties: false, required: [name], properties: {name: {type: string}}}
      tiers:
        - {name: small, provider: openai, model: gpt-6-luna, output_tokens_max: 200}
      """;

  private static final class Counting implements Answers {
    private static final Pattern NUMBER = Pattern.compile("number (\\d+)");

    @Override
    public String answer(Question question) {
      Matcher matcher = NUMBER.matcher(question.user());
      int number = matcher.find() ? Integer.parseInt(matcher.group(1)) : 0;
      return "{\"kind\":\"%s\",\"size\":%d,\"big\":%s,\"it's \\\"x\\\"\":\"=1\",\"who\":{\"name\":\"n%d\"}%s}"
          .formatted(
              number % 2 == 0 ? "even" : "odd",
              number,
              number > 3,
              number,
              question.system().contains("extra") ? ",\"extra\":\"e\"" : "");
    }
  }

  @TempDir Path home;

  private DatabaseAddress database;
  private Emulator emulator;

  @BeforeEach
  void start() throws IOException {
    database = TestPostgres.newDatabase();
    emulator = Emulator.in(home.resolve("emulator")).speed(400).answers(new Counting()).start();
  }

  @AfterEach
  void stop() {
    emulator.close();
  }

  private String ask(String sql) {
    return one(database, sql);
  }

  private Path corpus(String name, int from, int to) throws IOException {
    return Files.write(
        home.resolve(name),
        IntStream.range(from, to)
            .mapToObj(i -> "{\"id\":\"n-%d\",\"text\":\"This is number %d.\"}".formatted(i, i))
            .toList());
  }

  private void run(String task, String tenant, String runId, Path corpus) throws Exception {
    Path file = Files.writeString(home.resolve("task.yaml"), task);
    NightPlan plan = TestNights.plan(file, runId, Optional.empty(), corpus.toString());
    TestNights.run(
        new NightPlan(
                plan.taskFile(),
                plan.corpus(),
                false,
                tenant,
                Optional.empty(),
                Optional.empty(),
                plan.runId(),
                plan.deadline(),
                plan.pollInterval())
            .toTheEnd(),
        database,
        emulator,
        TestNights.engine(EngineOptions.Engine.DIRECT));
  }

  /** What a session sees that has become a role, and perhaps has said whose it is. */
  private String as(String role, Optional<String> tenant, String sql) throws SQLException {
    try (Connection connection = connection();
        Statement statement = connection.createStatement()) {
      if (tenant.isPresent()) {
        statement.execute("set nightjar.tenant = " + statement.enquoteLiteral(tenant.get()));
      }
      statement.execute("set role " + role);
      try (ResultSet rows = statement.executeQuery(sql)) {
        return rows.next() ? String.valueOf(rows.getString(1)) : "";
      }
    }
  }

  private Connection connection() throws SQLException {
    return DriverManager.getConnection(
        database.jdbcUrl(), database.user(), database.readPassword().orElseThrow());
  }

  @Test
  void aTasksViewHasTheLastAnswerOfEachDocumentInTypedColumns() throws Exception {
    try (Connection listening = connection();
        Statement statement = listening.createStatement()) {
      statement.execute("listen nightjar_run_finished");
      run(TASK, "default", "first", corpus("a.jsonl", 0, 4));
      PGNotification[] told = listening.unwrap(PGConnection.class).getNotifications(5_000);
      assertThat(told).hasSize(1);
      assertThat(told[0].getParameter()).isEqualTo("first");
    }
    run(TASK, "default", "second", corpus("b.jsonl", 2, 6));

    assertThat(
            ask(
                "select string_agg(concat_ws(' ', document_id, kind, size + 1, not big, who ->>"
                    + " 'name', tier, model, answered_by, run_id), ', ' order by document_id) from"
                    + " nightjar_answers.two_words"))
        .isEqualTo(
            "n-0 even 1 t n0 small gpt-6-luna model first, n-1 odd 2 t n1 small gpt-6-luna model"
                + " first, n-2 even 3 t n2 small gpt-6-luna exact_hit second, n-3 odd 4 t n3 small"
                + " gpt-6-luna exact_hit second, n-4 even 5 f n4 small gpt-6-luna model second, n-5"
                + " odd 6 f n5 small gpt-6-luna model second");
    assertThat(ask("select \"it's \"\"x\"\"\" from nightjar_answers.two_words")).isEqualTo("=1");
    assertThat(
            ask(
                "select sum(cost_usd) = (select sum(actual_usd) from item_costs where run_id ="
                    + " 'second' or document_id in ('n-0', 'n-1')) and bool_and(source_uri like"
                    + " '%.jsonl' and answered_at is not null) from nightjar_answers.two_words"))
        .isEqualTo("t");

    List<CommandProcess.Ended> ended =
        new CommandProcess(home, database)
            .run(
                List.of(
                    "export results --latest --flatten --task two-words --out flat.csv --database "
                        + database.url(),
                    "export results --latest --out latest.jsonl --database " + database.url(),
                    "export results --flatten --run-id second --out flat.jsonl --database "
                        + database.url(),
                    "results --run-id first --where $.size>2 --json --database " + database.url()));
    assertThat(ended).allSatisfy(each -> assertThat(each.exitCode()).as(each.output()).isZero());
    List<String> flat = Files.readAllLines(home.resolve("flat.csv"));
    assertThat(flat).hasSize(7);
    assertThat(flat.get(0))
        .startsWith("document_id,big,\"it's \"\"x\"\"\",kind,size,who.name,source_uri");
    assertThat(flat.get(1)).as("in CSV no formula").startsWith("n-0,false,'=1,even,0,n0,");
    assertThat(Files.readAllLines(home.resolve("latest.jsonl"))).hasSize(6);
    assertThat(Files.readAllLines(home.resolve("flat.jsonl")).get(3))
        .startsWith(
            "{\"document_id\":\"n-5\",\"big\":true,\"it's"
                + " \\\"x\\\"\":\"=1\",\"kind\":\"odd\",\"size\":5,\"who.name\":\"n5\"");
    assertThat(ended.get(3).output()).contains("n-3").doesNotContain("n-0", "n-1", "n-2\"");
  }

  @Test
  void aChangedSchemaMigratesTheViewAndKeepsWhoMayReadIt() throws Exception {
    Path corpus = corpus("a.jsonl", 0, 2);
    run(TASK, "default", "first", corpus);
    try (Connection connection = connection();
        Statement statement = connection.createStatement()) {
      statement.execute(
          "grant select on nightjar_answers.two_words to nightjar_analyst with grant option");
      statement.execute(
          "grant select (kind, big) on nightjar_answers.two_words to nightjar_answers");
      statement.execute("grant select on nightjar_answers.two_words to public");
      statement.execute("comment on view nightjar_answers.two_words is 'it''s ours'");
      statement.execute("comment on column nightjar_answers.two_words.kind is 'of what kind'");
    }
    run(
        TASK.replace("You sort notes.", "You sort notes. extra")
            .replace("required: [kind,", "required: [extra, kind,")
            .replace("    kind: {", "    extra: {type: string}\n    kind: {"),
        "default",
        "second",
        corpus);
    assertThat(ask("select string_agg(extra, ' ') from nightjar_answers.two_words"))
        .isEqualTo("e e");
    assertThat(
            ask(
                "select concat_ws(' ', has_table_privilege('nightjar_analyst', v.oid, 'select with"
                    + " grant option'), has_table_privilege('public', v.oid, 'select'),"
                    + " obj_description(v.oid, 'pg_class'), col_description(v.oid, k.attnum),"
                    + " k.attacl::text) from pg_class v join pg_attribute k on k.attrelid = v.oid"
                    + " and k.attname = 'kind' where v.oid ="
                    + " 'nightjar_answers.two_words'::regclass"))
        .matches("t t it's ours of what kind \\{nightjar_answers=r/.*\\}");

    try (Connection connection = connection();
        Statement statement = connection.createStatement()) {
      statement.execute("create view public.mine as select kind from nightjar_answers.two_words");
    }
    run(TASK, "default", "third", corpus);
    assertThat(ask("select count(*) from public.mine"))
        .as("what others have built on it is not dropped, and the night goes on")
        .isEqualTo("2");
    assertThat(ask("select count(*) from results where run_id = 'third'")).isEqualTo("2");
  }

  @Test
  void twoTasksOfOneContentHaveTheirOwnDocumentsEach() throws Exception {
    run(TASK, "default", "one", corpus("a.jsonl", 0, 2));
    run(TASK.replace("two-words", "other-words"), "default", "other", corpus("b.jsonl", 1, 4));
    assertThat(
            ask(
                "select (select string_agg(document_id, ' ' order by document_id) from"
                    + " nightjar_answers.two_words) || ', ' || (select string_agg(document_id, ' '"
                    + " order by document_id) from nightjar_answers.other_words)"))
        .isEqualTo("n-0 n-1, n-1 n-2 n-3");
    try (PostgresStores stores = StoreOptions.openFor("default", database)) {
      ForgetStore.Selection one =
          new ForgetStore.Selection(
              "default", Optional.empty(), Optional.empty(), Optional.of("two-words"));
      assertThat(stores.forgetting().forget(one, "")).isEqualTo(2);
    }
    assertThat(ask("select string_agg(distinct run_id, ' ') from results")).isEqualTo("other");
  }

  @Test
  void nobodySeesOrMakesTheViewOfAnotherTenant() throws Exception {
    Path corpus = corpus("a.jsonl", 0, 2);
    run(TASK, "default", "ours", corpus);
    run(TASK, "acme.io", "theirs", corpus);
    String theirs = "select count(*) from nightjar_answers.\"acme.io.two_words\"";
    String both =
        "select (select count(*) from nightjar_answers.two_words) || ' ' || (" + theirs + ")";

    assertThat(as("nightjar_job", Optional.of("default"), both)).isEqualTo("2 0");
    assertThat(as("nightjar_job", Optional.of("acme.io"), both)).isEqualTo("0 2");
    assertThat(as("nightjar_job", Optional.empty(), both)).isEqualTo("0 0");
    String ours = "select count(*) from nightjar_answers.two_words";
    assertThatThrownBy(() -> as("nightjar_answers", Optional.of("default"), ours))
        .as("nobody has a right on all views")
        .hasMessageContaining("permission denied");
    try (Connection connection = connection();
        Statement statement = connection.createStatement()) {
      statement.execute("grant select on nightjar_answers.two_words to nightjar_answers");
    }
    assertThat(as("nightjar_answers", Optional.of("default"), ours)).isEqualTo("2");
    for (String said : List.of("default", "acme.io")) {
      assertThatThrownBy(() -> as("nightjar_answers", Optional.of(said), theirs))
          .as("whatever tenant the session says it is of")
          .hasMessageContaining("permission denied");
    }
    assertThat(as("nightjar_answers", Optional.of("acme.io"), ours)).isEqualTo("0");
    assertThatThrownBy(() -> as("nightjar_analyst", Optional.empty(), both))
        .hasMessageContaining("permission denied");
    assertThatThrownBy(
            () -> as("nightjar_answers", Optional.of("default"), "select count(*) from results"))
        .hasMessageContaining("does not exist"); // for a table of no schema that it may look into
    assertThatThrownBy(
            () ->
                as(
                    "nightjar_answers",
                    Optional.of("default"),
                    "select count(*) from nightjar.results"))
        .hasMessageContaining("permission denied");
    assertThatThrownBy(
            () ->
                as(
                    "nightjar_answers",
                    Optional.of("default"),
                    "select nightjar.make_answers_view('default', 't', '[]', now())"))
        .hasMessageContaining("permission denied");
    try (PostgresStores stores = StoreOptions.openFor("default", database)) {
      assertThatThrownBy(() -> stores.runs().answersView("acme.io", "two-words", "[]"))
          .hasMessageContaining("its own tenant only");
    }
  }

  @Test
  void namesThatUsersGiveAreOnlyEverQuoted() throws Exception {
    String evil = "x\"; drop table nightjar.results; --";
    try (PostgresStores stores = StoreOptions.openFor(evil, database)) {
      String view =
          stores
              .runs()
              .answersView(
                  evil,
                  "a'b\"); select 1",
                  "[{\"name\":\"c\\\" from nightjar.results; --\",\"property\":\"p' || (select 1)"
                      + " || '\",\"kind\":\"text\"},{\"name\":\"%s"
                      + " %1$s\",\"property\":\"%I\",\"kind\":\"numeric\"}]");
      assertThat(view).startsWith("nightjar_answers.\"x\"\"; drop ");
      assertThat(ask("select count(*) from " + view)).isEqualTo("0");
    }
    String longest = "t".repeat(63);
    try (PostgresStores one = StoreOptions.openFor(longest, database);
        PostgresStores other = StoreOptions.openFor(longest.substring(1) + "u", database)) {
      assertThat(one.runs().answersView(longest, "k".repeat(63), "[]"))
          .isNotEqualTo(other.runs().answersView(longest.substring(1) + "u", "k".repeat(63), "[]"));
    }
    assertThat(ask("select count(*) from results")).isEqualTo("0");
    // One name from two: the tenant of the second has the point that parts it from the task.
    try (PostgresStores first = StoreOptions.openFor("a", database);
        PostgresStores second = StoreOptions.openFor("a.b", database)) {
      first.runs().answersView("a", "b.c", "[]");
      assertThatThrownBy(() -> second.runs().answersView("a.b", "c", "[]"))
          .hasMessageContaining("another task's view has this name");
    }
  }
}
