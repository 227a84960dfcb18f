-- What has each task cost over all its nights, and what share of the unoptimised cost was that?
create or replace view cost_by_task as
select
    tenant,
    task,
    count(distinct run_id) as runs,
    sum(items)::bigint as items,
    coalesce(sum(items) filter (where answered_by = 'model'), 0)::bigint as asked,
    coalesce(sum(items) filter (where state = 'failed'), 0)::bigint as failed,
    sum(baseline_usd) as baseline_usd,
    sum(actual_usd) as actual_usd,
    sum(baseline_usd) - sum(actual_usd) as saved_usd,
    round(100 * sum(actual_usd) / nullif(sum(baseline_usd), 0), 2) as actual_percent_of_baseline
from item_sums
group by tenant, task;
