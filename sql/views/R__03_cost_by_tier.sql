-- Which tier was asked how often, with what outcome, how many tokens of which class, and for how much?
create or replace view cost_by_tier as
select
    a.run_id,
    a.tier,
    a.provider,
    a.model,
    count(*) as attempts,
    count(*) filter (where a.state = 'succeeded') as succeeded,
    count(*) filter (where a.state = 'rejected') as rejected,
    count(*) filter (where a.state = 'errored') as errored,
    count(*) filter (where a.state in ('planned', 'submitted')) as open,
    coalesce(sum(l.input_tokens), 0) as input_tokens,
    coalesce(sum(l.cached_input_tokens), 0) as cached_input_tokens,
    coalesce(sum(l.cache_write_tokens + l.cache_write_long_tokens), 0) as cache_write_tokens,
    coalesce(sum(l.output_tokens), 0) as output_tokens,
    coalesce(sum(l.total_usd), 0) as total_usd
from attempts a
left join ledger l using (custom_id)
group by a.run_id, a.tier, a.provider, a.model;
