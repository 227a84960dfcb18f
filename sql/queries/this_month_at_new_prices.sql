-- What would this month have cost at the newest prices, by model?
select
    provider,
    model,
    newest_price_from,
    sum(charged_usd) as charged_usd,
    sum(at_newest_prices_usd) as at_newest_prices_usd,
    sum(difference_usd) as difference_usd
from price_change_impact
where month = date_trunc('month', now() at time zone 'UTC')::date
group by provider, model, newest_price_from
order by abs(sum(difference_usd)) desc;
