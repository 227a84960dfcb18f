-- Which would-be hits of the semantic cache were looked up in a run, what was decided, was the answer right, and
-- what did asking anyway cost? Ask by run; semantic_cache_risk adds it up. A text that got its leader's answer says
-- nothing of its own: is_right is null.
create or replace view lookup_costs as
select
    l.run_id,
    n.tenant,
    l.item_key,
    l.decision,
    case when coalesce(l.answer_key, l.item_key) = l.item_key then l.is_right end as is_right,
    s.usd as shadow_usd
from semantic_lookups l
join runs r on r.run_id = l.run_id and r.state <> 'planning'
join namespaces n on n.namespace_id = l.namespace_id
left join lateral (
    select sum(g.total_usd) as usd
    from ledger g
    where g.run_id = l.run_id
      and g.item_key = l.item_key
) s on l.decision = 'shadow';
