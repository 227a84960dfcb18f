-- Which share of the prompts came from the providers' own prompt caches, and did writing them pay?
create or replace view cached_token_share as
select
    s.tenant,
    s.task,
    s.tier,
    s.provider,
    s.model,
    sum(s.input_tokens + s.cached_input_tokens + s.cache_write_tokens + s.cache_write_long_tokens)::bigint as prompt_tokens,
    sum(s.cached_input_tokens)::bigint as cached_input_tokens,
    sum(s.cache_write_tokens + s.cache_write_long_tokens)::bigint as cache_write_tokens,
    round(
        sum(s.cached_input_tokens)
            / nullif(sum(s.input_tokens + s.cached_input_tokens + s.cache_write_tokens + s.cache_write_long_tokens), 0),
        4) as cached_share,
    -- What all of it would have cost as plain input, less what it cost.
    sum((s.cached_input_tokens + s.cache_write_tokens + s.cache_write_long_tokens)
        * case s.mode when 'batch' then p.batch_input_usd else p.input_usd end * 0.000001
        - s.cached_input_usd - s.cache_write_usd) as saved_usd
from charge_sums s
join prices p on p.price_id = s.price_id
group by s.tenant, s.task, s.tier, s.provider, s.model;
