package dev.nightjar.cachestore.postgres;

import static dev.nightjar.cachestore.postgres.Sql.fetch;
import static dev.nightjar.cachestore.postgres.Sql.texts;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.Forecast;
import dev.nightjar.cachestore.ForecastStore;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.Run;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.Instant;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jooq.DSLContext;
import org.jooq.Record;
import org.jooq.Result;

/** Forecasts in {@code forecasts}, {@code forecast_tiers} and {@code forecast_savings}. */
final class PostgresForecastStore implements ForecastStore {
  private final DSLContext context;
  private final Clock clock;

  PostgresForecastStore(DSLContext context, Clock clock) {
    this.context = context;
    this.clock = clock;
  }

  @Override
  public List<Work> work(String runId, List<TierOption> tiers) {
    return fetch(
            context,
            """
            with tiers as (
                select *
                from unnest(?::text[], ?::text[], ?::text[], ?::text[]) with ordinality as t (tier, provider, model, mode, number)
            )
            select
                f.number - 1 as first_tier,
                t.number - 1 as tier,
                count(*) as requests,
                sum(a.prompt_tokens) as prompt_tokens,
                sum(a.prompt_tokens * b.input_usd) * 0.000001 as baseline_input_usd,
                sum(a.prompt_tokens * p.input_usd) * 0.000001 as list_input_usd,
                sum(a.prompt_tokens * case t.mode when 'batch' then p.batch_input_usd else p.input_usd end) * 0.000001 as input_usd,
                sum(p.output_usd) * 0.000001 as list_output_usd,
                sum(case t.mode when 'batch' then p.batch_output_usd else p.output_usd end) * 0.000001 as output_usd
            from attempts a
            join misses m on m.item_key = a.item_key and m.attempts_first = a.attempt_number
            join namespaces n on n.namespace_id = a.namespace_id
            join tasks k on k.tenant = n.tenant and k.task_fingerprint = n.task_fingerprint
            join tiers f on f.tier = coalesce(a.downgraded_from, a.tier)
            join tiers t on t.number >= f.number
            cross join lateral price_in_force(k.baseline_provider, k.baseline_model, ?, a.prompt_tokens) b
            cross join lateral price_in_force(t.provider, t.model, ?, a.prompt_tokens) p
            where a.run_id = ?
            group by f.number, t.number
            order by f.number, t.number
            """,
            texts(tiers, TierOption::name),
            texts(tiers, TierOption::provider),
            texts(tiers, TierOption::model),
            texts(tiers, tier -> tier.mode().label()),
            Sql.now(clock),
            Sql.now(clock),
            runId)
        .map(
            row ->
                new Work(
                    row.get("first_tier", Integer.class),
                    row.get("tier", Integer.class),
                    row.get("requests", Long.class),
                    row.get("prompt_tokens", Long.class),
                    row.get("baseline_input_usd", Double.class),
                    row.get("list_input_usd", Double.class),
                    row.get("input_usd", Double.class),
                    row.get("list_output_usd", Double.class),
                    row.get("output_usd", Double.class)));
  }

  @Override
  public Map<Outcome, Reuse> reuse(String runId) {
    Map<Outcome, Reuse> reuse = new EnumMap<>(Outcome.class);
    for (Record row :
        fetch(
            context,
            """
            select
                case
                    when a.item_key is not null then 'asked'
                    when i.answered_by in ('exact_hit', 'semantic_hit') then i.answered_by
                    when i.state = 'failed' then 'failed'
                    when l.run_id <> i.run_id then 'elsewhere'
                    when not i.is_representative or i.item_key = i.leader_key then 'copy'
                    else 'follower'
                end as outcome,
                count(*) as items,
                sum(i.whole_prompt_tokens * p.input_usd) * 0.000001 as input_usd,
                sum(p.output_usd) * 0.000001 as output_usd,
                coalesce(sum(greatest(s.output_tokens, r.uncapped_output_tokens) * p.output_usd) filter (where s.output_tokens is not null), 0)
                    * 0.000001 as known_usd,
                count(s.output_tokens) as known
            from runs r
            join namespaces n on n.namespace_id = r.namespace_id
            join tasks k on k.tenant = n.tenant and k.task_fingerprint = n.task_fingerprint
            join items i on i.run_id = r.run_id
            left join attempts a on a.run_id = r.run_id
                and a.item_key = i.item_key
                and i.is_representative
                and a.attempt_number = (select m.attempts_first from misses m where m.item_key = a.item_key)
            left join misses l on l.item_key = i.leader_key and i.state = 'waiting'
            -- Of those that were asked meanwhile nobody knew the answer when this was planned.
            left join results s on s.run_id = r.run_id and s.document_id = i.document_id and i.answered_by in ('exact_hit', 'semantic_hit')
            cross join lateral price_in_force(k.baseline_provider, k.baseline_model, ?, i.whole_prompt_tokens) p
            where r.run_id = ?
            group by 1
            """,
            Sql.now(clock),
            runId)) {
      reuse.put(
          Outcome.valueOf(row.get("outcome", String.class).toUpperCase(Locale.ROOT)),
          new Reuse(
              row.get("items", Long.class),
              row.get("input_usd", Double.class),
              row.get("output_usd", Double.class),
              row.get("known_usd", Double.class),
              row.get("known", Long.class)));
    }
    return reuse;
  }

