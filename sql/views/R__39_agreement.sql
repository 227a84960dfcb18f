-- What does each saving cost in quality? Of the texts whose answer was had by a mechanism, as savings_waterfall names
-- them, how many agree with the task's reference, by month; one that was had by several counts for each. 'all' is every
-- text, 'none' those that were asked as the reference is. Of a text that was compared in several nights of a month the
-- last counts. The intervals hold at 95 %, each for itself, however often one looks.
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
        l.mechanism,
        l.tier,
        count(*) as audited,
        count(*) filter (where l.agrees) as agreed
    from (
        select distinct on (a.tenant, a.task, date_trunc('month', a.night), a.item_key, u.mechanism, u.tier)
            a.tenant,
            a.task,
            date_trunc('month', a.night) as month,
            u.mechanism,
            u.tier,
            a.agrees
        from audited_answers a
        cross join lateral (
            select 'all' as mechanism, null as tier
            union all
            select 'none', a.tier
            where cardinality(a.mechanisms) = 0
            union all
            select m, case when m = 'routing' then a.tier end
            from unnest(a.mechanisms) m
        ) u
        order by
            a.tenant, a.task, date_trunc('month', a.night), a.item_key, u.mechanism, u.tier, a.night desc, a.agrees, a.document_id
    ) l
    group by l.tenant, l.task, l.month, l.mechanism, l.tier
) m
cross join lateral share_interval(m.agreed, m.audited, 0.95) i;
