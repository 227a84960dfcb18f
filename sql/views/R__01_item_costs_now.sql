-- What does each settled item cost, worked out from the ledger now? Ask item_costs: it reads the posted books
-- of finished runs, and this for the others. Unoptimised (baseline): the dearest tier, whole document, no
-- cache, no batch, no prompt caching, and an answer as long as the task says it would be unasked to be short. An
-- audit's is nothing, for nobody would ask it: all that it costs is a negative saving of its own.
-- Savings are taken off in the order of the columns; baseline minus all savings equals actual, to the last
-- digit. A mechanism that cost money shows as a negative saving. Worked out run by run: joined over all runs at
-- once, the planner has gone through the whole ledger for each item (50,000 items: over 4 minutes against 2 s).
create or replace view item_costs_now as
select
    -- The run's own, not c's: so that a condition on it is met before a run is worked out, not after.
    r.run_id,
    c.document_id,
    r.started_at as night,
    c.item_key,
    c.leader_key,
    n.tenant,
    t.name as task,
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
    c.bears,
    c.saved_by_audit_usd
from runs r
join namespaces n on n.namespace_id = r.namespace_id
join tasks t on t.tenant = n.tenant and t.task_fingerprint = n.task_fingerprint
cross join lateral (
    with charges as (
        select
            l.item_key,
            sum(l.total_usd) as usd,
            sum(l.total_usd) filter (where a.failure_code = 'ANSWER_TRUNCATED') as truncated_usd
        from ledger l
        join attempts a using (custom_id)
        where l.run_id = r.run_id
        group by l.item_key
    ),
    -- Whose attempts an item bears the cost of: its own text's, whatever became of them; and those of a leader
    -- that is no document of this run, if it is the first that waited for it.
    bearers as (
        select i.document_id, i.item_key as bears
        from items i
        where i.run_id = r.run_id
          and i.is_representative
        union all
        select min(i.document_id), i.leader_key
        from items i
        where i.run_id = r.run_id
          and i.leader_key is not null
          and not exists (
            select
            from items o
            where o.run_id = r.run_id
              and o.item_key = i.leader_key)
        group by i.leader_key
    ),
    borne as (
        select
            b.document_id,
            array_agg(b.bears) as bears,
            coalesce(sum(c.usd), 0) as actual_usd,
            coalesce(sum(c.truncated_usd), 0) as truncated_usd
        from bearers b
        left join charges c on c.item_key = b.bears
        group by b.document_id
    ),
    answers as (
        select
            l.*,
            l.input_tokens + l.cached_input_tokens + l.cache_write_tokens + l.cache_write_long_tokens as prompt_tokens,
            a.prompt_tokens as prompt_tokens_estimate
        from ledger l
        join attempts a using (custom_id)
        where l.run_id = r.run_id
          and a.state = 'succeeded'
    ),
    settled as (
        select
            i.*,
            case when r.audits_run_id is null then i.answered_by else 'audit' end as saved_by,
            -- The same text as another document of this run, or as one that another run has in flight.
            not i.is_representative or i.item_key = i.leader_key as copies_a_text,
            b.bears,
            coalesce(b.actual_usd, 0) as actual_usd,
            coalesce(b.truncated_usd, 0) as truncated_usd,
            w.tier,
            w.provider,
            w.model,
            w.billed_at,
            w.total_usd as after_batch_usd,
            w.prompt_tokens,
            w.input_tokens,
            w.cached_input_tokens,
            w.cache_write_tokens,
            w.cache_write_long_tokens,
            w.output_tokens,
            w.reasoning_tokens,
            greatest(coalesce(w.output_tokens + w.reasoning_tokens, s.output_tokens, i.answer_tokens, 0), r.uncapped_output_tokens) as uncapped_tokens,
            -- What the provider counted, plus what retrieval left out by our own count of both.
            coalesce(w.prompt_tokens + i.whole_prompt_tokens - w.prompt_tokens_estimate, i.whole_prompt_tokens) as whole_tokens
        from items i
        left join borne b on b.document_id = i.document_id
        left join answers w on w.item_key = i.item_key and i.answered_by = 'model'
        left join results s on s.run_id = r.run_id and s.document_id = i.document_id
        where i.run_id = r.run_id
          and i.state in ('answered', 'failed')
    ),
    steps as (
        select
            s.*,
            case when s.saved_by = 'audit' then 0
                else (s.whole_tokens * whole.input_usd + s.uncapped_tokens * whole.output_usd) * 0.000001 end as baseline_usd,
            (s.prompt_tokens * part.input_usd + s.uncapped_tokens * part.output_usd) * 0.000001 as after_retrieval_usd,
            (s.prompt_tokens * p.input_usd + s.uncapped_tokens * p.output_usd) * 0.000001 as after_routing_usd,
            p.input_part_usd + s.uncapped_tokens * p.output_usd * 0.000001 as after_prompt_caching_usd,
            p.input_part_usd + (s.output_tokens * p.output_usd + s.reasoning_tokens * p.reasoning_usd) * 0.000001 as after_output_control_usd
        from settled s
        left join lateral price_in_force(t.baseline_provider, t.baseline_model, coalesce(s.billed_at, s.settled_at), s.whole_tokens) whole on true
        left join lateral price_in_force(t.baseline_provider, t.baseline_model, s.billed_at, s.prompt_tokens) part on true
        left join lateral (
            select
                q.input_usd,
                q.output_usd,
                q.reasoning_usd,
                (s.input_tokens * q.input_usd
                    + s.cached_input_tokens * q.cached_input_usd
                    + s.cache_write_tokens * q.cache_write_usd
                    + s.cache_write_long_tokens * q.cache_write_long_usd) * 0.000001 as input_part_usd
            from price_in_force(s.provider, s.model, s.billed_at, s.prompt_tokens) q
        ) p on true
    )
    select
        document_id,
        item_key,
        leader_key,
        state,
        answered_by,
        failure_code,
        tier,
        provider,
        model,
        baseline_usd,
        case when saved_by = 'leader' and copies_a_text then baseline_usd else 0 end as saved_by_exact_duplicates_usd,
        case when saved_by = 'exact_hit' then baseline_usd else 0 end as saved_by_exact_cache_usd,
        case when saved_by = 'semantic_hit' then baseline_usd else 0 end as saved_by_semantic_cache_usd,
        case when saved_by = 'leader' and not copies_a_text then baseline_usd else 0 end as saved_by_near_duplicates_usd,
        case when saved_by = 'model' then baseline_usd - after_retrieval_usd else 0 end as saved_by_retrieval_usd,
        case when saved_by = 'model' then after_retrieval_usd - after_routing_usd else 0 end as saved_by_routing_usd,
        case when saved_by = 'model' then after_routing_usd - after_prompt_caching_usd else 0 end as saved_by_prompt_caching_usd,
        -- Less what was billed for answers that were cut off at their limit.
        case when saved_by = 'model' then after_prompt_caching_usd - after_output_control_usd - truncated_usd else 0 end as saved_by_output_control_usd,
        case when saved_by = 'model' then after_output_control_usd - after_batch_usd else 0 end as saved_by_batch_usd,
        -- The other attempts that were billed and did not answer.
        case
            when saved_by = 'model' then after_batch_usd + truncated_usd - actual_usd
            when saved_by <> 'audit' then -actual_usd
            else 0
        end as saved_by_escalation_usd,
        case when state = 'failed' and saved_by is null then baseline_usd - actual_usd else 0 end as saved_by_failing_usd,
        case when saved_by = 'audit' then -actual_usd else 0 end as saved_by_audit_usd,
        actual_usd,
        coalesce(bears, '{}') as bears
    from steps
) c
where r.state <> 'planning';
