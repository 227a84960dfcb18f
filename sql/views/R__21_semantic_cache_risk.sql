-- How often did the semantic cache answer, how often was it wrong, what did knowing that cost, and what did
-- it save net of that? Per run. The observed error is that of the sampled would-be hits (shadows), with its
-- 95 % Wilson interval; a task that sets similarity_min itself has no shadows, hence no observed error. saved_usd
-- is against the unoptimised cost; saved_net_usd counts a hit as what this night paid on average for asking, less
-- what the shadows cost.
create or replace view semantic_cache_risk as
with lookups as (
    select *
    from posted_lookup_sums
    union all
    select
        run_id,
        tenant,
        count(*),
        count(*) filter (where decision = 'hit'),
        count(*) filter (where decision = 'shadow'),
        count(*) filter (where decision = 'vetoed'),
        count(*) filter (where decision = 'shadow' and is_right is not null),
        count(*) filter (where decision = 'shadow' and not is_right),
        coalesce(sum(shadow_usd), 0)
    from lookup_costs
    where run_id in (select r.run_id from runs r where r.posted_at is null)
    group by run_id, tenant
),
saved as (
    select
        c.run_id,
        coalesce(sum(c.saved_by_semantic_cache_usd), 0) as saved_usd,
        -- What the hits would have cost as this night asked, not as an unoptimised one would have.
        sum(c.actual_usd) / nullif(sum(c.items) filter (where c.answered_by = 'model'), 0) as asked_usd
    from item_sums c
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
    l.shadow_usd,
    coalesce(s.saved_usd, 0) as saved_usd,
    l.hits * coalesce(s.asked_usd, 0) - l.shadow_usd as saved_net_usd,
    h.is_per_request
from lookups l
join runs r on r.run_id = l.run_id
join namespaces n on n.namespace_id = r.namespace_id
join tasks t on t.tenant = n.tenant and t.task_fingerprint = n.task_fingerprint
left join semantic_thresholds h on h.run_id = l.run_id and h.namespace_id = r.namespace_id
left join saved s on s.run_id = l.run_id
left join lateral (
    select
        round(greatest(0, (p + 1.9208 / m - 1.96 * sqrt((p * (1 - p) + 0.9604 / m) / m)) / (1 + 3.8416 / m))::numeric, 4) as low,
        round(((p + 1.9208 / m + 1.96 * sqrt((p * (1 - p) + 0.9604 / m) / m)) / (1 + 3.8416 / m))::numeric, 4) as high
    from (
        select l.wrong::double precision / nullif(l.verified, 0) as p, nullif(l.verified, 0)::double precision as m) v
) w on true;
