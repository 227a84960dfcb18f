-- A job without a tenant saw the views of all: only who reads reports may see all tenants.
create or replace function is_visible(p_tenant text) returns boolean
    language sql
    stable
return p_tenant = current_tenant() or (current_tenant() is null and current_user <> 'nightjar_job');
