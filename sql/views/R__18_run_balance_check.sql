-- Do the books balance? Every row whose figures are not all 0 is a defect: a run whose counters differ from
-- the rows they sum, or whose items did not all end, or whose waterfall or shares do not close.
create or replace view run_balance_check as
select
    r.run_id,
    r.charged_usd - coalesce((select sum(total_usd) from ledger l where l.run_id = r.run_id), 0) as charged_difference_usd,
    r.reserved_usd - coalesce((
        select sum(reserved_usd)
        from attempts a
        where a.run_id = r.run_id
          and a.state in ('planned', 'submitted')), 0) as reserved_difference_usd,
    coalesce(c.actual_usd, 0) - r.charged_usd as attributed_difference_usd,
    case when r.posted_at is null then 0 else coalesce(c.attributed_usd, 0) - r.charged_usd end as shared_difference_usd,
    coalesce(c.unbalanced_items, 0) as unbalanced_items,
    (select count(*) from items i where i.run_id = r.run_id and i.state not in ('answered', 'failed')) as open_items
from runs r
left join cost_by_run c on c.run_id = r.run_id
where r.state = 'finished';
