-- What did each mechanism save in each run, in dollars and as a share of the baseline?
select
    w.run_id,
    w.mechanism,
    w.saved_usd,
    round(100 * w.saved_usd / nullif(c.baseline_usd, 0), 2) as percent_of_baseline
from savings_waterfall w
join cost_by_run c using (run_id)
order by w.run_id, w.saved_usd desc;
