-- How often do the answers of each night agree with the task's reference, and how sure is that? Texts are counted, each
-- once, for copies are drawn and answered together. The interval of a night holds at 95 %, however often one looks while
-- the night goes on. The reference's agreement with itself is the most that can be had. drawn counts the documents that
-- were asked at the reference, unanswered those of them without an answer there.
create or replace view agreement_by_run as
select
    r.run_id,
    r.started_at as night,
    n.tenant,
    r.task_name as task,
    s.drawn,
    s.unanswered,
    c.audited,
    c.by_people,
    c.agreed,
    round(c.agreed::numeric / nullif(c.audited, 0), 4) as agreement,
    round(i.low::numeric, 4) as low,
    round(i.high::numeric, 4) as high,
    t.asked_twice,
    round(t.same::numeric / nullif(t.asked_twice, 0), 4) as reference_with_itself
from runs r
join namespaces n on n.namespace_id = r.namespace_id
cross join lateral (
    select
        count(*) as audited,
        count(*) filter (where a.compared_with = 'gold') as by_people,
        count(*) filter (where a.agrees) as agreed
    from (
        select distinct on (t.item_key) t.*
        from audited_answers t
        where t.run_id = r.run_id
        order by t.item_key, t.agrees, t.document_id   -- a text agrees if each of its documents does
    ) a
) c
cross join lateral (
    select
        count(*) as drawn,
        count(*) filter (where i.state <> 'answered') as unanswered
    from runs p
    join items i on i.run_id = p.run_id
    where p.audits_run_id = r.run_id
      and p.audit_pass = 1
) s
cross join lateral (
    select
        count(*) as asked_twice,
        count(*) filter (where a.agrees) as same
    from runs p
    join audits a on a.run_id = p.run_id
    where p.audits_run_id = r.run_id
      and p.audit_pass = 1
) t
cross join lateral share_interval(c.agreed, c.audited, 0.95) i
where r.audits_run_id is null
  and (c.audited > 0 or s.drawn > 0);
