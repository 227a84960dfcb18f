-- Whoever was not the job's role itself saw all tenants, so also a login that is only a member of it. All are
-- shown to those who are an analyst or may migrate.
create or replace function is_visible(p_tenant text) returns boolean
    language sql
    stable
return p_tenant = current_tenant()
    or (current_tenant() is null
        and (pg_has_role(current_user, 'nightjar_analyst', 'usage') or pg_has_role(current_user, 'nightjar_migration', 'usage')));
