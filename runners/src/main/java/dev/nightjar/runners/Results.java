package dev.nightjar.runners;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Reads what became of the documents of a run. Thread-safe. */
final class Results {
  private final DataSource source;

  Results(DataSource source) {
    this.source = source;
  }

  /**
   * A document of a run.
   *
   * @param documentId its id; where it stood if it is refused input without one
   * @param sourceUri its file
   * @param position line or record in it; 0 for a whole file
   * @param itemKey its key; empty for refused input
   * @param state answered, failed, refused, new or waiting
   * @param answeredBy model, exact_hit, semantic_hit or leader; empty if it is not answered
   * @param tier that answered, or failed last; empty if none was asked for it
   * @param model of that tier
   * @param actualUsd what was billed for asking it
   * @param answer JSON; empty if there is none
   * @param code why not
   * @param reason the same in words
   */
  record Item(
      String documentId,
      String sourceUri,
      long position,
      String itemKey,
      String state,
      String answeredBy,
      String tier,
      String model,
      BigDecimal actualUsd,
      String answer,
      String code,
      String reason) {
    /** The answer, or why there is none. */
    String outcome() {
      return !answer.isEmpty() ? answer : code.isEmpty() ? state : code + ": " + reason;
    }
  }

  /**
   * One request.
   *
   * @param number of the attempts for its text, over all runs
   * @param answer what the model said, if it is kept; empty otherwise
   * @param usd what it cost; zero if it was not billed
   */
  record Attempt(
      int number,
      String runId,
      String tier,
      String model,
      String mode,
      String state,
      String code,
      String reason,
      long inputTokens,
      long outputTokens,
      BigDecimal usd,
      String answer) {}

  /**
   * A document that shares an answer, or was compared.
   *
   * @param what leader, follower or neighbour
   * @param similarity likeness to it, if it was measured
   */
  record Relative(String what, String documentId, @Nullable Double similarity, String note) {}

  /**
   * The newest run of a tenant, trials left out unless no other is there.
   *
   * @param task of this task only
   * @throws NightjarException OPTION_INVALID if there is none
   */
  String newest(String tenant, Optional<String> task) throws SQLException {
    return query(
            """
            select r.run_id
            from runs r
            join namespaces n using (namespace_id)
            where r.state <> 'planning'
              and n.tenant = ?
              and r.task_name = coalesce(?, r.task_name)
            order by r.task_name like ? or r.audits_run_id is not null, r.started_at desc, r.run_id
            limit 1
            """,
            row -> row.getString("run_id"),
            tenant,
            task.orElse(null),
            "%" + Trial.NAME_SUFFIX)
        .stream()
        .findFirst()
        .orElseThrow(
            () ->
                new NightjarException(
                    ErrorCode.OPTION_INVALID,
                    task.map(name -> "--task " + name).orElse("--run-id"),
                    task.isPresent()
                        ? "no run of this task has begun"
                        : "no run of tenant '" + tenant + "' has begun yet",
                    "see 'nightjar status', or run 'nightjar run --rehearse' and give --rehearse"
                        + " here"));
  }

  /** All runs of a task, but for trials and audits, of whichever version. */
  List<String> runsOf(String tenant, String task) throws SQLException {
    return query(
        """
        select r.run_id
        from runs r
        join namespaces n using (namespace_id)
        where r.state <> 'planning'
          and n.tenant = ?
          and r.task_name = ?
        order by r.started_at, r.run_id
        """,
        row -> row.getString("run_id"),
        tenant,
        task);
  }

