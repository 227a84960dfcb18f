-- Which answers were kept when their task was changed, and why? kept is 'unaffected' where the change cannot have
-- touched an answer, 'by_request' where --keep-answers kept it all the same. asked_usd is what the run that asked it
-- paid for the answer, under the version that the fingerprint names; documents of one answer have one asked_key, and
-- each shows the whole: add it up over the keys. In this run it cost nothing, and item_costs counts it as an exact
-- cache hit.
create or replace view kept_answers as
select
    s.run_id,
    r.started_at as night,
    n.tenant,
    r.task_name as task,
    s.document_id,
    s.kept,
    a.run_id as asked_run_id,
    o.task_fingerprint as asked_task_fingerprint,
    a.ended_at as asked_at,
    l.usd as asked_usd,
    s.source_key as asked_key
from results s
join runs r on r.run_id = s.run_id and r.state <> 'planning'
join namespaces n on n.namespace_id = r.namespace_id
left join lateral (
    select t.run_id, t.namespace_id, t.ended_at
    from attempts t
    where t.item_key = s.source_key
      and t.state = 'succeeded'
    order by t.attempt_number desc
    limit 1
) a on true
left join namespaces o on o.namespace_id = a.namespace_id
left join lateral (
    select sum(c.total_usd) as usd
    from ledger c
    where c.item_key = s.source_key
      and c.run_id = a.run_id
) l on true
where s.kept is not null;
