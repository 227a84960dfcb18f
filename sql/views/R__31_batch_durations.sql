-- How long do batches take, from their creation to their end? By provider, model and month.
create or replace view batch_durations as
select
    date_trunc('month', s.in_progress_at at time zone 'UTC')::date as month,
    n.tenant,
    s.provider,
    s.model,
    count(*) as batches,
    sum(s.requests)::bigint as requests,
    (percentile_cont(0.5) within group (order by extract(epoch from s.ended_at - s.in_progress_at)) / 60)::numeric(12, 3) as median_minutes,
    (percentile_cont(0.9) within group (order by extract(epoch from s.ended_at - s.in_progress_at)) / 60)::numeric(12, 3) as nine_in_ten_minutes
from submissions s
join namespaces n on n.namespace_id = s.namespace_id   -- of which a job sees its own only
where s.mode = 'batch'
  and not s.adopted   -- whose end was not watched
  and s.in_progress_at is not null
  and s.ended_at is not null
group by date_trunc('month', s.in_progress_at at time zone 'UTC')::date, n.tenant, s.provider, s.model;
