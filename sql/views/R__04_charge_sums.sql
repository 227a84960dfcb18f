-- What do the attempts and charges of each run come to, by day, tier, model, price and outcome? The rows that
-- all reports on attempts add up: posted for finished runs, worked out now for the others. Only the latter
-- have attempts that are still open.
create or replace view charge_sums as
select
    run_id,
    night,
    day,
    tenant,
    task,
    tier,
    provider,
    model,
    mode,
    state,
    failure_code,
    price_id,
    attempts,
    input_tokens,
    cached_input_tokens,
    cache_write_tokens,
    cache_write_long_tokens,
    output_tokens,
    reasoning_tokens,
    output_limit_tokens,
    input_usd,
    cached_input_usd,
    cache_write_usd,
    output_usd,
    reasoning_usd,
    total_usd
from posted_charge_sums
union all
select
    run_id,
    night,
    day,
    tenant,
    task,
    tier,
    provider,
    model,
    mode,
    state,
    failure_code,
    price_id,
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
where run_id in (select r.run_id from runs r where r.posted_at is null)
group by run_id, night, day, tenant, task, tier, provider, model, mode, state, failure_code, price_id;
