-- How many requests, tokens and dollars was each tier planned to take, and how many did it take?
create or replace view plan_against_actual_tiers as
select
    f.run_id,
    f.step,
    f.tier,
    f.provider,
    f.model,
    round(f.requests, 1) as planned_requests,
    coalesce(t.attempts, 0) as requests,
    round(f.input_tokens) as planned_input_tokens,
    coalesce(t.input_tokens + t.cached_input_tokens + t.cache_write_tokens, 0) as input_tokens,
    round(f.output_tokens) as planned_output_tokens,
    coalesce(t.output_tokens + t.reasoning_tokens, 0) as output_tokens,
    f.expected_usd as planned_usd,
    coalesce(t.total_usd, 0) as actual_usd
from forecast_tiers f
left join cost_by_tier t on t.run_id = f.run_id and t.tier = f.tier and t.provider = f.provider and t.model = f.model;
