-- Which mechanism saved more or less than it was planned to? In the order of savings_waterfall.
create or replace view plan_against_actual_savings as
select
    w.run_id,
    w.night,
    w.tenant,
    w.task,
    w.step,
    w.mechanism,
    s.saved_usd as planned_usd,
    w.saved_usd as actual_usd,
    w.saved_usd - s.saved_usd as difference_usd
from savings_waterfall w
join forecast_savings s on s.run_id = w.run_id and s.step = w.step
join runs r on r.run_id = w.run_id and r.audits_run_id is null;
