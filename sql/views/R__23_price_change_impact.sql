-- What would each month's tokens have cost at the newest prices on the list, those that have not come into
-- force yet included? By the same size band; where a model's newest list has no such band, by the next lower.
create or replace view price_change_impact as
select
    date_trunc('month', s.day)::date as month,
    s.tenant,
    s.task,
    s.provider,
    s.model,
    max(q.effective_from) as newest_price_from,
    sum(s.total_usd) as charged_usd,
    sum(n.usd) as at_newest_prices_usd,
    sum(n.usd) - sum(s.total_usd) as difference_usd
from charge_sums s
join prices p on p.price_id = s.price_id
join lateral (
    select *
    from prices q
    where q.provider = p.provider
      and q.model = p.model
      and q.input_tokens_above <= p.input_tokens_above
    order by q.effective_from desc, q.input_tokens_above desc
    limit 1
) q on true
cross join lateral (
    select case s.mode
        when 'batch' then s.input_tokens * q.batch_input_usd + s.cached_input_tokens * q.batch_cached_input_usd
            + s.cache_write_tokens * q.batch_cache_write_usd + s.cache_write_long_tokens * q.batch_cache_write_long_usd
            + s.output_tokens * q.batch_output_usd + s.reasoning_tokens * q.batch_reasoning_usd
        else s.input_tokens * q.input_usd + s.cached_input_tokens * q.cached_input_usd
            + s.cache_write_tokens * q.cache_write_usd + s.cache_write_long_tokens * q.cache_write_long_usd
            + s.output_tokens * q.output_usd + s.reasoning_tokens * q.reasoning_usd
    end * 0.000001 as usd
) n
group by date_trunc('month', s.day)::date, s.tenant, s.task, s.provider, s.model;
