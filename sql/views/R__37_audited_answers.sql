-- Which delivered answers were compared with what they should have been, and how do both read? What people have said
-- stands above what the reference says, so there is one line a document of a night. Where they differ, a person can
-- say who is right: 'nightjar audit label'.
create or replace view audited_answers as
select
    a.run_id,
    r.started_at as night,
    n.tenant,
    r.task_name as task,
    a.document_id,
    a.item_key,
    a.mechanisms,
    a.tier,
    a.compared_with,
    a.agrees,
    a.differing_fields,
    d.answer as delivered_answer,
    -- A person may speak of some properties only: of the others the reference does.
    coalesce(o.answer, '{}') || coalesce(g.answer, '{}') as other_answer,
    g.source as gold_source,
    a.compared_at
from (
    select distinct on (a.run_id, a.document_id) a.*
    from audits a
    order by a.run_id, a.document_id, a.compared_with = 'gold' desc
) a
join runs r on r.run_id = a.run_id and r.audits_run_id is null
join namespaces n on n.namespace_id = a.namespace_id
left join results d on d.run_id = a.run_id and d.document_id = a.document_id
left join audits w
    on w.run_id = a.run_id
   and w.document_id = a.document_id
   and w.compared_with = 'reference'
left join results o on o.run_id = w.reference_run_id and o.document_id = w.document_id
left join gold_answers g
    on a.compared_with = 'gold'
   and g.tenant = n.tenant
   and g.task = r.task_name
   and g.document_id = a.document_id;
