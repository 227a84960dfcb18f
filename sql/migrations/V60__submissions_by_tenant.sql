-- A provider's limits are kept over all tenants, so a job sees all submissions; but it writes its own only: moved
-- back to 'planned' by another's, what is at a provider would be asked and paid again.
alter table submissions enable row level security;

create policy all_are_seen on submissions for select to nightjar_job using (true);

create policy one_tenant_inserts on submissions for insert to nightjar_job
    with check (namespace_id = any (array(select n.namespace_id from namespaces n where n.tenant = current_tenant())));

create policy one_tenant_updates on submissions for update to nightjar_job
    using (namespace_id = any (array(select n.namespace_id from namespaces n where n.tenant = current_tenant())));

create policy one_tenant_deletes on submissions for delete to nightjar_job
    using (namespace_id = any (array(select n.namespace_id from namespaces n where n.tenant = current_tenant())));

create policy one_tenant_or_all on submissions for select to nightjar_reports
    using (namespace_id = any (array(select n.namespace_id from namespaces n where is_visible(n.tenant))));
