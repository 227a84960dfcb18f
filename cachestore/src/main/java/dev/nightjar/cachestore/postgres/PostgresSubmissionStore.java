package dev.nightjar.cachestore.postgres;

import static dev.nightjar.cachestore.postgres.Sql.array;
import static dev.nightjar.cachestore.postgres.Sql.fetch;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.PackingLimits;
import dev.nightjar.cachestore.StoredAttempt;
import dev.nightjar.cachestore.Submission;
import dev.nightjar.cachestore.SubmissionState;
import dev.nightjar.cachestore.SubmissionStore;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.jooq.Cursor;
import org.jooq.DSLContext;
import org.jooq.Record;
import org.jspecify.annotations.Nullable;

/** Submissions in {@code submissions}, their attempts in {@code attempts}. */
final class PostgresSubmissionStore implements SubmissionStore {
  private static final int ROWS_FETCH_MAX = 1_000;

  private static final String ATTEMPT_COLUMNS =
      """
      select
          a.custom_id,
          a.item_key,
          a.attempt_number,
          a.tier,
          (
              select count(*)
              from attempts b
              where b.item_key = a.item_key
                and b.tier = a.tier
                and b.attempt_number between m.attempts_first and a.attempt_number
          ) as attempts_at_tier,
          coalesce(m.prompt, '') as prompt,
          a.prompt_tokens
      from attempts a
      join misses m on m.item_key = a.item_key
      """;

  private final DSLContext context;
  private final DataSource dataSource;
  private final Clock clock;

  PostgresSubmissionStore(DSLContext context, DataSource dataSource, Clock clock) {
    this.context = context;
    this.dataSource = dataSource;
    this.clock = clock;
  }

  @Override
  public List<String> pack(
      long namespaceId, String tier, PackingLimits limits, Supplier<String> submissionIds) {
    return context.transactionResult(
        configuration -> {
          DSLContext tx = configuration.dsl();
          // Two packers of one namespace would each fill half a submission.
          fetch(
              tx, "select pg_advisory_xact_lock(hashtext('nightjar pack'), ?)", (int) namespaceId);
          List<String> packed = new ArrayList<>();
          List<String> customIds = new ArrayList<>();
          long bytes = 0;
          String runId = "";
          try (Cursor<Record> attempts =
              tx.resultQuery(
                      """
                      select custom_id, run_id, request_bytes
                      from attempts
                      where namespace_id = ?
                        and tier = ?
                        and state = 'planned'
                      order by run_id, item_key, attempt_number
                      """,
                      namespaceId,
                      tier)
                  .fetchSize(ROWS_FETCH_MAX)
                  .fetchLazy()) {
            for (Record attempt : attempts) {
              long lineBytes = attempt.get("request_bytes", Long.class) + 1; // its line end
              boolean sameRun =
                  customIds.isEmpty() || attempt.get("run_id", String.class).equals(runId);
              if (!sameRun || !limits.admits(customIds.size(), bytes, lineBytes)) {
                packed.add(insert(tx, submissionIds.get(), customIds, bytes));
                customIds.clear();
                bytes = 0;
              }
              runId = attempt.get("run_id", String.class);
              customIds.add(attempt.get("custom_id", String.class));
              bytes += lineBytes;
            }
          }
          if (!customIds.isEmpty()) {
            packed.add(insert(tx, submissionIds.get(), customIds, bytes));
          }
          return packed;
        });
  }

  private String insert(DSLContext tx, String submissionId, List<String> customIds, long bytes) {
    tx.execute(
        """
        insert into submissions (
            submission_id, namespace_id, run_id, provider, model, tier, state, requests, request_bytes, planned_at)
        select ?, a.namespace_id, a.run_id, a.provider, a.model, a.tier, 'planned', ?, ?, ?
        from attempts a
        where a.custom_id = ?
        """,
        submissionId,
        customIds.size(),
        bytes,
        Sql.now(clock),
        customIds.get(0));
    tx.execute(
        """
        update attempts
        set state = 'submitted',
            submission_id = ?
        where custom_id = any (?::text[])
        """,
        submissionId,
        array(customIds));
    return submissionId;
  }

