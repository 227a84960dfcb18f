package dev.nightjar.runners.bench;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/**
 * Books of nights that never were, written straight into the tables: items of every outcome,
 * attempts of every outcome at three tiers, charges with every class of token, shadow checks and
 * machine time, all drawn from hashes of a seed. The same arguments write the same rows. Needs an
 * empty, migrated database and a superuser, for the prompts and batches that would have led here
 * are left out. Not thread-safe.
 *
 * <p>Documents come in tens. The first of ten is always asked; the others are asked too, copy it,
 * follow it, were known, or failed.
 */
public final class RandomNights {
  private static final String SCHEMA =
      "set search_path = nightjar, public; set session_replication_role = replica; set synchronous_commit = off;"
          + " set maintenance_work_mem = '512MB'; set work_mem = '128MB'; set jit = off";

  /** How many of a night's documents lead to a charge, over the long run: rows are that many. */
  public static final double CHARGES_PER_ITEM = 0.86;

  private static final int NIGHTS_A_DAY = 4;

  private RandomNights() {}

  /**
   * Writes nights.
   *
   * @param connection of a superuser
   * @param nights how many
   * @param items documents of each
   * @param seed what is drawn
   */
  public static void write(Connection connection, int nights, int items, long seed)
      throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(SCHEMA);
      List<String> indexes = dropIndexes(connection);
      for (String sql : STATEMENTS) {
        statement.execute(
            sql.replace(":nights", Integer.toString(nights))
                .replace(":items", Integer.toString(items))
                .replace(":seed", Long.toString(seed))
                .replace(":a_day", Integer.toString(NIGHTS_A_DAY)));
      }
      for (String index : indexes) {
        statement.execute(index);
      }
      statement.execute("analyze");
    }
  }

  /** Made again after the load: ten times faster than through them. */
  private static List<String> dropIndexes(Connection connection) throws SQLException {
    List<String> made = new ArrayList<>();
    List<String> names = new ArrayList<>();
    try (PreparedStatement statement =
            connection.prepareStatement(
                """
                select i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
                from pg_index i
                where i.indrelid in ('items'::regclass, 'attempts'::regclass, 'ledger'::regclass, 'results'::regclass)
                  and not exists (select from pg_constraint c where c.conindid = i.indexrelid)
                """);
        ResultSet rows = statement.executeQuery()) {
      while (rows.next()) {
        names.add(rows.getString(1));
        made.add(rows.getString(2).replace(" ON ONLY ", " ON "));
      }
    }
    try (Statement statement = connection.createStatement()) {
      for (String name : names) {
        statement.execute("drop index " + name);
      }
    }
    return made;
  }

  /** Between 0 and 1, from a night, a document and what it is for. */
  private static String u(String salt) {
    return "((hashint8extended(n.night::bigint * 1000003 + i.item, :seed * 1000 + "
        + salt
        + ") & 2147483647) / 2147483648.0)";
  }

  private static final List<String> STATEMENTS =
      List.of(
          """
          insert into tasks (tenant, task_fingerprint, name, definition, baseline_provider, baseline_model, created_at)
          select 'tenant-' || (1 + t % 3), lpad(to_hex(t), 64, '0'), 'task-' || t, '{}', 'openai', 'gpt-6.2-sol', now()
          from generate_series(1, 6) t
          """,
          """
          insert into namespaces (tenant, task_fingerprint, embedding_model, created_at)
          select 'tenant-' || (1 + t % 3), lpad(to_hex(t), 64, '0'), 'model', now()
          from generate_series(1, 6) t
          """,
          """
          insert into runs (
              run_id, namespace_id, task_name, corpus, state, started_at, deadline_at, prepared_at, finished_at, uncapped_output_tokens, machine_usd_per_hour)
          select
              'run-' || n, (select min(namespace_id) from namespaces) + n % 6, 'task-' || (1 + n % 6), 'corpus-' || n, 'finished', b.at, b.at + interval '1 day', b.at,
              b.at + interval '6 hours', case when n % 3 = 0 then 150 end, 0.05 * (n % 2)
          from generate_series(1, :nights) n
          cross join lateral (
              select timestamptz '2026-10-08 22:00Z' + (n / :a_day % 80) * interval '1 day' + n % :a_day * interval '1 minute' as at) b
          """,
          "create temp table drawn as select n.night, i.item, 'n' || n.night || '-' || i.item as item_key,"
              + " case when i.item % 10 = 0 then 'n' || n.night || '-' || i.item else 'n' || n.night || '-' || i.item / 10 * 10 end as first_key,"
              + " case when i.item % 10 = 0 then 'asked' else (array['asked','asked','asked','asked','asked','asked','asked','copy','follower','exact_hit','semantic_hit','unasked'])"
              + "[1 + floor("
              + u("1")
              + " * 12)::integer] end as kind, "
              + u("2")
              + " < 0.06 as fails, 1 + ("
              + u("3")
              + " < 0.25)::integer + ("
              + u("4")
              + " < 0.1)::integer as tries, (30 + "
              + u("5")
              + " * "
              + u("6")
              + " * 3000)::integer as prompt, (5 + "
              + u("7")
              + " * 200)::integer as output, "
              + u("8")
              + " as prefix, "
              + u("9")
              + " as mode, "
              + u("10")
              + " as checked from generate_series(1, :nights) n (night) cross join generate_series(0, :items - 1) i (item)",
          """
          create temp table firsts as
          select item_key, fails
          from drawn
          where item % 10 = 0
          """,
          """
          insert into items (
              run_id, document_id, namespace_id, item_key, source_uri, source_position, is_representative, whole_prompt_tokens,
              state, answered_by, leader_key, similarity, failure_code, failure_reason, settled_at)
          select
              'run-' || d.night, 'doc-' || d.item, r.namespace_id, case d.kind when 'copy' then d.first_key else d.item_key end, 'file', d.item,
              d.kind <> 'copy', (d.prompt * (1 + d.checked))::integer,
              case when s.fails then 'failed' else 'answered' end,
              case when not s.fails then case d.kind when 'asked' then 'model' when 'copy' then 'leader' when 'follower' then 'leader' else d.kind end end,
              case d.kind when 'asked' then d.item_key when 'unasked' then null else d.first_key end,
              1, case when s.fails then 'ANSWER_INVALID' end, case when s.fails then 'drawn' end, r.started_at + interval '3 hours'
          from drawn d
          join runs r on r.run_id = 'run-' || d.night
          join firsts f on f.item_key = d.first_key
          cross join lateral (
              select case d.kind when 'asked' then d.fails when 'unasked' then true when 'copy' then f.fails when 'follower' then f.fails else false end as fails) s
          """,
          """
          insert into results (run_id, document_id, item_key, source_key, answer, output_tokens, created_at)
          select 'run-' || night, 'doc-' || item, item_key, first_key, '{}', output, now()
          from drawn
          where kind <> 'unasked'
          """,
          """
          create temp table tried as
          select
              d.night, d.item_key, a.number, d.item_key || '_' || a.number as custom_id, t.tier, t.provider, t.model,
              case when d.mode < 0.9 then 'batch' else 'online' end as mode,
              case when a.number = d.tries and not d.fails then 'succeeded' else case when d.prefix > 0.97 then 'errored' else 'rejected' end end as state,
              case when a.number < d.tries or d.fails then case when d.prefix > 0.97 then 'REQUEST_ERRORED' when d.checked < 0.3 then 'ANSWER_TRUNCATED' else 'ANSWER_INVALID' end end as code,
              r.started_at + d.mode * interval '5 hours' + a.number * interval '1 minute' as billed_at,
              d.prompt, d.output,
              case when d.prefix < 0.2 then d.prompt / 2 else 0 end as cached,
              case when d.prefix between 0.2 and 0.25 then d.prompt / 2 else 0 end as written,
              case when d.prefix between 0.25 and 0.27 then d.prompt / 2 else 0 end as written_long,
              case when d.checked < 0.1 then d.output * 3 else 0 end as reasoning,
              r.namespace_id
          from drawn d
          join runs r on r.run_id = 'run-' || d.night
          cross join lateral generate_series(1, d.tries) a (number)
          join (values (1, 'small', 'openai', 'gpt-6-luna'), (2, 'mid', 'anthropic', 'claude-sonnet-5-5'), (3, 'large', 'openai', 'gpt-6.2-sol'))
              as t (number, tier, provider, model) on t.number = a.number
          where d.kind = 'asked'
          """,
          """
          insert into attempts (
              custom_id, item_key, attempt_number, namespace_id, run_id, tier, provider, model, mode, state, request_bytes, prompt_tokens,
              output_tokens_max, reserved_usd, submission_id, failure_code, failure_reason, planned_at, ended_at, billed_at)
          select
              custom_id, item_key, number, namespace_id, 'run-' || night, tier, provider, model, mode, state, prompt * 4, prompt,
              400, 0.01, 'submission', code, code, billed_at - interval '1 hour', billed_at + interval '1 minute', case when state <> 'errored' then billed_at end
          from tried
          """,
          """
          select add_month('ledger', at)
          from generate_series(timestamptz '2026-10-01Z', timestamptz '2027-01-31Z', interval '1 month') at
          """,
          """
          insert into ledger (
              custom_id, run_id, item_key, submission_id, provider, model, tier, price_id, billed_at,
              input_tokens, cached_input_tokens, cache_write_tokens, cache_write_long_tokens, output_tokens, reasoning_tokens,
              input_usd, cached_input_usd, cache_write_usd, output_usd, reasoning_usd)
          select
              t.custom_id, 'run-' || t.night, t.item_key, 'submission', t.provider, t.model, t.tier, p.price_id, t.billed_at,
              c.input, t.cached, t.written, t.written_long, t.output, t.reasoning,
              c.input * case t.mode when 'batch' then p.batch_input_usd else p.input_usd end * 0.000001,
              t.cached * case t.mode when 'batch' then p.batch_cached_input_usd else p.cached_input_usd end * 0.000001,
              (t.written * case t.mode when 'batch' then p.batch_cache_write_usd else p.cache_write_usd end
                  + t.written_long * case t.mode when 'batch' then p.batch_cache_write_long_usd else p.cache_write_long_usd end) * 0.000001,
              t.output * case t.mode when 'batch' then p.batch_output_usd else p.output_usd end * 0.000001,
              t.reasoning * case t.mode when 'batch' then p.batch_reasoning_usd else p.reasoning_usd end * 0.000001
          from tried t
          -- Prompts drawn here are far below every size band, and no price changes while these nights run.
          join prices p on p.provider = t.provider and p.model = t.model and p.input_tokens_above = 0 and p.effective_from < '2026-10-08'
          cross join lateral (select t.prompt - t.cached - t.written - t.written_long as input) c
          where t.state <> 'errored'
          """,
          """
          insert into semantic_lookups (
              namespace_id, run_id, item_key, score, threshold, decision, is_sampled, policy, is_right, looked_up_at, verified_at, awaits_answer)
          select
              r.namespace_id, r.run_id, d.item_key, 0.9, 0.8, case d.kind when 'asked' then 'shadow' else 'hit' end, true, 'p',
              case d.kind when 'asked' then d.output % 20 <> 0 end, r.started_at, case d.kind when 'asked' then r.started_at end, false
          from drawn d
          join runs r on r.run_id = 'run-' || d.night
          where d.kind = 'semantic_hit'
             or (d.kind = 'asked' and d.checked > 0.97)
          """,
          """
          insert into machine_time (run_id, purpose, texts, seconds, usd_per_hour)
          select run_id, 'embedding', 100, 7.123, machine_usd_per_hour
          from runs
          """,
          """
          update runs r
          set charged_usd = l.usd
          from (select run_id, sum(total_usd) as usd from ledger group by run_id) l
          where r.run_id = l.run_id
          """,
          """
          insert into self_host_offers (offer, gpu_usd_per_hour, input_tokens_per_second, output_tokens_per_second, source, measured_at)
          values ('drawn', 2.5, 20000, 1500, 'drawn', now())
          """,
          "insert into budgets (tenant, period, limit_usd, changed_at) values ('tenant-1', 'month', 100, now())",
          "drop table drawn, firsts, tried");
}
