-- How often did the semantic cache answer, how often was it wrong, what did knowing that cost, and what did
-- it save net of that? Per run. The observed error is that of the sampled would-be hits (shadows), with its
-- 95 % Wilson interval; a task that sets similarity_min itself has no shadows, hence no observed error.
create or replace view semantic_cache_risk as
with lookups as (
    select
        l.run_id,
        count(*) as lookups,
        count(*) filter (where l.decision = 'hit') as hits,
        count(*) filter (where l.decision = 'shadow') as shadows,
        count(*) filter (where l.decision = 'vetoed') as vetoes,
        count(*) filter (where l.decision = 'shadow' and l.is_right is not null) as verified,
        count(*) filter (where l.decision = 'shadow' and not l.is_right) as wrong
    from semantic_lookups l
    group by l.run_id
),
shadow_costs as (
    select
        l.run_id,
        sum(g.total_usd) as shadow_usd
    from semantic_lookups l
    join ledger g on g.run_id = l.run_id and g.item_key = l.item_key
    where l.decision = 'shadow'
    group by l.run_id
),
saved as (
    select
        c.run_id,
        sum(c.saved_by_semantic_cache_usd) as saved_usd
    from item_costs c
    where c.answered_by = 'semantic_hit'
    group by c.run_id
)
select
    l.run_id,
    t.name as task,
    n.tenant,
    h.max_error,
    h.confidence,
    h.threshold,
    h.evidence,
    h.drift_found,
    l.lookups,
    l.hits,
    l.shadows,
    l.vetoes,
    round(l.hits::numeric / l.lookups, 4) as hit_rate,
    l.verified,
    l.wrong,
    round(l.wrong::numeric / nullif(l.verified, 0), 4) as observed_error,
    w.low as observed_error_low,
    w.high as observed_error_high,
    coalesce(c.shadow_usd, 0) as shadow_usd,
    coalesce(s.saved_usd, 0) as saved_usd,
    coalesce(s.saved_usd, 0) - coalesce(c.shadow_usd, 0) as saved_net_usd
from lookups l
join runs r on r.run_id = l.run_id
join namespaces n on n.namespace_id = r.namespace_id
join tasks t on t.task_fingerprint = n.task_fingerprint
left join semantic_thresholds h on h.run_id = l.run_id and h.namespace_id = r.namespace_id
left join shadow_costs c on c.run_id = l.run_id
left join saved s on s.run_id = l.run_id
left join lateral (
    select
        round(greatest(0, (p + 1.9208 / m - 1.96 * sqrt((p * (1 - p) + 0.9604 / m) / m)) / (1 + 3.8416 / m))::numeric, 4) as low,
        round(((p + 1.9208 / m + 1.96 * sqrt((p * (1 - p) + 0.9604 / m) / m)) / (1 + 3.8416 / m))::numeric, 4) as high
    from (
        select l.wrong::double precision / nullif(l.verified, 0) as p, nullif(l.verified, 0)::double precision as m) v
) w on true;
