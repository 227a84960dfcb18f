-- Every table but those of submissions and prices shows a job its own tenant's rows only: also to a vector
-- search, a count or an aggregate, for the condition is part of the scan. The views see what their reader's
-- tenant sees; an analyst or operator, who has none set, sees the costs of all.
create function is_visible(p_tenant text) returns boolean
    language sql
    stable
return current_tenant() is null or p_tenant = current_tenant();

do $$
declare
    protected text;
    rule text;
begin
    foreach protected in array array[
        'namespaces', 'tasks', 'cache_entries', 'misses', 'near_duplicate_bands', 'semantic_lookups',
        'semantic_thresholds', 'items', 'attempts', 'runs', 'results', 'dead_letters', 'ledger', 'online_requests',
        'text_embeddings'
    ] loop
        rule := case
            when protected in ('namespaces', 'text_embeddings') then '%s'
            when protected = 'tasks' then 'task_fingerprint in (select n.task_fingerprint from namespaces n where %s)'
            when protected in ('results', 'dead_letters', 'ledger')
                then 'run_id in (select r.run_id from runs r join namespaces n using (namespace_id) where %s)'
            when protected = 'online_requests'
                then 'submission_id in (
                    select s.submission_id from submissions s join namespaces n using (namespace_id) where %s)'
            -- As an array it is looked up once a statement; 'in' would be charged to every index scan, and the
            -- planner would rather read whole tables.
            else 'namespace_id = any (array(select n.namespace_id from namespaces n where %s))'
        end;
        execute format('alter table %I enable row level security', protected);
        execute format(
            'create policy one_tenant on %I to nightjar_job using (' || rule || ')',
            protected,
            'tenant = current_tenant()');
        execute format(
            'create policy one_tenant_or_all on %I for select to nightjar_reports using (' || rule || ')',
            protected,
            'is_visible(tenant)');
    end loop;
end
$$;
