-- Which output was paid for and is in no answer? Tokens of rejected answers and of reasoning; and how much of
-- what requests allowed was used at all, which is what a budget has to hold back.
create or replace view output_waste as
select
    tenant,
    task,
    tier,
    model,
    sum(output_tokens + reasoning_tokens)::bigint as billed_output_tokens,
    coalesce(sum(output_tokens) filter (where state <> 'succeeded'), 0)::bigint as rejected_output_tokens,
    sum(reasoning_tokens)::bigint as reasoning_tokens,
    coalesce(sum(output_usd + reasoning_usd) filter (where state <> 'succeeded'), 0)
        + coalesce(sum(reasoning_usd) filter (where state = 'succeeded'), 0) as wasted_usd,
    round(
        (coalesce(sum(output_tokens) filter (where state <> 'succeeded'), 0) + sum(reasoning_tokens))
            / nullif(sum(output_tokens + reasoning_tokens), 0),
        4) as wasted_share,
    round(sum(output_tokens + reasoning_tokens) / nullif(sum(output_limit_tokens), 0), 4) as limit_used_share
from charge_sums
where price_id is not null
group by tenant, task, tier, model;
