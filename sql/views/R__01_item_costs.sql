-- What did each item cost, what would it have cost unoptimised, and which mechanism saved the difference?
-- Unoptimised (baseline): the dearest tier, whole document, no cache, no batch, no prompt caching. Savings
-- are taken off in the order of the columns; baseline minus all savings equals actual, to the last digit.
-- A mechanism that cost money shows as a negative saving.
create or replace view item_costs as
with charges as (
    select
        l.run_id,
        l.item_key,
        sum(l.total_usd) as actual_usd,
        sum(l.total_usd) filter (where a.state = 'succeeded') as answering_usd
    from ledger l
    join attempts a using (custom_id)
    group by l.run_id, l.item_key
),
answering as (
    select
        l.run_id,
        l.item_key,
        l.provider,
        l.model,
        l.tier,
        l.billed_at,
        l.input_tokens,
        l.cached_input_tokens,
        l.cache_write_tokens,
        l.cache_write_long_tokens,
        l.output_tokens,
        l.total_usd,
        l.input_tokens + l.cached_input_tokens + l.cache_write_tokens + l.cache_write_long_tokens as prompt_tokens,
        a.prompt_tokens as prompt_tokens_estimate
    from ledger l
    join attempts a using (custom_id)
    where a.state = 'succeeded'
),
steps as (
    select
        i.run_id,
        i.document_id,
        i.item_key,
        i.state,
        i.answered_by,
        -- The same text as another document of this run, or as one that another run has in flight.
        not i.is_representative or i.item_key = i.leader_key as copies_a_text,
        t.name as task,
        n.tenant,
        w.tier,
        w.provider,
        w.model,
        case when i.is_representative and i.leader_key = i.item_key then coalesce(c.actual_usd, 0) else 0 end as actual_usd,
        -- What the provider counted, plus what retrieval left out by our own count of both.
        list_cost_usd(
            t.baseline_provider, t.baseline_model, coalesce(w.billed_at, i.settled_at),
            coalesce(w.prompt_tokens + i.whole_prompt_tokens - w.prompt_tokens_estimate, i.whole_prompt_tokens),
            coalesce(w.output_tokens, r.output_tokens, 0)) as baseline_usd,
        list_cost_usd(t.baseline_provider, t.baseline_model, w.billed_at, w.prompt_tokens, w.output_tokens) as after_retrieval_usd,
        list_cost_usd(w.provider, w.model, w.billed_at, w.prompt_tokens, w.output_tokens) as after_routing_usd,
        (
            select (w.input_tokens * p.input_usd
                + w.cached_input_tokens * p.cached_input_usd
                + w.cache_write_tokens * p.cache_write_usd
                + w.cache_write_long_tokens * p.cache_write_long_usd
                + w.output_tokens * p.output_usd) * 0.000001
            from price_in_force(w.provider, w.model, w.billed_at, w.prompt_tokens) p
        ) as after_prompt_caching_usd,
        w.total_usd as after_batch_usd
    from items i
    join runs on runs.run_id = i.run_id
    join namespaces n on n.namespace_id = i.namespace_id
    join tasks t on t.task_fingerprint = n.task_fingerprint
    left join results r on r.run_id = i.run_id and r.document_id = i.document_id
    left join answering w on w.run_id = i.run_id and w.item_key = i.item_key and i.answered_by = 'model'
    left join charges c on c.run_id = i.run_id and c.item_key = i.item_key
    where i.state in ('answered', 'failed')
)
select
    run_id,
    document_id,
    item_key,
    task,
    tenant,
    state,
    answered_by,
    tier,
    provider,
    model,
    baseline_usd,
    case when answered_by = 'leader' and copies_a_text then baseline_usd else 0 end as saved_by_exact_duplicates_usd,
    case when answered_by = 'exact_hit' then baseline_usd else 0 end as saved_by_exact_cache_usd,
    case when answered_by = 'semantic_hit' then baseline_usd else 0 end as saved_by_semantic_cache_usd,
    case when answered_by = 'leader' and not copies_a_text then baseline_usd else 0 end as saved_by_near_duplicates_usd,
    case when answered_by = 'model' then baseline_usd - after_retrieval_usd else 0 end as saved_by_retrieval_usd,
    case when answered_by = 'model' then after_retrieval_usd - after_routing_usd else 0 end as saved_by_routing_usd,
    case when answered_by = 'model' then after_routing_usd - after_prompt_caching_usd else 0 end as saved_by_prompt_caching_usd,
    case when answered_by = 'model' then after_prompt_caching_usd - after_batch_usd else 0 end as saved_by_batch_usd,
    -- Attempts that were billed and did not answer.
    case when answered_by = 'model' then after_batch_usd - actual_usd else 0 end as saved_by_escalation_usd,
    case when state = 'failed' then baseline_usd - actual_usd else 0 end as saved_by_failing_usd,
    actual_usd
from steps;
