-- Only an owner may have tables analysed, and a night must: it is one bulk load.
create function refresh_statistics() returns void
    language plpgsql
    security definer
    set search_path = nightjar, public, pg_temp
as $$
begin
    analyze items, misses, near_duplicate_bands, attempts, submissions, ledger, results, cache_entries, semantic_lookups, text_embeddings;
end
$$;

revoke all on function refresh_statistics() from public;
