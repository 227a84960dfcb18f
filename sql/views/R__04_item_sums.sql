-- What do the items of each run come to, by what became of them and who answered? The rows that all reports on
-- items add up: posted for finished runs, worked out now for the others.
create or replace view item_sums as
select
    run_id,
    night,
    tenant,
    task,
    state,
    answered_by,
    failure_code,
    tier,
    provider,
    model,
    items,
    baseline_usd,
    saved_by_exact_duplicates_usd,
    saved_by_exact_cache_usd,
    saved_by_semantic_cache_usd,
    saved_by_near_duplicates_usd,
    saved_by_retrieval_usd,
    saved_by_routing_usd,
    saved_by_prompt_caching_usd,
    saved_by_output_control_usd,
    saved_by_batch_usd,
    saved_by_escalation_usd,
    saved_by_failing_usd,
    actual_usd,
    attributed_usd,
    machine_usd,
    unbalanced_items,
    saved_by_audit_usd
from posted_item_sums
union all
select
    run_id,
    night,
    tenant,
    task,
    state,
    answered_by,
    failure_code,
    tier,
    provider,
    model,
    count(*),
    coalesce(sum(baseline_usd), 0),
    coalesce(sum(saved_by_exact_duplicates_usd), 0),
    coalesce(sum(saved_by_exact_cache_usd), 0),
    coalesce(sum(saved_by_semantic_cache_usd), 0),
    coalesce(sum(saved_by_near_duplicates_usd), 0),
    coalesce(sum(saved_by_retrieval_usd), 0),
    coalesce(sum(saved_by_routing_usd), 0),
    coalesce(sum(saved_by_prompt_caching_usd), 0),
    coalesce(sum(saved_by_output_control_usd), 0),
    coalesce(sum(saved_by_batch_usd), 0),
    coalesce(sum(saved_by_escalation_usd), 0),
    coalesce(sum(saved_by_failing_usd), 0),
    coalesce(sum(actual_usd), 0),
    0,
    0,
    count(*) filter (where baseline_usd
        - saved_by_exact_duplicates_usd - saved_by_exact_cache_usd - saved_by_semantic_cache_usd - saved_by_near_duplicates_usd
        - saved_by_retrieval_usd - saved_by_routing_usd - saved_by_prompt_caching_usd - saved_by_output_control_usd
        - saved_by_batch_usd - saved_by_escalation_usd - saved_by_failing_usd - saved_by_audit_usd is distinct from actual_usd),
    coalesce(sum(saved_by_audit_usd), 0)
from item_costs_now
where run_id in (select r.run_id from runs r where r.posted_at is null)
group by run_id, night, tenant, task, state, answered_by, failure_code, tier, provider, model;
