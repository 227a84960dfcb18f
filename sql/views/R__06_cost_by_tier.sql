-- Which tier was asked how often, with what outcome, how many tokens of which class, and for how much?
create or replace view cost_by_tier as
select
    run_id,
    night,
    tenant,
    task,
    tier,
    provider,
    model,
    sum(attempts)::bigint as attempts,
    coalesce(sum(attempts) filter (where state = 'succeeded'), 0)::bigint as succeeded,
    coalesce(sum(attempts) filter (where state = 'rejected'), 0)::bigint as rejected,
    coalesce(sum(attempts) filter (where state = 'errored'), 0)::bigint as errored,
    coalesce(sum(attempts) filter (where state in ('unfunded', 'planned', 'submitted')), 0)::bigint as open,
    sum(input_tokens)::bigint as input_tokens,
    sum(cached_input_tokens)::bigint as cached_input_tokens,
    sum(cache_write_tokens + cache_write_long_tokens)::bigint as cache_write_tokens,
    sum(output_tokens)::bigint as output_tokens,
    sum(reasoning_tokens)::bigint as reasoning_tokens,
    sum(total_usd) as total_usd,
    coalesce(sum(attempts) filter (where failure_code = 'ANSWER_TRUNCATED'), 0)::bigint as truncated,
    coalesce(sum(attempts) filter (where failure_code in ('ANSWER_REFUSED', 'ANSWER_FILTERED')), 0)::bigint as refused
from charge_sums
group by run_id, night, tenant, task, tier, provider, model;
