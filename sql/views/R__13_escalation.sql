-- How often does each tier's answer not do, and what do such answers cost? An attempt that was billed and
-- rejected is asked again one tier up.
create or replace view escalation as
select
    tenant,
    task,
    tier,
    provider,
    model,
    sum(attempts) filter (where state in ('succeeded', 'rejected'))::bigint as answers,
    coalesce(sum(attempts) filter (where state = 'rejected'), 0)::bigint as rejected,
    round(
        coalesce(sum(attempts) filter (where state = 'rejected'), 0)
            / nullif(sum(attempts) filter (where state in ('succeeded', 'rejected')), 0),
        4) as rejected_share,
    coalesce(sum(total_usd) filter (where state = 'rejected'), 0) as rejected_usd,
    coalesce(sum(attempts) filter (where failure_code = 'ANSWER_TRUNCATED'), 0)::bigint as truncated,
    coalesce(sum(attempts) filter (where failure_code = 'ANSWER_INVALID'), 0)::bigint as invalid
from charge_sums
group by tenant, task, tier, provider, model;