  @Override
  public List<String> tiersToPack(long namespaceId) {
    return Sql.column(
        fetch(
            context,
            "select distinct tier from attempts where namespace_id = ? and state = 'planned' order by tier",
            namespaceId),
        "tier",
        String.class);
  }

  @Override
  public List<Submission> open(long namespaceId) {
    return fetch(
            context,
            """
            select *
            from submissions
            where namespace_id = ?
              and state in ('planned', 'creating', 'in_progress', 'ended')
            order by planned_at, submission_id
            """,
            namespaceId)
        .map(PostgresSubmissionStore::submission);
  }

  @Override
  public Optional<Submission> find(String submissionId) {
    return fetch(context, "select * from submissions where submission_id = ?", submissionId)
        .stream()
        .findFirst()
        .map(PostgresSubmissionStore::submission);
  }

  private static Submission submission(Record row) {
    return new Submission(
        row.get("submission_id", String.class),
        row.get("run_id", String.class),
        row.get("provider", String.class),
        row.get("model", String.class),
        row.get("tier", String.class),
        SubmissionState.ofLabel(row.get("state", String.class)),
        row.get("requests", Integer.class),
        row.get("request_bytes", Long.class),
        Optional.ofNullable(row.get("provider_batch_id", String.class)),
        Optional.ofNullable(row.get("creating_at", OffsetDateTime.class))
            .map(OffsetDateTime::toInstant));
  }

  @Override
  public List<String> knownBatchIds(String provider, Collection<String> batchIds) {
    return Sql.column(
        fetch(
            context,
            """
            select provider_batch_id
            from submissions
            where provider = ?
              and provider_batch_id = any (?::text[])
            """,
            provider,
            array(batchIds)),
        "provider_batch_id",
        String.class);
  }

  @Override
  public void forEachAttempt(String submissionId, Consumer<StoredAttempt> consumer) {
    context.transaction( // a cursor streams only inside a transaction
        configuration -> {
          try (Cursor<Record> rows =
              configuration
                  .dsl()
                  .resultQuery(
                      ATTEMPT_COLUMNS + "where a.submission_id = ? order by a.custom_id",
                      submissionId)
                  .fetchSize(ROWS_FETCH_MAX)
                  .fetchLazy()) {
            for (Record row : rows) {
              consumer.accept(attempt(row));
            }
          }
        });
  }

  @Override
  public Map<String, StoredAttempt> openAttempts(
      String submissionId, Collection<String> customIds) {
    Map<String, StoredAttempt> attempts = new HashMap<>();
    for (Record row :
        fetch(
            context,
            ATTEMPT_COLUMNS
                + """
                where a.submission_id = ?
                  and a.custom_id = any (?::text[])
                  and a.state = 'submitted'
                """,
            submissionId,
            array(customIds))) {
      StoredAttempt attempt = attempt(row);
      attempts.put(attempt.customId(), attempt);
    }
    return attempts;
  }

  private static StoredAttempt attempt(Record row) {
    return new StoredAttempt(
        row.get("custom_id", String.class),
        row.get("item_key", String.class),
        row.get("attempt_number", Integer.class),
        row.get("tier", String.class),
        row.get("attempts_at_tier", Integer.class),
        row.get("prompt", String.class),
        row.get("prompt_tokens", Integer.class));
  }

  @Override
  public List<String> unsettled(String submissionId) {
    return Sql.column(
        fetch(
            context,
            """
            select custom_id
            from attempts
            where submission_id = ?
              and state = 'submitted'
            order by custom_id
            """,
            submissionId),
        "custom_id",
        String.class);
  }

