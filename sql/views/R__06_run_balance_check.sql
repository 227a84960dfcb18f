-- Do the books balance? Every row here is a defect: a run whose counters differ from the rows they sum, or
-- whose items did not all end, or whose waterfall does not close.
create or replace view run_balance_check as
select
    r.run_id,
    r.charged_usd - coalesce((select sum(total_usd) from ledger l where l.run_id = r.run_id), 0) as charged_difference_usd,
    r.reserved_usd - coalesce((
        select sum(reserved_usd)
        from attempts a
        where a.run_id = r.run_id
          and a.state in ('planned', 'submitted')), 0) as reserved_difference_usd,
    coalesce((
        select sum(actual_usd)
        from item_costs c
        where c.run_id = r.run_id), 0) - r.charged_usd as attributed_difference_usd,
    (
        select count(*)
        from item_costs c
        where c.run_id = r.run_id
          and baseline_usd - saved_by_exact_duplicates_usd - saved_by_exact_cache_usd - saved_by_semantic_cache_usd
              - saved_by_near_duplicates_usd - saved_by_retrieval_usd - saved_by_routing_usd - saved_by_prompt_caching_usd
              - saved_by_batch_usd - saved_by_escalation_usd - saved_by_failing_usd is distinct from actual_usd
    ) as unbalanced_items,
    (select count(*) from items i where i.run_id = r.run_id and i.state not in ('answered', 'failed')) as open_items
from runs r
where r.state = 'finished';