  @Override
  public List<Night> history(String runId, List<TierOption> tiers, int nightsMax) {
    return fetch(
            context,
            """
            with nights as (
                select o.run_id, o.started_at
                from runs r
                join namespaces n on n.namespace_id = r.namespace_id
                join tasks t on t.tenant = n.tenant and t.task_fingerprint = n.task_fingerprint
                join tasks u on u.tenant = n.tenant and u.name = t.name
                join namespaces m on m.tenant = u.tenant and m.task_fingerprint = u.task_fingerprint
                join runs o on o.namespace_id = m.namespace_id
                where r.run_id = ?
                  and o.state = 'finished'
                  and o.run_id <> r.run_id
                  and exists (
                      select
                      from ledger l
                      where l.run_id = o.run_id)   -- nights that everything was known on teach nothing
                order by o.started_at desc, o.run_id
                limit ?
            )
            select
                g.run_id,
                l.tier,
                count(*) as answers,
                count(*) filter (where a.state = 'rejected') as rejected,
                sum(l.output_tokens + l.reasoning_tokens) as output_tokens,
                sum(l.input_tokens + l.cached_input_tokens + l.cache_write_tokens + l.cache_write_long_tokens)::float8
                    / sum(a.prompt_tokens) as input_tokens_ratio,
                (sum(l.input_usd + l.cached_input_usd + l.cache_write_usd)
                    / sum(a.prompt_tokens * case a.mode when 'batch' then p.batch_input_usd else p.input_usd end * 0.000001))::float8 as input_usd_ratio
            from nights g
            join ledger l on l.run_id = g.run_id
            join unnest(?::text[], ?::text[], ?::text[]) as t (tier, provider, model) using (tier, provider, model)
            join attempts a on a.custom_id = l.custom_id
            join prices p on p.price_id = l.price_id
            group by g.run_id, g.started_at, l.tier
            having sum(a.prompt_tokens * p.input_usd) > 0
            order by g.started_at, g.run_id, l.tier
            """,
            runId,
            nightsMax,
            texts(tiers, TierOption::name),
            texts(tiers, TierOption::provider),
            texts(tiers, TierOption::model))
        .map(
            row ->
                new Night(
                    row.get("run_id", String.class),
                    row.get("tier", String.class),
                    row.get("answers", Long.class),
                    row.get("rejected", Long.class),
                    row.get("output_tokens", Long.class),
                    row.get("input_tokens_ratio", Double.class),
                    row.get("input_usd_ratio", Double.class)));
  }

  @Override
  public BigDecimal worstCaseUsd(String runId) {
    return fetch(
            context,
            """
            select coalesce(sum(a.reserved_usd), 0) as usd
            from attempts a
            join misses m on m.item_key = a.item_key and m.attempts_first = a.attempt_number
            where a.run_id = ?
            """,
            runId)
        .get(0)
        .get("usd", BigDecimal.class);
  }

