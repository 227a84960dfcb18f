-- What was paid to which provider for which model on each day, and for what tokens? By the day (UTC) on which
-- the provider billed: this is the view to lay beside an invoice.
create or replace view cost_by_model as
select
    day,
    tenant,
    provider,
    model,
    mode,
    sum(attempts) filter (where price_id is not null)::bigint as billed_attempts,
    sum(input_tokens)::bigint as input_tokens,
    sum(cached_input_tokens)::bigint as cached_input_tokens,
    sum(cache_write_tokens)::bigint as cache_write_tokens,
    sum(cache_write_long_tokens)::bigint as cache_write_long_tokens,
    sum(output_tokens)::bigint as output_tokens,
    sum(reasoning_tokens)::bigint as reasoning_tokens,
    sum(input_usd) as input_usd,
    sum(cached_input_usd) as cached_input_usd,
    sum(cache_write_usd) as cache_write_usd,
    sum(output_usd) as output_usd,
    sum(reasoning_usd) as reasoning_usd,
    sum(total_usd) as total_usd
from charge_sums
where price_id is not null
group by day, tenant, provider, model, mode;