  private static final String ITEMS =
      """
      select
          i.document_id,
          i.source_uri,
          i.source_position,
          i.item_key,
          i.state,
          coalesce(i.answered_by, '') as answered_by,
          coalesce(a.tier, '') as tier,
          coalesce(a.model, '') as model,
          coalesce(c.usd, 0) as usd,
          coalesce(r.answer::text, '') as answer,
          coalesce(i.failure_code, '') as code,
          coalesce(i.failure_reason, '') as reason
      from items i
      left join results r on r.run_id = i.run_id and r.document_id = i.document_id
      left join lateral (
          select tier, model
          from attempts
          where attempts.item_key = coalesce(r.source_key, i.leader_key, i.item_key)
            and attempts.ended_at is not null
          order by attempt_number desc
          limit 1
      ) a on true
      left join lateral (
          select sum(total_usd) as usd
          from ledger
          where ledger.item_key = i.item_key
            and ledger.run_id = i.run_id
            and i.is_representative
      ) c on true
      where i.run_id = ?
      """;

  /**
   * Documents of a run, as the corpus has them, failures and refused input first.
   *
   * @param where an SQL/JSON path predicate on the answer; empty for none
   * @throws NightjarException OPTION_INVALID if it is none
   */
  List<Item> items(String runId, boolean onlyFailed, Optional<String> where, int limit)
      throws SQLException {
    try {
      return items(runId, onlyFailed, where.orElse(null), limit);
    } catch (SQLException e) {
      if (where.isPresent() && "42601".equals(e.getSQLState())) { // syntax_error, in the path
        throw new NightjarException(
            ErrorCode.OPTION_INVALID,
            "--where",
            "'" + where.get() + "' is no SQL/JSON path predicate",
            "give one such as '$.category == \"spam\"'");
      }
      throw e;
    }
  }

  private List<Item> items(String runId, boolean onlyFailed, @Nullable String where, int limit)
      throws SQLException {
    return query(
        "select * from ("
            + ITEMS
            + """
            and (i.state = 'failed' or not ?)
            and (?::text is null or r.answer @@ ?::text::jsonpath)
            union all
            select
                coalesce(nullif(document_id, ''), source_uri || ':' || source_position),
                source_uri,
                source_position,
                '',
                'refused',
                '',
                '',
                '',
                0,
                '',
                code,
                reason
            from dead_letters
            where run_id = ?
              and ?::text is null
            ) ends
            order by state in ('failed', 'refused') desc, source_uri, source_position, document_id
            limit ?
            """,
        Results::item,
        runId,
        onlyFailed,
        where,
        where,
        runId,
        where,
        limit);
  }

  /** One document of a run. */
  Optional<Item> item(String runId, String documentId) throws SQLException {
    return query(ITEMS + " and i.document_id = ?", Results::item, runId, documentId).stream()
        .findFirst();
  }

  /** Refused input of a run, by its id or by where it stood. */
  Optional<Item> refused(String runId, String documentId) throws SQLException {
    return query(
            """
            select
                ? as document_id,
                source_uri,
                source_position,
                '' as item_key,
                'refused' as state,
                '' as answered_by,
                '' as tier,
                '' as model,
                0 as usd,
                '' as answer,
                code,
                reason
            from dead_letters
            where run_id = ?
              and (document_id = ? or source_uri || ':' || source_position = ?)
            limit 1
            """,
            Results::item,
            documentId,
            runId,
            documentId,
            documentId)
        .stream()
        .findFirst();
  }

  private static Item item(ResultSet row) throws SQLException {
    return new Item(
        row.getString("document_id"),
        row.getString("source_uri"),
        row.getLong("source_position"),
        row.getString("item_key"),
        row.getString("state"),
        row.getString("answered_by"),
        row.getString("tier"),
        row.getString("model"),
        row.getBigDecimal("usd"),
        row.getString("answer"),
        row.getString("code"),
        row.getString("reason"));
  }