  @Override
  public void save(String runId, Forecast forecast) {
    Transactions.run(
        context,
        configuration -> {
          DSLContext tx = configuration.dsl();
          int saved =
              tx.execute(
                  """
                  insert into forecasts (
                      run_id, made_at, nights, items, asked, baseline_usd, expected_usd, low_usd, high_usd, worst_case_usd)
                  values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                  on conflict do nothing
                  """,
                  runId,
                  Sql.now(clock),
                  forecast.nights(),
                  forecast.items(),
                  forecast.asked(),
                  forecast.baselineUsd(),
                  forecast.expectedUsd(),
                  forecast.lowUsd(),
                  forecast.highUsd(),
                  forecast.worstCaseUsd());
          if (saved == 0) {
            return;
          }
          List<Forecast.Tier> tiers = forecast.tiers();
          tx.execute(
              """
              insert into forecast_tiers (
                  run_id, step, tier, provider, model, requests, input_tokens, output_tokens, rejected_share, expected_usd)
              select ?, t.step, t.tier, t.provider, t.model, t.requests, t.input_tokens, t.output_tokens, t.rejected_share, t.usd
              from unnest(?::text[], ?::text[], ?::text[], ?::numeric[], ?::numeric[], ?::numeric[], ?::numeric[], ?::numeric[]) with ordinality
                  as t (tier, provider, model, requests, input_tokens, output_tokens, rejected_share, usd, step)
              """,
              runId,
              texts(tiers, Forecast.Tier::tier),
              texts(tiers, Forecast.Tier::provider),
              texts(tiers, Forecast.Tier::model),
              tiers.stream()
                  .map(tier -> BigDecimal.valueOf(tier.requests()))
                  .toArray(BigDecimal[]::new),
              tiers.stream()
                  .map(tier -> BigDecimal.valueOf(tier.inputTokens()))
                  .toArray(BigDecimal[]::new),
              tiers.stream()
                  .map(tier -> BigDecimal.valueOf(tier.outputTokens()))
                  .toArray(BigDecimal[]::new),
              tiers.stream()
                  .map(tier -> BigDecimal.valueOf(tier.rejectedShare()))
                  .toArray(BigDecimal[]::new),
              tiers.stream().map(Forecast.Tier::expectedUsd).toArray(BigDecimal[]::new));
          tx.execute(
              """
              insert into forecast_savings (run_id, step, saved_usd)
              select ?, s.step, s.usd
              from unnest(?::numeric[]) with ordinality as s (usd, step)
              """,
              runId,
              forecast.savedUsd().toArray(BigDecimal[]::new));
        });
  }

  @Override
  public Optional<Forecast> find(String runId) {
    Result<Record> found = fetch(context, "select * from forecasts where run_id = ?", runId);
    if (found.isEmpty()) {
      return Optional.empty();
    }
    Record row = found.get(0);
    return Optional.of(
        new Forecast(
            row.get("nights", Integer.class),
            row.get("items", Long.class),
            row.get("asked", Long.class),
            row.get("baseline_usd", BigDecimal.class),
            Sql.column(
                fetch(
                    context,
                    "select saved_usd from forecast_savings where run_id = ? order by step",
                    runId),
                "saved_usd",
                BigDecimal.class),
            row.get("expected_usd", BigDecimal.class),
            row.get("low_usd", BigDecimal.class),
            row.get("high_usd", BigDecimal.class),
            row.get("worst_case_usd", BigDecimal.class),
            fetch(context, "select * from forecast_tiers where run_id = ? order by step", runId)
                .map(
                    tier ->
                        new Forecast.Tier(
                            tier.get("tier", String.class),
                            tier.get("provider", String.class),
                            tier.get("model", String.class),
                            tier.get("requests", Double.class),
                            tier.get("input_tokens", Double.class),
                            tier.get("output_tokens", Double.class),
                            tier.get("rejected_share", Double.class),
                            tier.get("expected_usd", BigDecimal.class)))));
  }

