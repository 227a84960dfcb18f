-- How does each night get from its unoptimised to its actual cost, step by step? In the order in which the
-- mechanisms are taken off; remaining_usd is what is left after the step, and after the last it is the actual
-- cost. A negative saving is what a mechanism cost.
create or replace view savings_waterfall as
select
    c.run_id,
    c.night,
    c.tenant,
    c.task,
    m.step,
    m.mechanism,
    m.saved_usd,
    c.baseline_usd - sum(m.saved_usd) over (partition by c.run_id order by m.step) as remaining_usd
from cost_by_run c
cross join lateral (
    values
        (1, 'exact duplicates', saved_by_exact_duplicates_usd),
        (2, 'exact cache hits', saved_by_exact_cache_usd),
        (3, 'semantic cache hits', saved_by_semantic_cache_usd),
        (4, 'followers of a like text', saved_by_near_duplicates_usd),
        (5, 'retrieval and compression', saved_by_retrieval_usd),
        (6, 'routing', saved_by_routing_usd),
        (7, 'prompt caching', saved_by_prompt_caching_usd),
        (8, 'output control', saved_by_output_control_usd),
        (9, 'batches', saved_by_batch_usd),
        (10, 'escalation', saved_by_escalation_usd),
        (11, 'items that failed', saved_by_failing_usd),
        (12, 'audit', saved_by_audit_usd)
) as m (step, mechanism, saved_usd);
