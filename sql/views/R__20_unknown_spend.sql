-- Which requests may have been billed without anyone knowing? Online requests whose process died between the
-- question and the answer, batches that nobody collected before their provider deleted them, answers that a
-- provider counts and does not give, and answers that came without a usage: never asked again, held against the
-- budget at their worst case, until 'nightjar spend resolve' says what the invoice says.
create or replace view unknown_spend as
select
    a.run_id,
    a.provider,
    a.model,
    a.custom_id,
    a.item_key,
    coalesce(q.asked_at, a.planned_at) as asked_at,
    a.reserved_usd as worst_case_usd
from attempts a
left join online_requests q using (custom_id)
where (a.failure_code = 'OUTCOME_UNKNOWN' or a.usage_unknown)
  and a.spend_resolved_at is null;