  @Override
  public List<Queue> queues(String runId) {
    return fetch(
            context,
            """
            select
                w.*,
                q.enqueued_tokens_max,
                b.median_minutes,
                b.nine_in_ten_minutes
            from (
                select
                    a.tier, a.provider, a.model,
                    count(*) as requests,
                    sum(a.request_bytes) as bytes,
                    sum(a.prompt_tokens) as prompt_tokens
                from attempts a
                join misses m on m.item_key = a.item_key and m.attempts_first = a.attempt_number
                where a.run_id = ?
                group by a.tier, a.provider, a.model
            ) w
            left join provider_quotas q on q.provider = w.provider and q.model = w.model
            left join lateral (
                select
                    sum(s.median_minutes * s.batches) / sum(s.batches) as median_minutes,
                    max(s.nine_in_ten_minutes) as nine_in_ten_minutes
                from batch_durations s
                where s.provider = w.provider
                  and s.model = w.model
            ) b on true
            order by w.prompt_tokens desc
            """,
            runId)
        .map(
            row ->
                new Queue(
                    row.get("tier", String.class),
                    row.get("provider", String.class),
                    row.get("model", String.class),
                    row.get("requests", Long.class),
                    row.get("bytes", Long.class),
                    row.get("prompt_tokens", Long.class),
                    Optional.ofNullable(row.get("enqueued_tokens_max", Long.class)),
                    Optional.ofNullable(row.get("median_minutes", Double.class))
                        .map(
                            median ->
                                new Queue.Minutes(
                                    median, row.get("nine_in_ten_minutes", Double.class)))));
  }

  @Override
  public List<Contributor> contributors(String runId, int contributorsMax) {
    return fetch(
            context,
            """
            select
                m.document_id, a.tier, a.prompt_tokens, a.reserved_usd,
                (
                    select count(*)
                    from items i
                    where i.run_id = a.run_id
                      and i.leader_key = a.item_key
                ) as serves
            from attempts a
            join misses m on m.item_key = a.item_key and m.attempts_first = a.attempt_number
            where a.run_id = ?
            order by a.reserved_usd desc, m.document_id
            limit ?
            """,
            runId,
            contributorsMax)
        .map(
            row ->
                new Contributor(
                    row.get("document_id", String.class),
                    row.get("tier", String.class),
                    row.get("prompt_tokens", Integer.class),
                    row.get("serves", Long.class),
                    row.get("reserved_usd", BigDecimal.class)));
  }

  @Override
  public Optional<Explanation> explain(String runId, String documentId) {
    return fetch(
            context,
            """
            select
                i.*,
                (
                    select min(o.document_id)
                    from items o
                    where o.run_id = i.run_id
                      and o.item_key = i.leader_key
                      and o.is_representative
                ) as leader_document_id,
                a.prompt_tokens, a.tier, a.reserved_usd,
                l.decision, l.veto, l.similarity as nearest, l.score, l.threshold
            from items i
            left join misses m on m.item_key = i.item_key
            left join attempts a on a.run_id = i.run_id
                and a.item_key = i.item_key
                and a.attempt_number = m.attempts_first
                and i.is_representative
            left join semantic_lookups l on l.run_id = i.run_id and l.item_key = i.item_key
            where i.run_id = ?
              and i.document_id = ?
            """,
            runId,
            documentId)
        .stream()
        .findFirst()
        .map(
            row ->
                new Explanation(
                    row.get("item_key", String.class),
                    row.get("state", String.class),
                    Optional.ofNullable(row.get("answered_by", String.class)),
                    Optional.ofNullable(row.get("leader_document_id", String.class)),
                    Optional.ofNullable(row.get("leader_key", String.class)),
                    Optional.ofNullable(row.get("similarity", Double.class)),
                    Optional.ofNullable(row.get("failure_code", String.class))
                        .map(code -> code + ": " + row.get("failure_reason", String.class)),
                    row.get("whole_prompt_tokens", Integer.class),
                    Optional.ofNullable(row.get("prompt_tokens", Integer.class)),
                    Optional.ofNullable(row.get("tier", String.class)),
                    Optional.ofNullable(row.get("reserved_usd", BigDecimal.class)),
                    Optional.ofNullable(row.get("decision", String.class))
                        .map(
                            decision ->
                                new Lookup(
                                    decision,
                                    Optional.ofNullable(row.get("veto", String.class)),
                                    Optional.ofNullable(row.get("nearest", Double.class)),
                                    row.get("score", Double.class),
                                    row.get("threshold", Double.class)))));
  }

