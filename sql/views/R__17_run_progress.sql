-- How far is each run: items by state, attempts in flight, submissions open?
create or replace view run_progress as
select
    r.run_id,
    r.state,
    coalesce(i.items, 0) as items,
    coalesce(i.settled, 0) as settled,
    coalesce(i.failed, 0) as failed,
    coalesce(i.open, 0) as open,
    coalesce(a.attempts, 0) as attempts,
    coalesce(a.ended, 0) as attempts_ended,
    coalesce(s.open, 0) as submissions_open,
    (select count(*) from dead_letters d where d.run_id = r.run_id) as dead_letters
from runs r
left join lateral (
    select
        count(*) as items,
        count(*) filter (where state in ('answered', 'failed')) as settled,
        count(*) filter (where state = 'failed') as failed,
        count(*) filter (where state in ('new', 'waiting')) as open
    from items
    where items.run_id = r.run_id
) i on true
left join lateral (
    select
        count(*) as attempts,
        count(*) filter (where ended_at is not null) as ended
    from attempts
    where attempts.run_id = r.run_id
) a on true
left join lateral (
    select count(*) as open
    from submissions
    where submissions.run_id = r.run_id
      and submissions.state in ('planned', 'uploading', 'creating', 'in_progress', 'ended')
) s on true;
