package dev.nightjar.cachestore.postgres;

import static dev.nightjar.cachestore.postgres.Sql.fetch;

import dev.nightjar.cachestore.PromptCacheStore;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jooq.DSLContext;
import org.jooq.Record;

/** Reads marks from {@code submissions}, and what came of them from the ledger. */
final class PostgresPromptCacheStore implements PromptCacheStore {
  private final DSLContext context;
  private final Clock clock;

  PostgresPromptCacheStore(DSLContext context, Clock clock) {
    this.context = context;
    this.clock = clock;
  }

  @Override
  public Standing standing(long namespaceId, String tier) {
    Record waiting =
        fetch(
                context,
                """
                select
                    count(*)::integer as waiting,
                    coalesce(max(
                        extract(epoch from ?::timestamptz - r.started_at)
                            / greatest(extract(epoch from r.deadline_at - r.started_at), 1)), 1)::float8 as waited
                from attempts a
                join runs r on r.run_id = a.run_id
                where a.namespace_id = ?
                  and a.tier = ?
                  and a.mode = 'batch'
                  and a.state = 'planned'
                """,
                Sql.now(clock),
                namespaceId,
                tier)
            .get(0);
    List<Tried> tried =
        fetch(
                context,
                """
                select
                    cache_mark,
                    cache_holds,
                    -- One that was billed for nothing has written nothing.
                    case when exists (
                        select
                        from attempts a
                        join ledger l on l.custom_id = a.custom_id and l.billed_at = a.billed_at
                        where a.submission_id = submissions.submission_id
                          and l.cached_input_tokens + l.cache_write_tokens + l.cache_write_long_tokens > 0)
                    then extract(epoch from ?::timestamptz - ended_at)::float8 end as seconds
                from submissions
                where namespace_id = ?
                  and tier = ?
                  and cache_mark is not null
                  and run_id in (
                      select run_id
                      from attempts
                      where namespace_id = ?
                        and tier = ?
                        and mode = 'batch'
                        and state = 'planned')
                order by planned_at, submission_id
                """,
                Sql.now(clock),
                namespaceId,
                tier,
                namespaceId,
                tier)
            .map(
                row ->
                    new Tried(
                        row.get("cache_mark", String.class),
                        row.get("cache_holds", Boolean.class),
                        Optional.ofNullable(row.get("seconds", Double.class))
                            .map(seconds -> Duration.ofMillis((long) (seconds * 1_000)))));
    BigDecimal saved =
        fetch(
                context,
                """
                select coalesce(sum(
                    (l.cached_input_tokens + l.cache_write_tokens + l.cache_write_long_tokens)
                        * p.batch_input_usd * 0.000001 - l.cached_input_usd - l.cache_write_usd), 0) as usd
                from submissions s
                join attempts a on a.submission_id = s.submission_id
                join ledger l on l.custom_id = a.custom_id and l.billed_at = a.billed_at
                join prices p on p.price_id = l.price_id
                where s.namespace_id = ?
                  and s.tier = ?
                  and s.cache_mark is not null
                  and s.planned_at > ?::timestamptz - interval '30 days'
                """,
                namespaceId,
                tier,
                Sql.now(clock))
            .get(0)
            .get("usd", BigDecimal.class);
    return new Standing(
        waiting.get("waiting", Integer.class), tried, saved, waiting.get("waited", Double.class));
  }

  @Override
  public List<Shown> shown(String provider, String model) {
    return fetch(
            context,
            """
            select
                s.cache_mark,
                floor(extract(epoch from ?::timestamptz - s.ended_at) / 86400 + 0.5)::integer as nights_ago,
                count(*) filter (where l.cached_input_tokens > 0) as served,
                count(*) as findable
            from submissions s
            join attempts a on a.submission_id = s.submission_id
            join ledger l on l.custom_id = a.custom_id and l.billed_at = a.billed_at
            where s.provider = ?
              and s.model = ?
              and s.cache_mark is not null
              and s.cache_wave > 1
              and s.ended_at > ?::timestamptz - interval '30 days'
            group by s.cache_mark, nights_ago
            order by s.cache_mark, nights_ago desc
            """,
            Sql.now(clock),
            provider,
            model,
            Sql.now(clock))
        .map(
            row ->
                new Shown(
                    row.get("cache_mark", String.class),
                    Math.max(0, row.get("nights_ago", Integer.class)),
                    row.get("served", Long.class),
                    row.get("findable", Long.class)));
  }

  @Override
  public boolean areRefused(String provider, String model) {
    return !fetch(
            context,
            """
            select
            from submissions s
            where s.provider = ?
              and s.model = ?
              and s.planned_at > ?::timestamptz - interval '30 days'
              and (s.cache_mark_refused
                  or (s.cache_mark is not null
                      and exists (
                          select
                          from attempts a
                          where a.submission_id = s.submission_id
                            and a.failure_code in ('REQUEST_INVALID', 'BATCH_FAILED'))))
            limit 1
            """,
            provider,
            model,
            Sql.now(clock))
        .isEmpty();
  }
}
