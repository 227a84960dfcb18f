-- What did each night cost, what did it save, and by which mechanism?
create or replace view cost_by_run as
select
    run_id,
    night,
    task,
    tenant,
    sum(items)::bigint as items,
    coalesce(sum(items) filter (where answered_by = 'model'), 0)::bigint as asked,
    coalesce(sum(items) filter (where answered_by = 'exact_hit'), 0)::bigint as exact_hits,
    coalesce(sum(items) filter (where answered_by = 'semantic_hit'), 0)::bigint as semantic_hits,
    coalesce(sum(items) filter (where answered_by = 'leader'), 0)::bigint as followers,
    coalesce(sum(items) filter (where state = 'failed'), 0)::bigint as failed,
    sum(baseline_usd) as baseline_usd,
    sum(saved_by_exact_duplicates_usd) as saved_by_exact_duplicates_usd,
    sum(saved_by_exact_cache_usd) as saved_by_exact_cache_usd,
    sum(saved_by_semantic_cache_usd) as saved_by_semantic_cache_usd,
    sum(saved_by_near_duplicates_usd) as saved_by_near_duplicates_usd,
    sum(saved_by_retrieval_usd) as saved_by_retrieval_usd,
    sum(saved_by_routing_usd) as saved_by_routing_usd,
    sum(saved_by_prompt_caching_usd) as saved_by_prompt_caching_usd,
    sum(saved_by_output_control_usd) as saved_by_output_control_usd,
    sum(saved_by_batch_usd) as saved_by_batch_usd,
    sum(saved_by_escalation_usd) as saved_by_escalation_usd,
    sum(saved_by_failing_usd) as saved_by_failing_usd,
    sum(actual_usd) as actual_usd,
    sum(attributed_usd) as attributed_usd,
    sum(machine_usd) as machine_usd,
    sum(unbalanced_items)::bigint as unbalanced_items,
    sum(saved_by_audit_usd) as saved_by_audit_usd
from item_sums
group by run_id, night, task, tenant;
