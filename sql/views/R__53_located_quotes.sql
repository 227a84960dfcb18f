-- Where in its document does each quote of an answer stand? In code points from 0; of documents with the same text,
-- in that of the one that was asked. An answer that was not asked since quotes are located has none.
create or replace view located_quotes as
select
    r.run_id,
    r.document_id,
    a.custom_id,
    q.place,
    q.field,
    q.starts_at,
    q.ends_at,
    q.page,
    q.is_exact,
    q.before,
    q.quote,
    q.after
from results r
cross join lateral (
    select a.custom_id
    from attempts a
    where a.item_key = r.source_key
      and a.state = 'succeeded'
      and a.ended_at <= r.created_at
    order by a.attempt_number desc
    limit 1
) a
join answer_quotes q on q.custom_id = a.custom_id;
