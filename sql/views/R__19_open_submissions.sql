-- What is at the providers now, who holds it, and how long may it wait? results_lost_at is when the provider
-- deletes the results, at the earliest: 30 days after the creation at OpenAI, 29 at Anthropic, 2 at Gemini.
create or replace view open_submissions as
select
    s.submission_id,
    s.run_id,
    s.provider,
    s.model,
    s.tier,
    s.mode,
    s.state,
    s.requests,
    s.request_bytes,
    s.prompt_tokens,
    s.provider_batch_id,
    s.tries,
    s.not_before,
    s.lease_owner,
    s.lease_until,
    s.planned_at,
    s.in_progress_at,
    s.ended_at,
    s.cancel_requested_at,
    (
        select sum(a.reserved_usd)
        from attempts a
        where a.submission_id = s.submission_id
          and a.state = 'submitted'
    ) as reserved_usd,
    case s.provider
        when 'openai' then s.in_progress_at + interval '30 days'
        when 'anthropic' then s.in_progress_at + interval '29 days'
        when 'gemini' then s.in_progress_at + interval '2 days'
        when 'azure' then s.in_progress_at + interval '30 days'
        when 'groq' then s.in_progress_at + interval '30 days'
        when 'dashscope' then s.in_progress_at + interval '30 days'
        when 'mistral' then s.in_progress_at + interval '30 days'
    end as results_lost_at
from submissions s
join namespaces n on n.namespace_id = s.namespace_id   -- of which a job sees its own only
where s.state in ('planned', 'uploading', 'creating', 'in_progress', 'ended');