  @Override
  public Run begin(long namespaceId, String corpus, Instant aliveUntil, Instant deadlineAt) {
    String runId = PostgresRunStore.newId("plan", clock);
    Transactions.run(
        context,
        configuration -> {
          DSLContext tx = configuration.dsl();
          fetch(
              tx,
              "select pg_advisory_xact_lock(hashtext('nightjar plan'), ?::integer)",
              namespaceId);
          for (Record other :
              fetch(
                  tx,
                  """
                  select run_id, to_char(alive_until at time zone 'UTC', 'HH24:MI:SS') as until
                  from runs
                  where namespace_id = ?
                    and state = 'planning'
                    and alive_until > ?
                  """,
                  namespaceId,
                  Sql.now(clock))) {
            throw new NightjarException(
                ErrorCode.RUN_MISMATCH,
                other.get("run_id", String.class),
                "another plan of this task is being made, and both would claim the same documents",
                "try again when it has ended; if its process is gone, after "
                    + other.get("until", String.class)
                    + " UTC");
          }
          tx.execute(
              """
              insert into runs (run_id, namespace_id, task_name, corpus, state, started_at, alive_until, deadline_at)
              select ?, n.namespace_id, t.name, ?, 'planning', ?, ?, ?
              from namespaces n
              join tasks t using (tenant, task_fingerprint)
              where n.namespace_id = ?
              """,
              runId,
              corpus,
              Sql.now(clock),
              Sql.time(aliveUntil),
              Sql.time(deadlineAt),
              namespaceId);
        });
    return new Run(runId, namespaceId, corpus, false, false, Optional.empty(), deadlineAt);
  }

  @Override
  public void discard(String runId) {
    Transactions.run(context, configuration -> discard(configuration.dsl(), runId));
  }

  @Override
  public void discardAbandoned() {
    for (String runId :
        Sql.column(
            fetch(
                context,
                """
                select run_id
                from runs
                where state = 'planning'
                  and alive_until < ?
                """,
                Sql.now(clock)),
            "run_id",
            String.class)) {
      discard(runId);
    }
  }

  private static void discard(DSLContext tx, String runId) {
    if (fetch(tx, "select from runs where run_id = ? and state = 'planning' for update", runId)
        .isEmpty()) {
      return;
    }
    // Leaders in key order, as everybody takes them, then the documents: who settles a leader for
    // another run may be writing answers to them.
    fetch(
        tx,
        """
        select m.item_key
        from (
            select item_key
            from misses
            where run_id = ?
            union
            select leader_key
            from items
            where run_id = ?
              and state = 'waiting'
        ) k
        join misses m on m.item_key = k.item_key
        order by m.item_key
        for update of m
        """,
        runId,
        runId);
    fetch(
        tx,
        "select document_id from items where run_id = ? order by document_id for update",
        runId);
    // A run that took a text over while the plan was electing may have got a leader that goes now.
    tx.execute(
        """
        update misses f
        set state = 'candidate',
            leader_key = null,
            similarity = null
        from misses m
        where m.run_id = ?
          and f.leader_key = m.item_key
          and f.state = 'follower'
          and f.run_id <> m.run_id
        """,
        runId);
    tx.execute("delete from attempts where run_id = ? and state = 'unfunded'", runId);
    // What a night has begun to ask is the night's.
    tx.execute(
        """
        update misses m
        set run_id = a.run_id
        from attempts a
        where m.run_id = ?
          and a.item_key = m.item_key
          and a.ended_at is null
        """,
        runId);
    tx.execute(
        """
        delete from misses m
        where m.run_id = ?
          and not exists (
              select
              from attempts a
              where a.item_key = m.item_key)
        """,
        runId);
    tx.execute(
        """
        delete from near_duplicate_bands b
        using misses m
        where m.item_key = b.item_key
          and m.run_id = ?
        """,
        runId);
    // Those that an earlier run asked in vain: as they were.
    tx.execute(
        """
        update misses m
        set state = 'failed',
            run_id = (
                select a.run_id
                from attempts a
                where a.item_key = m.item_key
                order by a.attempt_number desc
                limit 1),
            leader_key = null,
            similarity = null,
            prompt = null,
            document = null,
            embedding = null,
            shingles = null
        where m.run_id = ?
        """,
        runId);
    for (String table :
        List.of(
            "results",
            "items",
            "dead_letters",
            "run_files",
            "semantic_lookups",
            "semantic_thresholds",
            "machine_time",
            "runs")) {
      tx.execute("delete from " + table + " where run_id = ?", runId);
    }
  }
}
