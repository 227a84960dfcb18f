-- What does each cache hold, how much room does it take, how often was it used, and what has that saved? Hits
-- and savings are those of all runs so far, also by entries that have been forgotten since.
create or replace view cache_statistics as
with used as (
    select
        r.namespace_id,
        sum(c.exact_hits) as exact_hits,
        sum(c.semantic_hits) as semantic_hits,
        sum(c.saved_by_exact_cache_usd + c.saved_by_semantic_cache_usd) as saved_usd
    from cost_by_run c
    join runs r using (run_id)
    group by r.namespace_id
),
held as (
    select
        c.namespace_id,
        count(*) as entries,
        count(*) filter (where c.source_key = c.item_key) as asked,
        count(*) filter (where c.source_key <> c.item_key) as borrowed,
        round(sum(pg_column_size(c.*)) / 1e6, 3) as megabytes,
        min(c.created_at) as oldest,
        max(c.created_at) as newest
    from cache_entries c
    group by c.namespace_id
)
select
    n.tenant,
    t.name as task,
    n.embedding_model,
    n.namespace_id,
    coalesce(e.entries, 0) as entries,
    coalesce(e.asked, 0) as asked,
    coalesce(e.borrowed, 0) as borrowed,
    coalesce(e.megabytes, 0) as megabytes,
    e.oldest,
    e.newest,
    coalesce(u.exact_hits, 0) as exact_hits,
    coalesce(u.semantic_hits, 0) as semantic_hits,
    coalesce(u.saved_usd, 0) as saved_usd
from namespaces n
join tasks t using (tenant, task_fingerprint)
left join held e on e.namespace_id = n.namespace_id
left join used u on u.namespace_id = n.namespace_id;
