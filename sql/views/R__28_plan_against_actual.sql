-- What was each night expected to cost before anything was sent, and what did it cost? is_within says whether the
-- actual cost lies in the interval that was stated. A night that left documents for want of money, or had some
-- retried, is not the night that was planned: compare items and undone first.
create or replace view plan_against_actual as
select
    c.run_id,
    c.night,
    c.tenant,
    c.task,
    f.nights as nights_learnt_from,
    f.items as planned_items,
    c.items,
    f.asked as planned_asked,
    c.asked,
    coalesce(u.undone, 0)::bigint as undone,
    f.baseline_usd as planned_baseline_usd,
    c.baseline_usd,
    f.low_usd,
    f.expected_usd,
    f.high_usd,
    c.actual_usd,
    c.actual_usd - f.expected_usd as difference_usd,
    round(100 * (c.actual_usd - f.expected_usd) / nullif(f.expected_usd, 0), 1) as difference_percent,
    case when r.state = 'finished' then c.actual_usd between f.low_usd and f.high_usd end as is_within   -- null while it goes on
from forecasts f
join cost_by_run c on c.run_id = f.run_id
join runs r on r.run_id = f.run_id and r.audits_run_id is null   -- an audit has a limit, not a plan
left join (
    select run_id, sum(items) as undone
    from item_sums
    where failure_code = 'BUDGET_EXHAUSTED'
    group by run_id
) u on u.run_id = f.run_id;