  @Override
  public boolean withLock(String submissionId, Runnable action) {
    try (Connection connection = dataSource.getConnection()) {
      if (!advisory(
          connection, "select pg_try_advisory_lock(hashtextextended(?, 0))", submissionId)) {
        return false;
      }
      try {
        action.run();
      } finally {
        advisory(connection, "select pg_advisory_unlock(hashtextextended(?, 0))", submissionId);
      }
      return true;
    } catch (SQLException e) {
      throw new NightjarException(
          ErrorCode.DATABASE_UNREACHABLE,
          submissionId,
          "the lock could not be taken: " + e.getMessage(),
          "run the same command again",
          e);
    }
  }

  private static boolean advisory(Connection connection, String sql, String submissionId)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setString(1, "nightjar " + submissionId);
      try (ResultSet rows = statement.executeQuery()) {
        return rows.next() && rows.getBoolean(1);
      }
    }
  }

  @Override
  public boolean beginCreating(String submissionId, Instant intent) {
    return transition(
        submissionId, SubmissionState.PLANNED, SubmissionState.CREATING, "creating_at", intent);
  }

  @Override
  public boolean renewCreating(String submissionId, Instant intent, Instant renewed) {
    return ofIntent("creating_at = ?", submissionId, intent, Sql.time(renewed));
  }

  @Override
  public boolean abandonCreating(String submissionId, Instant intent) {
    return ofIntent(
        "creating_at = null, state = ?", submissionId, intent, SubmissionState.PLANNED.label());
  }

  @Override
  public boolean refuseCreating(String submissionId, Instant intent, String reason) {
    return ofIntent(
        "state = 'failed', failure_code = 'PROVIDER_REFUSED', failure_reason = ?",
        submissionId,
        intent,
        reason);
  }

  @Override
  public boolean markInProgress(
      String submissionId, Instant intent, String inputFileId, String batchId, Instant at) {
    return ofIntent(
        "state = 'in_progress', input_file_id = nullif(?, ''), provider_batch_id = ?, in_progress_at = ?",
        submissionId,
        intent,
        inputFileId,
        batchId,
        Sql.time(at));
  }

  /** A transition out of {@code creating}, only for the holder of the current intent. */
  private boolean ofIntent(String set, String submissionId, Instant intent, Object... values) {
    Object[] all = Arrays.copyOf(values, values.length + 2);
    all[values.length] = submissionId;
    all[values.length + 1] = Sql.time(intent);
    // The clause is one of four literals above, never input.
    return context.execute(
            "update submissions set "
                + set
                + " where submission_id = ? and state = 'creating' and creating_at = ?",
            all)
        == 1;
  }

  @Override
  public boolean markEnded(String submissionId, Instant at) {
    return transition(
        submissionId, SubmissionState.IN_PROGRESS, SubmissionState.ENDED, "ended_at", at);
  }

  @Override
  public boolean close(String submissionId, Instant at) {
    List<String> unsettled = unsettled(submissionId);
    if (!unsettled.isEmpty()) {
      throw new NightjarException(
          ErrorCode.INTERNAL,
          submissionId,
          unsettled.size() + " attempts are still open",
          "report this as a defect");
    }
    return context.execute(
            """
            update submissions s
            set state = case when f.reason is null then 'collected' else 'failed' end,
                failure_code = case when f.reason is null then null else ? end,
                failure_reason = f.reason,
                collected_at = ?
            from (
                select max(failure_reason) as reason
                from attempts
                where submission_id = ?
                  and failure_code = ?
            ) f
            where s.submission_id = ?
              and s.state = 'ended'
            """,
            ErrorCode.BATCH_FAILED.name(),
            Sql.time(at),
            submissionId,
            ErrorCode.BATCH_FAILED.name(),
            submissionId)
        == 1;
  }

  private boolean transition(
      String submissionId,
      SubmissionState from,
      SubmissionState to,
      String timeColumn,
      @Nullable Instant at) {
    // The column name is one of four literals above, never input.
    return context.execute(
            "update submissions set state = ?, "
                + timeColumn
                + " = ?::timestamptz where submission_id = ? and state = ?",
            to.label(),
            at == null ? null : Sql.time(at),
            submissionId,
            from.label())
        == 1;
  }
}
