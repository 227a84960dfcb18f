-- Which twenty items cost the most, and what did they save against the baseline?
select
    run_id,
    document_id,
    tier,
    model,
    actual_usd,
    baseline_usd
from dearest_items
order by actual_usd desc, run_id, document_id
limit 20;
