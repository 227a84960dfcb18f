-- In which months would a machine of one's own have been cheaper than the bill, and does the field's rule of 100
-- million tokens a month say the same?
select
    month,
    tenant,
    tier,
    offer,
    tokens,
    api_usd,
    on_demand_usd,
    always_on_usd,
    break_even_tokens_a_month,
    on_demand_pays or always_on_pays as pays,
    (on_demand_pays or always_on_pays) = rule_of_thumb_says_pays as rule_is_right
from self_host_break_even
order by month, tenant, tier, offer;
