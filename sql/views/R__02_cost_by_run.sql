-- What did each night cost, what did it save, and by which mechanism?
create or replace view cost_by_run as
select
    run_id,
    task,
    tenant,
    count(*) as items,
    count(*) filter (where answered_by = 'model') as asked,
    count(*) filter (where answered_by = 'exact_hit') as exact_hits,
    count(*) filter (where answered_by = 'semantic_hit') as semantic_hits,
    count(*) filter (where answered_by = 'leader') as followers,
    count(*) filter (where state = 'failed') as failed,
    sum(baseline_usd) as baseline_usd,
    sum(saved_by_exact_duplicates_usd) as saved_by_exact_duplicates_usd,
    sum(saved_by_exact_cache_usd) as saved_by_exact_cache_usd,
    sum(saved_by_semantic_cache_usd) as saved_by_semantic_cache_usd,
    sum(saved_by_near_duplicates_usd) as saved_by_near_duplicates_usd,
    sum(saved_by_retrieval_usd) as saved_by_retrieval_usd,
    sum(saved_by_routing_usd) as saved_by_routing_usd,
    sum(saved_by_prompt_caching_usd) as saved_by_prompt_caching_usd,
    sum(saved_by_batch_usd) as saved_by_batch_usd,
    sum(saved_by_escalation_usd) as saved_by_escalation_usd,
    sum(saved_by_failing_usd) as saved_by_failing_usd,
    sum(actual_usd) as actual_usd
from item_costs
group by run_id, task, tenant;
