-- What did each item cost, what would it have cost unoptimised, and which mechanism saved the difference?
-- Baseline minus all savings equals actual, to the last digit; a mechanism that cost money shows as a negative
-- saving. actual_usd is what was billed for asking this item. attributed_usd is its share of what was bought
-- for several (a leader's answer, cache writes, shadow checks); over a run both add up to the ledger.
-- machine_usd is its share of the machines' own time, which no provider bills. Both shares are known once the
-- run is posted, at its end. Ask by run or by document; the dearest are in dearest_items.
create or replace view item_costs as
select
    run_id,
    document_id,
    night,
    item_key,
    tenant,
    task,
    state,
    answered_by,
    failure_code,
    tier,
    provider,
    model,
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
    saved_by_audit_usd
from posted_item_costs
union all
select
    c.run_id,
    c.document_id,
    c.night,
    c.item_key,
    c.tenant,
    c.task,
    c.state,
    c.answered_by,
    c.failure_code,
    c.tier,
    c.provider,
    c.model,
    c.baseline_usd,
    c.saved_by_exact_duplicates_usd,
    c.saved_by_exact_cache_usd,
    c.saved_by_semantic_cache_usd,
    c.saved_by_near_duplicates_usd,
    c.saved_by_retrieval_usd,
    c.saved_by_routing_usd,
    c.saved_by_prompt_caching_usd,
    c.saved_by_output_control_usd,
    c.saved_by_batch_usd,
    c.saved_by_escalation_usd,
    c.saved_by_failing_usd,
    c.actual_usd,
    null,
    null,
    c.saved_by_audit_usd
from item_costs_now c
where c.run_id in (select r.run_id from runs r where r.posted_at is null);
