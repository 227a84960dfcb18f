-- What does each settled item cost, worked out from the ledger now? Ask item_costs: it reads the posted books
-- of finished runs, and this for the others. Unoptimised (baseline): the dearest tier, whole document, no
-- cache, no batch, no prompt caching, and an answer as long as the task says it would be unasked to be short.
-- Savings are taken off in the order of the columns; baseline minus all savings equals actual, to the last
-- digit. A mechanism that cost money shows as a negative saving.
create or replace view item_costs_now as
with settled as (
    select
        i.run_id,
        i.document_id,
        r.started_at as night,
        i.item_key,
        i.leader_key,
        n.tenant,
        t.name as task,
        i.state,
        i.answered_by,
        i.failure_code,
        i.settled_at,
        i.whole_prompt_tokens,
        -- The same text as another document of this run, or as one that another run has in flight.
        not i.is_representative or i.item_key = i.leader_key as copies_a_text,
        -- Whose attempts it bears the cost of: its own text's, whatever became of them; and those of a leader that is
        -- no document of this run, if it is the first that waited for it.
        array_remove(array[
            case when i.is_representative then i.item_key end,
            case when not exists (
                    select
                    from items o
                    where o.run_id = i.run_id
                      and o.item_key = i.leader_key)
                and i.document_id = (
                    select min(o.document_id)
                    from items o
                    where o.run_id = i.run_id
                      and o.leader_key = i.leader_key)
                then i.leader_key end
        ], null) as bears,
        r.uncapped_output_tokens,
        (
            select s.output_tokens
            from results s
            where s.run_id = i.run_id
              and s.document_id = i.document_id
        ) as answer_tokens,
        t.baseline_provider,
        t.baseline_model
    from items i
    join runs r on r.run_id = i.run_id
    join namespaces n on n.namespace_id = i.namespace_id
    join tasks t on t.task_fingerprint = n.task_fingerprint
    where i.state in ('answered', 'failed')
),
steps as (
    select
        s.*,
        w.tier,
        w.provider,
        w.model,
        coalesce(c.actual_usd, 0) as actual_usd,
        coalesce(c.truncated_usd, 0) as truncated_usd,
        w.total_usd as after_batch_usd,
        (o.whole_tokens * whole.input_usd + o.uncapped_tokens * whole.output_usd) * 0.000001 as baseline_usd,
        (w.prompt_tokens * part.input_usd + o.uncapped_tokens * part.output_usd) * 0.000001 as after_retrieval_usd,
        (w.prompt_tokens * p.input_usd + o.uncapped_tokens * p.output_usd) * 0.000001 as after_routing_usd,
        p.input_part_usd + o.uncapped_tokens * p.output_usd * 0.000001 as after_prompt_caching_usd,
        p.input_part_usd + (w.output_tokens * p.output_usd + w.reasoning_tokens * p.reasoning_usd) * 0.000001 as after_output_control_usd
    from settled s
    left join lateral (
        select
            sum(l.total_usd) as actual_usd,
            sum(l.total_usd) filter (where a.failure_code = 'ANSWER_TRUNCATED') as truncated_usd
        from ledger l
        join attempts a using (custom_id)
        where l.run_id = s.run_id
          and l.item_key = any (s.bears)
    ) c on true
    left join lateral (
        select
            l.*,
            l.input_tokens + l.cached_input_tokens + l.cache_write_tokens + l.cache_write_long_tokens as prompt_tokens,
            a.prompt_tokens as prompt_tokens_estimate
        from ledger l
        join attempts a using (custom_id)
        where l.run_id = s.run_id
          and l.item_key = s.item_key
          and a.state = 'succeeded'
    ) w on s.answered_by = 'model'
    cross join lateral (
        -- What the provider counted, plus what retrieval left out by our own count of both.
        select
            greatest(coalesce(w.output_tokens + w.reasoning_tokens, s.answer_tokens, 0), s.uncapped_output_tokens) as uncapped_tokens,
            coalesce(w.prompt_tokens + s.whole_prompt_tokens - w.prompt_tokens_estimate, s.whole_prompt_tokens) as whole_tokens
    ) o
    left join lateral price_in_force(s.baseline_provider, s.baseline_model, coalesce(w.billed_at, s.settled_at), o.whole_tokens) whole on true
    left join lateral price_in_force(s.baseline_provider, s.baseline_model, w.billed_at, w.prompt_tokens) part on true
    left join lateral (
        select
            q.input_usd,
            q.output_usd,
            q.reasoning_usd,
            (w.input_tokens * q.input_usd
                + w.cached_input_tokens * q.cached_input_usd
                + w.cache_write_tokens * q.cache_write_usd
                + w.cache_write_long_tokens * q.cache_write_long_usd) * 0.000001 as input_part_usd
        from price_in_force(w.provider, w.model, w.billed_at, w.prompt_tokens) q
    ) p on true
)
select
    run_id,
    document_id,
    night,
    item_key,
    leader_key,
    tenant,
    task,
    state,
    answered_by,
    failure_code,
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
    -- Less what was billed for answers that were cut off at their limit.
    case when answered_by = 'model' then after_prompt_caching_usd - after_output_control_usd - truncated_usd else 0 end as saved_by_output_control_usd,
    case when answered_by = 'model' then after_output_control_usd - after_batch_usd else 0 end as saved_by_batch_usd,
    -- The other attempts that were billed and did not answer.
    case
        when answered_by = 'model' then after_batch_usd + truncated_usd - actual_usd
        when state = 'answered' then -actual_usd
        else 0
    end as saved_by_escalation_usd,
    case when state = 'failed' then baseline_usd - actual_usd else 0 end as saved_by_failing_usd,
    actual_usd,
    bears
from steps;
