-- Every table that holds texts, vectors or answers, or says which there are, shows a job its own tenant's
-- rows only: also to a vector search, a count or an aggregate, for the condition is part of the scan.
-- Submissions, attempts and the ledger hold no text; limits of a provider are kept over all tenants.
do $$
declare
    protected text;
begin
    foreach protected in array array[
        'cache_entries', 'misses', 'near_duplicate_bands', 'semantic_lookups', 'semantic_thresholds', 'items'
    ] loop
        execute format('alter table %I enable row level security', protected);
        execute format(
            'create policy one_tenant on %I to nightjar_job using (namespace_id in (
                select n.namespace_id from namespaces n where n.tenant = current_tenant()))',
            protected);
    end loop;
    foreach protected in array array['results', 'dead_letters'] loop
        execute format('alter table %I enable row level security', protected);
        execute format(
            'create policy one_tenant on %I to nightjar_job using (run_id in (
                select r.run_id from runs r join namespaces n using (namespace_id) where n.tenant = current_tenant()))',
            protected);
    end loop;
end
$$;

alter table online_requests enable row level security;
create policy one_tenant on online_requests to nightjar_job using (
    exists (
        select
        from submissions s
        join namespaces n using (namespace_id)
        where s.submission_id = online_requests.submission_id
          and n.tenant = current_tenant()));

alter table text_embeddings enable row level security;
create policy one_tenant on text_embeddings to nightjar_job using (tenant = current_tenant());

-- A task's prompts are seen by those who use it.
alter table tasks enable row level security;
create policy used_by_tenant on tasks for select to nightjar_job using (
    task_fingerprint in (
        select n.task_fingerprint from namespaces n where n.tenant = current_tenant()));

alter table namespaces enable row level security;
create policy one_tenant on namespaces to nightjar_job using (tenant = current_tenant());
