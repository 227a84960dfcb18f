-- What has one document cost over all its nights and tasks, and how was it answered last? Ask with a
-- document_id, or a few: over all documents it reads every line of the books.
create or replace view cost_by_document as
select
    document_id,
    tenant,
    task,
    count(*) as nights,
    count(*) filter (where answered_by = 'model') as asked,
    max(night) as last_night,
    (array_agg(coalesce(answered_by, failure_code) order by night desc))[1] as last_outcome,
    sum(baseline_usd) as baseline_usd,
    sum(actual_usd) as actual_usd,
    sum(attributed_usd) as attributed_usd
from item_costs
group by document_id, tenant, task;
