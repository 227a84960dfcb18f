-- Which documents have no answer, and why? Items that failed, and input that was refused before it became one.
-- Reasons are counted by their code; examples are in items and dead_letters. Ask by run: it counts items anew.
create or replace view failures as
select
    i.run_id,
    n.tenant,
    t.name as task,
    'item' as kind,
    i.failure_code as code,
    count(*) as documents,
    min(i.document_id) as example_document_id
from items i
join runs r on r.run_id = i.run_id and r.state <> 'planning'
join namespaces n on n.namespace_id = i.namespace_id
join tasks t on t.tenant = n.tenant and t.task_fingerprint = n.task_fingerprint
where i.state = 'failed'
group by i.run_id, n.tenant, t.name, i.failure_code
union all
select
    d.run_id,
    n.tenant,
    t.name,
    'refused input',
    d.code,
    count(*),
    min(coalesce(d.document_id, d.source_uri || ':' || d.source_position))
from dead_letters d
join runs r on r.run_id = d.run_id and r.state <> 'planning'
join namespaces n on n.namespace_id = r.namespace_id
join tasks t on t.tenant = n.tenant and t.task_fingerprint = n.task_fingerprint
group by d.run_id, n.tenant, t.name, d.code;
