-- Which requests may have been billed without anyone knowing? Online requests whose process died between the
-- question and the answer, batches that nobody collected before their provider deleted them, answers that a
-- provider counts and does not give, and answers that came without a usage: never asked again, held against the
-- budget at their worst case, until 'nightjar spend resolve' says what the invoice says. And what a stray batch
-- was billed for that no document asks for: it has no run, and no budget holds it before it is resolved.
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
  and a.spend_resolved_at is null
union all
select
    null as run_id,
    c.provider,
    c.model,
    c.provider_batch_id || '/' || c.custom_id as custom_id,
    null as item_key,
    c.billed_at as asked_at,
    -- One without a usage: as the dearest of its batch.
    case
        when c.usd > 0 then c.usd
        else (select max(d.usd) from stray_charges d where d.provider = c.provider and d.provider_batch_id = c.provider_batch_id)
    end as worst_case_usd
from stray_charges c
where c.submission_id is null
  and c.resolved_at is null
  and not exists (
      select
      from submissions s
      where s.provider = c.provider
        and s.provider_batch_id = c.provider_batch_id
        and not s.adopted);
