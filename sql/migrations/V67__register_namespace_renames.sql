-- A version of a task has the name and the definition that it was last run with: what changes no answer, its name
-- among it, is no part of its fingerprint.
create or replace function register_namespace(
    p_tenant text,
    p_task_fingerprint text,
    p_name text,
    p_definition jsonb,
    p_baseline_provider text,
    p_baseline_model text,
    p_embedding_model text,
    p_created_at timestamptz)
    returns bigint
    language plpgsql
    security definer
    set search_path = nightjar, public, pg_temp
as $$
begin
    -- Without a tenant only an operator registers, who is one by login, whatever role is set.
    if p_tenant is distinct from current_tenant()
        and not (current_tenant() is null and pg_has_role(session_user, 'nightjar_migration', 'member')) then
        raise insufficient_privilege using message = 'a job registers namespaces of its own tenant only';
    end if;
    insert into tasks (tenant, task_fingerprint, name, definition, baseline_provider, baseline_model, created_at)
    values (p_tenant, p_task_fingerprint, p_name, p_definition, p_baseline_provider, p_baseline_model, p_created_at)
    on conflict on constraint tasks_pkey do update
    set name = excluded.name,
        definition = excluded.definition
    where (tasks.name, tasks.definition) is distinct from (excluded.name, excluded.definition);
    insert into namespaces (tenant, task_fingerprint, embedding_model, created_at)
    values (p_tenant, p_task_fingerprint, p_embedding_model, p_created_at)
    on conflict on constraint namespaces_natural_key do nothing;
    return (
        select namespace_id
        from namespaces
        where tenant = p_tenant
          and task_fingerprint = p_task_fingerprint
          and embedding_model = p_embedding_model);
end
$$;
