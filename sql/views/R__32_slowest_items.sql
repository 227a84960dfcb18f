-- Which documents took longest to get their answer, and how many requests did that take? Counted from the
-- beginning of the run. Ask by run.
create or replace view slowest_items as
select
    r.run_id,
    i.document_id,
    n.tenant,
    t.name as task,
    i.state,
    i.answered_by,
    i.failure_code,
    i.settled_at - r.started_at as took,
    (
        select count(*)
        from attempts a
        where a.item_key = i.leader_key
          and a.run_id = r.run_id
    ) as requests
from runs r
join namespaces n on n.namespace_id = r.namespace_id
join tasks t on t.tenant = n.tenant and t.task_fingerprint = n.task_fingerprint
join items i on i.run_id = r.run_id
where r.state <> 'planning'
  and i.settled_at is not null;
