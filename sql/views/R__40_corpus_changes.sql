-- What became of the documents since the run before of the same task and corpus? A document is new, changed, renamed
-- (another id, the same content, and the former id gone) or gone; those that are as they were are left out. Ask by run.
create or replace view corpus_changes as
with pairs as (
    select r.run_id, former.run_id as former_run_id
    from runs r
    cross join lateral (
        select p.run_id
        from runs p
        where p.namespace_id = r.namespace_id
          and p.corpus = r.corpus
          and p.state <> 'planning'
          and p.prepared_at is not null
          and p.started_at < r.started_at
        order by p.started_at desc
        limit 1
    ) former
),
arrived as (
    select
        p.run_id,
        i.document_id,
        i.item_key,
        row_number() over (partition by p.run_id, i.item_key order by i.document_id) as copy
    from pairs p
    join items i on i.run_id = p.run_id
    where not exists (select from items f where f.run_id = p.former_run_id and f.document_id = i.document_id)
),
gone as (
    select
        p.run_id,
        f.document_id,
        f.item_key,
        row_number() over (partition by p.run_id, f.item_key order by f.document_id) as copy
    from pairs p
    join items f on f.run_id = p.former_run_id
    where not exists (select from items i where i.run_id = p.run_id and i.document_id = f.document_id)
)
select
    p.run_id,
    p.former_run_id,
    i.document_id,
    i.document_id as former_document_id,
    'changed' as change
from pairs p
join items i on i.run_id = p.run_id
join items f on f.run_id = p.former_run_id and f.document_id = i.document_id
where f.item_key <> i.item_key
union all
select
    p.run_id,
    p.former_run_id,
    a.document_id,
    g.document_id,
    case
        when g.document_id is null then 'new'
        when a.document_id is null then 'gone'
        else 'renamed'
    end
from arrived a
full join gone g on g.run_id = a.run_id and g.item_key = a.item_key and g.copy = a.copy
join pairs p on p.run_id = coalesce(a.run_id, g.run_id);
