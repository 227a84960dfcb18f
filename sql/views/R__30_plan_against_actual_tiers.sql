-- How many requests, tokens and dollars was each tier planned to take, and how many did it take? A tier that was not
-- planned, such as one that requests were sent down to for want of money, has no step.
create or replace view plan_against_actual_tiers as
select
    run_id,
    f.step,
    tier,
    provider,
    model,
    round(coalesce(f.requests, 0), 1) as planned_requests,
    coalesce(t.attempts, 0) as requests,
    round(coalesce(f.input_tokens, 0)) as planned_input_tokens,
    coalesce(t.input_tokens + t.cached_input_tokens + t.cache_write_tokens, 0) as input_tokens,
    round(coalesce(f.output_tokens, 0)) as planned_output_tokens,
    coalesce(t.output_tokens + t.reasoning_tokens, 0) as output_tokens,
    coalesce(f.expected_usd, 0) as planned_usd,
    coalesce(t.total_usd, 0) as actual_usd
from forecast_tiers f
full join cost_by_tier t using (run_id, tier, provider, model)
where run_id in (select p.run_id from forecasts p);
