-- What does each saving cost in quality? Of the answers that were had by a mechanism, as savings_waterfall names them,
-- or from a tier, how many agree with the task's reference, by month; an answer that was had by several counts for
-- each. 'all' is every answer, 'none' those that the reference itself would have given. Of a text that was compared
-- in several nights of a month the last counts. The intervals hold at 95 %, each for itself.
create or replace view agreement as
select
    m.tenant,
    m.task,
    m.month,
    m.mechanism,
    m.tier,
    m.audited,
    m.agreed,
    round(m.agreed::numeric / m.audited, 4) as agreement,
    round(i.low::numeric, 4) as low,
    round(i.high::numeric, 4) as high
from (
    select
        l.tenant,
        l.task,
        l.month,
        u.mechanism,
        u.tier,
        count(*) as audited,
        count(*) filter (where l.agrees) as agreed
    from (
        select distinct on (a.tenant, a.task, date_trunc('month', a.night), a.item_key)
            a.*,
            date_trunc('month', a.night) as month
        from audited_answers a
        order by a.tenant, a.task, date_trunc('month', a.night), a.item_key, a.night desc, a.document_id
    ) l
    cross join lateral (
        select 'all' as mechanism, null as tier
        union all
        select case when cardinality(l.mechanisms) = 0 then 'none' end, l.tier
        where cardinality(l.mechanisms) = 0
        union all
        select mechanism, case when mechanism = 'routing' then l.tier end
        from unnest(l.mechanisms) mechanism
    ) u
    group by l.tenant, l.task, l.month, u.mechanism, u.tier
) m
cross join lateral share_interval(m.agreed, m.audited, 0.95) i;
