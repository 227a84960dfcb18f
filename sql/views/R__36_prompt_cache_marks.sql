-- Did marking what prompts share pay, night by night and way by way? Requests of wave 1 write a prefix, those of
-- later waves may find it written: served_share is of these. A negative saving is what the marks cost.
create or replace view prompt_cache_marks as
select
    s.run_id,
    n.tenant,
    t.name as task,
    (min(s.planned_at) at time zone 'UTC')::date as night,
    s.tier,
    s.provider,
    s.model,
    s.cache_mark as mark,
    count(*) as requests,
    count(*) filter (where s.cache_wave > 1) as findable,
    count(*) filter (where s.cache_wave > 1 and l.cached_input_tokens > 0) as served,
    round(
        count(*) filter (where s.cache_wave > 1 and l.cached_input_tokens > 0)::numeric
            / nullif(count(*) filter (where s.cache_wave > 1), 0),
        4) as served_share,
    sum(l.cached_input_tokens)::bigint as cached_input_tokens,
    sum(l.cache_write_tokens + l.cache_write_long_tokens)::bigint as cache_write_tokens,
    sum((l.cached_input_tokens + l.cache_write_tokens + l.cache_write_long_tokens)
        * case s.mode when 'batch' then p.batch_input_usd else p.input_usd end * 0.000001
        - l.cached_input_usd - l.cache_write_usd) as saved_usd
from submissions s
join attempts a on a.submission_id = s.submission_id
join ledger l on l.custom_id = a.custom_id and l.billed_at = a.billed_at
join prices p on p.price_id = l.price_id
join namespaces n on n.namespace_id = s.namespace_id
join tasks t on t.tenant = n.tenant and t.task_fingerprint = n.task_fingerprint
where s.cache_mark is not null
group by s.run_id, n.tenant, t.name, s.tier, s.provider, s.model, s.cache_mark;
