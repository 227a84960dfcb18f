-- Which answers came from another model, or by another class of service, than was asked for, and what did they cost?
-- They are charged at the price of what answered, as far as the price list has one, times what price_factors says of the
-- service.
create or replace view served_otherwise as
select
    a.run_id,
    n.tenant,
    t.name as task,
    a.tier,
    a.provider,
    a.model as asked_model,
    coalesce(a.served_model, a.model) as served_model,
    a.service_tier,
    count(*) as attempts,
    coalesce(sum(l.total_usd), 0) as total_usd
from attempts a
join namespaces n on n.namespace_id = a.namespace_id
join tasks t on t.tenant = n.tenant and t.task_fingerprint = n.task_fingerprint
left join ledger l on l.custom_id = a.custom_id
where a.served_model is not null
   or a.service_tier is not null
group by a.run_id, n.tenant, t.name, a.tier, a.provider, a.model, a.served_model, a.service_tier;
