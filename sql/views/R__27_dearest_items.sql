-- Which items cost the most to ask? The hundred dearest of the posted books, and of what is not posted yet.
create or replace view dearest_items as
(
    select
        run_id,
        document_id,
        night,
        tenant,
        task,
        tier,
        model,
        actual_usd,
        attributed_usd,
        baseline_usd
    from posted_item_costs
    order by actual_usd desc
    limit 100
)
union all
(
    select
        run_id,
        document_id,
        night,
        tenant,
        task,
        tier,
        model,
        actual_usd,
        null,
        baseline_usd
    from item_costs_now
    where run_id in (select r.run_id from runs r where r.posted_at is null)
    order by actual_usd desc
    limit 100
);
