-- What was assumed of the files of a run, and what of them was refused? Refusals by their code, each with the first
-- of them; files of which there is nothing to say are left out. Ask by run.
create or replace view input_notes as
with refusals as (
    select
        d.run_id,
        d.source_uri,
        d.code,
        count(*) as documents,
        min(d.source_position) as first_position,
        (array_agg(d.reason order by d.source_position))[1] as first_reason
    from dead_letters d
    group by d.run_id, d.source_uri, d.code
),
notes as (
    select f.run_id, f.source_uri, 0 as kind, a.assumption as note
    from run_files f
    cross join lateral unnest(f.assumptions) as a (assumption)
    union all
    select
        r.run_id,
        r.source_uri,
        1,
        r.documents || ' refused with ' || r.code
            || case
                when r.first_position = 0 then ''
                when r.documents = 1 then ' at ' || r.first_position
                else ', the first at ' || r.first_position
            end
            || ': ' || r.first_reason
    from refusals r
)
select
    n.run_id,
    n.source_uri,
    array_agg(n.note order by n.kind, n.note) as notes
from notes n
group by n.run_id, n.source_uri;
