-- Would a rented machine have been cheaper than each month's bill, and from how many tokens a month is it? Per
-- offer in self_host_offers and tier, as if the machine's model gave the same answers. on_demand rents only the
-- hours of work; always_on whole machines for all of a month's 730 hours. rule_of_thumb is the field's saying
-- that one's own machine pays above 100 million tokens a month, to be held against one's own figures.
create or replace view self_host_break_even as
with months as (
    select
        date_trunc('month', day)::date as month,
        tenant,
        tier,
        sum(input_tokens + cached_input_tokens + cache_write_tokens + cache_write_long_tokens) as prompt_tokens,
        sum(output_tokens + reasoning_tokens) as answer_tokens,
        sum(total_usd) as api_usd
    from charge_sums
    where price_id is not null
      and provider <> 'self_hosted'
    group by date_trunc('month', day)::date, tenant, tier
),
needs as (
    select
        m.*,
        o.offer,
        o.gpu_usd_per_hour,
        m.prompt_tokens + m.answer_tokens as tokens,
        (m.prompt_tokens / o.input_tokens_per_second + m.answer_tokens / o.output_tokens_per_second) / 3600 as hours
    from months m
    cross join self_host_offers o
)
select
    month,
    tenant,
    tier,
    offer,
    tokens,
    api_usd,
    round(hours, 3) as machine_hours,
    round(hours * gpu_usd_per_hour, 6) as on_demand_usd,
    round(greatest(1, ceil(hours / 730)) * 730 * gpu_usd_per_hour, 2) as always_on_usd,
    -- From here on a machine that always runs costs less than the same mix of tokens by the interface; null if
    -- the machine cannot do as many in a month.
    case when 730 * gpu_usd_per_hour / nullif(api_usd, 0) * hours <= 730
        then round(730 * gpu_usd_per_hour / nullif(api_usd, 0) * tokens) end as break_even_tokens_a_month,
    hours * gpu_usd_per_hour < api_usd as on_demand_pays,
    greatest(1, ceil(hours / 730)) * 730 * gpu_usd_per_hour < api_usd as always_on_pays,
    tokens > 100000000 as rule_of_thumb_says_pays
from needs;