  /**
   * Every request for the text that answered a document, or was to, in the order they were made.
   */
  List<Attempt> attempts(String runId, String documentId) throws SQLException {
    return query(
        """
        select
            a.attempt_number,
            a.run_id,
            a.tier,
            a.model,
            a.mode,
            a.state,
            coalesce(a.failure_code, '') as code,
            coalesce(a.failure_reason, '') as reason,
            coalesce(l.input_tokens + l.cached_input_tokens + l.cache_write_tokens + l.cache_write_long_tokens, 0)
                as input_tokens,
            coalesce(l.output_tokens + l.reasoning_tokens, 0) as output_tokens,
            coalesce(l.total_usd, 0) as usd,
            coalesce(
                case when a.state = 'succeeded' then coalesce(r.answer, e.answer)::text end,
                j.answer,
                u.answer,
                '') as answer,
            j.answer is not null or u.answer is not null as is_quoted
        from items i
        left join results r on r.run_id = i.run_id and r.document_id = i.document_id
        join attempts a on a.item_key = coalesce(r.source_key, i.leader_key, i.item_key)
        left join ledger l on l.custom_id = a.custom_id
        left join cache_entries e on e.item_key = a.item_key
        left join rejected_answers j on j.custom_id = a.custom_id
        left join raw_answers u on u.custom_id = a.custom_id
        where i.run_id = ?
          and i.document_id = ?
        order by a.attempt_number
        """,
        row ->
            new Attempt(
                row.getInt("attempt_number"),
                row.getString("run_id"),
                row.getString("tier"),
                row.getString("model"),
                row.getString("mode"),
                row.getString("state"),
                row.getString("code"),
                row.getString("reason"),
                row.getLong("input_tokens"),
                row.getLong("output_tokens"),
                row.getBigDecimal("usd"),
                row.getBoolean("is_quoted")
                    ? JsonText.unquoted(row.getString("answer"))
                    : row.getString("answer")),
        runId,
        documentId);
  }

  /** Documents that a document shares its answer with, or was held against. */
  List<Relative> relatives(String runId, String documentId, int limit) throws SQLException {
    return query(
        """
        select *
        from (
            select 'leader' as what, o.document_id, i.similarity, '' as note, 1 as rank
            from items i
            join items o on o.item_key = i.leader_key and o.run_id = i.run_id and o.document_id <> i.document_id
            where i.run_id = ?
              and i.document_id = ?
            union all
            select 'follower', o.document_id, o.similarity, '', 2
            from items i
            join items o on o.leader_key = i.item_key and o.run_id = i.run_id and o.document_id <> i.document_id
            where i.run_id = ?
              and i.document_id = ?
            union all
            select
                'neighbour',
                coalesce(
                    (
                        select o.document_id || ' of run ' || o.run_id
                        from items o
                        where o.item_key = s.source_key
                        order by o.run_id = s.run_id desc, o.run_id desc
                        limit 1
                    ),
                    'an answer from elsewhere'),
                s.similarity,
                s.decision || coalesce(', refused by the guard ' || s.veto, ''),
                3
            from items i
            join semantic_lookups s on s.run_id = i.run_id and s.item_key = i.item_key
            where i.run_id = ?
              and i.document_id = ?
              and s.source_key is not null
        ) r
        order by rank, document_id
        limit ?
        """,
        row -> {
          double similarity = row.getDouble("similarity");
          boolean isKnown = !row.wasNull();
          return new Relative(
              row.getString("what"),
              row.getString("document_id"),
              isKnown ? similarity : null,
              row.getString("note"));
        },
        runId,
        documentId,
        runId,
        documentId,
        runId,
        documentId,
        limit);
  }

  /** The task of a run as it was: its name and its definition. */
  Optional<List<String>> task(String runId) throws SQLException {
    return query(
            """
            select t.name, t.definition::text as definition
            from runs r
            join namespaces n using (namespace_id)
            join tasks t using (tenant, task_fingerprint)
            where r.run_id = ?
            """,
            row -> List.of(row.getString("name"), row.getString("definition")),
            runId)
        .stream()
        .findFirst();
  }

  private interface Reading<T> {
    T of(ResultSet row) throws SQLException;
  }

  private <T> List<T> query(String sql, Reading<T> reading, @Nullable Object... values)
      throws SQLException {
    List<T> found = new ArrayList<>();
    try (Connection connection = source.getConnection();
        PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < values.length; i++) {
        statement.setObject(i + 1, values[i]);
      }
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          found.add(reading.of(rows));
        }
      }
    }
    return found;
  }
}
