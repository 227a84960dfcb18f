-- How often does each tier's answer not do, why, and what do such answers cost? One that is cut or wrong is asked
-- again one tier up; one that a model or its provider's filter refuses is not, unless the task says so.
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
    coalesce(sum(attempts) filter (where failure_code = 'ANSWER_INVALID'), 0)::bigint as invalid,
    coalesce(sum(attempts) filter (where failure_code in ('ANSWER_REFUSED', 'ANSWER_FILTERED')), 0)::bigint as refused
from charge_sums
group by tenant, task, tier, provider, model;
