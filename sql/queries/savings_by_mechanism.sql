-- What did each mechanism save in each run, in dollars and as a share of the baseline?
select
    c.run_id,
    s.mechanism,
    s.saved_usd,
    round(100 * s.saved_usd / nullif(c.baseline_usd, 0), 2) as percent_of_baseline
from cost_by_run c
cross join lateral (
    values
        ('exact duplicates', c.saved_by_exact_duplicates_usd),
        ('exact cache', c.saved_by_exact_cache_usd),
        ('semantic cache', c.saved_by_semantic_cache_usd),
        ('near duplicates', c.saved_by_near_duplicates_usd),
        ('retrieval', c.saved_by_retrieval_usd),
        ('routing', c.saved_by_routing_usd),
        ('prompt caching', c.saved_by_prompt_caching_usd),
        ('batch', c.saved_by_batch_usd),
        ('escalation', c.saved_by_escalation_usd),
        ('failing', c.saved_by_failing_usd)
) as s (mechanism, saved_usd)
order by c.run_id, s.saved_usd desc;
