-- How many items did the cache answer on each night, of how many, and what did that save? semantic_cache_risk
-- says how often such answers were wrong.
create or replace view cache_effectiveness as
select
    night,
    run_id,
    tenant,
    task,
    items,
    exact_hits,
    semantic_hits,
    followers,
    round(exact_hits::numeric / items, 4) as exact_hit_rate,
    round(semantic_hits::numeric / items, 4) as semantic_hit_rate,
    round(followers::numeric / items, 4) as follower_rate,
    saved_by_exact_cache_usd,
    saved_by_semantic_cache_usd,
    saved_by_exact_duplicates_usd + saved_by_near_duplicates_usd as saved_by_sharing_usd,
    round(100 * (saved_by_exact_cache_usd + saved_by_semantic_cache_usd) / nullif(baseline_usd, 0), 2) as cache_percent_of_baseline
from cost_by_run;
