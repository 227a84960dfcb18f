-- How much of each budget is spent, held by what is in flight, and left? Of the current day, the current
-- month (UTC), or in all.
create or replace view budget_status as
select
    b.tenant,
    b.task,
    b.period,
    b.limit_usd,
    coalesce(s.charged_usd, 0) as charged_usd,
    coalesce(s.reserved_usd, 0) as reserved_usd,
    coalesce(s.unknown_usd, 0) as unknown_usd,
    b.limit_usd - coalesce(s.charged_usd + s.reserved_usd + s.unknown_usd, 0) as left_usd
from budgets b
left join lateral (
    select
        sum(r.charged_usd) as charged_usd,
        sum(r.reserved_usd) as reserved_usd,
        sum(r.unknown_usd) as unknown_usd
    from runs r
    join namespaces n on n.namespace_id = r.namespace_id
    where n.tenant = b.tenant
      and b.task in ('*', r.task_name)
      and r.started_at >= budget_period_start(b.period, now())
) s on true;
