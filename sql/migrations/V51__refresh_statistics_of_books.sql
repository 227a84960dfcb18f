-- The posted books are one bulk load a night, too.
create or replace function refresh_statistics() returns void
    language plpgsql
    security definer
    set search_path = nightjar, public, pg_temp
as $$
begin
    analyze items, misses, near_duplicate_bands, attempts, submissions, ledger, results, cache_entries, semantic_lookups,
        text_embeddings, posted_item_costs, posted_item_sums, posted_charge_sums;
end
$$;
