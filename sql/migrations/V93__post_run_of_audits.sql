-- An audit saves nothing and costs: its baseline is 0, for an unoptimised night has none.
alter table posted_item_costs add column saved_by_audit_usd numeric default 0;

alter table posted_item_sums add column saved_by_audit_usd numeric not null default 0;

-- As before, with what audits cost among the mechanisms: see V49 for how a cost that serves several is shared.
create or replace function post_run(p_run_id text, p_posted_at timestamptz) returns void
    language plpgsql
as $$
declare
    night_of timestamptz;
begin
    select started_at into night_of from runs where run_id = p_run_id and state = 'finished' for update;
    if not found then
        return;
    end if;
    perform add_month('posted_item_costs', night_of);
    delete from posted_item_costs where run_id = p_run_id and night = night_of;
    delete from posted_item_sums where run_id = p_run_id;
    delete from posted_charge_sums where run_id = p_run_id;
    delete from posted_lookup_sums where run_id = p_run_id;
    insert into posted_item_costs (
        run_id, document_id, night, item_key, leader_key, tenant, task, state, answered_by, failure_code, tier, provider, model,
        baseline_usd, saved_by_exact_duplicates_usd, saved_by_exact_cache_usd, saved_by_semantic_cache_usd,
        saved_by_near_duplicates_usd, saved_by_retrieval_usd, saved_by_routing_usd, saved_by_prompt_caching_usd,
        saved_by_output_control_usd, saved_by_batch_usd, saved_by_escalation_usd, saved_by_failing_usd,
        saved_by_audit_usd, actual_usd, attributed_usd, machine_usd)
    with charges as (
        select
            l.item_key,
            l.custom_id,
            l.tier,
            l.provider,
            l.model,
            l.total_usd,
            l.cache_write_usd,
            l.cached_input_tokens + l.cache_write_tokens + l.cache_write_long_tokens as prefix_tokens
        from ledger l
        where l.run_id = p_run_id
    ),
    leaders as (
        select
            c.item_key,
            sum(c.total_usd - c.cache_write_usd + c.writes_usd) as usd
        from (
            select
                c.*,
                case when sum(c.prefix_tokens) over tier = 0 then 0 else split_usd(
                    sum(c.cache_write_usd) over tier,
                    sum(c.prefix_tokens) over upto - c.prefix_tokens,
                    c.prefix_tokens,
                    sum(c.prefix_tokens) over tier) end as writes_usd
            from charges c
            window
                tier as (partition by c.provider, c.model, c.tier),
                upto as (partition by c.provider, c.model, c.tier order by c.custom_id rows unbounded preceding)
        ) c
        group by c.item_key
    ),
    lines as (
        select
            i.*,
            l.decision,
            l.decision in ('hit', 'shadow') as is_checked,
            i.answered_by is distinct from 'exact_hit' and (i.item_key = i.leader_key or i.answered_by is distinct from 'leader') as is_compared,
            i.answered_by is distinct from 'exact_hit' and i.answered_by is distinct from 'semantic_hit' as is_served
        from item_costs_now i
        left join semantic_lookups l on l.run_id = i.run_id and l.item_key = i.item_key
        where i.run_id = p_run_id
    ),
    -- Charged here, and nobody in this run got an answer from it: whoever bears it has it.
    unserved as materialized (   -- else it is worked out again for every line
        select d.item_key, d.usd
        from leaders d
        where not exists (
            select
            from lines i
            where i.is_served
              and i.leader_key = d.item_key)
    ),
    shared as (
        select
            i.*,
            coalesce((select sum(u.usd) from unserved u where u.item_key = any (i.bears)), 0)
            + case when i.is_served and d.usd is not null
                then split_usd(d.usd, row_number() over served - 1, 1, count(*) over (partition by i.is_served, i.leader_key))
                else 0
            end as answer_usd
        from lines i
        left join leaders d on d.item_key = i.leader_key
        window served as (partition by i.is_served, i.leader_key order by i.item_key <> i.leader_key, i.document_id)
    ),
    totals as (
        select
            coalesce(sum(s.answer_usd) filter (where s.decision = 'shadow'), 0) as shadow_usd,
            count(*) filter (where s.is_checked) as checked,
            count(*) filter (where s.is_compared) as compared,
            count(*) as items,
            (
                select coalesce(sum(m.seconds * m.usd_per_hour / 3600), 0)
                from machine_time m
                where m.run_id = p_run_id
            ) as machine_usd
        from shared s
    )
    select
        s.run_id, s.document_id, s.night, s.item_key, s.leader_key, s.tenant, s.task, s.state, s.answered_by, s.failure_code,
        s.tier, s.provider, s.model, s.baseline_usd, s.saved_by_exact_duplicates_usd, s.saved_by_exact_cache_usd, s.saved_by_semantic_cache_usd,
        s.saved_by_near_duplicates_usd, s.saved_by_retrieval_usd, s.saved_by_routing_usd, s.saved_by_prompt_caching_usd,
        s.saved_by_output_control_usd, s.saved_by_batch_usd, s.saved_by_escalation_usd, s.saved_by_failing_usd,
        s.saved_by_audit_usd,
        s.actual_usd,
        case when s.decision = 'shadow' then 0 else s.answer_usd end
            + case when s.is_checked
                then split_usd(t.shadow_usd, row_number() over (partition by s.is_checked order by s.document_id) - 1, 1, t.checked)
                else 0
            end,
        case when s.is_compared or t.compared = 0
            then split_usd(
                t.machine_usd,
                row_number() over (partition by s.is_compared order by s.document_id) - 1,
                1,
                case when t.compared = 0 then t.items else t.compared end)
            else 0
        end
    from shared s
    cross join totals t;
    insert into posted_item_sums (
        run_id, night, tenant, task, state, answered_by, failure_code, tier, provider, model, items,
        baseline_usd, saved_by_exact_duplicates_usd, saved_by_exact_cache_usd, saved_by_semantic_cache_usd,
        saved_by_near_duplicates_usd, saved_by_retrieval_usd, saved_by_routing_usd, saved_by_prompt_caching_usd,
        saved_by_output_control_usd, saved_by_batch_usd, saved_by_escalation_usd, saved_by_failing_usd,
        saved_by_audit_usd, actual_usd, attributed_usd, machine_usd, unbalanced_items)
    select
        run_id, night, tenant, task, state, answered_by, failure_code, tier, provider, model, count(*),
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
        coalesce(sum(saved_by_audit_usd), 0),
        coalesce(sum(actual_usd), 0),
        coalesce(sum(attributed_usd), 0),
        coalesce(sum(machine_usd), 0),
        count(*) filter (where baseline_usd
            - saved_by_exact_duplicates_usd - saved_by_exact_cache_usd - saved_by_semantic_cache_usd - saved_by_near_duplicates_usd
            - saved_by_retrieval_usd - saved_by_routing_usd - saved_by_prompt_caching_usd - saved_by_output_control_usd
            - saved_by_batch_usd - saved_by_escalation_usd - saved_by_failing_usd - saved_by_audit_usd is distinct from actual_usd)
    from posted_item_costs
    where run_id = p_run_id
      and night = night_of
    group by run_id, night, tenant, task, state, answered_by, failure_code, tier, provider, model;
    insert into posted_charge_sums
    select
        run_id, night, day, tenant, task, tier, provider, model, mode, state, failure_code, price_id,
        count(*),
        sum(input_tokens)::bigint,
        sum(cached_input_tokens)::bigint,
        sum(cache_write_tokens)::bigint,
        sum(cache_write_long_tokens)::bigint,
        sum(output_tokens)::bigint,
        sum(reasoning_tokens)::bigint,
        sum(output_limit_tokens)::bigint,
        sum(input_usd),
        sum(cached_input_usd),
        sum(cache_write_usd),
        sum(output_usd),
        sum(reasoning_usd),
        sum(total_usd)
    from attempt_costs
    where run_id = p_run_id
    group by run_id, night, day, tenant, task, tier, provider, model, mode, state, failure_code, price_id;
    insert into posted_lookup_sums
    select
        run_id,
        tenant,
        count(*),
        count(*) filter (where decision = 'hit'),
        count(*) filter (where decision = 'shadow'),
        count(*) filter (where decision = 'vetoed'),
        count(*) filter (where decision = 'shadow' and is_right is not null),
        count(*) filter (where decision = 'shadow' and not is_right),
        coalesce(sum(shadow_usd), 0)
    from lookup_costs
    where run_id = p_run_id
    group by run_id, tenant;
    update runs set posted_at = p_posted_at where run_id = p_run_id;
end
$$;
