-- What was paid for attempts that answered nothing, and why did they not?
create or replace view failed_spend as
select
    run_id,
    night,
    tenant,
    task,
    tier,
    model,
    failure_code,
    sum(attempts)::bigint as attempts,
    coalesce(sum(attempts) filter (where price_id is not null), 0)::bigint as billed_attempts,
    sum(total_usd) as total_usd
from charge_sums
where state in ('rejected', 'errored')
group by run_id, night, tenant, task, tier, model, failure_code;
