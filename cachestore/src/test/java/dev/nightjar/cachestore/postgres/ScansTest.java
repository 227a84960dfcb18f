package dev.nightjar.cachestore.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nightjar.cachestore.Lease;
import dev.nightjar.cachestore.SubmissionStore.Admission;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What a night asks at every step, and at its end, goes through nothing that grows from night to
 * night.
 */
class ScansTest extends StoresFixture {
  private static final int ROWS = 20_000;
  private static final long ROWS_READ_MAX = 500;

  private static PostgresStores one;

  /** One connection: a session's counts are sent when it says so. */
  @BeforeAll
  static void openOne() {
    one = PostgresStores.open(database, 1, new dev.nightjar.cachestore.testing.MutableClock(NOW));
  }

  @BeforeEach
  void fill() throws SQLException {
    onOne(
        "insert into items (run_id, document_id, namespace_id, item_key, source_uri, source_position, is_representative,"
            + " whole_prompt_tokens, state, answered_by, settled_at) select '%s', 'doc-' || n, %d, '%s' || n, 'f', n, true,"
            + " 1, 'answered', 'model', now() from generate_series(1, %d) n",
        runId, namespaceId, runId, ROWS);
    onOne(
        "insert into cache_entries (item_key, namespace_id, source_key, similarity, answer, output_tokens, created_at,"
            + " answer_class) select '%s' || n, %d, '%s' || n, 1, '{\"a\": 1}', 1, '%s', 'v1:' || n from generate_series(1,"
            + " %d) n",
        runId, namespaceId, runId, NOW, ROWS);
    onOne(
        "insert into submissions (submission_id, namespace_id, run_id, provider, model, tier, state, requests,"
            + " request_bytes, planned_at, creating_at, in_progress_at, collected_at, provider_batch_id, account) select"
            + " '%s-' || n, %d, '%s', 'openai', 'gpt-6-luna', 'small', 'planned', 1, 1, '%s', '%s'::timestamptz - interval"
            + " '9 days', '%s'::timestamptz - interval '9 days', now(), '%s-' || n, 'account' from generate_series(1, %d) n",
        runId, namespaceId, runId, NOW, NOW, NOW, runId, ROWS);
    for (String state : new String[] {"creating", "in_progress", "ended", "collected"}) {
      onOne(
          "update submissions set state = '%s', ending = 'completed' where run_id = '%s'",
          state, runId);
    }
    onOne("vacuum analyze items, cache_entries, submissions, text_embeddings");
  }

  private static void onOne(String sql, Object... values) throws SQLException {
    try (Connection connection = one.dataSource().getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql.formatted(values));
    }
  }

  /** Rows that were read to do something, by index or without. */
  private static long rowsRead(Runnable work) throws SQLException {
    read(); // what filling has read is counted only now
    long before = read();
    work.run();
    return read() - before;
  }

  private static long read() throws SQLException {
    onOne("select pg_stat_force_next_flush()");
    try (Connection connection = one.dataSource().getConnection();
        Statement statement = connection.createStatement();
        var rows =
            statement.executeQuery(
                "select sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) from pg_stat_user_tables where relname in"
                    + " ('items', 'cache_entries', 'submissions', 'text_embeddings')")) {
      rows.next();
      return rows.getLong(1);
    }
  }

  @Test
  void whatAStepAsksOfARun() throws SQLException {
    assertThat(rowsRead(() -> assertThat(one.runs().hasItems(runId)).isTrue()))
        .isLessThan(ROWS_READ_MAX);
    assertThat(rowsRead(() -> assertThat(one.runs().hasOpenItems(runId)).isFalse()))
        .isLessThan(ROWS_READ_MAX);
    assertThat(rowsRead(() -> assertThat(one.work().reclaim(runId)).isZero()))
        .isLessThan(ROWS_READ_MAX);
  }

  @Test
  void whetherAProviderHasRoom() throws SQLException {
    miss(runId, "a", Optional.empty());
    stores.work().electLeaders(runId, 2, 2, List.of(1));
    planned(runId, List.of(plan("a", 1, "small", "gpt-6-luna")));
    String id = packed("small").get(0);
    assertThat(
            rowsRead(
                () -> {
                  one.submissions()
                      .claim(id, new Lease("mine", NOW.plus(Duration.ofMinutes(1))), NOW);
                  assertThat(one.submissions().begin(id, "mine", true, ROOMY, "account", NOW))
                      .isEqualTo(Admission.ADMITTED);
                }))
        .isLessThan(ROWS_READ_MAX);
  }

  @Test
  void whichAnswersAreTooOldAndWhichAreClassedByAnotherRule() throws SQLException {
    assertThat(
            rowsRead(
                () -> {
                  one.learning().declassify(namespaceId, "v1:");
                  assertThat(
                          one.cacheCare()
                              .evict(namespaceId, NOW.minusSeconds(1), Optional.of(Long.MAX_VALUE)))
                      .isZero();
                }))
        .isLessThan(ROWS_READ_MAX);
    assertThat(rowsRead(() -> one.learning().declassify(namespaceId, "v2:")))
        .as("all are")
        .isGreaterThanOrEqualTo(ROWS);
  }
}
